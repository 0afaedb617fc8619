"""The same handlers on both servers, asked the same: what they see of a request."""

from __future__ import annotations

import json
import warnings
from types import ModuleType
from typing import Any

from tests.interop.same_web_program import Asked, asked, both, same

PROPERTIES = [
    "method",
    "version",
    "scheme",
    "secure",
    "host",
    "remote",
    "path",
    "raw_path",
    "path_qs",
    "query_string",
    "rel_url",
    "url",
    "content_type",
    "charset",
    "content_length",
    "keep_alive",
    "body_exists",
    "can_read_body",
    "has_body",
    "forwarded",
    "http_range",
    "if_modified_since",
    "if_unmodified_since",
    "if_range",
    "if_match",
    "if_none_match",
    "cookies",
    "query",
    "client_max_size",
    "client_max_fields",
    "POST_METHODS",
    "match_info",
]


def shown(value: Any) -> Any:
    """Return a value as JSON can say it, whichever library's it is."""
    if isinstance(value, tuple | list):
        return [shown(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(value)
    if hasattr(value, "is_weak"):
        return ["ETag", value.value, value.is_weak]
    if hasattr(value, "items"):
        return [[str(key), str(item)] for key, item in value.items()]
    return str(value)


def seen(thing: Any, name: str) -> Any:
    try:
        return shown(getattr(thing, name))
    except Exception as error:
        return [type(error).__name__, str(error)]


def looking_app(web: ModuleType) -> Any:
    """Return an application that says all that it sees of a request, and of its clone."""

    async def look(request: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = {name: seen(request, name) for name in PROPERTIES}
        found["url"] = found["url"].replace(str(request.url.port), "PORT")
        found["host"] = found["host"].replace(str(request.url.port), "PORT")
        found["headers"] = sorted(
            [name, value] for name, value in request.headers.items() if name != "Host"
        )
        found["raw_headers"] = sorted(
            [name.decode("latin-1"), value.decode("latin-1")] for name, value in request.raw_headers
        )
        found["repr"] = repr(request)
        return web.json_response(found)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", look)
    return app


TARGETS = (
    *(
        "/",
        "/a/b?x=1&x=2&y=%20+%2B",
        "/%C3%A9?q=%C3%A9",
        "/%2F%2f%25?%2F",
        "/a?",
        "/a??b",
        "/?a=b=c",
    ),
    *(
        "//a//b",
        "/a;b,c",
        "/%",
        "/%zz?%zz",
        "/a%00",
        "/%ff",
        "/a?x=%ff",
        "/?a;b&c&=d",
        "/?&&",
        "/~!$&'()*",
    ),
    *("http://other.example/x?y", "https://other.example/x", "/a:b@c"),
    *("/?x[]=1", '/|^`"<>', '/a?b="<>|', "/[x]"),
)

FIELDS: list[dict[str, str]] = (
    [
        {"Content_Type": value}
        for value in (
            *(
                "text/plain",
                "TEXT/HTML; Charset=Latin-1",
                'a/b;c=d; charset="utf-8"',
                "nonsense",
                "",
            ),
            *(
                "text/plain; charset",
                "text/plain;charset=",
                "*/*",
                "multipart/form-data; boundary=x",
                "a/b, c/d",
            ),
        )
    ]
    + [
        {"Range": value}
        for value in (
            *(
                "bytes=0-9",
                "bytes=5-",
                "bytes=-5",
                "bytes=-",
                "bytes=9-0",
                "bytes=0-0",
                "bytes=1-2,4-5",
            ),
            *(
                "BYTES=1-2",
                "items=1-2",
                "bytes=a-b",
                "bytes=1-2 ",
                "bytes = 1-2",
                "bytes=٣-٤",
                "bytes=007-8",
                "",
            ),
        )
    ]
    + [
        {name: value}
        for name in ("If_Modified_Since", "If_Unmodified_Since", "If_Range")
        for value in (
            *(
                "Sun, 06 Nov 1994 08:49:37 GMT",
                "Sunday, 06-Nov-94 08:49:37 GMT",
                "Sun Nov  6 08:49:37 1994",
            ),
            *(
                "nonsense",
                "",
                "0",
                "Sun, 31 Feb 1994 08:49:37 GMT",
                '"tag"',
                "Sun, 06 Nov 1994 25:00:00 GMT",
            ),
        )
    ]
    + [
        {name: value}
        for name in ("If_Match", "If_None_Match")
        for value in (
            '"a"',
            'W/"a"',
            '"a", W/"b","c"',
            "*",
            '"a", *',
            "a",
            '"a" "b"',
            '"a,b", "c"',
            "",
            '"é"',
            'w/"a"',
        )
    ]
    + [
        {"Forwarded": value}
        for value in (
            *(
                "for=1.2.3.4",
                'For="[2001:db8::1]:80";proto=https;by=_x, for=5.6.7.8',
                "for=a;;by=b",
                "for",
            ),
            *(
                'for="a\\"b"',
                "for = a",
                "for=a:8080",
                "for=a b, for=c",
                ",",
                "",
                "for=a;for=b",
                'for="x',
                "host=é",
            ),
            *("for=a, bad;x, by=b", "for=a:123456", "  for=a ;  by=b  "),
        )
    ]
    + [
        {"Cookie": value}
        for value in (
            *(
                "a=b",
                "a=b; c=d",
                "a=b;a=c",
                'a="x y"',
                "a",
                "a=",
                "=b",
                "a=b=c",
                "a b=c",
                'a="\\303\\251"',
                "é=ü",
            ),
            *("a=1,b=2", "__Host-x=1; $Version=1", "a=b; ; c=d", 'a="b;c"', "a=%20", "{}=1; ok=2"),
        )
    ]
    + [
        {"X_A": "é", "x_a": "2"},
        {"X_Forwarded_For": "9.9.9.9", "X_Forwarded_Proto": "https"},
    ]
)

SLASHES = "yarl writes two slashes more in front of a path that begins with two"
ESCAPED = "ours shows the path as it was sent: nothing in it can drive a terminal"
NAMELESS = "a cookie without a name is none (RFC 6265 §4.2.1)"
# What differs on purpose, by request: names of properties, and why.
KNOWN: dict[str, tuple[str, str]] = {
    "GET /%C3%A9?q=%C3%A9": ("repr", ESCAPED),
    "GET /%2F%2f%25?%2F": ("repr", ESCAPED),
    "GET //a//b": ("path_qs", SLASHES),
    "GET /a%00": ("repr", ESCAPED),
    "GET /%ff": ("match_info", "percent-encoding has one spelling (RFC 3986 §2.1)"),
    "GET / Content-Type: text/plain; charset": ("charset", "a parameter without a value is none"),
    "GET / Range: bytes=1-2 ": ("raw_headers", "white space at the end is there as it was sent"),
    "GET / Forwarded:   for=a ;  by=b  ": ("raw_headers", "as above"),
    "GET / Cookie: a": ("cookies", NAMELESS),
    "GET / Cookie: a b=c": ("cookies", "a name holds no space, and what is in front is no cookie"),
    'GET / Cookie: a="b;c"': ("cookies", "a semicolon ends a cookie, quoted or not (RFC 6265 §5)"),
    "GET / (no host)": ("host url", "the address that was asked has a port"),
}


def differences(theirs: Any, ours: Any) -> dict[str, Any]:
    there, here = json.loads(theirs.body), json.loads(ours.body)
    return {name: (there[name], here[name]) for name in there if there[name] != here[name]}


REQUESTS = [asked("GET", target) for target in TARGETS]
REQUESTS += [asked("GET", "/", **fields) for fields in FIELDS]
REQUESTS += [
    asked("POST", "/", b"body", Content_Type="text/plain"),
    asked("POST", "/"),
    Asked("POST", "/", (("Content-Length", "0"),)),
    Asked("POST", "/", (("Transfer-Encoding", "chunked"),), b"3\r\nabc\r\n0\r\n\r\n"),
    Asked("GET", "/", version="1.0"),
    Asked("GET", "/", host="", version="1.0"),
    Asked("GET", "/", host="EXAMPLE.org:8080"),
    Asked("GET", "/", host="[::1]:80"),
    asked("OPTIONS", "*"),
    asked("HEAD", "/x"),
]


def name_of(request: Asked) -> str:
    """Return how `KNOWN` calls a request."""
    fields = "".join(f" {name}: {value}" for name, value in request.fields)
    return f"{request.method} {request.target}{fields}{'' if request.host else ' (no host)'}"


async def test_handlers_see_the_same_of_a_request() -> None:
    """Every property, or the error that looking at it raises."""
    found = {}
    for request, theirs, ours in await both(looking_app, REQUESTS):
        if not same(theirs, ours):
            assert (theirs.status, ours.status) == (200, 200), (request, theirs, ours)
            found[name_of(request)] = " ".join(differences(theirs, ours))
    assert found == {name: differing for name, (differing, _) in KNOWN.items()}


async def test_an_absolute_target_without_a_path_is_the_root() -> None:
    """As RFC 9112 §3.2.1 has it; aiohttp finds nothing there."""
    ((_, theirs, ours),) = await both(looking_app, [asked("GET", "http://other.example:81")])
    assert (theirs.status, ours.status) == (404, 200)
    assert json.loads(ours.body)["path"] == "/"
