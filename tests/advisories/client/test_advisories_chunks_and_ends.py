"""Where the body of an answer ends: exactly where it says, and nothing of it is the next answer."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from notebook_http import ClientPayloadError

pytestmark = pytest.mark.advisory

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


@pytest.mark.parametrize("end", [b"XX", b"\r", b"\n", b"\n\n", b"\r\r", b" \r\n", b""])
async def test_cve_2025_43859_a_chunk_is_followed_by_crlf(refused, end):
    """Any two bytes were taken for the line break behind a chunk."""
    await refused(CHUNKED + b"5\r\nhello" + end + LAST)


@pytest.mark.parametrize(
    "line", [b"5;a\nb", b"5;a\rb", b"5;a\0b", b"5\n", b"5 ;\n", b'5;a="\nb"', b"5\r"]
)
async def test_cve_2024_52304_no_line_break_hides_in_a_chunk_extension(refused, line):
    """A line feed in an extension ended the line for one parser and not for the other."""
    await refused(CHUNKED + line + b"\r\nhello\r\n" + LAST)


@pytest.mark.parametrize("step", [0, 1, 7])
async def test_cve_2025_53643_trailers_are_read_and_are_no_headers(
    raw_server, session, read_whole, step
):
    """Trailers were left unread: they became the beginning of the next message."""
    trailers = b"Set-Cookie: a=b\r\nX-Trailer: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = await raw_server(CHUNKED + b"5\r\nhello\r\n0\r\n" + trailers, OK, step=step)
    response, body = await read_whole(session, server.url)
    assert body == b"hello"
    assert "X-Trailer" not in response.headers
    assert not len(session.cookie_jar)
    assert (await read_whole(session, server.url))[1] == b"ok"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "trailers",
    [
        b"X: a\r\n" * 200,
        b"X: a\r\n" * 50_000,
        b"X: " + b"a" * 2**20 + b"\r\n",
        b"a" * 2**20,
        b"X: a\0b\r\n",
        b"X: a\rb\r\n",
        b"X : a\r\n",
        b"X: a\n b\r\n",
    ],
)
async def test_cve_2026_22815_trailers_have_the_limits_of_headers(refused, trailers):
    """They had none, neither of size nor of number."""
    steps = (0, 1) if len(trailers) < 99 else (0, 4096)
    await refused(CHUNKED + LAST[:3] + trailers + b"\r\n", steps=steps)


async def test_cve_2026_22815_endless_trailers_end(raw_server, session, read_whole):
    """A server that never stops is stopped."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(CHUNKED + b"0\r\n")
        while True:
            writer.write(b"X: a\r\n" * 100)
            await writer.drain()
            await asyncio.sleep(0)

    server = await raw_server(talk=talk)
    with pytest.raises(ClientPayloadError):
        await asyncio.wait_for(read_whole(session, server.url), 30)


@pytest.mark.parametrize(
    "line", [b"5;" + b"a" * 20_000, b"0" * 20_000 + b"5", b"5" + b" " * 20_000, b"F" * 17]
)
async def test_cve_2026_54277_the_line_of_a_chunk_is_limited_over_reads(refused, line):
    """Dribbled, an extension went on for ever; a size past 64 bits wrapped around."""
    await refused(CHUNKED + line + b"\r\nhello\r\n" + LAST, steps=(1024,))


@pytest.mark.parametrize("step", [0, 6 * 997])
async def test_cve_2025_69229_tiny_chunks_cost_no_more_each(
    raw_server, session, read_whole, most_cpu, step
):
    """100,000 chunks of one byte took quadratic time."""
    server = await raw_server(CHUNKED + b"1\r\na\r\n" * 100_000 + LAST, step=step)
    with most_cpu(10):
        _, body = await read_whole(session, server.url)
    assert body == b"a" * 100_000


async def test_cve_2026_69244_a_malformed_chunk_is_an_error_at_every_split(
    raw_server, session, read_whole
):
    """The error's text was made of bytes behind the buffer's end."""
    bad = CHUNKED + b"3\r\nabc\r\n5;\x01\nhi\r\nhello\r\n" + LAST
    for cut in range(len(CHUNKED), len(bad)):

        async def talk(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: int = cut
        ) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(bad[:cut])
            await asyncio.sleep(0.001)
            writer.write(bad[cut:])

        server = await raw_server(talk=talk)
        with pytest.raises(ClientPayloadError) as caught:
            await read_whole(session, server.url)
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("coding", [b"identity", b"gzip", b"chunked, identity", b"bogus"])
async def test_cve_2024_1135_codings_that_nobody_knows_are_refused(refused, version, coding):
    """An unknown transfer coding was passed over, and the body ended somewhere else."""
    await refused(
        b"HTTP/" + version + b" 200 OK\r\nTransfer-Encoding: " + coding + b"\r\n\r\n" + LAST
    )


async def test_cve_2018_1000164_chunks_of_http_1_0_end_the_connection(
    raw_server, session, read_whole
):
    """HTTP/1.0 has no chunks: who answers so is not to be trusted with another request."""
    answer = CHUNKED.replace(b"/1.1", b"/1.0").replace(
        b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"
    )
    server = await raw_server(answer + LAST, OK)
    await read_whole(session, server.url)
    assert (await read_whole(session, server.url))[1] == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize(
    "switch", [b"Upgrade: websocket\r\nConnection: Upgrade\r\n", b"Upgrade: h2c\r\n"]
)
@pytest.mark.parametrize("step", [0, 1])
async def test_cve_2026_69243_only_101_switches_protocols(
    raw_server, session, read_whole, switch, step
):
    """Upgrade fields in a plain answer changed where its body ended."""
    server = await raw_server(OK.replace(b"Content", switch + b"Content"), OK, step=step)
    _, body = await read_whole(session, server.url)
    assert body == b"ok"
    assert (await read_whole(session, server.url))[1] == b"ok"


@pytest.mark.parametrize("upload", [b"canary " * 10, b"x" * 2**20])
async def test_cve_2024_24791_a_body_that_was_not_asked_for_is_no_request(
    raw_server, session, upload
):
    """A final answer to `Expect: 100-continue`, and the body went out as the next request."""
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
        requests.append(await reader.readuntil(b"\r\n\r\n"))

    server = await raw_server(talk=talk)
    async with session.post(server.url, data=upload, expect100=True) as response:
        assert response.status == 417
    async with session.get(server.url) as response:
        await response.read()
    assert server.connections == 2
    assert [request.split(b" ")[0] for request in requests] == [b"POST", b"GET"]


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize(
    "framing", [b"Content-Length: 6\r\n\r\ncanary", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
)
async def test_promise_a_body_where_none_may_be_reaches_nobody(
    raw_server, session, read_whole, status, framing
):
    """204 and 304 have none: its bytes would be the beginning of the next answer."""
    server = await raw_server(b"HTTP/1.1 %d X\r\n" % status + framing, OK)
    _, body = await read_whole(session, server.url)
    assert body == b""
    response, body = await read_whole(session, server.url)
    assert (response.status, body, server.connections) == (200, b"ok", 2)


@pytest.mark.parametrize("step", [0, 1])
async def test_promise_a_body_after_head_reaches_nobody(raw_server, session, read_whole, step):
    """The same for the answer to HEAD."""
    server = await raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary", OK, step=step)
    _, body = await read_whole(session, server.url, "HEAD")
    assert body == b""
    await asyncio.sleep(0.05)
    assert (await read_whole(session, server.url))[1] == b"ok"
    assert server.connections == 2


async def test_promise_unsolicited_bytes_reach_nobody(raw_server, session, read_whole):
    """A whole answer more than was asked for must never be the answer to the next question."""
    canary = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary"
    server = await raw_server(OK + canary, OK)
    for _ in range(3):
        assert (await read_whole(session, server.url))[1] == b"ok"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await late.read_request(reader)
        writer.write(OK)
        await asyncio.sleep(0.02)
        writer.write(canary)
        await reader.read()

    late = await raw_server(talk=talk)
    assert (await read_whole(session, late.url))[1] == b"ok"
    await asyncio.sleep(0.05)
    assert (await read_whole(session, late.url))[1] == b"ok"
    assert late.connections == 2


@pytest.mark.parametrize("more", [b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\0"])
@pytest.mark.parametrize("whole", [OK, CHUNKED + b"2\r\nok\r\n" + LAST])
async def test_promise_unsolicited_line_breaks_are_noticed(
    raw_server, session, read_whole, more, whole
):
    """The parser's library passes over them; a server that sends them is not asked again so."""
    server = await raw_server(whole + more, OK)
    assert (await read_whole(session, server.url))[1] == b"ok"
    assert (await read_whole(session, server.url))[1] == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize("cut", range(1, 6))
async def test_promise_a_short_body_is_an_error(raw_server, session, read_whole, cut):
    """Whatever announced its end: half a body is never handed out as a whole one."""
    for whole in (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        CHUNKED + b"5\r\nhello\r\n" + LAST,
    ):

        async def talk(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, whole: bytes = whole
        ) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(whole[:-cut])

        server = await raw_server(talk=talk)
        with pytest.raises(ClientPayloadError):
            await read_whole(session, server.url)


MALFORMED = """
import asyncio, sys
import notebook_http

async def main():
    async def talk(reader, writer):
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(bytes.fromhex(sys.argv[1]))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    async with notebook_http.ClientSession() as session:
        try:
            async with session.get(url) as response:
                print("accepted", await response.read())
        except notebook_http.ClientError as error:
            print(type(error).__name__)
    server.close()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "bad", [CHUNKED + b"+5\r\nhello\r\n" + LAST, CHUNKED + b"5\r\nhelloXX" + LAST, OK[:-1]]
)
def test_cve_2025_69227_no_assert_carries_logic(bad):
    """With `-O` asserts are gone, and what they alone had refused went round for ever."""
    command = [sys.executable, "-O", "-c", MALFORMED, bad.hex()]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == ClientPayloadError.__name__, ran.stderr


def test_cve_2025_69227_the_package_has_no_assert():
    """The same, wherever it might be."""
    import notebook_http

    sources = sorted(Path(notebook_http.__file__).parent.rglob("*.py"))
    found = [
        f"{path.name}:{node.lineno}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))  # docstrings show tests, which have some
        if isinstance(node, ast.Assert)
    ]
    assert found == []
    assert len(sources) > 100
