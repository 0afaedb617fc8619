"""Digest credentials before httpbin, whose idea of them is nobody's here.

Its URLs get no query: httpbin 0.10 answers 500 to a signed one, whoever asks.
"""

from __future__ import annotations

import aiohttp
import pytest

import notebook_http as nh

pytestmark = pytest.mark.peer
PATHS = [
    f"/digest-auth/{qop}/ana/geheim/{algorithm}/{stale_after}"
    for qop in ("auth", "auth-int", "both")
    for algorithm in ("MD5", "SHA-256", "SHA-512")
    for stale_after in ("never", "1", "2")
]


async def ask(library: object, url: str, password: str) -> list[int]:
    """GET five times in one session with cookies, by which httpbin counts; return the statuses."""
    digest = library.DigestAuthMiddleware("ana", password)  # type: ignore[attr-defined]
    jar = library.CookieJar(unsafe=True)  # type: ignore[attr-defined]
    found = []
    async with library.ClientSession(middlewares=(digest,), cookie_jar=jar) as session:  # type: ignore[attr-defined]
        for _ in range(5):
            async with session.get(url) as response:
                found.append(response.status)
                if response.status == 200:
                    assert await response.json() == {"authenticated": True, "user": "ana"}
    return found


@pytest.mark.parametrize("path", PATHS)
async def test_every_variant_is_answered(httpbin_url: str, path: str) -> None:
    """All qualities, algorithms and ways to become stale."""
    assert await ask(nh, httpbin_url + path, "geheim") == [200] * 5
    # aiohttp forgets the cookies of a challenge, by which httpbin counts: to it nothing is stale.
    assert await ask(aiohttp, httpbin_url + path, "geheim") == [200] * 5


@pytest.mark.parametrize("path", PATHS[::4])
async def test_a_wrong_password_is_refused(httpbin_url: str, path: str) -> None:
    assert await ask(nh, httpbin_url + path, "wrong") == [401] * 5
