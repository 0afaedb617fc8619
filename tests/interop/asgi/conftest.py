"""The same application on our server and on uvicorn's, asked the same by aiohttp's client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import uvicorn

from notebook_http import web

# What each server says in its own way; everything else has to be the same.
OWN_WORDS = {"date", "server", "transfer-encoding", "connection", "keep-alive"}


@dataclass
class Answer:
    """What can be compared of an answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(repr=True)


async def ask(url: str, method: str, path: str, **arguments: Any) -> Answer:
    """Ask over a connection of its own, following nothing."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.request(method, url + path, allow_redirects=False, **arguments) as response,
    ):
        body = await response.read()
        # The port is in redirects and documents.
        headers = sorted(
            (name.lower(), value.replace(url, "<url>").replace(quote(url, ""), "<url>"))
            for name, value in response.headers.items()
            if name.lower() not in OWN_WORDS
        )
        return Answer(response.status, headers, body.replace(url.encode(), b"<url>"))


@pytest.fixture
async def servers() -> AsyncIterator[Callable[..., Awaitable[dict[str, str]]]]:
    """Serve what a function makes: once on each server; their URLs by name."""
    runners: list[web.AppRunner] = []
    peers: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    async def start(make: Callable[[], Any], *, root_path: str = "") -> dict[str, str]:
        runner = web.AppRunner(web.asgi_app(make(), root_path=root_path), access_log=None)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            make(), root_path=root_path, log_level="critical", lifespan="on", ws="websockets-sansio"
        )
        peer = uvicorn.Server(config)
        serving = asyncio.create_task(peer._serve([listening]))
        peers.append((peer, serving))
        while not peer.started:
            await asyncio.sleep(0.005)
        theirs = listening.getsockname()[1]
        return {"ours": f"http://127.0.0.1:{site.port}", "uvicorn": f"http://127.0.0.1:{theirs}"}

    yield start
    for runner in runners:
        await runner.cleanup()
    for peer, serving in peers:
        peer.should_exit = True
        await serving


@pytest.fixture
def same_answers(servers: Any) -> Callable[..., Awaitable[list[Answer]]]:
    """Ask both servers each question in turn; the answers, after they were compared."""

    async def compare(
        make: Callable[[], Any], *questions: tuple[Any, ...], root_path: str = ""
    ) -> list[Answer]:
        urls = await servers(make, root_path=root_path)
        answers = []
        for method, path, *rest in questions:
            arguments = rest[0] if rest else {}
            ours = await ask(urls["ours"], method, path, **_fresh(arguments))
            theirs = await ask(urls["uvicorn"], method, path, **_fresh(arguments))
            assert ours == theirs, (method, path)
            answers.append(ours)
        return answers

    return compare


def _fresh(arguments: dict[str, Any]) -> dict[str, Any]:
    """Make what can be sent once anew: a form is given as a function."""
    return {name: value() if callable(value) else value for name, value in arguments.items()}
