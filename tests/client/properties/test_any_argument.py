"""CR, LF and NUL never leave in a head, whatever argument of the caller they come in by.

Each argument that reaches a head, over a real socket. Refused before anything is sent, or escaped.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from yarl import URL

from notebook_http import (
    BasicAuth,
    ClientError,
    ClientSession,
    ClientTimeout,
    CookieJar,
    DigestAuthMiddleware,
    FormData,
    MultipartWriter,
)
from notebook_http.transport.payload import BytesPayload

CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
CHALLENGE = (
    b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n"
    b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=MD5\r\n\r\n'
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# What may come of an argument that is none: an error of the caller's, or of a proxy that is none.
REFUSALS = (ValueError, TypeError, OSError, LookupError)


class Listening:
    """Keeps every byte that comes, and answers each head."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.url = ""
        self.answer = OK

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client; each read that ends a head is answered."""
        try:
            while data := await reader.read(65536):
                self.received += data
                if b"\r\n\r\n" in data:
                    writer.write(self.answer)
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    """A server on 127.0.0.1; also a proxy, for what is asked of one."""
    server = Listening()
    listener = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    yield server
    listener.close()
    await asyncio.sleep(0)


def part(headers: dict[str, str] | None = None, **disposition: str) -> MultipartWriter:
    """Return a multipart of one part."""
    writer = MultipartWriter("form-data")
    made = writer.append(b"part", headers)
    if disposition:
        made.set_content_disposition("form-data", **disposition)
    return writer


def part_of(payload: BytesPayload) -> MultipartWriter:
    """Return a multipart of one payload."""
    writer = MultipartWriter("form-data")
    payload.set_content_disposition("form-data", filename=payload.filename)
    writer.append_payload(payload)
    return writer


def field(name: str = "n", **more: str) -> FormData:
    """Return a form of one field."""
    form = FormData(default_to_multipart=True)
    form.add_field(name, "v", **more)
    return form


def morsel(attribute: str, bad: str) -> SimpleCookie:
    """Return a cookie that holds *bad* where its checks do not look."""
    cookies = SimpleCookie({"n": "v"})
    dict.__setitem__(cookies["n"], attribute, bad)
    if attribute == "value":
        cookies["n"]._value = cookies["n"]._coded_value = bad
    return cookies


def jar(bad: str) -> CookieJar:
    """Return a jar that was given *bad*."""
    made = CookieJar(unsafe=True)
    made.update_cookies({"n": bad}, URL("http://127.0.0.1/"))
    made.update_cookies({bad: "v"}, URL("http://127.0.0.1/"))
    return made


Options = Callable[[str, str], dict[str, Any]]
# What a call is given, from the bad text and the server's URL. `url`, `method` and `ws` are named
# so in the call; `session` goes into the session.
ARGUMENTS: dict[str, Options] = {
    "header value": lambda bad, url: {"headers": {"X": bad}},
    "header name": lambda bad, url: {"headers": {bad: "x"}},
    "header pair": lambda bad, url: {"headers": [("X", "a"), ("X", bad)]},
    "Host": lambda bad, url: {"headers": {"Host": bad}},
    "User-Agent": lambda bad, url: {"headers": {"User-Agent": bad}},
    "Content-Type": lambda bad, url: {"headers": {"Content-Type": bad}, "data": b"x"},
    "Content-Length": lambda bad, url: {"headers": {"Content-Length": bad}, "data": b"x"},
    "Transfer-Encoding": lambda bad, url: {"headers": {"Transfer-Encoding": bad}, "data": b"x"},
    "Cookie header": lambda bad, url: {"headers": {"Cookie": bad}},
    "Cookie pair": lambda bad, url: {"headers": {"Cookie": f"a={bad}"}, "cookies": {"b": "c"}},
    "cookie value": lambda bad, url: {"cookies": {"n": bad}},
    "cookie name": lambda bad, url: {"cookies": {bad: "v"}},
    "cookie of SimpleCookie": lambda bad, url: {"cookies": morsel("value", bad)},
    "cookie path": lambda bad, url: {"cookies": morsel("path", bad)},
    "method": lambda bad, url: {"method": bad},
    "path": lambda bad, url: {"url": f"{url}/{bad}"},
    "path as it is": lambda bad, url: {"url": URL(f"{url}/{bad}", encoded=True)},
    "query": lambda bad, url: {"url": f"{url}/?{bad}"},
    "query as it is": lambda bad, url: {"url": URL(f"{url}/?{bad}", encoded=True)},
    "fragment": lambda bad, url: {"url": f"{url}/#{bad}"},
    "host": lambda bad, url: {"url": f"{url}{bad}/"},
    "host as it is": lambda bad, url: {"url": URL(f"{url}{bad}/", encoded=True)},
    "user": lambda bad, url: {"url": url.replace("//", f"//{bad}@")},
    "user as it is": lambda bad, url: {"url": URL(url.replace("//", f"//{bad}@"), encoded=True)},
    "params": lambda bad, url: {"params": {"a": bad, bad: "a"}},
    "params as text": lambda bad, url: {"params": bad},
    "login": lambda bad, url: {"auth": BasicAuth(bad, "x")},
    "password": lambda bad, url: {"auth": BasicAuth("x", bad)},
    "compress": lambda bad, url: {"compress": bad, "data": b"x"},
    "form": lambda bad, url: {"data": {bad: bad}},
    "field name": lambda bad, url: {"data": field(bad)},
    "field file name": lambda bad, url: {"data": field(filename=bad)},
    "field type": lambda bad, url: {"data": field(content_type=bad)},
    "field encoding": lambda bad, url: {"data": field(content_transfer_encoding=bad)},
    "part header": lambda bad, url: {"data": part({"X": bad})},
    "part header name": lambda bad, url: {"data": part({bad: "x"})},
    "part name": lambda bad, url: {"data": part(name=bad)},
    "part file name": lambda bad, url: {"data": part(filename=bad)},
    "part parameter": lambda bad, url: {"data": part(**{bad: "x"})},
    "boundary": lambda bad, url: {"data": MultipartWriter("mixed", boundary=bad)},
    "subtype": lambda bad, url: {"data": MultipartWriter(bad)},
    "payload type": lambda bad, url: {"data": BytesPayload(b"x", content_type=bad)},
    "payload header": lambda bad, url: {"data": BytesPayload(b"x", headers={"X": bad})},
    "payload file name": lambda bad, url: {"data": part_of(BytesPayload(b"x", filename=bad))},
    "proxy header": lambda bad, url: {
        "url": "https://a.example/",
        "proxy": url,
        "proxy_headers": {"X": bad},
    },
    "proxy header name": lambda bad, url: {
        "url": "https://a.example/",
        "proxy": url,
        "proxy_headers": {bad: "x"},
    },
    "proxy credentials header": lambda bad, url: {
        "proxy": url,
        "proxy_headers": {"Proxy-Authorization": bad},
    },
    "proxy login": lambda bad, url: {"proxy": url, "proxy_auth": BasicAuth(bad, bad)},
    "proxy user": lambda bad, url: {"proxy": url.replace("//", f"//{bad}@")},
    "host through a proxy": lambda bad, url: {"url": f"http://a{bad}/", "proxy": url},
    "host through a tunnel": lambda bad, url: {
        "url": URL(f"https://a{bad}/", encoded=True),
        "proxy": url,
    },
    "path through a proxy": lambda bad, url: {
        "url": URL(f"http://a.example/{bad}", encoded=True),
        "proxy": url,
    },
    "sub-protocol": lambda bad, url: {"ws": True, "protocols": ("a", bad)},
    "origin": lambda bad, url: {"ws": True, "origin": bad},
    "WebSocket header": lambda bad, url: {"ws": True, "headers": {"X": bad}},
    "WebSocket header name": lambda bad, url: {"ws": True, "headers": {bad: "x"}},
    "WebSocket key": lambda bad, url: {"ws": True, "headers": {"Sec-WebSocket-Version": bad}},
    "WebSocket method": lambda bad, url: {"ws": True, "method": bad},
    "WebSocket params": lambda bad, url: {"ws": True, "params": {"a": bad}},
    "WebSocket proxy header": lambda bad, url: {
        "ws": True,
        "url": "ws://a.example/",
        "proxy": url,
        "proxy_headers": {"X": bad},
    },
    "session header": lambda bad, url: {"session": {"headers": {"X": bad}}},
    "session header name": lambda bad, url: {"session": {"headers": {bad: "x"}}},
    "session cookie": lambda bad, url: {"session": {"cookies": {"n": bad}}},
    "session jar": lambda bad, url: {"session": {"cookie_jar": jar(bad)}},
    "session login": lambda bad, url: {"session": {"auth": BasicAuth(bad, bad)}},
    "digest login": lambda bad, url: {
        "session": {"middlewares": (DigestAuthMiddleware(bad, "x"),)}
    },
    "event id": lambda bad, url: {"sse": bad},
}
BREAKS = [
    "a\r\nX-Injected: y",
    "a\nX-Injected: y",
    "a\rX-Injected: y",
    "a\0b",
    "\r\n\r\nGET /canary HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n",
    "a\r",
]


async def ask(server: Listening, make: Options, bad: str) -> bool:
    """Ask with one argument that is bad; whether something was sent."""
    server.received.clear()
    timeout = ClientTimeout(total=10)
    try:
        options = make(bad, server.url)
        url = options.pop("url", f"{server.url}/")
        event_id = options.pop("sse", None)
        over_websocket = options.pop("ws", False)
        given = {"timeout": timeout, **options.pop("session", {})}
        async with ClientSession(**given) as session:
            if over_websocket:
                async with session.ws_connect(url, **options):
                    pass
            elif event_id is not None:
                async with session.sse(url, headers={"Last-Event-ID": event_id}) as source:
                    await anext(aiter(source))
            else:
                method = options.pop("method", "POST")
                async with session.request(method, url, **options) as response:
                    await response.read()
    except REFUSALS:
        pass
    except ClientError:
        pass  # the server is no proxy, no WebSocket and no source of events, and need not be
    return bool(server.received)


def check_lines(received: bytes) -> None:
    """Fail where a head of *received*, or the head of a part in it, holds what breaks a line."""
    assert b"X-Injected" not in re.findall(rb"[\r\n]([^\r\n:]*):", received)
    assert b"\r\nGET /canary" not in received
    assert b"\nGET /canary" not in received
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if b"multipart" in head:
        lines += [line for line in body.split(b"\r\n") if line != b"\t"]
    for line in lines:
        assert not CONTROLS.search(line), line
    if received:
        assert lines[0].count(b" ") == 2


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("digest", [False, True], ids=["plain", "challenged"])
async def test_no_break_leaves_in_a_head(listening: Listening, name: str, digest: bool) -> None:
    """From any argument: refused, or escaped."""
    listening.answer = CHALLENGE if digest else OK
    for bad in BREAKS:
        await ask(listening, ARGUMENTS[name], bad)
        check_lines(bytes(listening.received))


# Not the word itself arrives: it is no such thing, or stays here.
NOT_SENT = {
    "Content-Length", "Transfer-Encoding", "compress", "cookie path", "fragment", "host",
    "host as it is",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(ARGUMENTS) - NOT_SENT))
async def test_what_is_harmless_leaves(listening: Listening, name: str) -> None:
    """Else the property above would hold for nothing: each argument is one that reaches a head."""
    listening.answer = CHALLENGE if name == "digest login" else OK
    assert await ask(listening, ARGUMENTS[name], "plain")
    received = bytes(listening.received)
    check_lines(received)
    secrets = re.findall(rb"Basic ([^\r]*)", received)
    shown = received + b"".join(map(base64.b64decode, secrets))
    assert b"plain" in shown.lower()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(sorted(ARGUMENTS)), st.text('\r\n\0\t a:;,"\\=é\udc80%', max_size=8))
async def test_any_text_in_any_argument(listening: Listening, name: str, bad: str) -> None:
    """The same for what nobody thought of."""
    await ask(listening, ARGUMENTS[name], bad)
    check_lines(bytes(listening.received))
