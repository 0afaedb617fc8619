"""The same responses on the wire, byte by byte, and what comes behind them on the connection."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from tests.interop.same_web_program import Asked
from tests.interop.same_wire import Handlers, Wire, differing, summary, wire_both, wire_both_now


async def pieces() -> AsyncIterator[bytes]:
    for piece in (b"one", b"", b"two"):
        yield piece


def of(change: Any = None, **arguments: Any) -> Any:
    """Return a handler that answers a response of these arguments, changed by *change*."""

    async def handle(web: Any, request: Any, note: Any) -> Any:
        fresh = {name: make() if callable(make) else make for name, make in arguments.items()}
        response = web.Response(**fresh)
        if change is not None:
            change(response, web)
        return response

    return handle


def cookies(response: Any, web: Any) -> None:
    response.set_cookie("a", "b")
    response.set_cookie("c", "d e", max_age=4, httponly=True, path="/p", domain="d.e")
    response.set_cookie("s", 'q"u', expires="never", secure=True, samesite="Strict", version="1")
    response.set_cookie("a", "z", path="/q")


def tagged(response: Any, web: Any) -> None:
    response.etag = "tag"
    response.last_modified = 784111777
    response.charset = "latin-1"


async def raises(web: Any, request: Any, note: Any) -> Any:
    raise web.HTTPForbidden(text="no", headers={"A": "b"})


async def returns(web: Any, request: Any, note: Any) -> Any:
    return web.HTTPNotFound()


async def fails(web: Any, request: Any, note: Any) -> Any:
    raise KeyError


async def nothing(web: Any, request: Any, note: Any) -> Any:
    return None


async def json_text(web: Any, request: Any, note: Any) -> Any:
    return web.json_response({"a": [1, "é", None, 1.5]}, status=201, headers={"X": "y"})


async def json_bytes(web: Any, request: Any, note: Any) -> Any:
    return web.json_bytes_response(5, dumps=lambda data: b"%d " % data, reason="Made")


HANDLERS: Handlers = {
    "text": of(text="é"),
    "empty": of(),
    "empty-bytes": of(body=b""),
    "empty-text": of(text=""),
    "only-type": of(content_type="a/b"),
    "bytes": of(body=b"abc"),
    "typed": of(text="é", content_type="text/html", charset="latin-1"),
    "many": of(text="x", headers=[("X-a", "1"), ("x-A", "2"), ("Z", "é")]),
    "cookies": of(cookies, text="x"),
    "tagged": of(tagged, text="x"),
    "large": of(body=b"x" * 600_000),
    "payload": of(body="text", headers={"Q": "r"}),
    "file": of(body=lambda: io.BytesIO(b"file" * 5)),
    "generator": of(body=pieces),
    "204": of(status=204),
    "204-text": of(status=204, text="x"),
    "204-length": of(status=204, headers={"Content-Length": "5"}),
    "205": of(status=205),
    "205-text": of(status=205, text="x"),
    "304": of(status=304),
    "304-text": of(status=304, text="xyz", headers={"ETag": '"a"'}),
    "100": of(status=100),
    "199": of(status=199),
    "999": of(status=999),
    "299": of(status=299),
    "no-reason": of(reason=""),
    "reason": of(status=599, reason="Ünïcode here"),
    "length": of(body=b"abc", headers={"Content-Length": "3"}),
    "length-short": of(body=b"abc", headers={"Content-Length": "2"}),
    "length-long": of(body=b"abc", headers={"Content-Length": "5"}),
    "length-nonsense": of(body=b"abc", headers={"Content-Length": "x"}),
    "coding": of(body=b"abc", headers={"Transfer-Encoding": "chunked"}),
    "coding-other": of(body=b"abc", headers={"Transfer-Encoding": "gzip, chunked"}),
    "says-close": of(body=b"abc", headers={"Connection": "close"}),
    "says-keep": of(body=b"abc", headers={"Connection": "keep-alive"}),
    "says-other": of(body=b"abc", headers={"Connection": "foo"}),
    "own-date": of(body=b"abc", headers={"Server": "x", "Date": "y"}),
    "force-close": of(lambda response, web: response.force_close(), text="x"),
    "chunked": of(lambda response, web: response.enable_chunked_encoding(), text="xyz"),
    "chunked-empty": of(lambda response, web: response.enable_chunked_encoding()),
    "json": json_text,
    "json-bytes": json_bytes,
    "raises": raises,
    "returns": returns,
    "fails": fails,
    "nothing": nothing,
}
KEEP = (("Connection", "keep-alive"),)
CLOSE = (("Connection", "close"),)
KINDS = [
    *(("GET", "1.1", ()), ("HEAD", "1.1", ()), ("POST", "1.1", ()), ("GET", "1.1", CLOSE)),
    *(("GET", "1.0", ()), ("GET", "1.0", KEEP), ("HEAD", "1.0", KEEP)),
]
REQUESTS = [
    Asked(method, f"/{name}", fields, version=version)
    for name in HANDLERS
    for method, version, fields in KINDS
]

STEP = "a length that is not the body's would put the connection out of step (RFC 9112 §6.3)"
# What differs for a GET over HTTP/1.1: there, here, and why.
DIFFERENT: dict[str, tuple[str, str, str]] = {
    "304-text": ("304 kept", "304 kept", "its Content-Length is the one of the 200 (§8.6)"),
    "length-short": ("200 abc kept", "500 500 Interna kept", STEP),
    "length-long": ("200 abc kept", "500 500 Interna kept", STEP),
    "length-nonsense": (" closed", "500 500 Interna kept", "an answer says that something failed"),
    "coding": ("200 abc kept", "200 3,abc,0, kept", "what is said to be in chunks is"),
    "coding-other": ("200 abc kept", "500 500 Interna kept", "no other coding is written"),
    "says-close": ("200 abc kept", "200 abc closed", "who says close closes (RFC 9112 §9.6)"),
    "fails": ("500 500 Interna closed", "500 500 Interna kept", "nothing is out of step"),
    "nothing": ("500 500: Intern kept", "500 500 Interna kept", "one text for all of these"),
}


async def test_plain_responses() -> None:
    """Leave as the same bytes, but for the order of fields."""
    found = {}
    for request, theirs, ours in await wire_both(HANDLERS, REQUESTS):
        name = request.target[1:]
        parts = differing(request, theirs, ours)
        if name in ("chunked", "chunked-empty", "coding") and request.version == "1.0":
            # HTTP/1.0 has no chunks: aiohttp hangs up or writes what nobody can read.
            assert ours.line in ("HTTP/1.0 500 Internal Server Error", "HTTP/1.0 200 OK")
        elif name not in DIFFERENT:
            assert parts == set(), (request, theirs, ours)
        elif request == Asked("GET", request.target):
            assert parts != set(), f"take {name} out: it is the same now"
            found[name] = (summary(theirs), summary(ours))
    assert found == {name: (there, here) for name, (there, here, _) in DIFFERENT.items()}


BODIES: list[dict[str, Any]] = [
    *({}, {"body": b""}, {"body": b"abc"}, {"text": "é"}, {"text": ""}, {"body": "payload"}),
    *({"body": pieces}, {"body": lambda: io.BytesIO(b"file")}, {"body": bytearray(b"array")}),
]
RESPONSES = st.fixed_dictionaries(
    {
        "body": st.sampled_from(BODIES),
        "status": st.sampled_from([200, 201, 202, 203, 206, 300, 302, 400, 404, 418, 500, 503]),
        "reason": st.sampled_from([None, "", "Some Reason", "é"]),
        "content_type": st.sampled_from([None, "a/b", "text/html"]),
        "headers": st.lists(
            st.tuples(
                st.sampled_from(["X-A", "x-a", "Etag", "Vary"]), st.text("aZ09 é,;", max_size=5)
            ),
            max_size=3,
        ),
        "chunked": st.booleans(),
        "closes": st.booleans(),
        "cookie": st.sampled_from([None, "value", "a b"]),
        "kind": st.sampled_from(KINDS),
    }
)


def built(parts: dict[str, Any]) -> Any:
    """Return a handler that answers the response that *parts* describe."""

    def change(response: Any, web: Any) -> None:
        if parts["chunked"]:
            response.enable_chunked_encoding()
        if parts["closes"]:
            response.force_close()
        if parts["cookie"] is not None:
            response.set_cookie("name", parts["cookie"])

    arguments = {name: parts[name] for name in ("status", "reason", "content_type", "headers")}
    return of(change, **parts["body"], **arguments)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RESPONSES, min_size=1, max_size=30))
def test_responses_of_any_parts(descriptions: list[dict[str, Any]]) -> None:
    """Whatever is combined, the bytes are the same."""
    handlers = {f"h{number}": built(parts) for number, parts in enumerate(descriptions)}
    requests = [
        Asked(method, f"/{name}", fields, version=version)
        for name, (method, version, fields) in zip(
            handlers, (parts["kind"] for parts in descriptions), strict=True
        )
        if version == "1.1" or not descriptions[int(name[1:])]["chunked"]
    ]
    for request, theirs, ours in wire_both_now(handlers, requests):
        parts = descriptions[int(request.target[2:])]
        assert differing(request, theirs, ours) == set(), (parts, theirs, ours)


def test_the_comparison_sees_differences() -> None:
    """It would be of no use if it found nothing."""
    request = Asked("GET", "/")
    wire = Wire("HTTP/1.1 200 OK", ["A: b"], b"body", True, [])
    for change in ({"line": "x"}, {"fields": []}, {"body": b""}, {"kept": False}, {"notes": [1]}):
        assert differing(request, wire, wire._replace(**change)) == set(change)
    assert differing(request, wire, wire) == set()
