"""The server that every client of the matrix asks: `served.py PEM_FILE`, on two free ports."""

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import sys
from pathlib import Path
from weakref import WeakKeyDictionary

from notebook_http import web

PIECE = bytes(range(256)) * 256  # 64 KiB
PAGE = "<!doctype html><meta charset=utf-8><title>served</title>"
connections: WeakKeyDictionary[object, int] = WeakKeyDictionary()
gates: dict[str, asyncio.Event] = {}


def number_of_connection(request: web.Request) -> int:
    """Return which connection this is, counted from 0."""
    return connections.setdefault(request.protocol, len(connections))


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="héllo", headers={"X-Name": "Ünïcode"})


async def page(request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def echo(request: web.Request) -> web.Response:
    """Say how a request looked from here; its body by size and SHA-256."""
    digest, size, pieces = hashlib.sha256(), 0, 0
    async for piece in request.content.iter_any():
        digest.update(piece)
        size += len(piece)
        pieces += 1
    return web.json_response(
        {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "version": list(request.version),
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "cookies": dict(request.cookies),
            "size": size,
            "sha256": digest.hexdigest(),
            "connection": number_of_connection(request),
        }
    )


async def values(request: web.Request) -> web.Response:
    """Say what JSON came."""
    return web.json_response({"got": await request.json(), "type": request.content_type})


async def form(request: web.Request) -> web.Response:
    """Say what fields and files came."""
    said: dict[str, object] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            digest = hashlib.sha256(value.file.read()).hexdigest()
            said[name] = [value.filename, value.content_type, digest]
        else:
            said[name] = value
    return web.json_response(said)


async def coded(request: web.Request) -> web.Response:
    response = web.Response(text="abracadabra " * 2000)
    response.enable_compression()
    return response


async def redirect(request: web.Request) -> web.Response:
    await request.read()
    response = web.Response(
        status=int(request.match_info["status"]), headers={"Location": "/echo?redirected=yes"}
    )
    response.set_cookie("hop", "on-the-way")
    response.set_cookie("elsewhere", "no", path="/other")
    return response


async def large(request: web.Request) -> web.StreamResponse:
    """Stream 8 MiB, sized or in chunks."""
    response = web.StreamResponse()
    if "sized" in request.query:
        response.content_length = 128 * len(PIECE)
    await response.prepare(request)
    for _ in range(128):
        await response.write(PIECE)
    await response.write_eof()
    return response


async def stream(request: web.Request) -> web.StreamResponse:
    """Send a line, and the next one only when somebody has asked for /open of the same name."""
    gate = gates.setdefault(request.match_info["name"], asyncio.Event())
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    await response.write(b"first\n")
    await asyncio.wait_for(gate.wait(), 10)
    await response.write(b"second\n")
    return response


async def open_gate(request: web.Request) -> web.Response:
    gates.setdefault(request.match_info["name"], asyncio.Event()).set()
    return web.Response()


async def refuse(request: web.Request) -> web.Response:
    """Answer before the body has come."""
    raise web.HTTPRequestEntityTooLarge(max_size=10, actual_size=100)


async def close(request: web.Request) -> web.Response:
    response = web.json_response({"connection": number_of_connection(request)})
    response.force_close()
    return response


async def main() -> None:
    """Serve until standard input ends."""
    asyncio.get_running_loop().slow_callback_duration = 60  # debug mode is for other things here
    app = web.Application(client_max_size=16 * 1024**2)
    app.router.add_get("/", page)
    app.router.add_get("/hello", hello)
    app.router.add_route("*", "/echo{rest:.*}", echo)
    app.router.add_post("/json", values)
    app.router.add_post("/form", form)
    app.router.add_get("/coded", coded)
    app.router.add_route("*", "/redirect/{status}", redirect)
    app.router.add_get("/large", large)
    app.router.add_get("/stream/{name}", stream)
    app.router.add_get("/open/{name}", open_gate)
    app.router.add_post("/refuse", refuse)
    app.router.add_get("/close", close)
    if hasattr(web, "FileResponse"):
        app.router.add_get("/file", lambda request: asyncio.sleep(0, web.FileResponse(__file__)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    ports = [address[1] for address in runner.addresses]
    print(json.dumps({"port": ports[0], "tls_port": ports[1], "file": __file__}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    assert Path(sys.argv[1]).is_file()
    asyncio.run(main())
