"""The same streams on both servers: what may be called when, and the bytes that leave."""

from __future__ import annotations

import io
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http.wire.content_coding import accept_encoding
from tests.interop.same_web_program import Asked, unchunked
from tests.interop.same_wire import (
    Handlers,
    Wire,
    attempt,
    differing,
    summary,
    wire_both,
    wire_both_now,
)


def steps(*actions: str, **arguments: Any) -> Any:
    """Return a handler that makes a stream and does these things with it, whatever they raise.

    An action is an expression of `r`, the response, and its value is noted, or that it was
    refused; ``!`` in front of one ends the handler.
    """

    async def handle(web: Any, request: Any, note: Any) -> Any:
        names = {"r": web.StreamResponse(**arguments), "web": web, "request": request}
        for action in actions:
            if action == "!":
                raise KeyError
            if action == "!404":
                raise web.HTTPNotFound
            if action == "!other":
                return web.Response(text="another")
            code = compile(action, "action", "eval")
            value = await attempt(note, lambda code=code: eval(code, names))
            if isinstance(value, bool | int | str | None):
                note(value)
        return names["r"]

    return handle


async def twice(web: Any, request: Any, note: Any) -> Any:
    """Prepare again before and after the end."""
    response = web.StreamResponse()
    writer = await response.prepare(request)
    note(writer is not None)
    note(await response.prepare(request) is writer)
    await response.write_eof(b"x")
    note(await response.prepare(request))
    return response


async def by_hand(web: Any, request: Any, note: Any) -> Any:
    """Send a plain response in the handler, and return it."""
    response = web.Response(text="whole")
    note((response.prepared, response.task))
    await response.prepare(request)
    note((response.prepared, response.task is request.task))
    await response.write_eof()
    note((response.prepared, response.task))
    await attempt(note, lambda: response.write(b"more"))
    await attempt(note, lambda: response.write_eof())
    await attempt(note, lambda: response.set_status(404))
    return response


PREPARE, EOF = "r.prepare(request)", "r.write_eof()"
ONE, TWO = "r.write(b'one')", "r.write(memoryview(b'two'))"
HANDLERS: Handlers = {
    "pieces": steps(PREPARE, ONE, "r.write(b'')", TWO, "r.write(bytearray(b'3'))"),
    "eof": steps(PREPARE, ONE, "r.write_eof(b'end')", "r.write_eof(b'again')"),
    "nothing": steps(PREPARE),
    "unprepared": steps(),
    "twice": twice,
    "by-hand": by_hand,
    "length": steps("r.headers.update({'Content-Length': '6'})", PREPARE, ONE, TWO, EOF),
    "length-0": steps("setattr(r, 'content_length', 0)", PREPARE),
    "length-short": steps("setattr(r, 'content_length', 10)", PREPARE, ONE),
    "length-long": steps("setattr(r, 'content_length', 2)", PREPARE, ONE, EOF),
    "typed": steps(PREPARE, ONE, headers={"Content-Type": "a/b", "X": "y"}),
    "204": steps(PREPARE, ONE, EOF, status=204),
    "304": steps(PREPARE, ONE, EOF, status=304),
    "404": steps(PREPARE, ONE, EOF, status=404, reason="Away"),
    "chunked": steps("r.enable_chunked_encoding()", PREPARE, ONE, EOF),
    "chunked-field": steps(PREPARE, ONE, headers={"Transfer-Encoding": "chunked"}),
    "early": steps(ONE, EOF, PREPARE, ONE),
    "late": steps(PREPARE, "r.write_eof(b'1')", ONE, EOF),
    "late-drain": steps(PREPARE, EOF, "r.drain()"),
    "early-drain": steps("r.drain()", PREPARE, "r.drain()"),
    "wrong": steps(PREPARE, "r.write('1')", "r.write(None)", "r.write_eof('1')"),
    "head-changes": steps(
        *(PREPARE, "r.headers.update({'X': 'y'})", "r.set_status(404)", "r.force_close()"),
        *("r.enable_chunked_encoding()", "r.enable_compression()", "r.set_cookie('a', 'b')"),
        *("setattr(r, 'content_type', 'a/b')", "r.status", "r.keep_alive", ONE, EOF),
        *("r.keep_alive", "r.prepared", "r.chunked"),
    ),
    "force-close": steps("r.force_close()", PREPARE, "r.keep_alive", ONE),
    "says-close": steps(PREPARE, ONE, headers={"Connection": "close"}),
    "cookies": steps("r.set_cookie('a', 'b')", PREPARE, "r.set_cookie('c', 'd')", ONE),
    "fails": steps(PREPARE, ONE, "!"),
    "raises": steps(PREPARE, ONE, "!404"),
    "answers-other": steps(PREPARE, ONE, "!other"),
    "ends-and-other": steps(PREPARE, ONE, EOF, "!other"),
    "unsent-other": steps("r.force_close()", "!other"),
}
KEEP = (("Connection", "keep-alive"),)
KINDS = [
    *(("GET", "1.1", ()), ("HEAD", "1.1", ()), ("POST", "1.1", ())),
    *(("GET", "1.0", ()), ("GET", "1.0", KEEP)),
]
REQUESTS = [
    Asked(method, f"/{name}", fields, version=version)
    for name in HANDLERS
    for method, version, fields in KINDS
]

STEP = "a body of another length would put the connection out of step (RFC 9112 §6.3)"
INSIDE = "a second answer would stand inside of the first one"
# What differs for a GET over HTTP/1.1: there, here, and why.
DIFFERENT: dict[str, tuple[str, str, str]] = {
    "length-short": ("200 one kept", "200 one closed", STEP),
    "length-long": ("200 on kept", "200 closed", STEP),
    "says-close": ("200 3,one,0, kept", "200 3,one,0, closed", "who says close closes (§9.6)"),
    "late-drain": ("200 0,, kept", "200 0,, kept", "nothing is left to wait for: not refused"),
    "raises": ("200 3,one,HTT kept", "200 3,one, closed", INSIDE),
    "answers-other": ("200 3,one,HTT kept", "200 3,one, closed", INSIDE),
}


async def test_streams() -> None:
    """Leave as the same bytes, and refuse the same calls."""
    found = {}
    for request, theirs, ours in await wire_both(HANDLERS, REQUESTS):
        name = request.target[1:]
        parts = differing(request, theirs, ours)
        if name in ("chunked", "chunked-field") and request.version == "1.0":
            assert (
                "refused" in ours.notes
            )  # HTTP/1.0 has none: nobody could read what aiohttp sends
            continue
        if name not in DIFFERENT:
            assert parts == set(), (request, theirs, ours)
        elif request == Asked("GET", request.target):
            found[name] = (summary(theirs), summary(ours))
    assert found == {name: (there, here) for name, (there, here, _) in DIFFERENT.items()}


async def test_a_handler_that_lets_a_length_error_pass_leaves_nothing_out_of_step() -> None:
    """The answer that is too short ends the connection, whatever the handler has caught."""
    handlers = {
        "short": steps("setattr(r, 'content_length', 9)", PREPARE, ONE, EOF, EOF),
        "long": steps("setattr(r, 'content_length', 2)", PREPARE, ONE, EOF, EOF),
    }
    for request, _, ours in await wire_both(handlers, [Asked("GET", f"/{n}") for n in handlers]):
        assert not ours.kept, request
        assert ours.notes[-4:] == ["refused", None, "refused", None], request


BROTLI = "br" in accept_encoding()
ACTIONS = st.lists(
    st.sampled_from(
        [
            *(PREPARE, ONE, TWO, EOF, "r.write(b'')", "r.write_eof(b'end')", "r.force_close()"),
            *("r.set_status(201)", "r.enable_chunked_encoding()", "r.set_cookie('a', 'b')"),
            *("r.prepared", "r.keep_alive", "r.chunked", "setattr(r, 'content_type', 'a/b')"),
            "setattr(r, 'content_length', 6)",
        ]
    ),
    max_size=7,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, min_size=1, max_size=20), st.sampled_from(["GET", "HEAD", "POST"]))
def test_calls_in_any_order(orders: list[list[str]], method: str) -> None:
    """Come to the same, as long as the body has the length that the head says."""
    handlers = {f"h{number}": steps(*actions) for number, actions in enumerate(orders)}
    requests = [Asked(method, f"/{name}") for name in handlers]
    for request, theirs, ours in wire_both_now(handlers, requests):
        if "content-length: 6" in ours.fields and method != "HEAD" and len(ours.body) != 6:
            assert not ours.kept, (request, ours)
        elif "content-length: 6" not in ours.fields or theirs.body == ours.body:
            actions = orders[int(request.target[2:])]
            assert differing(request, theirs, ours) == set(), (actions, theirs, ours)


def compressed(kind: str, coding: str | None) -> Any:
    """Return a handler whose answer is to be compressed."""

    async def handle(web: Any, request: Any, note: Any) -> Any:
        force = None if coding is None else web.ContentCoding[coding]
        response = {
            "bytes": lambda: web.Response(body=b"a" * 100),
            "in-a-thread": lambda: web.Response(body=b"ab" * 9000, zlib_executor_size=100),
            "chunked": lambda: web.Response(text="a" * 100),
            "payload": lambda: web.Response(body=io.BytesIO(b"a" * 100)),
            "stream": lambda: web.StreamResponse(),
            "stream-length": lambda: web.StreamResponse(headers={"Content-Length": "100"}),
            "stream-204": lambda: web.StreamResponse(status=204),
        }[kind]()
        if kind == "chunked":
            response.enable_chunked_encoding()
        response.enable_compression(force)
        note(response.compression)
        if kind.startswith("stream"):
            await response.prepare(request)
            for _ in range(4):
                await response.write(b"a" * 25)
        return response

    return handle


KINDS_OF_BODY = (
    *("bytes", "in-a-thread", "chunked", "payload", "stream", "stream-length", "stream-204"),
)


def decoded(wire: Wire) -> Wire:
    """Return what was sent without the bytes of a coding, and without `Vary`.

    Which Accept-Encoding an answer is for is something that caches have to be told (RFC 9110
    §12.5.5); aiohttp does not.
    """
    body = wire.body
    if "transfer-encoding: chunked" in wire.fields and body:
        body = unchunked(body)
    coding = "".join(field for field in wire.fields if field.startswith("content-encoding"))
    if body and coding:
        body = zlib.decompress(body, 31 if "gzip" in coding else 15)
    fields = [field for field in wire.fields if field != "vary: Accept-Encoding"]
    return wire._replace(body=body, fields=fields)


@pytest.mark.parametrize("coding", [None, "gzip", "deflate", "identity"])
async def test_compression(coding: str | None) -> None:
    """The same coding for the same client, and the same head."""
    handlers = {kind: compressed(kind, coding) for kind in KINDS_OF_BODY}
    accepted = ("", "gzip", "deflate", "gzip, deflate", "br", "GZIP", "x, gzip")
    requests = [
        Asked(method, f"/{kind}", (("Accept-Encoding", accept),), version=version)
        for kind in KINDS_OF_BODY
        for accept in accepted
        for method, version in (("GET", "1.1"), ("HEAD", "1.1"), ("GET", "1.0"))
    ]
    for request, theirs, ours in await wire_both(handlers, requests):
        if request.target == "/chunked" and request.version == "1.0":
            assert ours.line == "HTTP/1.0 500 Internal Server Error"
            continue
        if coding is None and request.fields[0][1] == "br":
            # A library of ours knows it, and aiohttp none.
            assert any(f.startswith("content-encoding: br") for f in ours.fields) is BROTLI
            continue
        if request.method == "HEAD" or request.target == "/stream-204":
            theirs = theirs._replace(body=b"")  # which has no place behind such a head
        assert differing(request, decoded(theirs), decoded(ours)) == set(), (request, theirs, ours)
        varies = "vary: Accept-Encoding" in ours.fields
        assert varies is (coding is None), request
