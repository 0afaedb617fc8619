"""Python's own http.server and http.client: plain, old, and still what many tools speak."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import json
import threading
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import notebook_http as nh

pytestmark = pytest.mark.peer


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Files of a folder; HTTP/1.0, so that every answer ends with the connection."""

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        """Answer without a length: only the close tells where the body ends."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"until the end")


@pytest.fixture
def file_server(tmp_path: Path, pattern: bytes) -> Iterator[str]:
    """The address of an http.server that hands out a folder."""
    (tmp_path / "pattern.bin").write_bytes(pattern)
    handler = partial(QuietHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_http_1_0_answers_are_read(file_server: str, pattern: bytes) -> None:
    """Sized, or ended by the close; the pool must not hand such a connection out again."""
    async with nh.ClientSession() as session:
        for _ in range(3):
            async with session.get(f"{file_server}/pattern.bin") as response:
                assert response.version == nh.HttpVersion10
                assert await response.read() == pattern
            async with session.post(f"{file_server}/", data=b"anything") as response:
                assert "Content-Length" not in response.headers
                assert await response.read() == b"until the end"


def ask_with_http_client(host: str) -> list[tuple[int, bytes]]:
    """Ask three times on one connection of http.client."""
    connection = http.client.HTTPConnection(host, timeout=10)
    answers = []
    for method, path, body in [
        ("GET", "/hello", None),
        ("POST", "/digest", iter([b"one", b"two"])),
        ("GET", "/chunked", None),
    ]:
        connection.request(method, path, body=body, encode_chunked=body is not None)
        response = connection.getresponse()
        answers.append((response.status, response.read()))
    connection.close()
    return answers


async def test_http_client_reads_our_answers(
    serve_on: Callable[..., Awaitable[str]], pattern: bytes
) -> None:
    """Sized and chunked, both ways, on one kept connection."""
    url = await serve_on("notebook_http")
    host = url.removeprefix("http://")
    hello, digest, chunked = await asyncio.to_thread(ask_with_http_client, host)
    assert hello == (200, "héllo".encode())
    assert json.loads(digest[1])["size"] == 6
    assert chunked == (200, pattern)


async def test_urllib_gets_its_connection_closed(serve_on: Callable[..., Awaitable[str]]) -> None:
    """It sends Connection: close and reads until the end; a server that waits would hang it."""
    url = await serve_on("notebook_http")

    def ask() -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{url}/hello", timeout=10) as response:
            body: bytes = response.read()
            return body

    assert (await asyncio.to_thread(ask)).decode() == "héllo"
