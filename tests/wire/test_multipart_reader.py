"""Multipart bodies: each one whole, in pieces, byte by byte, and malformed in every way known."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from notebook_http.wire.content_disposition import format_content_disposition
from notebook_http.wire.form_limits import FormLimits, FormTooLarge
from notebook_http.wire.limits import MessageLimits
from notebook_http.wire.multipart_reader import (
    MultipartError,
    MultipartReader,
    PartBegin,
    PartData,
    PartEnd,
    boundary_of,
)
from notebook_http.wire.multipart_writer import closing_delimiter, part_head

Part = tuple[str | None, str | None, str, bytes]

FIELD = b'Content-Disposition: form-data; name="a"\r\n\r\n'
GOOD = (
    b"--BND\r\n" + FIELD + b"x\r\n--BN\r\n--BNDx\r\ny\r\n"
    b'--BND\r\nContent-Disposition: form-data; name="f"; filename="q.bin"\r\n'
    b"Content-Type: a/b\r\n\r\n\r\n\r\n--BND--\r\n"
)
GOOD_PARTS: list[Part] = [
    ("a", None, "text/plain", b"x\r\n--BN\r\n--BNDx\r\ny"),
    ("f", "q.bin", "a/b", b"\r\n"),
]
MIB = 1024 * 1024


def read(
    body: bytes, cuts: list[int] | None = None, reader: MultipartReader | None = None
) -> list[Part]:
    """Return the parts of *body*, fed in pieces that end at *cuts*."""
    reader = reader or MultipartReader("BND")
    parts: list[Part] = []
    is_open = False
    for start, end in pairwise([0, *(cuts or []), len(body)]):
        for event in reader.feed(body[start:end]):
            match event:
                case PartBegin():
                    assert not is_open
                    is_open = True
                    parts.append((event.name, event.filename, event.content_type, b""))
                case PartData():
                    assert is_open
                    assert event.data
                    parts[-1] = (*parts[-1][:3], parts[-1][3] + event.data)
                case PartEnd():
                    assert is_open
                    is_open = False
    reader.finish()
    assert not is_open
    return parts


def every_way(body: bytes) -> list[object]:
    """Return what *body* gives whole, byte by byte, and cut into small pieces."""
    results: list[object] = []
    for size in (len(body) + 1, 1, 2, 3, 7):
        try:
            results.append(read(body, list(range(size, len(body), size))))
        except MultipartError:
            results.append(MultipartError)
    return results


NAME = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=12)
# Data that keeps nearly being a delimiter.
DATA = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"-", b"--", b"\r\n", b"--BN", b"--BNDx", b"\0", b"text", b"\xff"]
    ),
    max_size=12,
).map(b"".join)


@given(
    parts=st.lists(st.tuples(NAME, st.none() | NAME, DATA), max_size=4),
    cuts=st.lists(st.integers(0, 400), max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_written_parts_read_back(
    parts: list[tuple[str, str | None, bytes]], cuts: list[int]
) -> None:
    """Names in every script, data that looks like a boundary, wherever the network cuts it."""
    body = b""
    for name, filename, data in parts:
        disposition = {"name": name} | ({} if filename is None else {"filename": filename})
        header = format_content_disposition("form-data", disposition)
        body += part_head("BND", [("Content-Disposition", header)]) + data + b"\r\n"
    body += closing_delimiter("BND")
    expected = [(name, filename, "text/plain", data) for name, filename, data in parts]
    assert read(body, sorted(min(cut, len(body)) for cut in cuts)) == expected
    assert read(body, list(range(1, len(body)))) == expected


@given(st.binary(max_size=300), st.integers(1, 50))
@settings(deadline=None)
def test_no_bytes_raise_anything_else(noise: bytes, size: int) -> None:
    """A malformed body is one kind of error, and the cut does not change the outcome."""
    for body in (noise, b"--BND\r\n" + noise, b"--BND\r\n" + FIELD + noise + b"\r\n--BND--"):
        results = every_way(body)
        assert all(result == results[0] for result in results)


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (GOOD, GOOD_PARTS),
        (GOOD[:-2], GOOD_PARTS),
        (b"\r\n" + GOOD, GOOD_PARTS),
        (b"preamble -- BND --\r\n\r\n" + GOOD, GOOD_PARTS),
        (GOOD + b"epilogue\r\n--BND\r\n" + FIELD, GOOD_PARTS),
        (GOOD + GOOD, GOOD_PARTS),
        (b"--BND--", []),
        (b"--BND--\r\n", []),
        (b"--BND  \t\r\n" + FIELD + b"x\r\n--BND--", [("a", None, "text/plain", b"x")]),
        (b"--BND\r\n\r\nx\r\n--BND--", [(None, None, "text/plain", b"x")]),
        (b"--BND\r\n" + FIELD + b"\r\n--BND--", [("a", None, "text/plain", b"")]),
        (GOOD.replace(b'="a"', '="é"'.encode()), [("é", *GOOD_PARTS[0][1:]), GOOD_PARTS[1]]),
    ],
    ids=range(12),
)
def test_bodies_of_the_field_are_read(body: bytes, parts: list[Part]) -> None:
    """Preambles, epilogues, padding and empty parts, cut anywhere."""
    if b"  \t\r\n" in body:
        # The library takes padding behind a delimiter between parts, not behind the first one.
        body = b"--BND\r\n" + FIELD + b"x\r\n" + body
        parts = [*parts, *parts]
    for result in every_way(body):
        assert result == parts


@pytest.mark.parametrize(
    "body",
    [
        b"",
        GOOD[:-4],
        GOOD[:-3],
        GOOD[:-9],
        GOOD[:20],
        GOOD[: len(GOOD) // 2],
        GOOD[:-4] + b"\r\n",
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.replace(b"a/b", b"a\0b"),
        GOOD.replace(b"a/b", b"a\nX: b"),
        GOOD.replace(b"a/b", b"a\rb"),
        GOOD.replace(b"a/b", b"a\r\n b"),
        GOOD.replace(b"Type:", b"Type :"),
        GOOD.replace(b"Content-Type:", b":"),
        GOOD.replace(b"Type:", b"Typ\xc3\xa9:"),
        b"--BND\r\nno colon\r\n\r\nx\r\n--BND--",
        b"--BND\rX\r\n",
        b"--BNDx\r\n" + FIELD + b"x\r\n--BND--",
    ],
    ids=range(18),
)
def test_a_malformed_body_is_an_error(body: bytes) -> None:
    """It ends, in an error that says what is wrong (CVE-2024-30251)."""
    assert set(map(str, every_way(body))) == {str(MultipartError)}


def test_an_error_stays() -> None:
    """Nothing behind a fault is ever read as a part."""
    reader = MultipartReader("BND")
    with pytest.raises(MultipartError):
        reader.feed(b"--BND\r\nno colon\r\n\r\n")
    with pytest.raises(MultipartError):
        reader.feed(GOOD)
    with pytest.raises(MultipartError):
        reader.finish()
    assert not reader.finished


def test_the_plain_file_name_counts() -> None:
    """`filename*` does not exist in forms; who prefers it sees another name than the filter did."""
    head = (
        b'Content-Disposition: form-data; name="f"; filename="../plain"; '
        b"filename*=UTF-8''encoded; filename=\"second\"\r\n\r\n"
    )
    assert read(b"--BND\r\n" + head + b"\r\n--BND--") == [("f", "../plain", "text/plain", b"")]


def test_a_part_of_another_kind_has_no_field_name() -> None:
    """A name in `attachment` is not the name of a form field."""
    head = b'Content-Disposition: attachment; name="a"; filename="f"\r\n\r\n'
    assert read(b"--BND\r\n" + head + b"\r\n--BND--") == [(None, "f", "text/plain", b"")]


def test_headers_are_at_hand() -> None:
    """Whoever needs a part's charset or its own fields finds them there."""
    reader = MultipartReader("BND")
    (begin,) = reader.feed(b"--BND\r\nx-own:  \xff v \r\nX-Own: w\r\n\r\n")
    assert isinstance(begin, PartBegin)
    assert begin.headers.getall("X-Own") == ["\udcff v", "w"]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", "abc"),
        ('multipart/mixed; charset=x; Boundary="a b:c"', "a b:c"),
        ("multipart/form-data; boundary=a; boundary=b", "a"),
        ("multipart/form-data", None),
        ('multipart/form-data; boundary=""', None),
        ("multipart/form-data; boundary=" + "a" * 71, None),
        ("multipart/form-data; boundary=é", None),
        ("text/plain; boundary=a", None),
        ("", None),
        (None, None),
    ],
)
def test_the_boundary_is_checked(content_type: str | None, boundary: str | None) -> None:
    """RFC 2046 §5.1.1: 1 to 70 characters of a small set."""
    if boundary is None:
        with pytest.raises(MultipartError):
            boundary_of(content_type)
    else:
        assert boundary_of(content_type) == boundary


def test_parts_are_counted() -> None:
    """1,000 by default, empty ones too (starlette CVE-2023-30798)."""
    part = b"--BND\r\n" + FIELD + b"\r\n"
    assert len(read(part * 1000 + b"--BND--")) == 1000
    with pytest.raises(FormTooLarge):
        read(part * 1001 + b"--BND--")
    reader = MultipartReader("BND", FormLimits(max_fields=2))
    with pytest.raises(FormTooLarge, match="2"):
        read(part * 3 + b"--BND--", reader=reader)


@pytest.mark.parametrize(
    "head",
    [
        b"X: y\r\n" * 10_000,
        b"X: " + b"y" * MIB,
        b"X" * MIB,
        b"X:" + b" " * MIB,
        b"".join(b"X-%d: %s\r\n" % (number, b"y" * 8000) for number in range(128)),
    ],
    ids=["many", "long value", "long name", "spaces", "both"],
)
def test_the_head_of_a_part_is_limited(head: bytes) -> None:
    """The same limits as for a message's head (CVE-2026-34516), also when it comes in pieces."""
    limits = FormLimits(part_head=MessageLimits(max_line_size=10, max_headers=64))
    for step in (MIB * 2, 1000):
        reader = MultipartReader("BND", limits)
        body = b"--BND\r\n" + head + b"\r\n\r\n"
        with pytest.raises(MultipartError):
            read(body, list(range(step, len(body), step)), reader)


def test_all_headers_of_a_part_together_are_limited() -> None:
    """128 fields just short enough must not be a megabyte for each of a thousand parts."""
    field = b"X-Long: " + b"y" * 8000 + b"\r\n"
    limits = FormLimits(part_head=MessageLimits(max_headers=1000))
    assert limits.part_head.max_head_bytes == MIB
    with pytest.raises(MultipartError, match="part 1 is over 1048576 bytes"):
        read(b"--BND\r\n" + field * 200 + b"\r\n", reader=MultipartReader("BND", limits))


def test_a_bad_body_writes_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """The library's warnings would land in the cell that happens to run."""
    with caplog.at_level(logging.DEBUG), pytest.raises(MultipartError):
        read(b"--BND\r\nno colon\r\n\r\n")
    assert not caplog.records


@pytest.mark.parametrize(
    "body",
    [
        b"--BND\r\n" + FIELD + b"\r" * MIB,
        b"--BND\r\n" + FIELD + b"\r\n" * (MIB // 2),
        b"--BND\r\n" + FIELD + b"\r\n--BN" * (MIB // 6),
        b"--BND\r\n" + FIELD + b"\r\n--BNDx" * (MIB // 8),
        b"--BND\r\n" + FIELD + b"x\r\n--BND" + b" " * MIB,
        b"\r\n" * (MIB // 2) + GOOD,
        b"\r\n--BN" * (MIB // 6),
        b"-" * MIB,
        GOOD + b"\r\n--BND" * (MIB // 7),
        b"--BND\r\nContent-Disposition: form-data; " + b'a="\\";' * 1300 + b"\r\n\r\n",
    ],
    ids=range(10),
)
@pytest.mark.parametrize("step", [2 * MIB, 4096, 64])
def test_a_mebibyte_takes_a_few_times_what_plain_data_takes(
    body: bytes, step: int, slowness: Callable[[], float]
) -> None:
    """Scans for boundaries were quadratic in three libraries: 8 GB of them by pieces of 64."""
    plain = _seconds(b"--BND\r\n" + FIELD + b"\r\n" + b"x" * MIB, step)
    assert _seconds(body, step) < 4 * plain + 2 * slowness()


def _seconds(body: bytes, step: int) -> float:
    """Return CPU seconds that reading *body* takes."""
    started = time.process_time()
    try:
        read(body, list(range(step, len(body), step)))
    except MultipartError:
        pass
    return time.process_time() - started


def test_a_large_upload_keeps_no_memory() -> None:
    """Data goes out with the call that brought it in."""
    reader = MultipartReader("BND")
    reader.feed(b"--BND\r\n" + FIELD)
    for _ in range(50):
        events = reader.feed(b"x" * 65536)
        assert sum(len(event.data) for event in events if isinstance(event, PartData)) > 65000
    assert reader.feed(b"\r\n--BND--")[-1] == PartEnd()
    assert reader.finished
