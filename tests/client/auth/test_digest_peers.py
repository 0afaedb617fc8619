"""Three clients before one server: ours, aiohttp's and curl get the same answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

import notebook_http as nh
from notebook_http.client.digest_auth import DigestAuthMiddleware

pytestmark = pytest.mark.peer
USER = ("Mufasa", "Circle of Life")
CHALLENGES = [
    {"algorithm": algorithm, "qop": qop}
    for algorithm in ("", "MD5", "MD5-sess", "SHA-256", "SHA-256-sess")
    for qop in ("auth", "auth-int", "auth,auth-int", "")
]


def named(settings: dict[str, str]) -> str:
    return f"{settings['algorithm'] or 'none'}-{settings['qop'] or 'none'}"


async def by_library(server: Any, session_class: Any, digest: Any) -> list[tuple[int, str]]:
    """Ask four times; return the statuses, and what the server thought of each request."""
    before = len(server.visits)
    async with session_class(middlewares=(digest,)) as session:
        found = []
        for method, path, body in (
            ("GET", "/a", None),
            ("GET", "/a/b?c=%20d&e", None),
            ("POST", "/p", b"some bytes"),
            ("PUT", "/\u00fc", "text"),
        ):
            async with session.request(method, server.url + path, data=body) as response:
                await response.read()
                found.append((response.status, ""))
    return found + [
        (401 if v.verdict != "welcome" else 200, v.verdict) for v in server.visits[before:]
    ]


@pytest.mark.parametrize("more", [{}, {"uses": 1}, {"password": "other"}, {"domain": "/a"}])
@pytest.mark.parametrize("settings", CHALLENGES[::3], ids=named)
async def test_aiohttp_and_we_say_the_same(
    digest_server: Any, settings: dict[str, str], more: dict[str, Any]
) -> None:
    """The same requests in the same order, wrong passwords excepted: we try them once a call."""
    ours = await by_library(
        await digest_server(**settings, **more), nh.ClientSession, DigestAuthMiddleware(*USER)
    )
    theirs = await by_library(
        await digest_server(**settings, **more),
        aiohttp.ClientSession,
        aiohttp.DigestAuthMiddleware(*USER),
    )
    if "password" in more:
        ours, theirs = ours[:4], theirs[:4]
    assert ours == theirs


@pytest.mark.parametrize(
    "settings",
    # Without qop= curl says no cnonce, which -sess cannot do without.
    [one for one in CHALLENGES if one["qop"] or "sess" not in one["algorithm"]],
    ids=named,
)
async def test_curl_finds_the_server_right(
    digest_server: Any, need_program: Callable[[str], str], settings: dict[str, str]
) -> None:
    """The server by which we judge ourselves is right in the eyes of somebody else.

    curl knows no body hash (`auth-int`): it takes `auth` where it can.
    """
    server = await digest_server(**settings)
    process = await asyncio.create_subprocess_exec(
        need_program("curl"),
        *("--silent", "--digest", "--user", ":".join(USER), "--noproxy", "*"),
        *("--write-out", "%{http_code}", "--output", "/dev/null", "--data", "body"),
        server.url + "/a%20b?c=d",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if settings["qop"] == "auth-int":
        assert [visit.verdict for visit in server.visits][:1] == ["no credentials"]
        return
    assert output == b"200", [visit.verdict for visit in server.visits]
    ours = await by_library(server, nh.ClientSession, DigestAuthMiddleware(*USER))
    assert [status for status, _ in ours[:4]] == [200] * 4
