"""Proxies: the same words as aiohttp's, and nginx as a forward proxy."""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import socket
import ssl
import subprocess
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import notebook_http as nh

pytestmark = pytest.mark.peer
OURS, THEIRS = "notebook_http", "aiohttp"


class Recorder:
    """A proxy that keeps every head that it is sent, and refuses or answers by itself."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"Content-Length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                self.heads.append(head)
                if head.startswith("CONNECT"):
                    writer.write(
                        b"HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic realm=r\r\n"
                        b"Content-Length: 0\r\n\r\n"
                    )
                else:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    """A proxy that records."""
    recorder = Recorder()
    listener = await asyncio.start_server(recorder.talk, "127.0.0.1", 0)
    recorder.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    yield recorder
    listener.close()


def same_words(head: str) -> str:
    """Return *head* without what names the library."""
    return re.sub(r"(aiohttp|notebook-http)/[^\r]*", "LIBRARY", head)


CASES: list[tuple[str, dict[str, Any]]] = [
    ("http://example.test/", {}),
    ("http://example.test:80/a b?q=1#fragment", {"auth": True}),
    ("http://example.test:8080/a", {"auth": True, "headers": {"A": "b"}}),
    ("http://[::1]:444/a", {"auth": True}),
    ("http://b\u00fccher.test/\u00e4", {"auth": True}),
    ("http://example.test/", {"user": "us%20er:p%40w"}),
    ("http://example.test/", {"proxy_headers": {"X-P": "1"}}),
    ("http://example.test/", {"proxy_headers": {"Authorization": "Basic zzz"}}),
    ("http://example.test/", {"headers": {"Proxy-Authorization": "Basic own"}}),
    ("https://example.test/a", {"auth": True}),
    ("https://example.test:8443/a", {"proxy_headers": {"X-P": "1", "User-Agent": "x"}}),
    ("https://example.test/a", {"user": "us%20er:p%40w"}),
    ("https://[::1]:444/a", {"auth": True}),
    ("https://b\u00fccher.test/a", {"headers": {"Authorization": "for the target"}}),
]


async def ask(library: str, recorder: Recorder, url: str, given: dict[str, Any]) -> Any:
    """Return the head that the proxy got, and what the caller got."""
    client = importlib.import_module(library)
    options = dict(given)
    proxy = recorder.url
    if user := options.pop("user", None):
        proxy = proxy.replace("//", f"//{user}@")
    recorder.heads.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        if options.pop("auth", False):
            options["proxy_auth"] = client.BasicAuth("u", "pw")
        async with client.ClientSession() as session:
            try:
                async with session.get(url, proxy=proxy, **options) as response:
                    outcome: Any = (response.status, await response.text(), str(response.url))
            except client.ClientHttpProxyError as error:
                outcome = (error.status, error.message, error.headers["Proxy-Authenticate"])
    (head,) = recorder.heads
    return same_words(head), outcome


@pytest.mark.parametrize(("url", "given"), CASES)
async def test_the_proxy_is_told_what_aiohttp_tells_it(
    recorder: Recorder, url: str, given: dict[str, Any]
) -> None:
    """Byte by byte, but for the library's name; and the caller is told the same, too."""
    theirs = await ask(THEIRS, recorder, url, given)
    assert await ask(OURS, recorder, url, given) == theirs


async def test_credentials_among_the_proxys_headers(recorder: Recorder) -> None:
    """The same fields; ours has the credentials last, wherever they come from."""
    given = {"proxy_headers": {"Proxy-Authorization": "Basic zzz", "X-P": "1"}}
    heads = [(await ask(name, recorder, "https://h.test/", given))[0] for name in (THEIRS, OURS)]
    assert sorted(heads[0].split("\r\n")) == sorted(heads[1].split("\r\n"))


@pytest.mark.parametrize(
    ("proxy", "options"),
    [
        ("http://127.0.0.1:1", {}),
        ("http://nope.invalid:3128", {}),
        ("127.0.0.1:3128", {}),
        ("localhost:3128", {}),
        ("http://127.0.0.1:1", {"proxy_auth": ("user", "password")}),
    ],
)
@pytest.mark.parametrize("url", ["http://example.test/", "https://example.test/"])
async def test_failures_have_aiohttps_classes(
    url: str, proxy: str, options: dict[str, Any]
) -> None:
    """What catches one catches the other."""
    names: list[list[str]] = []
    for library in (THEIRS, OURS):
        client = importlib.import_module(library)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            async with client.ClientSession() as session:
                with pytest.raises((client.ClientError, ValueError)) as caught:
                    await session.get(url, proxy=proxy, **options)
        names.append([base.__name__ for base in type(caught.value).__mro__])
    assert set(names[0]) <= set(names[1])


@pytest.mark.parametrize("proxy_library", [OURS, THEIRS])
async def test_a_proxy_made_of_a_server(
    serve_on: Callable[..., Awaitable[str]], proxy_library: str
) -> None:
    """Absolute-form request lines are read by servers of either library."""
    url = await serve_on(proxy_library)
    async with (
        nh.ClientSession(proxy=url) as session,
        session.post("http://example.test/echo?a=b", data=b"body") as response,
    ):
        seen = await response.json()
    assert seen["path"] == "/echo"
    assert seen["query"] == [["a", "b"]]
    assert ["Host", "example.test"] in seen["headers"]


CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 512; }}
http {{
    access_log off; client_max_body_size 8m;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://$http_host$request_uri; proxy_http_version 1.1;
            proxy_set_header Host $http_host; proxy_set_header Proxy-Authorization "";
            proxy_set_header X-Seen-By-Proxy $http_proxy_authorization;
        }}
    }}
}}
"""


@pytest.fixture
async def nginx_url(tmp_path: Path, need_program: Callable[[str], str]) -> AsyncIterator[str]:
    """Run nginx as a forward proxy for http."""
    program = need_program("nginx")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = tmp_path / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(CONFIGURATION.format(folder=tmp_path, port=port, user=user))
    log = str(tmp_path / "error.log")
    process = subprocess.Popen(
        [program, "-p", str(tmp_path), "-c", str(configuration), "-e", log],
        stderr=subprocess.PIPE,
    )
    try:
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                assert process.poll() is None, Path(log).read_text()
                await asyncio.sleep(0.05)
            else:
                writer.close()
                break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=5)


async def test_nginx_forwards(
    nginx_url: str, serve_on: Callable[..., Awaitable[str]], pattern: bytes
) -> None:
    """Bodies both ways, redirects, many at once; credentials end at the proxy."""
    url = await serve_on(OURS)
    auth = nh.BasicAuth("user", "password")
    async with nh.ClientSession(proxy=nginx_url, proxy_auth=auth) as session:
        async with session.post(f"{url}/back", data=pattern) as response:
            assert await response.read() == pattern
        async with session.get(f"{url}/redirect/3") as response:
            assert await response.text() == "h\u00e9llo"
            assert len(response.history) == 3
        async with session.get(f"{url}/echo") as response:
            headers = dict((await response.json())["headers"])
            assert headers["X-Seen-By-Proxy"] == auth.encode()
            assert "Proxy-Authorization" not in headers

        async def ask() -> int:
            async with session.get(f"{url}/hello") as response:
                await response.read()
                return response.status

        assert await asyncio.gather(*(ask() for _ in range(50))) == [200] * 50


async def test_nginx_makes_no_tunnels(nginx_url: str) -> None:
    """It answers CONNECT with an error of its own, which the caller gets."""
    async with nh.ClientSession(proxy=nginx_url) as session:
        with pytest.raises(nh.ClientHttpProxyError) as caught:
            await session.get("https://example.test/")
    assert 400 <= caught.value.status < 500


async def test_aiohttps_server_inside_tls_in_tls(
    serve_on: Callable[..., Awaitable[str]], tls: Callable[..., ssl.SSLContext], pattern: bytes
) -> None:
    """A tunnel through a TLS proxy to aiohttp over TLS: bodies both ways, many at once."""
    url = await serve_on(THEIRS, scheme="https", ssl_context=tls(server=True))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        port = int(re.match(rb"CONNECT 127\.0\.0\.1:(\d+) ", head)[1])  # type: ignore[index]
        inside, outside = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, outside), pump(inside, writer))

    listener = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls(server=True))
    proxy = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    connector = nh.TCPConnector(ssl=tls(server=False), limit=8)
    async with nh.ClientSession(proxy=proxy, connector=connector) as session:

        async def ask() -> bytes:
            async with session.post(f"{url}/back", data=pattern) as response:
                return await response.read()

        assert await asyncio.gather(*(ask() for _ in range(20))) == [pattern] * 20
    listener.close()
    await asyncio.sleep(0.1)
