"""What a cell shows when a request fails: real failures, in a real shell."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trustme

import notebook_http as nh
from notebook_http.client.exceptions import ClientError
from notebook_http.notebook.display.error import MAX_LINES
from notebook_http.notebook.display.explanations import explain
from notebook_http.notebook.extension import load_ipython_extension, unload_ipython_extension
from notebook_http.notebook.last_error import last_error
from notebook_http.notebook.listening_ports import nearest_ports


def _head(status: str, headers: str = "", body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


_ANSWERS = {
    "/hangup": b"",
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
    "/gzip": _head("200 OK", "Content-Encoding: gzip\r\n", b"this is not gzip"),
    "/noise": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "/loop": _head("302 Found", "Location: /loop\r\n"),
    "/bad-location": _head("302 Found", "Location: http://[bad/\r\n"),
    "/ftp-location": _head("302 Found", "Location: ftp://files.example/x\r\n"),
    "/page": _head("200 OK", "Content-Type: text/html\r\n", b"<h1>hello</h1>"),
    "/ansi": _head("200 \x1b[31mred", "Content-Type: text/html\r\n", b"x"),
}


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as no server of ours would."""
    with contextlib.suppress(ConnectionError, UnicodeDecodeError, IndexError):
        path = (await reader.readline()).decode().split()[1]
        while (await reader.readline()).strip():
            pass
        if path == "/slow":
            await reader.read()  # until the client gives up
        elif path.startswith("/status/"):
            status = path.rpartition("/")[2]
            headers = "Retry-After: 30\r\nAllow: POST, PUT\r\nWWW-Authenticate: Bearer realm=x\r\n"
            writer.write(_head(f"{status} As Asked", headers, b"because"))
        else:
            writer.write(_ANSWERS[path])
        await writer.drain()
    writer.close()


async def _serve(stack: contextlib.AsyncExitStack, context: ssl.SSLContext | None = None) -> int:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context)
    stack.push_async_callback(server.wait_closed)
    stack.callback(server.close)
    return server.sockets[0].getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
async def cell(shell: Any, capsys: Any, closed_port: int) -> AsyncIterator[Any]:
    """Run a cell; return what was shown and the error itself. `u` is the server's address."""
    load_ipython_extension(shell)
    async with contextlib.AsyncExitStack() as stack:
        port = await _serve(stack)
        shell.user_ns.update(nh=nh, asyncio=asyncio, u=f"http://127.0.0.1:{port}")
        shell.user_ns["closed"] = f"http://127.0.0.1:{closed_port}/"

        async def run(code: str, **names: Any) -> tuple[str, BaseException]:
            shell.user_ns.update(names)
            capsys.readouterr()
            result = await shell.run_cell_async(code, transformed_cell=shell.transform_cell(code))
            return capsys.readouterr().out.strip(), result.error_in_exec

        yield run


SESSION = "async with nh.ClientSession(raise_for_status={}) as s, s.get(u + '{}') as r:\n    {}"


def core(path: str, use: str = "await r.read()", judge: bool = False) -> str:
    """Return a cell that asks for *path* with the core's session."""
    return SESSION.format(judge, path, use)


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        # The URL
        ("await nh.get('')", "InvalidUrlClientError", ["It is empty", "variable"]),
        ("await nh.get('/x')", "InvalidUrlClientError", ["no host", "http://127.0.0.1:PORT/x"]),
        ("await nh.get('example.org/x')", "InvalidUrlClientError", ["https://example.org/x"]),
        ("await nh.get('localhost:3000/x')", "NonHttpUrlClientError", ["http://localhost:3000/x"]),
        ("await nh.get('htps://x.org/')", "NonHttpUrlClientError", ["Did you mean https://x.org/"]),
        ("await nh.get('htp://x.org/')", "NonHttpUrlClientError", ["mean http://x.org/ ?"]),
        ("await nh.get('ada:c4n4ry@h.org/')", "NonHttpUrlClientError", ["has no scheme"]),
        ("%http :3000/x word", "MagicSyntaxError", ["key=value or key:=json"]),
        ("%http :3000/x Authorization: Bearer x", "MagicSyntaxError", ["Authorization:value"]),
        ("await nh.get('ws://x.org/')", "NonHttpUrlClientError", ["'ws'", "http://x.org/"]),
        ("await nh.get('ftp://x.org/')", "NonHttpUrlClientError", ["'ftp'", "begins with http://"]),
        ("await nh.get('http://x:99999/')", "InvalidUrlClientError", ["Port out of range"]),
        # The way there
        ("await nh.get(closed)", "ClientConnectorError", ["Nothing listens on port", "Start the"]),
        ("await nh.get('http://locahost/')", "ClientConnectorDNSError", ["mean localhost"]),
        (
            "await nh.get('http://no.such.invalid/')",
            "ClientConnectorDNSError",
            ["'no.such.invalid' does not resolve", "spelling", "network"],
        ),
        ("await nh.get(u + '/hangup')", "ServerDisconnectedError", ["hung up", "server's own log"]),
        # Time-outs
        (
            "await nh.get(u + '/slow', timeout=0.1)",
            "TotalTimeoutError",
            ["/slow", "took too long", "ClientTimeout(total=seconds)"],
        ),
        (
            "await nh.get(u + '/slow', timeout=nh.ClientTimeout(sock_read=0.1))",
            "SocketTimeoutError",
            ["went silent", "ClientTimeout(sock_read=seconds)"],
        ),
        (
            "async with asyncio.timeout(0.1):\n    await nh.get(u + '/slow')",
            "TimeoutError",
            ["A time limit around the request", "asyncio.timeout", "Give it longer there"],
        ),
        # The answer
        ("await nh.get(u + '/noise')", "ClientResponseError", ["cannot be read", "HTTP server"]),
        ("await nh.get(u + '/loop')", "TooManyRedirects", ["10 redirects", "in a circle"]),
        (
            "await nh.get(u + '/bad-location')",
            "InvalidUrlRedirectClientError",
            ["http://[bad/", "Location", "allow_redirects=False"],
        ),
        (
            "await nh.get(u + '/ftp-location')",
            "NonHttpUrlRedirectClientError",
            ["'ftp://files.example/x'", "allow_redirects=False"],
        ),
        (core("/page", "await r.json()"), "ContentTypeError", ["text/html", "content_type=None"]),
        ("(await nh.get(u + '/page')).json()", "BodyNotJSONError", ["not JSON", "<h1>hello</h1>"]),
        (core("/status/401", judge=True), "ClientResponseError", ["Bearer", "auth=BasicAuth("]),
        (core("/status/403", judge=True), "ClientResponseError", ["refuses", "token or scope"]),
        (core("/status/404", judge=True), "ClientResponseError", ["nothing at this", "path"]),
        (core("/status/405", judge=True), "ClientResponseError", ["not for this method", "PUT"]),
        (core("/status/415", judge=True), "ClientResponseError", ["of this type", "json=…"]),
        (core("/status/418", judge=True), "ClientResponseError", ["as it is", "body of the"]),
        (core("/status/429", judge=True), "ClientResponseError", ["Too many", "after 30 s"]),
        (core("/status/500", judge=True), "ClientResponseError", ["server failed", "own log"]),
        (core("/status/503", judge=True), "ClientResponseError", ["busy", "after 30 s"]),
        ("(await nh.get(u + '/status/404')).raise_for_status()", "StatusError", ["404", "path"]),
        # The body
        ("await nh.get(u + '/short')", "ClientPayloadError", ["3 of 100 bytes", "not whole"]),
        ("await nh.get(u + '/gzip')", "ClientPayloadError", ["cannot be decoded", "'identity'"]),
        # The magics
        ("%http {closed}", "ClientConnectorError", ["Nothing listens", "%http {closed}"]),
        ("%%http\nGET {{u}}/noise", "ClientResponseError", ["cannot be read", "%%http"]),
        ("%http GTE {u}", "MagicSyntaxError", ["Did you mean GET?"]),
        # What our code refuses
        ("await nh.get(u, timout=3)", "TypeError", ["Did you mean timeout=?"]),
        ("await nh.get(u, json=object())", "TypeError", ["not JSON serializable"]),
        ("s = nh.ClientSession()\nawait s.close()\nawait s.get(u)", "RuntimeError", ["is closed"]),
    ],
)
async def test_a_failure_takes_twelve_lines(cell, code, name, words):
    """What failed, why, what to try and where, in place of 130 lines of our own code."""
    shown, error = await cell(code)
    assert type(error).__name__ == name
    lines = shown.splitlines()
    assert len(lines) <= MAX_LINES == 12
    assert lines[0].startswith(name)
    for word in words:
        assert word in shown
    assert "Where  Cell In[" in shown
    assert "notebook_http/" not in shown
    assert all(len(line) <= 310 for line in lines)


@pytest.mark.parametrize(
    ("names", "not_after", "words"),
    [
        (["127.0.0.1"], None, ["does not know who signed it", "cafile='ca.pem'"]),
        (["other.example"], None, ["another name", "127.0.0.1", "mismatch"]),
        (["127.0.0.1"], datetime.datetime(2020, 1, 1), ["has expired", "clock"]),  # noqa: DTZ001
    ],
)
async def test_a_bad_certificate_says_which_way_it_is_bad(cell, names, not_after, words):
    """Each has another remedy, and none of them is to turn verification off."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names, not_after=not_after).configure_cert(context)
    trust = ssl.create_default_context()
    if "does not know" not in words[0]:
        authority.configure_trust(trust)
    async with contextlib.AsyncExitStack() as stack:
        port = await _serve(stack, context)
        shown, error = await cell(
            f"await nh.get('https://127.0.0.1:{port}/', ssl=trust)", trust=trust
        )
    assert isinstance(error, nh.ClientConnectorCertificateError)
    assert len(shown.splitlines()) <= 12
    for word in words:
        assert word in shown
    assert "ssl=False" not in shown


async def test_https_to_a_plain_port_says_so(cell):
    """A web server answers a TLS handshake in plain HTTP."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(_head("400 Bad Request"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    shown, error = await cell(f"await nh.get('https://127.0.0.1:{port}/')")
    server.close()
    assert isinstance(error, nh.ClientConnectorError)
    assert "Try http:// in place of https://" in shown


async def test_no_free_connection_in_time_names_the_limits(cell):
    """The pool may be the reason, not the host."""
    code = """
connector = nh.TCPConnector(limit=1)
async with nh.ClientSession(connector=connector) as s:
    busy = asyncio.create_task(s.get(u + '/slow'))
    await asyncio.sleep(0.05)
    try:
        await s.get(u + '/page', timeout=nh.ClientTimeout(connect=0.1))
    finally:
        busy.cancel()
"""
    shown, error = await cell(code)
    assert isinstance(error, nh.ConnectionTimeoutError)
    assert "all connections are busy" in shown
    assert "connect=" in shown
    assert len(shown.splitlines()) <= 12


# What it leaves alone ---------------------------------------------------------------------------


async def test_class_and_text_of_an_error_stay(cell, shell):
    """Code that catches it, or logs it, sees what it would see in a script."""
    _, error = await cell("await nh.get(closed)")
    unload_ipython_extension(shell)
    _, plain = await cell("await nh.get(closed)")
    assert (type(error), str(error)) == (type(plain), str(plain))
    assert not hasattr(error, "__notes__")


async def test_an_error_in_a_chain_keeps_its_own_traceback(cell):
    """Whoever raised the outer error wants it seen, with the cause."""
    code = """
try:
    await nh.get(closed)
except nh.ClientError as error:
    raise ValueError("mine") from error
"""
    shown, error = await cell(code)
    assert isinstance(error, ValueError)
    assert "Traceback (most recent call last)" in shown
    assert "ValueError: mine" in shown
    assert "direct cause" in shown


async def test_an_error_of_a_callback_is_shown_as_ever(cell):
    """It is the user's own code that failed, below ours."""
    code = """
def broken(value):
    raise ValueError("mine")
async with nh.ClientSession(json_serialize=broken) as s:
    await s.post(u, json=1)
"""
    shown, error = await cell(code)
    assert isinstance(error, ValueError)
    assert "Traceback (most recent call last)" in shown
    assert "in broken(value)" in shown


async def test_other_errors_are_shown_as_ever(cell):
    """None of our business."""
    shown, _ = await cell("1/0")
    assert "Traceback (most recent call last)" in shown
    shown, _ = await cell("import json\njson.loads('x')")
    assert "Traceback (most recent call last)" in shown


async def test_without_the_extension_it_is_python_that_shows(cell, shell):
    """Unloaded means unloaded."""
    unload_ipython_extension(shell)
    shown, _ = await cell("await nh.get(closed)")
    assert "Traceback (most recent call last)" in shown


# The whole of it --------------------------------------------------------------------------------


async def test_the_full_traceback_is_there_when_asked_for(cell):
    """`nh.last_error` as a cell's value; `%xmode Verbose` and `%tb Verbose` for those who know."""
    shown, error = await cell("await nh.get(closed)")
    assert "nh.last_error shows the full traceback" in shown
    assert nh.last_error is last_error
    assert last_error.exception is error
    assert "tcp_connector.py" in repr(last_error)
    assert "direct cause" in repr(last_error)
    shown, _ = await cell("nh.last_error")
    assert "Traceback (most recent call last)" in shown
    shown, _ = await cell("%tb Verbose")
    assert "Traceback (most recent call last)" in shown
    shown, _ = await cell("%tb")
    assert len(shown.splitlines()) <= 12


def test_before_any_error_it_says_so():
    """A value that shows nothing looks broken."""
    assert "No error" in repr(type(last_error)())


async def test_secrets_are_masked_wherever_an_error_is_shown(cell):
    """Outputs are saved, and sent around."""
    shown, _ = await cell("await nh.get(f'http://user:pa55word-x@{closed[7:]}?token=t0ken-abcdef')")
    for text in (shown, repr(last_error)):
        assert "pa55word-x" not in text
        assert "t0ken-abcdef" not in text
        assert "••••" in text
    shown, _ = await cell("await nh.get('htt://user:pa55word-x@example.org/?token=t0ken-abcdef')")
    assert "pa55word-x" not in shown
    assert "t0ken-abcdef" not in shown


async def test_control_characters_from_a_server_stay_text(cell):
    """A reason phrase must not paint the terminal, or hide what stands before it."""
    shown, error = await cell(core("/ansi", "await r.json()"))
    assert isinstance(error, ClientError)
    assert "\x1b" not in shown


async def test_the_line_in_a_function_of_another_cell_is_named(cell):
    """Where the request stands, not where the function was called."""
    await cell("async def fetch():\n    # far away\n    return await nh.get(closed)")
    shown, _ = await cell("await fetch()")
    assert "line 3:  return await nh.get(closed)" in shown


async def test_a_refused_connection_names_the_notebooks_own_servers(cell):
    """The usual reason is a port of yesterday; today's server is the one that was meant."""
    shown, _ = await cell("srv = await nh.serve({'GET /': lambda request: 'x'}, name='api')")
    shown, error = await cell("await nh.get(closed)")
    assert isinstance(error, nh.ClientConnectorError)
    _, failed = await cell("port = srv.port\nawait srv.stop()")
    assert failed is None
    assert "Listening here: api on " in shown


def test_ports_nearby_are_found():
    """The port is often a slip of a digit, or another server of the same project."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        assert server.getsockname()[1] not in [port for port, _ in nearest_ports(80, count=99)]
    for free in range(9000, 9050):
        with socket.socket() as server:
            try:
                server.bind(("127.0.0.1", free))
            except OSError:
                continue
            server.listen()
            ports = [port for port, _ in nearest_ports(free + 1)]
            assert free in ports or not ports  # only Linux tells
            assert len(ports) <= 3
            break


def test_an_error_that_nobody_explains_has_no_explanation():
    """Then its own message is all there is."""
    assert explain(ZeroDivisionError("x")) is None
