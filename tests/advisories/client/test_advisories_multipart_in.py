"""Answers of several parts from a hostile server: they end, within limits, and in linear time."""

from __future__ import annotations

import asyncio
import base64
import gzip

import pytest

from notebook_http import ClientPayloadError, MultipartReader

pytestmark = pytest.mark.advisory

MIB = 2**20
FIELD = b'Content-Disposition: form-data; name="a"\r\n'


def answer(body: bytes, kind: str = "mixed; boundary=b") -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: multipart/{kind}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


async def parts_of(session, url: str, **limits: object) -> list[bytes]:
    """Return what is in the parts, decoded."""
    found: list[bytes] = []

    async def read(reader: MultipartReader) -> None:
        async for part in reader:
            if isinstance(part, MultipartReader):
                await read(part)
            else:
                found.append(await part.read(decode=True))

    async with session.get(url) as response:
        await read(MultipartReader(response.headers, response.content, **limits))
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b\r\n\r\nno disposition\r\n--b--\r\n", [b"no disposition"]),
        (b"--b\r\nContent-Length: 999\r\n\r\nshort\r\n--b--\r\n", [b"short"]),
        (b"--b\r\nContent-Length: 2\r\n\r\nlonger\r\n--b--\r\n", [b"longer"]),
        (b"--b\r\nContent-Length: -1\r\n\r\nnegative\r\n--b--\r\n", [b"negative"]),
        (b"--b\r\n\r\nends in dashes\r\n--b--", [b"ends in dashes"]),
        (b"--b\r\n\r\nends in dashes--", None),
        (b"--b\r\n\r\nno end at all", None),
        (b"--b\r\n\r\nhalf an end\r\n--b-", None),
        (b"--b\r\nX: y", None),
        (b"--b", None),
        (b"no beginning", None),
        (b"", None),
    ],
)
@pytest.mark.parametrize("step", [0, 1])
async def test_cve_2024_30251_a_malformed_body_ends(raw_server, session, body, expected, step):
    """A part with a wrong Content-Length, or without an end, went round for ever."""
    server = await raw_server(answer(body), step=step)
    reading = asyncio.wait_for(parts_of(session, server.url), 10)
    if expected is None:
        with pytest.raises((ClientPayloadError, ValueError)):
            await reading
    else:
        assert await reading == expected


@pytest.mark.parametrize(
    "head",
    [
        b"X: a\r\n" * 10_000,
        b"X: " + b"a" * MIB + b"\r\n",
        b"a" * MIB + b": b\r\n",
        b"".join(b"X-%d: %b\r\n" % (n, b"a" * 8000) for n in range(200)),
    ],
)
async def test_cve_2026_34516_the_head_of_a_part_has_the_limits_of_heads(
    raw_server, session, most_memory, head
):
    """It had none, neither in number nor in size."""
    body = b"--b\r\n" + head + b"\r\ncanary\r\n--b--\r\n"
    server = await raw_server(answer(body))
    with most_memory(16), pytest.raises((ClientPayloadError, ValueError)):
        await parts_of(session, server.url)


@pytest.mark.parametrize(
    "head", [b"X: a\0b", b"X: a\rY: b", b"X\0: a", b"X\n: a", b": a", b"X Y: a"]
)
async def test_promise_the_head_of_a_part_is_a_head(raw_server, session, head):
    """Control bytes in names and values of a part's head were let through."""
    server = await raw_server(answer(b"--b\r\n" + head + b"\r\n\r\ncanary\r\n--b--\r\n"))
    with pytest.raises((ClientPayloadError, ValueError)):
        await parts_of(session, server.url)


async def test_cve_2026_34517_a_part_is_counted_while_it_is_read(raw_server, session, most_memory):
    """Its size was compared with the limit after all of it was there."""
    body = b"--b\r\n\r\n" + bytes(32 * MIB) + b"\r\n--b--\r\n"
    server = await raw_server(answer(body), step=65536)
    del body
    with most_memory(8), pytest.raises(ValueError, match=r"65,536|65536"):
        await parts_of(session, server.url, client_max_size=65536)


@pytest.mark.parametrize(
    "body",
    [
        b"\r" * MIB + b"--b\r\n\r\n\r\n--b--",
        b"--b\r\n\r\n" + b"\r" * MIB + b"\r\n--b--",
        b"--b\r\n\r\n" + b"\n" * MIB + b"\r\n--b--",
        b"--b\r\n\r\n" + b"\r\n" * (MIB // 2) + b"\r\n--b--",
        b"--b\r\n\r\n" + b"\r\n-" * (MIB // 3) + b"\r\n--b--",
        b"--b\r\n\r\n" + b"\r\n--" * (MIB // 4) + b"\r\n--b--",
        b"--b\r\n\r\n" + b"\r\n--bX" * (MIB // 6) + b"\r\n--b--",
        b"-" * MIB + b"\r\n--b\r\n\r\n\r\n--b--",
        b"--b\r\n\r\n\r\n--b--\r\n" + b"--b\r\n" * (MIB // 5),
        b"--b\r\n" + FIELD[:-2] + b";" * 8000 + b"\r\n\r\n\r\n--b--",
        b'--b\r\nContent-Disposition: form-data; name="' + b"\\" * 8000 + b"\r\n\r\n\r\n--b--",
        b"--b\r\nContent-Type: a/b;" + b"a=b;" * 2000 + b"\r\n\r\n\r\n--b--",
    ],
)
async def test_cve_2023_46136_parts_are_read_in_linear_time(raw_server, session, most_cpu, body):
    """Line breaks without end, almost-boundaries, preambles: quadratic, minutes for a mebibyte."""
    server = await raw_server(answer(body))
    with most_cpu(5):
        try:
            await asyncio.wait_for(parts_of(session, server.url), 60)
        except (ClientPayloadError, ValueError):
            pass  # some are malformed: the time counts


async def test_cve_2023_30798_parts_without_number_leave_nothing(
    raw_server, session, most_memory, most_cpu
):
    """Each part stayed in memory until the last had come."""
    server = await raw_server(answer(b"--b\r\nX: y\r\n\r\na\r\n" * 20_000 + b"--b--\r\n"))
    count = 0
    with most_cpu(40), most_memory(8):
        async with session.get(server.url) as response:
            async for part in MultipartReader.from_response(response):
                assert await part.read() == b"a"
                count += 1
    assert count == 20_000


async def test_cve_2026_53537_the_plain_name_counts_and_is_text(
    raw_server, session, tmp_path, monkeypatch
):
    """`filename*` beat `filename`, so that a filter in front saw another one; both were paths."""
    monkeypatch.chdir(tmp_path)
    disposition = (
        b"Content-Disposition: form-data; name=\"n\"; filename*=utf-8''evil.sh; "
        b'filename="../../a.txt"\r\n'
    )
    body = b"--b\r\n" + disposition + b"\r\nx\r\n--b--\r\n"
    server = await raw_server(answer(body, "form-data; boundary=b"))
    async with session.get(server.url) as response:
        part = await MultipartReader.from_response(response).next()
        assert (part.name, part.filename) == ("n", "../../a.txt")
        assert await part.read() == b"x"
    assert list(tmp_path.iterdir()) == []


async def test_promise_nesting_has_a_depth(raw_server, session, most_memory):
    """Each level costs its own reading of all bytes, and a frame of the stack."""
    server = await raw_server(answer(_nested(200)))
    with most_memory(16), pytest.raises((ClientPayloadError, ValueError), match="nested"):
        await parts_of(session, server.url)
    fine = await raw_server(answer(_nested(3)))
    assert await parts_of(session, fine.url) == [b"x"]


def _nested(depth: int) -> bytes:
    """Return the body of a multipart with boundary `b` that holds others, *depth* in all."""
    inner = b"\r\nx"
    for level in range(depth - 1, 0, -1):
        inner = (
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n" % level
            + b"--b%d\r\n" % level
            + inner
            + b"\r\n--b%d--\r\n" % level
        )
    return b"--b\r\n" + inner + b"\r\n--b--\r\n"


@pytest.mark.parametrize("name", [b"rot13", b"zlib", b"base64", b"x" * 100, b"", b"\xff", b"idna"])
async def test_promise_charsets_are_those_of_text(raw_server, session, name):
    """Some codecs of Python's compute for long, or are no text at all."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n' + name + b"\r\n"
        b"--b\r\n" + FIELD + b"\r\nx\r\n--b--\r\n"
    )
    server = await raw_server(answer(body, "form-data; boundary=b"))
    with pytest.raises((ClientPayloadError, ValueError)):
        await parts_of(session, server.url)


@pytest.mark.parametrize("name", ["rot13", "zlib", "hex", "nothing"])
async def test_promise_the_charset_of_a_part_is_one_of_text(raw_server, session, name):
    """The same where the part itself names it."""
    body = f"--b\r\nContent-Type: text/plain; charset={name}\r\n\r\nx\r\n--b--\r\n".encode()
    server = await raw_server(answer(body))
    async with session.get(server.url) as response:
        part = await MultipartReader.from_response(response).next()
        with pytest.raises((LookupError, ValueError)):
            await part.text()


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("base64", b"a"), ("base64", b"aGVs!@#"), ("base64", b"aGVsbG8=aGVsbG8"), ("x-none", b"a")],
)
async def test_promise_a_broken_encoding_is_an_error(raw_server, session, encoding, data):
    """Half of the bytes came out, as if they had been all."""
    head = f"--b\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    server = await raw_server(answer(head + data + b"\r\n--b--\r\n"))
    with pytest.raises((ClientPayloadError, ValueError, RuntimeError)):
        await parts_of(session, server.url)


async def test_promise_what_a_part_unpacks_to_is_counted(raw_server, session, most_memory):
    """The limit was that of the bytes on the wire."""
    bomb = gzip.compress(bytes(200 * MIB))
    bomb = base64.b64encode(bomb)
    head = b"--b\r\nContent-Encoding: gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    server = await raw_server(answer(head + bomb + b"\r\n--b--\r\n"))
    with most_memory(16), pytest.raises(ValueError, match=r"1,048,576|1048576"):
        await parts_of(session, server.url, client_max_size=MIB)


@pytest.mark.parametrize(
    "kind",
    [
        "mixed",
        "mixed; boundary=",
        f"mixed; boundary={'a' * 71}",
        'mixed; boundary="a b "',
        "mixed; boundary=\u00e4",
    ],
)
async def test_promise_the_boundary_of_an_answer_is_one(raw_server, session, kind):
    """1 to 70 characters of the allowed set, or the answer is none of several parts."""
    server = await raw_server(answer(b"--\r\n\r\ncanary\r\n----\r\n", kind))
    with pytest.raises((ClientPayloadError, ValueError), match="boundary"):
        await parts_of(session, server.url)


async def test_cve_2026_53538_fields_are_separated_by_ampersands_alone(raw_server, session):
    """`;` made two fields of one for one reader, and none for the other."""
    head = b"--b\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    server = await raw_server(answer(head + b"a=1;b=2&c=3\r\n--b--\r\n"))
    async with session.get(server.url) as response:
        part = await MultipartReader.from_response(response).next()
        assert await part.form() == [("a", "1;b=2"), ("c", "3")]


async def test_cve_2026_53540_bad_parts_write_no_log(raw_server, session, caplog):
    """A line of log for each of them, as many as a server liked."""
    caplog.set_level(0)
    for body in (b"--b\r\nX Y: a\r\n\r\n", b"junk" * 999, b"--b\r\n\r\nx\r\n--b--junk" * 99):
        server = await raw_server(answer(body))
        try:
            await parts_of(session, server.url)
        except (ClientPayloadError, ValueError):
            pass  # refused, and silently so
    assert [record for record in caplog.records if record.name != "asyncio"] == []
