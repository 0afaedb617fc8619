"""Peers that nobody here wrote, and one application that runs on either library.

`peer_app(web)` is written once in aiohttp's shape and served by whichever `web` it is given, so
that the same questions can be asked in every direction.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import trustme

OURS, THEIRS = "notebook_http", "aiohttp"
# (client, server). The last one is the control: it shows that aiohttp itself answers that way.
DIRECTIONS = [(THEIRS, OURS), (OURS, THEIRS), (OURS, OURS), (THEIRS, THEIRS)]
PATTERN = bytes(range(256)) * 4096  # 1 MiB in which a shifted or lost byte shows


def peer_app(web: ModuleType) -> Any:
    """Return the application that all peers talk to."""
    app = web.Application(client_max_size=4 * 1024**2)
    answers, bodies = Answers(web), Bodies(web)
    add = app.router.add_route
    app.router.add_get("/hello", answers.hello)  # and HEAD
    add("*", "/echo", answers.echo)
    add("POST", "/form", answers.form)
    add("GET", "/status/{code:\\d+}", answers.status)
    add("GET", "/redirect/{count:\\d+}", answers.redirect)
    add("*", "/redirect-with/{code:\\d+}", answers.redirect_with)
    add("GET", "/set-cookies", answers.set_cookies)
    add("GET", "/delete-cookie", answers.delete_cookie)
    add("GET", "/cookies", answers.cookies)
    add("GET", "/broken", answers.broken)
    add("GET", "/close", answers.close)
    add("GET", "/slow", answers.slow)
    add("GET", "/sized", bodies.sized)
    add("GET", "/chunked", bodies.chunked)
    add("GET", "/lines", bodies.lines)
    add("GET", "/compressed", bodies.compressed)
    add("POST", "/digest", bodies.digest)
    add("POST", "/back", bodies.back)
    return app


class Answers:
    """Handlers with small answers."""

    def __init__(self, web: ModuleType) -> None:
        self.web = web

    async def hello(self, request: Any) -> Any:
        return self.web.Response(text="héllo", headers={"X-Served": "yes"})

    async def echo(self, request: Any) -> Any:
        """Say how the request looked from here."""
        body = await request.read()
        return self.web.json_response(
            {
                "method": request.method,
                "path": request.path,
                "query": [list(item) for item in request.query.items()],
                "headers": [list(item) for item in request.headers.items()],
                "body": base64.b64encode(body).decode(),
                "peer_port": request.transport.get_extra_info("peername")[1],
            }
        )

    async def form(self, request: Any) -> Any:
        """Say which fields and files a form held."""
        found = []
        for name, value in (await request.post()).items():
            if isinstance(value, str):
                found.append([name, value])
            elif isinstance(value, bytes | bytearray):
                found.append([name, bytes(value).decode("latin-1")])
            else:
                digest = hashlib.sha256(value.file.read()).hexdigest()
                found.append([name, value.filename, value.content_type, digest])
        return self.web.json_response(found)

    async def status(self, request: Any) -> Any:
        return self.web.Response(status=int(request.match_info["code"]))

    async def redirect(self, request: Any) -> Any:
        left = int(request.match_info["count"])
        raise self.web.HTTPFound(f"/redirect/{left - 1}" if left > 1 else "/hello")

    async def redirect_with(self, request: Any) -> Any:
        await request.read()
        code = int(request.match_info["code"])
        return self.web.Response(status=code, headers={"Location": "/echo"})

    async def set_cookies(self, request: Any) -> Any:
        response = self.web.Response(text="set")
        response.set_cookie("flavour", "chocolate")
        response.set_cookie("size", "large", max_age=3600, path="/", httponly=True)
        return response

    async def delete_cookie(self, request: Any) -> Any:
        response = self.web.Response(text="deleted")
        response.del_cookie("flavour")
        return response

    async def cookies(self, request: Any) -> Any:
        return self.web.json_response(dict(request.cookies))

    async def broken(self, request: Any) -> Any:
        raise RuntimeError("this handler is broken on purpose")

    async def close(self, request: Any) -> Any:
        response = self.web.Response(text=str(request.transport.get_extra_info("peername")[1]))
        response.force_close()
        return response

    async def slow(self, request: Any) -> Any:
        await asyncio.sleep(5)
        return self.web.Response(text="too late")


class Bodies:
    """Handlers with large or streamed bodies."""

    def __init__(self, web: ModuleType) -> None:
        self.web = web

    async def sized(self, request: Any) -> Any:
        return self.web.Response(body=PATTERN)

    async def chunked(self, request: Any) -> Any:
        """Send 1 MiB in pieces of uneven sizes, its length not known beforehand."""
        response = self.web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        await response.prepare(request)
        start, size = 0, 1
        while start < len(PATTERN):
            await response.write(PATTERN[start : start + size])
            start, size = start + size, size * 3 + 1
        await response.write_eof()
        return response

    async def lines(self, request: Any) -> Any:
        """Send ten lines, waiting for none of them to be read."""
        response = self.web.StreamResponse()
        response.content_type = "text/plain"
        await response.prepare(request)
        for number in range(10):
            await response.write(f"line {number}\n".encode())
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    async def compressed(self, request: Any) -> Any:
        """Send a text that shrinks, in a coding that the client said it takes."""
        response = self.web.Response(text="abracadabra " * 10_000)
        response.enable_compression()
        return response

    async def digest(self, request: Any) -> Any:
        """Read an upload piece by piece; answer its size and SHA-256."""
        digest, size = hashlib.sha256(), 0
        async for piece in request.content.iter_any():
            digest.update(piece)
            size += len(piece)
        return self.web.json_response({"size": size, "sha256": digest.hexdigest()})

    async def back(self, request: Any) -> Any:
        """Send the upload back while it still arrives."""
        response = self.web.StreamResponse()
        await response.prepare(request)
        async for piece in request.content.iter_chunked(10_000):
            await response.write(piece)
        await response.write_eof()
        return response


@pytest.fixture
async def serve_on() -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """Serve the peer application on a library, by name; returns its address without a slash."""
    runners = []

    async def serve(library: str, *, scheme: str = "http", **site_arguments: Any) -> str:
        web = importlib.import_module(f"{library}.web")
        runner = web.AppRunner(peer_app(web), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0, **site_arguments).start()
        return f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(params=DIRECTIONS, ids=lambda pair: f"{pair[0]}-asks-{pair[1]}")
async def pair(
    request: pytest.FixtureRequest, serve_on: Callable[..., Awaitable[str]]
) -> AsyncIterator[SimpleNamespace]:
    """A client library, a session of it, and the address of a server of the other library."""
    client_name, server_name = request.param
    client = importlib.import_module(client_name)
    url = await serve_on(server_name)
    async with client.ClientSession() as session:
        yield SimpleNamespace(client=client, session=session, url=url, pattern=PATTERN)


@pytest.fixture(scope="session")
def pattern() -> bytes:
    """1 MiB in which a shifted or lost byte shows."""
    return PATTERN


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that only these tests know."""
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its certificate as a PEM file."""
    path = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """TLS contexts: `tls(server=True)` for 127.0.0.1, `tls(server=False)` trusts the authority."""

    def context(*, server: bool, name: str = "127.0.0.1") -> ssl.SSLContext:
        if server:
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(name).configure_cert(made)
        else:
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            authority.configure_trust(made)
        return made

    return context


@pytest.fixture(scope="session")
def httpbin_url() -> Iterator[str]:
    """The address, without a slash at its end, of httpbin on Werkzeug's own server."""
    script = Path(__file__).with_name("httpbin_process.py")
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "httpbin did not start: run tests/interop/httpbin_process.py to see why"
        yield f"http://127.0.0.1:{json.loads(line)['port']}"
        process.stdin.close()  # it ends when its standard input does
        process.wait(timeout=5)
