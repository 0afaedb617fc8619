"""The same arguments, given to both libraries with the import swapped: the same requests or errors.

What a wrong argument raises there is raised here, by the same name and before a byte has left.
"""

from __future__ import annotations

import decimal
import gc
import json
import re
import ssl
import uuid
from http.cookies import Morsel, SimpleCookie
from types import MappingProxyType, ModuleType
from typing import Any

import pytest
from multidict import CIMultiDict, MultiDict
from yarl import URL

from tests.interop.request_recorder import compare

MORSEL: Morsel[str] = Morsel()
MORSEL.set("a", "b", "b")

# Each is given to `session.get(url, NAME=value)`.
VALUES: dict[str, list[Any]] = {
    "params": [
        *(None, {"a": "b"}, {"a": 1}, {"a": 1.5}, {"a": ["1", "2"]}, {"a": (1, 2)}, {}, ""),
        *([("a", "1"), ("a", "2")], (("a", "1"),), "a=b&c=d e", "?a=b", "a=%20+b", "a=é"),
        *(MultiDict([("a", "1"), ("a", "2")]), MappingProxyType({"a": "1"}), {"é": "é"}),
        *({"a": True}, {"a": None}, 5, 1.5, b"a=b", {"a": b"x"}, {"a": "%20+&="}, ["ab"], {"a"}),
        *({"a": float("nan")}, {"a": float("inf")}, {"a": object()}, {1: "a"}, {"a": {"b": "c"}}),
        *({"a": decimal.Decimal("1.5")}, {"a": uuid.UUID(int=1)}),
    ],
    "headers": [
        *({"X-A": "1"}, [("X-A", "1"), ("X-A", "2")], CIMultiDict([("X-A", "1"), ("X-A", "2")])),
        *({"X-A": 1}, {"X-A": None}, {"X-A": b"1"}, {b"X-A": "1"}, {1: "a"}, "abc", 5, {}),
        *({"X-A": "a\r\nb"}, {"X\nA": "a"}, {"X-A": "a\0b"}, {"X-A": "é"}, {"X-A": "€"}, ["ab"]),
        *({"Host": "other"}, {"User-Agent": "me"}, {"Accept-Encoding": "identity"}),
        *({"Accept": "x/y"}, {"Connection": "close"}, {"Authorization": "Basic x"}),
        *({"Cookie": "a=b; c=d"}, {"Content-Length": "0"}, {"Content-Encoding": "gzip"}),
        *({"Expect": "100-continue"}, {"X-A": " a "}, {"X-A": "a" * 9000}),
        [("Z", "1"), ("A", "2"), ("Z", "3")],
    ],
    "cookies": [
        *({"a": "b"}, {"a": "b", "c": "d"}, {"a": "b c"}, {"a": "b;c"}, {"a": 'b"c'}, {"a": "é"}),
        *({"a": "b,c"}, [("a", "b")], SimpleCookie('a=b; c="d e"'), {"a": 1}, "a=b", 5),
        *({"a": MORSEL}, {"a": '"b c"'}, {"a": None}, {"a": b"x"}),
        *({"a b": "c"}, {"": "c"}, {"a=": "b"}),
    ],
    "auth": [None, ("u", "p"), "u"],
    "json": [{"a": "é"}, None, [], 0, "x", object(), float("nan")],
    "skip_auto_headers": [["User-Agent", "accept"], "User-Agent", ["Accept-Encoding"], ["Host"]],
    "proxy": ["nope", 5, "", URL()],
    "ssl": [True, False, None, "x", 1, 5, ssl.create_default_context()],
    "verify_ssl": [True, False],
    "ssl_context": [ssl.create_default_context(), 5, "x"],
    "fingerprint": [b"x", "x", b"x" * 16, b"x" * 20, b"x" * 32],
    "timeout": [5, 2.5, "5", {}, None],
    "max_redirects": [0, 3],
    "raise_for_status": [True, False, None, 5, "yes", lambda response: None],
    "server_hostname": ["x"],
    "read_bufsize": [10],
    "max_line_size": [100],
    "auto_decompress": [False],
    "middlewares": [()],
    "trace_request_ctx": [{}],
    "allow_redirects": [True, False],
    "read_until_eof": [False],
    "nonsense": [1],
    "loop": [1],
}

# Each is given to `session.post(url, **options)`.
TOGETHER: list[dict[str, Any]] = [
    {"json": 1, "data": b"x"},
    {"json": 1, "headers": {"Content-Type": "a/b"}},
    {"json": 1, "compress": "gzip"},
    *({"data": b"x", "compress": coding} for coding in ("gzip", "deflate", True, False, None)),
    {"data": b"x", "compress": "gzip", "headers": {"Content-Encoding": "gzip"}},
    {"data": b"x", "compress": "gzip", "chunked": True},
    {"data": b"", "compress": "gzip"},
    {"compress": True},
    {"data": b"x", "chunked": True, "headers": {"Transfer-Encoding": "chunked"}},
    {"data": b"x", "chunked": True, "headers": {"Content-Length": "1"}},
    {"data": b"x", "headers": {"Content-Encoding": "gzip"}},
    {"data": b"abc", "headers": {"Content-Length": "3"}},
    {"data": b"x", "expect100": True},
    {"data": b"x", "skip_auto_headers": ["Content-Length"]},
    {"ssl": False, "verify_ssl": False},
    {"ssl_context": ssl.create_default_context(), "fingerprint": b"x" * 32},
    {"proxy": "http://127.0.0.1:1", "proxy_auth": ("a", "b")},
]

URLS = [
    *("{url}/", "{url}/é", "{url}/a%20b", "{url}/a%2Fb", "{url}/a?x=1", "{url}/a?x=%zz"),
    *("{url}/a#frag", "{url}/?", "{url}/a;b", "{url}/../a", "{url}/./a", "{url}//a", "{url}/a+b"),
    *("{url}/a?b+c", "{url}/%", "ftp://x/", "file:///x", "", "/a", "a", "http://", "http:///a"),
    *("http:a", "http://[::1", "http://x:99999/", "http://x:abc/", "mailto:a@b", "data:,x"),
    *("javascript:1", "http://user:pw@{host}/", "http://user@{host}/", "http://:pw@{host}/"),
    *("http://u%20s:p%3Aw@{host}/", "HTTP://{host}/A", "http://{host}", "http://{host}?a=b"),
    *("http://{host}/a\r\nb", "http://{host}/a\0b", "http://{host}/a\tb", " http://{host}/"),
    *("ws://{host}/a", "unix:///x", "http://xn--/"),
]
# White space that the caller says is escaped already goes into aiohttp's request line as it is.
RAW_URLS = [url for url in URLS if not set("\r\n\t\0") & set(url)]

METHODS = [
    *("GET", "get", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PURGE"),
    *("PROPFIND", "A B", "G\r\nX", "é", 5, None, b"GET"),
]

# Each is given to `ClientSession(**options)`; a text is evaluated with the library.
SESSIONS: list[Any] = [
    {"headers": {"X": "1"}},
    {"headers": [("X", "1"), ("X", "2")]},
    {"headers": "abc"},
    {"headers": {"X": "a\nb"}},
    {"cookies": {"a": "b"}},
    {"cookies": "a"},
    {"cookies": {"a b": "c"}},
    {"auth": ("a", "b")},
    {"skip_auto_headers": ["User-Agent"]},
    {"base_url": "abc"},
    {"base_url": "/a"},
    {"base_url": "http://x/a"},
    {"base_url": 5},
    {"base_url": "http://x/a/"},
    {"timeout": "x"},
    {"timeout": None},
    {"connector": 5},
    {"nonsense": 1},
    {"trace_configs": [5]},
    {"middlewares": []},
    {"json_serialize": lambda value: "X"},
    {"json_serialize_bytes": lambda value: b"Y"},
    {"raise_for_status": True},
    {"proxy": 5},
    {"read_timeout": 5},
    {"conn_timeout": 5, "loop": None},
    {"read_bufsize": 1},
    {"fallback_charset_resolver": lambda response, body: "utf-8"},
    "dict(version=lib.HttpVersion10)",
    "dict(connector=lib.TCPConnector(force_close=True))",
    "dict(cookie_jar=lib.DummyCookieJar())",
    "dict(cookie_jar=lib.CookieJar(quote_cookie=False), cookies={'a': 'b c'})",
    "dict(auth=lib.BasicAuth('u', 'p'))",
    "dict(auth=lib.BasicAuth('ü', 'p'))",
    "dict(auth=lib.BasicAuth('€', 'p', 'utf-8'))",
    "dict(auth=lib.BasicAuth('u'), headers={'Authorization': 'x'})",
    "dict(request_class=lib.ClientRequest, response_class=lib.ClientResponse)",
    "dict(timeout=lib.ClientTimeout(total=0))",
    "dict(timeout=lib.ClientTimeout(), read_timeout=3)",
    "dict(timeout=lib.ClientTimeout(), conn_timeout=3)",
]


# Where we refuse, or say it in another way, and why: given to `session.post(url, **options)`.
ON_PURPOSE: list[tuple[dict[str, Any], str]] = [
    ({"headers": {"": "a"}}, "no header has no name (RFC 9110 §5.1)"),
    ({"headers": {"a b": "c"}}, "nor one with a space: proxies read it in two ways"),
    ({"headers": {"Transfer-Encoding": "gzip"}, "data": b"x"}, "announced, and not done"),
    ({"headers": {"Transfer-Encoding": "chunked"}, "data": b"x"}, "beside a Content-Length"),
    ({"headers": {"Content-Length": "x"}}, "where the body ends must be a number"),
    ({"data": b"x", "compress": "bad"}, "Content-Encoding would not be what was done"),
    ({"data": b"abc", "chunked": False}, "chunks without Transfer-Encoding"),
    ({"expect100": True}, "an Expect without a body (RFC 9110 §10.1.1)"),
    ({"cookies": {"a": "b\r\nc"}}, "no cookie holds a line break, in quotes or without"),
    ({"cookies": {"a": "b=c"}}, "quotes only where RFC 6265 §4.1.1 wants them"),
    ({"data": {"a": None}}, "nobody means the text `None`"),
    ({"data": {"a": {"b": 1}}}, "nor the name of a key alone"),
]


async def ask(session: Any, method: str, url: Any, **options: Any) -> None:
    async with session.request(method, url, **options) as response:
        await response.read()


def shown(value: Any) -> str:
    """Return what a test's id says of a value: without its address, which each process has anew."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in VALUES.items() for value in values],
    ids=lambda value: shown(value)[:40],
)
async def test_one_argument(name: str, value: Any) -> None:
    """Right or wrong."""

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        await ask(session, "GET", f"{url}/p?z=9", **{name: value})

    assert await compare(program)


@pytest.mark.parametrize("options", TOGETHER, ids=lambda value: shown(value)[:60])
async def test_arguments_that_meet(options: dict[str, Any]) -> None:
    """Some exclude each other, some add up."""

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        await ask(session, "POST", url, **options)

    assert await compare(program)


@pytest.mark.parametrize(("options", "why"), ON_PURPOSE, ids=lambda value: shown(value)[:60])
async def test_what_differs_on_purpose(options: dict[str, Any], why: str) -> None:
    """And still does: take out of the table what does not."""

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        await ask(session, "POST", url, **options)

    assert not await compare(program), why


@pytest.mark.parametrize(
    ("template", "kind"),
    [
        *((url, kind) for url in URLS for kind in ("text", "URL")),
        *((url, "escaped") for url in RAW_URLS),
    ],
)
async def test_urls(template: str, kind: str) -> None:
    """As text, as `URL`, and as a `URL` that the caller has escaped."""

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        given: Any = template.replace("{url}", url).replace("{host}", url[7:])
        if kind != "text":
            given = URL(given, encoded=kind == "escaped")
        await ask(session, "GET", given)

    assert await compare(program)


@pytest.mark.parametrize("wrong", [None, 5, b"http://x/", ["a"]])
async def test_what_is_no_url(wrong: Any) -> None:
    """Refused before anything is sent."""

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        await ask(session, "GET", wrong)

    assert await compare(program)


@pytest.mark.parametrize("method", METHODS)
async def test_methods(method: Any) -> None:
    """With what they say of a body that is not there."""

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        await ask(session, method, url)

    assert await compare(program)


# aiohttp's sessions whose arguments are wrong complain that nobody closed them.
@pytest.mark.filterwarnings("ignore:Unclosed client session <aiohttp:ResourceWarning")
@pytest.mark.parametrize("options", SESSIONS, ids=lambda value: shown(value)[:60])
async def test_sessions(options: Any) -> None:
    """Their arguments, seen in a request without a body and in one with."""

    def given(lib: ModuleType) -> dict[str, Any]:
        made = eval(options) if isinstance(options, str) else options
        return dict(made)

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        await ask(session, "GET", f"{url}/a")
        await ask(session, "POST", url, json={"a": 1}, headers={"Y": "2"})

    assert await compare(program, given)
    gc.collect()


async def test_the_comparison_compares() -> None:
    """It would be of no use if it found nothing."""

    async def path(lib: ModuleType, session: Any, url: str) -> None:
        await ask(session, "GET", f"{url}/{lib.__name__}")

    async def result(lib: ModuleType, session: Any, url: str) -> str:
        return lib.__name__

    async def error(lib: ModuleType, session: Any, url: str) -> None:
        json.loads("nope" if lib.__name__ == "aiohttp" else "5")

    for program in (path, result, error):
        assert not await compare(program)
