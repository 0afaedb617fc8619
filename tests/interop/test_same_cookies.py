"""Jars of both libraries show the same, and read the same files: logins outlive the import."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import BaseCookie, Morsel, SimpleCookie
from typing import Any

import aiohttp
import pytest
from yarl import URL

import notebook_http
from notebook_http.client import CookieJar

SET = [
    "domain=1; Domain=example.org; Path=/in; Max-Age=1000; Secure; HttpOnly; SameSite=Lax",
    'host="a b"; Path=/',
    "dated=2; Expires=Wed, 09 Jun 2060 10:18:14 GMT; Path=/",
]
URLS = [
    URL("https://example.org/in/side"),
    URL("http://example.org/in/side"),
    URL("https://sub.example.org/in"),
    URL("https://example.org/"),
    URL("https://other.test/in"),
]


async def test_a_file_of_aiohttps(tmp_path):
    """Every cookie goes where it went, and lives as long."""
    theirs = aiohttp.CookieJar()
    theirs.update_cookies_from_headers(SET, URL("https://example.org/"))
    theirs.update_cookies({"everywhere": "x"})
    path = tmp_path / "jar"
    theirs.save(path)
    if not path.read_bytes().startswith(b"{"):
        pytest.skip("this aiohttp writes pickles, which are never read")
    ours = CookieJar()
    ours.load(path)
    for url in URLS:
        assert sent(ours, url) == sent(theirs, url)
    assert ours.host_only_cookies == theirs.host_only_cookies
    kept = {morsel.key: morsel for morsel in ours}
    assert kept["domain"]["httponly"]
    assert kept["domain"]["samesite"] == "Lax"
    # Ours, saved again, comes back the same.
    ours.save(path)
    again = CookieJar()
    again.load(path)
    for url in URLS:
        assert sent(again, url) == sent(theirs, url)


async def test_what_a_jar_shows(tmp_path):
    """By domain and path, as programs that look into a jar know it."""
    shown = []
    for jar in (aiohttp.CookieJar(), CookieJar()):
        jar.update_cookies_from_headers(
            [*SET, "deep=1; Path=/in/side"], URL("https://example.org/")
        )
        jar.update_cookies({"everywhere": "x"})
        cookies = {
            place: {name: morsel.coded_value for name, morsel in cookies.items()}
            for place, cookies in jar.cookies.items()
            if cookies
        }
        shown.append((cookies, jar.host_only_cookies))
    assert shown[0] == shown[1]


@pytest.mark.parametrize("lib", [aiohttp, notebook_http], ids=["aiohttp", "ours"])
async def test_a_jar_of_the_users_own(lib):
    """What aiohttp asks a jar for is enough: it hands over what servers set by itself."""

    class Jar(lib.abc.AbstractCookieJar):  # type: ignore[misc]
        unsafe = quote_cookie = True
        cookies: dict[str, str] = {}
        host_only_cookies = frozenset()

        def __init__(self) -> None:
            super().__init__()
            self.taken: list[tuple[str, str, str]] = []

        def __len__(self) -> int:
            return len(self.taken)

        def __iter__(self) -> Iterator[Morsel[str]]:
            return iter(())

        def clear(self, predicate: object = None) -> None:
            self.taken.clear()

        def clear_domain(self, domain: str) -> None:
            self.taken.clear()

        def update_cookies(self, cookies: Any, response_url: URL = URLS[0]) -> None:
            pairs = cookies.items() if hasattr(cookies, "items") else cookies
            self.taken += [(name, m.coded_value, m["path"]) for name, m in pairs]

        def filter_cookies(self, request_url: URL) -> BaseCookie[str]:
            return SimpleCookie({name: value for name, value, _ in self.taken})

    jar = Jar()
    jar.update_cookies_from_headers(['a="b c"; Path=/x', "bad", "d=e"], URLS[0])
    assert jar.taken == [("a", '"b c"', "/x"), ("d", "e", "")]


def test_an_expired_cookie_stays_away(tmp_path):
    """Though the file has it."""
    path = tmp_path / "jar"
    entry = '"key": "a", "value": "1", "coded_value": "1", "path": "/", "domain": "example.org"'
    path.write_text(f'{{"example.org|": {{"a": {{{entry}, "expires_timestamp": 1.5}}}}}}')
    jar = CookieJar()
    jar.load(path)
    assert len(jar) == 0


def sent(jar: CookieJar | aiohttp.CookieJar, url: URL) -> dict[str, str]:
    """Return what goes with a request to *url*."""
    return {name: morsel.coded_value for name, morsel in jar.filter_cookies(url).items()}
