"""A server in this process as `nh.serve` makes it, and a reader of what displays show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from html.parser import HTMLParser

import pytest

import notebook_http as nh
from notebook_http import web

# What a page would need to run something, or to reach somebody.
ACTIVE_TAGS = frozenset(
    {"script", "svg", "math", "object", "embed", "form", "input", "button", "link", "meta", "base"}
    | {"style", "iframe", "video", "template", "portal", "noscript", "textarea", "select"}
)


class Shown(HTMLParser):
    """What a browser would make of a display: tags with attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data

    @property
    def is_harmless(self) -> bool:
        """Whether nothing in it can run, be clicked to run, clobber the page, or call home."""
        for tag, attributes in self.tags:
            if tag in ACTIVE_TAGS:
                return False
            for name, value in attributes.items():
                if name.startswith(("on", "data-")) or name in ("id", "name", "action", "class"):
                    return False
                if name == "href" and not value.startswith(("http://", "https://", "/")):
                    return False
                if name == "src" and not value.startswith(("data:image/", "data:audio/")):
                    return False
                if "svg" in value and name == "src":
                    return False
        return True


Show = Callable[..., Awaitable[tuple[nh.Reply, Shown]]]


@pytest.fixture
async def show() -> AsyncIterator[Show]:
    """Return the reply to a body that a server sends, and its card as a browser reads it."""
    runners = []

    async def shown(
        body: bytes | str, content_type: str = "text/html", headers: dict[str, str] | None = None
    ) -> tuple[nh.Reply, Shown]:
        async def answer(request: web.Request) -> web.Response:
            raw = body.encode() if isinstance(body, str) else body
            return web.Response(body=raw, headers={"Content-Type": content_type, **(headers or {})})

        app = web.Application()
        app.router.add_get("/{any:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reply = await nh.get(f"http://127.0.0.1:{runner.addresses[0][1]}/x")
        return reply, Shown(reply._repr_mimebundle_()["text/html"])

    yield shown
    for runner in runners:
        await runner.cleanup()


Ask = Callable[..., Awaitable[bytes]]


class Served:
    """A server of the notebook."""

    def __init__(self) -> None:
        self.server: nh.Server | None = None
        self.reached: list[str] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self.server is not None
        return self.server.port

    async def ask(self, target: str = "/", host: str | None = None, **fields: str) -> bytes:
        """Return all that comes back for one request, byte by byte as it is said here."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        host = f"127.0.0.1:{self.port}" if host is None else host
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        if "Upgrade" not in fields:
            lines.append("Connection: close")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        try:
            if "Upgrade" in fields:
                return await asyncio.wait_for(reader.read(1000), 10)
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def handshake(self, **fields: str) -> bytes:
        """Return the status line that a WebSocket's handshake gets."""
        answer = await self.ask(
            "/ws",
            Connection="Upgrade",
            Upgrade="websocket",
            Sec_WebSocket_Version="13",
            Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==",
            **fields,
        )
        return answer.partition(b"\r\n")[0]


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """One with a page, a failing handler and a WebSocket."""
    made = Served()

    async def page(request: web.Request) -> web.Response:
        made.reached.append(request.path)
        return web.json_response({"secret": "of this machine"})

    async def fail(request: web.Request) -> web.Response:
        raise RuntimeError("internals: /home/user/secret.py")

    async def socket(request: web.Request) -> web.WebSocketResponse:
        made.reached.append("/ws")
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.close()
        return ws

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/fail", fail)
    app.router.add_get("/ws", socket)
    made.server = nh.Server(app)
    await made.server.start()
    yield made
    await made.server.stop()
