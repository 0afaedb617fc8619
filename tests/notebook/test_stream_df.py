"""Frames of a body as it comes: cut where records end, in flat memory, over real sockets."""

from __future__ import annotations

import asyncio
import gc
import gzip
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pandas
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pandas.testing import assert_frame_equal

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.frame_pieces import FramePieces
from notebook_http.notebook.frames.wanted import Wanted
from notebook_http.notebook.reply_errors import StatusError
from notebook_http.test_utils import TestServer


class Pieces:
    """Answers with the pieces that it is told, each of them a write."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.repeat = 1
        self.headers = {"Content-Type": "text/csv"}
        self.status = 200
        self.written = 0
        self.over = asyncio.Event()
        app = web.Application()
        app.router.add_get("/", self._answer)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/"))

    def say(self, *pieces: bytes, type: str = "text/csv", **headers: str) -> str:
        self.pieces = list(pieces)
        self.headers = {"Content-Type": type, **headers}
        return self.url

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.written = 0
        self.over.clear()
        response = web.StreamResponse(status=self.status, headers=self.headers)
        try:
            await response.prepare(request)
            for piece in self.pieces[:1]:
                await self._write(response, piece)
            for _ in range(self.repeat):
                for piece in self.pieces[1:]:
                    await self._write(response, piece)
            await response.write_eof()
        finally:
            self.over.set()
        return response

    async def _write(self, response: web.StreamResponse, piece: bytes) -> None:
        await response.write(piece)
        self.written += len(piece)


@pytest.fixture
async def peer() -> AsyncIterator[Pieces]:
    pieces = Pieces()
    await pieces.server.start_server()
    yield pieces
    await pieces.server.close()


async def frames(url: str, rows: int = 2, **options: Any) -> list[pandas.DataFrame]:
    async with aclosing(nh.stream_df(url, rows, **options)) as stream:
        return [frame async for frame in stream]


def cut(content: bytes, splits: list[int], rows: int, media_type: str) -> list[pandas.DataFrame]:
    """Return the frames of *content* that comes cut at *splits*."""
    pieces = FramePieces(rows, None, media_type, None, Wanted(auto=False), 1 << 20, {})
    places = [0, *sorted(place % (len(content) + 1) for place in splits), len(content)]
    made = []
    for start, end in pairwise(places):
        if start < end:
            made += [pieces.frame(records) for records in pieces.feed(content[start:end])]
    return made + [pieces.frame(records) for records in pieces.feed(b"", final=True)]


FIELDS = st.text(st.sampled_from('aé€𝄞 ",\t;\r\n"'), min_size=1, max_size=6)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
SPLITS = st.lists(st.integers(0, 2000), max_size=12)


def written(field: str, delimiter: str, as_needed: bool) -> str:
    """Return *field* in quotes; bare if that means the same, quotes inside of it and all."""
    bare = not field.startswith('"') and not set(field) & set(delimiter + "\r\n")
    if as_needed and bare and field.strip():
        return field
    return '"' + field.replace('"', '""') + '"'


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=st.lists(st.tuples(FIELDS, FIELDS, st.booleans(), st.booleans()), min_size=1, max_size=9),
    delimiter=st.sampled_from([",", "\t"]),
    line_end=LINE_ENDS,
    mark=st.booleans(),
    last_end=st.booleans(),
    empty_lines=st.booleans(),
    splits=SPLITS,
    rows=st.integers(1, 4),
)
def test_delimited_text_is_as_pandas_reads_it_whole(
    table, delimiter, line_end, mark, last_end, empty_lines, splits, rows
):
    """Wherever reads cut it: in a character, in a CRLF, between two quotes."""
    lines = [delimiter.join(("first", "second", "third"))]
    for place, (one, two, bare, empty) in enumerate(table):
        row = (written(one, delimiter, bare), written(two, delimiter, bare), f"{place}x")
        lines += [""] * (empty and empty_lines)
        lines.append(delimiter.join(row))
    text = line_end.join(lines) + (line_end if last_end else "")
    content = text.encode("utf-8-sig" if mark else "utf-8")
    kind = "text/tab-separated-values" if delimiter == "\t" else "application/csv"
    made = cut(content, splits, rows, kind)
    assert [len(frame) for frame in made[:-1]] == [rows] * (len(made) - 1)
    whole = pandas.read_csv(io.StringIO(text, newline=""), sep=delimiter)
    assert_frame_equal(pandas.concat(made), whole, check_dtype=False)


VALUES = st.text(max_size=8) | st.integers(-9, 9) | st.none() | st.lists(st.booleans(), max_size=2)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    records=st.lists(st.fixed_dictionaries({"a": VALUES, "b": st.text(max_size=5)}), min_size=1),
    line_end=st.sampled_from(["\n", "\r\n", "\n\n"]),
    mark=st.booleans(),
    last_end=st.booleans(),
    splits=SPLITS,
    rows=st.integers(1, 4),
)
def test_json_lines_are_the_records_that_were_written(
    records, line_end, mark, last_end, splits, rows
):
    """Each value as it was, whichever frame it came in."""
    text = line_end.join(json.dumps(record, ensure_ascii=False) for record in records)
    text += line_end if last_end else ""
    content = text.encode("utf-8-sig" if mark else "utf-8")
    made = cut(content, splits, rows, "application/x-ndjson")
    assert [label for frame in made for label in frame.index] == list(range(len(records)))
    rows_read = [row for frame in made for row in frame.astype(object).to_dict("records")]
    for row, record in zip(rows_read, records, strict=True):
        assert row["b"] == record["b"]
        missing = record["a"] is None
        assert row["a"] is None or row["a"] != row["a"] if missing else row["a"] == record["a"]


async def test_frames_come_with_running_labels_and_provenance(peer):
    """And with the columns that the first line names."""
    url = peer.say(b'n,when\r\n1,2024-01-01\r\n2,"2024-', b'01-02"\r\n\r\n3,2024-01-03', ETag='"x"')
    one, two = await frames(url)
    assert list(one.index) == [0, 1]
    assert list(two.index) == [2]
    assert list(two.columns) == ["n", "when"]
    assert one["when"].dtype.kind == "M"
    assert two.attrs["url"] == url
    assert two.attrs["etag"] == '"x"'
    assert two.attrs["time"].endswith("+00:00")
    whole = await nh.get(url)
    assert_frame_equal(pandas.concat([one, two]), whole.df())


@pytest.mark.parametrize(
    ("content", "kind", "options"),
    [
        (b'{"a": 1}\n{"a": 2}\n{"a": 3}', "application/x-ndjson", {}),
        (b'{"a": 1}\n{"a": 2}\n{"a": 3}', "application/json", {}),
        (b'{"a": 1}\n{"a": 2}\n{"a": 3}', "text/html", {"format": "jsonl"}),
        (b"\x1e[1]\n\x1e[2]\n\x1e[3]\n", "application/json-seq", {}),
        (b"a\tb\n1\t5\n2\t6\n3\t7\n", "text/plain", {}),
        (b"a,b\n1,5\n2,6\n3,7\n", "application/octet-stream", {}),
        (b"a;b\n1;5,0\n2;6,0\n3;7,0\n", "text/csv", {}),
        ("é\ta\n1\tü\n2\tä\n3\tö\n".encode("utf-16"), "text/tsv", {}),
        ("é,a\n1,ü\n2,ä\n3,ö\n".encode("latin-1"), "text/csv", {}),
        ("é,a\n1,ü\n2,ä\n3,ö\n".encode("cp1250"), "text/csv; charset=windows-1250", {}),
        ("é,a\n1,ü\n2,ä\n3,ö\n".encode(), "text/csv; charset=no-such-charset", {}),
    ],
)
async def test_each_format_is_told_as_by_df(peer, content, kind, options):
    """By the content type, and by the text where that says nothing."""
    url = peer.say(*(content[place : place + 3] for place in range(0, len(content), 3)), type=kind)
    made = await frames(url, **options)
    assert [len(frame) for frame in made] == [2, 1]
    if not options:
        whole = (await nh.get(url)).df()
        assert_frame_equal(pandas.concat(made), whole)


async def test_compressed_bodies_are_decoded(peer):
    """The core does that."""
    body = gzip.compress(b"a,b\n" + b"1,2\n" * 50_000)
    made = await frames(peer.say(body, **{"Content-Encoding": "gzip"}), rows=20_000)
    assert [len(frame) for frame in made] == [20_000, 20_000, 10_000]


async def test_types_are_found_for_each_frame_unless_they_are_named(peer):
    """A value that is missing in the second makes floats of that one only."""
    url = peer.say(b"n,m\n1,1\n2,1\n,1\n4,1\n")
    one, two = await frames(url)
    assert (one["n"].dtype, two["n"].dtype) == ("int64", "float64")
    one, two = await frames(url, dtypes={"n": "Int64"})
    assert one["n"].dtype == two["n"].dtype == "Int64"


async def test_no_rows_give_the_columns(peer):
    """One frame, as `df()` of the whole does."""
    (empty,) = await frames(peer.say(b"a,b\n"))
    assert list(empty.columns) == ["a", "b"]
    assert len(empty) == 0
    (empty,) = await frames(peer.say(b"\n", type="application/x-ndjson"))
    assert len(empty) == 0


@pytest.mark.parametrize(
    ("content", "kind", "options", "words"),
    [
        (b"", "text/csv", {}, "no body"),
        (b"[1, 2]", "application/json", {}, 'format="jsonl"'),
        (b"<p>", "text/html", {}, "html"),
        (b'{"a": 1}\n{"a": 2}\n\n{"a": \n', "application/x-ndjson", {}, "Record 3 of the body"),
        (b"a,b\n1,2\n1,2\n1,2\n1,2,3,4\n", "text/csv", {}, "Records 3 to 4"),
        (b"a,b\n1,2\n1,2\n1,2,3\n", "text/csv", {}, "Records 3 to 3"),
        (b'a,b\n1,2\n1,2\n1,"2\n', "text/csv", {}, "Records 3 to 3"),
        (b"a,b\n1,2\n1,2222222222\n", "text/csv", {"record_limit": 9}, "record 2 of the body"),
        (b'a,b\n1,2\n1,"\n\n\n\n\n\n\n\n\n', "text/csv", {"record_limit": 9}, "record 2 of the bo"),
        (b"a,bcdefghijk\n1,2\n", "text/csv", {"record_limit": 9}, "the line of names"),
        (b'{"a": 1}\n{"a": 1000}', "application/x-ndjson", {"record_limit": 9}, "record 2 of"),
        ("é,b\n1,2\n1,".encode() + b"\xff\n", "text/csv", {}, "not in UTF-8"),
        (b"a,b\n1,\xff\n", "text/csv; charset=utf-8", {}, "charset that the reply says"),
    ],
)
async def test_what_is_broken_is_told_with_its_row(peer, content, kind, options, words):
    """And the frames before it came."""
    with pytest.raises(FrameError, match=words):
        await frames(peer.say(content, type=kind), **options)
    await asyncio.wait_for(peer.over.wait(), 30)


async def test_a_quote_that_is_never_closed_does_not_fill_the_memory(peer):
    """The limit ends it long before the body does."""
    url = peer.say(b'a,b\n1,"', b"x" * 65_536 + b"\n")
    peer.repeat = 1000
    with pytest.raises(FrameError, match="record 1 of the body"):
        await frames(url, record_limit=1_000_000)
    await asyncio.wait_for(peer.over.wait(), 30)
    assert peer.written < 20_000_000


async def test_statuses_from_400_on_raise(peer):
    """With what the server said."""
    peer.status = 404
    with pytest.raises(StatusError, match="nothing here"):
        await frames(peer.say(b"nothing here", type="text/plain"))


async def test_a_connection_that_breaks_is_no_end(peer):
    """The whole frames came; then it is said."""
    url = peer.say(b"a,b\n1,2\n3,4\n5,6\n", type="text/tsv", **{"Content-Length": "1000"})
    stream = nh.stream_df(url, 2)
    assert len(await anext(stream)) == 2
    with pytest.raises(nh.ClientPayloadError):
        await anext(stream)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"rows": 0}, ValueError, "rows is 1 or more"),
        ({"rows": 2.5}, TypeError, "rows is a whole number"),
        ({"record_limit": 0}, ValueError, "record_limit is 1 or more"),
        ({"format": "jsnol"}, ValueError, "jsonl"),
        ({"dtypes": "str"}, FrameError, "dtypes"),
        ({"heders": {}}, TypeError, "headers"),
    ],
)
def test_wrong_arguments_are_told_at_once(arguments, error, words):
    """Before anything is sent."""
    with pytest.raises(error, match=words):
        nh.stream_df("http://127.0.0.1:1/", **arguments)


@pytest.mark.parametrize("closes", [True, False])
async def test_leaving_early_closes_the_connection(peer, closes):
    """The server's writing ends, long before the body does."""
    url = peer.say(b"a\tb\n", b"1\t2\n" * 10_000, type="text/tsv")
    peer.repeat = 5_000
    if closes:
        async with aclosing(nh.stream_df(url, 100)) as stream:
            async for _ in stream:
                break
    else:
        async for _ in nh.stream_df(url, 100):
            break
        gc.collect()
    await asyncio.wait_for(peer.over.wait(), 30)
    assert peer.written < 5_000 * 40_000


async def test_a_loop_body_that_takes_long_is_no_silence_of_the_server(peer):
    """The time limit of a read counts while one waits for it."""
    url = peer.say(b"a\tb\n", b"1\t2\n" * 10_000, type="text/tsv")
    peer.repeat = 100
    seen = 0
    async for frame in nh.stream_df(url, 500_000, timeout=nh.ClientTimeout(sock_read=1)):
        seen += len(frame)
        await asyncio.sleep(2.5)
    assert seen == 1_000_000


async def peak_of(peer: Pieces, megabytes: int) -> int:
    row = b'12345,"a text, in quotes",6789\n'
    url = peer.say(b"a,b,c\n", row * 1000)
    peer.repeat = megabytes * 1_000_000 // (len(row) * 1000)
    gc.collect()
    tracemalloc.start()
    seen = 0
    async for frame in nh.stream_df(url, 5_000):
        seen += len(frame)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == peer.repeat * 1000
    return peak


async def test_memory_is_flat(peer):
    """Four times the body takes no more."""
    await peak_of(peer, 1)  # imports
    small, large = await peak_of(peer, 5), await peak_of(peer, 20)
    assert large < small * 1.5
    assert large < 12_000_000
