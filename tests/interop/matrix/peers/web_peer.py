"""One application on our server or aiohttp's: `web_peer.py LIBRARY PEM_FILE`."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import os
import sys
import weakref
from typing import Any

import contract

web: Any = importlib.import_module(f"{sys.argv[1]}.web")
answered: weakref.WeakSet[Any] = weakref.WeakSet()


async def hello(request: Any) -> Any:
    return web.Response(text="héllo")


async def echo(request: Any) -> Any:
    body, size = hashlib.sha256(), 0
    async for piece in request.content.iter_any():
        body.update(piece)
        size += len(piece)
    said = contract.echo(request.method, request.raw_path, request.headers.items(), body, size)
    return web.Response(body=said, content_type="application/json")


async def large(request: Any) -> Any:
    response = web.StreamResponse()
    await response.prepare(request)
    for piece in contract.large(int(request.query.get("pieces", contract.PIECES))):
        await response.write(piece)
    await response.write_eof()
    return response


async def coded(request: Any) -> Any:
    coding = request.match_info["coding"]
    if coding in ("gzip", "deflate"):
        response = web.Response(body=contract.TEXT, content_type="text/plain")
        response.enable_compression(web.ContentCoding(coding))
        return response
    body = contract.ENCODERS[coding](contract.TEXT)
    return web.Response(body=body, headers={"Content-Encoding": coding})


async def redirect(request: Any) -> Any:
    response = web.Response(
        status=int(request.match_info["status"]), headers={"Location": "/echo?redirected"}
    )
    response.set_cookie("hop", "on the way")
    return response


async def status(request: Any) -> Any:
    return web.Response(status=int(request.match_info["status"]))


async def private(request: Any) -> Any:
    if request.headers.get("Authorization") == contract.CREDENTIALS:
        return web.Response(text="welcome")
    return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="peers"'})


async def refuse(request: Any) -> Any:
    return web.Response(status=413, text="too much")


async def close(request: Any) -> Any:
    response = web.Response(text="bye")
    response.force_close()
    return response


async def slow(request: Any) -> Any:
    await asyncio.sleep(contract.SLOW_SECONDS)
    return web.Response(text="at last")


async def once(request: Any) -> Any:
    contract.seen[request.headers["X-Token"]] += 1
    if request.transport in answered:
        request.transport.abort()
    answered.add(request.transport)
    return web.Response(text="once")


async def left(request: Any) -> Any:
    """Say what this process holds at the moment, this request included."""
    return web.json_response(
        {
            "tasks": len(asyncio.all_tasks()),
            "timers": sum(not timer.cancelled() for timer in asyncio.get_running_loop()._scheduled),
            "descriptors": len(os.listdir("/proc/self/fd")),
        }
    )


async def main() -> None:
    """Serve until standard input closes."""
    app = web.Application()
    add = app.router.add_route
    app.router.add_get("/hello", hello)  # and HEAD
    add("*", "/echo", echo)
    add("*", "/echo/{rest:.*}", echo)
    add("GET", "/large", large)
    add("GET", "/coded/{coding}", coded)
    add("*", "/redirect/{status}", redirect)
    add("GET", "/status/{status}", status)
    add("GET", "/private", private)
    add("*", "/refuse", refuse)
    add("GET", "/close", close)
    add("GET", "/slow", slow)
    add("*", "/once", once)
    add("GET", "/left", left)
    add("GET", "/file", lambda request: asyncio.sleep(0, web.FileResponse(__file__)))
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,  # a client that left is not answered after a minute
        keepalive_timeout=contract.IDLE_SECONDS,
        shutdown_timeout=0.1,
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=contract.certificate()).start()
    contract.say_ports(*(address[1] for address in runner.addresses))
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
