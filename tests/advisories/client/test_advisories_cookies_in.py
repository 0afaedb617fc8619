"""Cookies: who gets them, what a saved jar may do, and what bad ones cost."""

from __future__ import annotations

import os
import pickle
import stat
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from yarl import URL

from notebook_http import ClientSession, CookieJar
from notebook_http.wire.cookie import parse_set_cookie

pytestmark = pytest.mark.advisory

HERE = URL("http://example.com/")
BELOW = URL("http://sub.example.com/")


def answer(*set_cookies: str) -> bytes:
    lines = "".join(f"Set-Cookie: {value}\r\n" for value in set_cookies)
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok".encode()


class MakesFolder:
    """Its pickle runs code when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_cve_2026_34993_a_jar_never_reads_a_pickle(tmp_path):
    """Reading one runs whatever its writer put in."""
    saved, folder = tmp_path / "jar", tmp_path / "made by a pickle"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        saved.write_bytes(pickle.dumps(MakesFolder(folder), protocol))
        jar = CookieJar()
        jar.update_cookies({"kept": "1"}, HERE)
        with pytest.raises(ValueError, match=r"."):
            jar.load(saved)
        assert not folder.exists()
        assert len(jar) == 1


def test_cve_2026_54279_host_only_survives_the_file_and_nobody_else_reads_it(tmp_path):
    """Loaded again, a cookie of one host went to its subdomains; others could read the file."""
    jar = CookieJar()
    jar.update_cookies_from_headers(["only=here", "all=below; Domain=example.com"], HERE)
    saved = tmp_path / "jar.json"
    saved.write_text("older, and open to all")
    saved.chmod(0o666)
    jar.save(saved)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    loaded = CookieJar()
    loaded.load(saved)
    assert set(loaded.filter_cookies(HERE)) == {"only", "all"}
    assert set(loaded.filter_cookies(BELOW)) == {"all"}


async def test_cve_2025_69230_bad_cookies_write_no_log(raw_server, read_whole, caplog):
    """A line of log for each of them, as many as a server liked."""
    server = await raw_server(answer(*(f"b{{{n},}} d=x" for n in range(100)), "=x", "good=1"))
    caplog.set_level(0)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        response, _ = await read_whole(session, server.url)
        assert set(response.cookies) == {"good"}
        assert len(session.cookie_jar) == 1
    assert [r for r in caplog.records if r.name.startswith("notebook_http")] == []


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan ١٩٧٠ 00:00:00 GMT",
        "Thu, 01 Jan １９７０ 00:00:00 GMT",
        "Thu, 0² Jan 1970 00:00:00 GMT",
    ],
)
def test_pr_13278_dates_are_ascii(date):
    """Digits of other scripts made a date for one side and none for the other."""
    cookie = parse_set_cookie(f"a=b; Expires={date}")
    assert cookie is not None
    assert cookie.expires is None


@pytest.mark.parametrize(
    "header",
    [
        'a="' + "\\073" * 2000 + '"',
        "a=" + '"' * 8000,
        "a=" + "\\" * 8000,
        ";" * 8000,
        "=" * 8000,
        'a="' + "\\" * 8000 + '"',
        "a=b; " * 1600,
    ],
)
async def test_cve_2024_7592_cookies_are_read_in_linear_time(
    raw_server, read_whole, most_cpu, header
):
    """Unquoting took quadratic time; a bad cookie is left out and not raised."""
    server = await raw_server(answer(*[header] * 100))
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        with most_cpu(1):
            response, body = await read_whole(session, server.url)
            assert isinstance(response.cookies, SimpleCookie)
            assert body == b"ok"
            await read_whole(session, server.url)


@pytest.mark.parametrize(
    "header", ["=__Host-a=b", "==a", "=", "; Secure", " =a", "=a; Domain=example.com"]
)
def test_cve_2023_23934_a_cookie_without_a_name_is_dropped(header):
    """`=__Host-a=b` came back as `__Host-a=b`: a name that only a secure origin may set."""
    jar = CookieJar()
    jar.update_cookies_from_headers([header], HERE)
    assert len(jar) == 0


@pytest.mark.parametrize(
    "header",
    [
        "__Host-a=b",
        "__Secure-a=b",
        "__host-a=b; Secure",
        "__Host-a=b; Secure; Domain=example.com; Path=/",
        "__HOST-a=b; Path=/",
    ],
)
def test_cve_2023_23934_prefixes_keep_their_promise(header):
    """An unencrypted answer cannot set what only an encrypted one may."""
    jar = CookieJar()
    jar.update_cookies_from_headers([header], HERE)
    assert len(jar) == 0


@pytest.mark.parametrize(
    "domain",
    [
        "com",
        ".com",
        "evil.example",
        "ample.com",
        "sub.example.com",
        "example.com.",
        "127.0.0.1",
        "0.0.1",
    ],
)
def test_cve_2015_2296_cookies_are_for_a_host_that_may_set_them(domain):
    """A cookie without a host, or of a foreign one, went everywhere."""
    jar = CookieJar(unsafe=True)
    jar.update_cookies_from_headers([f"a=b; Domain={domain}"], HERE)
    for url in (
        "http://evil.example/",
        "http://other.com/",
        "http://127.0.0.1/",
        "http://ample.com/",
    ):
        assert not jar.filter_cookies(URL(url))
    jar.update_cookies_from_headers([f"a=b; Domain={domain}"], URL("http://127.0.0.1/"))
    assert not jar.filter_cookies(URL("http://1.0.0.1/"))


async def test_cve_2015_2296_the_cookies_of_a_hop_are_the_hops(raw_server):
    """A cookie that a redirect sets belongs to the host that sent the redirect."""
    other = await raw_server(answer())
    hop = answer("sid=s3cret").replace(
        b"200 OK", b"302 Go\r\nLocation: http://localhost:%d/" % other.port
    )
    home = await raw_server(hop)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.get(home.url) as response:
            await response.read()
        assert b"s3cret" not in other.requests[0]
        assert set(session.cookie_jar.filter_cookies(URL(home.url))) == {"sid"}


@pytest.mark.parametrize("value", ["a\x01b", "a\x7fb", "a\x1b[31m"])
def test_cve_2026_3644_control_characters_make_no_cookie(value):
    """They were accepted, and came out in whatever was written next."""
    assert parse_set_cookie(f"a={value}") is None
    assert parse_set_cookie(f"{value}=a") is None


def test_cve_2026_35536_attributes_pass_the_same_check():
    """A cookie of the caller's with a break in its domain or path is no cookie."""
    for attribute in ("domain", "path", "expires"):
        cookies = SimpleCookie()
        cookies["a"] = "b"
        cookies["a"][attribute] = "/\r\nX-Injected: y"
        jar = CookieJar()
        with pytest.raises(ValueError, match="cookie"):
            jar.update_cookies(cookies, HERE)
        assert len(jar) == 0
