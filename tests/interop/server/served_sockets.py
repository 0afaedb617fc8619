"""WebSockets and streams of events for a browser: `served_sockets.py PEM_FILE`, on two free ports.

What the handlers saw of their clients is asked for at /seen.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys

from notebook_http import web

PAGE = "<!doctype html><meta charset=utf-8><title>sockets</title>"
seen: dict[str, list[object]] = {"closes": [], "asked": [], "left": []}


async def page(request: web.Request) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def tell(request: web.Request) -> web.Response:
    return web.json_response(seen)


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send back what comes; note how it ended."""
    ws: web.WebSocketResponse[bool] = web.WebSocketResponse(protocols=["soap", "chat"])
    await ws.prepare(request)
    async for message in ws:
        if message.type is web.WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is web.WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    seen["closes"].append([request.query.get("name"), ws.close_code])
    return ws


async def closing(request: web.Request) -> web.WebSocketResponse:
    """Close with a code and a reason of the application's own, and note what came for it."""
    ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
    await ws.prepare(request)
    await ws.close(code=4001, message="genug für heute".encode())
    return ws


async def reading_close(request: web.Request) -> web.WebSocketResponse:
    """Take the client's close frame as a message, with its reason."""
    ws: web.WebSocketResponse[bool] = web.WebSocketResponse(autoclose=False)
    await ws.prepare(request)
    message = await ws.receive()
    seen["closes"].append([message.type.name, message.data, message.extra])
    await ws.close(code=message.data)
    return ws


async def counting(request: web.Request) -> web.WebSocketResponse:
    """Send 1,000 messages as fast as it goes, and then close."""
    ws: web.WebSocketResponse[bool] = web.WebSocketResponse()
    await ws.prepare(request)
    for number in range(1000):
        await ws.send_str(str(number))
    await ws.close()
    return ws


async def refused(request: web.Request) -> web.Response:
    raise web.HTTPForbidden(text="members only")


async def events(request: web.Request) -> web.EventSourceResponse:
    """Send events and end the stream; its reader comes back and says where it was."""
    asked_before = request.headers.get("Last-Event-ID")
    seen["asked"].append(asked_before)
    async with web.sse_response(request) as stream:
        if asked_before is None:
            await stream.send("one", retry=20)
            await stream.send("first line\nsecond line\n\nfourth", event="lines", id="a")
            await stream.send_comment("nobody sees this")
            await stream.send_json({"text": "日本"}, event="json", id="ä-2")
        else:
            await stream.send(stream.last_event_id, event="again", id="3")
            await stream.wait()
    return stream


async def endless_events(request: web.Request) -> web.EventSourceResponse:
    """Send one event, and note when nobody listens any more."""
    async with web.sse_response(request) as stream:
        await stream.send("here")
        await stream.wait()
    seen["left"].append(request.query["name"])
    return stream


async def no_events(request: web.Request) -> web.Response:
    """What tells an `EventSource` not to come back."""
    return web.Response(status=204)


async def main() -> None:
    """Serve until standard input ends."""
    asyncio.get_running_loop().slow_callback_duration = 60  # debug mode is for other things here
    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/seen", tell)
    app.router.add_get("/echo", echo)
    app.router.add_get("/closing", closing)
    app.router.add_get("/reading_close", reading_close)
    app.router.add_get("/counting", counting)
    app.router.add_get("/refused", refused)
    app.router.add_get("/events", events)
    app.router.add_get("/endless_events", endless_events)
    app.router.add_get("/no_events", no_events)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    ports = [address[1] for address in runner.addresses]
    print(json.dumps({"port": ports[0], "tls_port": ports[1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
