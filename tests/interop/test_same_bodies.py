"""The same bodies of requests on both servers: limits, parts, expectations, clones."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from tests.interop.same_objects import LIBRARIES, web_of
from tests.interop.same_web_program import Asked, both
from tests.interop.same_wire import Handlers, differing, wire_both
from tests.interop.test_same_forms import (
    URLENCODED,
    form_app,
    multipart,
    part,
    posted,
)

SIZES = (0, 1, 10, 1023, 1024, 1025, 5000)


def of_size(size: int) -> list[Asked]:
    """Return bodies of about this size, in each way of reading them."""
    content = b"x" * size
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (size, content) if size else b"0\r\n\r\n"
    return [
        posted(b"a=" + content[2:], URLENCODED, "/caught?post"),
        posted(content, "a/b", "/caught"),
        multipart(part('name="a"', content))._replace(target="/caught?post"),
        multipart(part('name="a"; filename="f"', content)),
        posted(b"a=" + content, URLENCODED),
        posted(b"a=" + content, URLENCODED, "/clone?size=100"),
        posted(b"a=" + content, URLENCODED, "/clone?size=0"),
        posted(b"a=" + content, URLENCODED, "/clone?size=2000"),
        multipart(part('name="a"', content))._replace(target="/clone?size=3000"),
        Asked("POST", "/caught", (("Transfer-Encoding", "chunked"),), chunks),
    ]


@pytest.mark.parametrize("limit", [1024, 0, 2000])
async def test_what_is_too_large(limit: int) -> None:
    """Is so at the same byte, and told in the same words, of applications and of clones."""
    requests = [request for size in SIZES for request in of_size(size)]
    statuses = set()
    for request, theirs, ours in await both(lambda web: form_app(web, limit), requests):
        assert theirs == ours, request
        statuses.add(ours.status)
    assert statuses == {200, 413}


@pytest.mark.parametrize("most", [5, 1, 0])
async def test_too_many_fields(most: int) -> None:
    """From the same number on; 0 is no limit."""
    counts = range(4, 8)
    requests = [
        *(posted(b"&".join(b"a%d=1" % i for i in range(n)), URLENCODED) for n in counts),
        *(multipart(*[part('name="a"', b"1") for _ in range(n)]) for n in counts),
    ]
    for request, theirs, ours in await both(lambda web: form_app(web, 1024, most), requests):
        assert theirs.status == ours.status, request
        if ours.status == 200:
            assert theirs.body == ours.body, request
        else:
            assert b"%d" % most in theirs.body
            assert b"%d" % most in ours.body


def parts_app(web: ModuleType) -> Any:
    """Return an application that reads parts one at a time, in the way that the path names."""

    async def read(request: Any) -> Any:
        way, found = request.match_info["way"], []
        try:
            reader = await request.multipart()
            while (each := await reader.next()) is not None:
                if way == "skip":
                    found.append([each.name])
                    continue
                told = [each.name, each.filename, sorted(map(list, each.headers.items()))]
                match way:
                    case "read":
                        content = bytes(await each.read()).decode("latin-1")
                    case "decode":
                        content = bytes(await each.read(decode=True)).decode("latin-1")
                    case "text":
                        content = await each.text()
                    case "chunks":
                        pieces = []
                        while piece := await each.read_chunk(16):
                            pieces.append(bytes(piece))
                        content = b"".join(pieces).decode("latin-1")
                    case _:
                        content = await each.form() if way == "form" else await each.json()
                found.append([*told, content, each.at_eof()])
        except web.HTTPException:
            raise
        except Exception as error:
            known = isinstance(error, ValueError | AssertionError)
            return web.json_response([found, "failed" if known else repr(error)])
        return web.json_response([found, request.can_read_body])

    app = web.Application(client_max_size=2000)
    app.router.add_post("/{way}", read)
    return app


BODIES = [
    *(part('name="a"', b"1"), part('name="a"; filename="f.txt"', b"content", "Content-Type: a/b")),
    *(part('name="j"', b'{"k": [1]}', "Content-Type: application/json"), part('name="e"', b"")),
    *(part('name="f"', b"a=1&b=%20"), part('name="l"', b"x" * 1500), part("filename=only", b"2")),
    part('name="b"', b"aGVsbG8=", "Content-Transfer-Encoding: base64"),
    part('name="q"', b"=C3=A9=\r\n!", "Content-Transfer-Encoding: quoted-printable"),
    part('name="t"', b"\xe9", "Content-Type: text/plain; charset=latin-1"),
    part('name="é"; filename="ü"', b"u"),
    b"--B\r\n\r\nno fields\r\n",
]
WAYS = ("read", "decode", "text", "chunks", "form", "json", "skip")


async def test_parts_one_at_a_time() -> None:
    """Each in each way, and several behind each other."""
    forms = [[body] for body in BODIES] + [BODIES[:3], [*BODIES[:2], BODIES[5]], []]
    requests = [
        multipart(*bodies)._replace(target=f"/{way}") for bodies in forms for way in WAYS
    ] + [
        posted(b"--B--\r\n", content_type, "/read")
        for content_type in ("text/plain", "multipart/mixed", "multipart/mixed; boundary=B")
    ]
    for request, theirs, ours in await both(parts_app, requests):
        assert (theirs.status, ours.status) in ((200, 200), (413, 413)), (request, theirs, ours)
        if ours.status == 200:
            assert json.loads(theirs.body) == json.loads(ours.body), request


async def takes(web: Any, request: Any, note: Any) -> Any:
    note(await request.text())
    return web.Response(text="taken")


async def leaves(web: Any, request: Any, note: Any) -> Any:
    return web.Response(text="left")


EXPECTED: Handlers = {"takes": takes, "leaves": leaves}
OWN = ("passes", "continues", "answers", "raises", "fails", "of-resource")


def expecting(app: Any, web: ModuleType) -> None:
    """Add routes with handlers of expectations of their own."""

    async def handle(request: Any) -> Any:
        return web.Response(text=await request.text())

    async def passes(request: Any) -> Any:
        return None

    async def continues(request: Any) -> Any:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def answers(request: Any) -> Any:
        return web.Response(status=401, text="who?")

    async def raises(request: Any) -> Any:
        raise web.HTTPForbidden(text="no")

    async def fails(request: Any) -> Any:
        raise KeyError

    for own in (passes, continues, answers, raises, fails):
        app.router.add_route("POST", f"/{own.__name__}", handle, expect_handler=own)
    resource = app.router.add_resource("/of-resource")
    resource.add_route("POST", handle, expect_handler=answers)


async def test_expectations() -> None:
    """Of a server, of routes, and unknown ones, with bodies that are sent without waiting."""
    requests = [
        Asked(method, f"/{name}", (("Expect", expected),), body, version=version)
        for name in ("takes", "leaves", *OWN, "missing")
        for expected in ("100-continue", "100-Continue", "coffee", "", "100-continue, coffee")
        for method, body in (("POST", b"body"), ("POST", b""), ("GET", b""))
        for version in ("1.1", "1.0")
    ]
    for request, theirs, ours in await wire_both(EXPECTED, requests, expecting):
        different = differing(request, theirs, ours)
        if theirs.notes == [*ours.notes, 100]:
            # Not asked for where the body is there already (RFC 9110 §10.1.1), or nobody takes it.
            assert request.body or ours.line.split()[1] in ("404", "405")
            different -= {"notes"}
        if request.target == "/fails" and "500" in ours.line:
            # aiohttp closes behind an error; ours goes on, if nothing is out of step.
            assert different <= {"fields", "kept"}
            assert ours.body == theirs.body
            continue
        assert different == set(), (request, theirs, ours)


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_is_no_handler_of_expectations(library: str) -> None:
    """Is refused when the route is made: an assertion there, a TypeError here."""
    web = web_of(library)
    app = web.Application()
    for wrong in (5, lambda request: None, "text"):
        with pytest.raises((AssertionError, TypeError)):
            app.router.add_route("POST", "/", leaves, expect_handler=wrong)


def cloning_app(web: ModuleType) -> Any:
    """Return an application whose middleware answers a clone of each request."""

    @web.middleware
    async def clone(request: Any, handler: Any) -> Any:
        changes = json.loads(request.headers["X-Changes"])
        before = await request.read() if request.query.get("read") else b""
        try:
            other = request.clone(**changes)
        except Exception as error:
            return web.json_response(type(error).__name__)
        response = await handler(other)
        response.headers["X-Before"] = before.decode()
        return response

    async def show(request: Any) -> Any:
        names = ["method", "scheme", "host", "remote", "path", "query_string", "client_max_size"]
        found = {name: str(getattr(request, name)) for name in names}
        # aiohttp's clone keeps a fragment, which no request has (RFC 9112 §3.2).
        found["url"] = str(request.url.with_fragment(None))
        found["fields"] = sorted(map(list, request.headers.items()))
        found["cookies"] = dict(request.cookies)
        found["match"] = dict(request.match_info)
        try:
            found["body"] = await request.text()
        except Exception as error:
            found["body"] = type(error).__name__
        return web.json_response(found)

    app = web.Application(middlewares=[clone])
    app.router.add_route("*", "/{tail:.*}", show)
    return app


async def test_clones() -> None:
    """Whatever of a request they are to have in its place."""
    changes: list[dict[str, Any]] = [
        *({}, {"method": "PUT"}, {"rel_url": "/other?x=y#z"}, {"rel_url": "é"}, {"scheme": "wss"}),
        *({"host": "h:5"}, {"remote": "1.1.1.1"}, {"headers": {"Host": "x", "Cookie": "c=d"}}),
        *({"headers": {"Host": "x:1"}}, {"client_max_size": 2}, {"nothing": 1}),
        {"method": "get", "rel_url": "/q", "scheme": "https", "host": "x", "remote": "y"},
    ]
    requests = [
        Asked("POST", target, (("X-Changes", json.dumps(change)), ("Cookie", "k=v")), b"body")
        for change in changes
        for target in ("/path?a=b", "/path?read=1")
    ]
    for request, theirs, ours in await both(cloning_app, requests):
        assert theirs == ours, (request, theirs, ours)
