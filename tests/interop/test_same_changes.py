"""The same changes of an answer on both servers: by signals, by middlewares, by who caught it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.interop.same_web_program import Asked
from tests.interop.same_wire import Change, Handlers, differing, wire_both

# What is done to an answer: an expression of `r`, the response, and `request`.
ACTIONS = [
    "r.headers.update({'X-A': 'b', 'Server': 'me'})",
    "r.headers.add('Vary', 'X')",
    "r.headers.popall('X-First', None)",
    "r.headers.popall('Content-Type', None)",
    "r.headers.update({'Content-Type': 'x/y'})",
    "r.headers.popall('Content-Length', None)",
    "r.headers.update({'Content-Length': '3'})",
    "r.headers.update({'Connection': 'close'})",
    "r.headers.clear()",
    "r.set_cookie('late', 'v')",
    "r.del_cookie('early')",
    "r.cookies.clear()",
    "r.set_status(418, 'Teapot')",
    "r.force_close()",
    "r.enable_compression()",
    "r.enable_chunked_encoding()",
    "setattr(r, 'body', b'other bytes')",
    "setattr(r, 'body', b'')",
    "setattr(r, 'text', 'other text')",
    "setattr(r, 'content_type', 'text/x')",
    "setattr(r, 'charset', 'latin-1')",
    "setattr(r, 'last_modified', 0)",
    "setattr(r, 'etag', 'x')",
    "r.status, r.prepared, r.content_length, r.keep_alive, r.chunked",
    "r.headers.get('Content-Length'), r.headers.get('Transfer-Encoding')",
    "r.headers.get('Content-Type'), 'Date' in r.headers, 'Server' in r.headers",
    "request.path, request.method, request.match_info.route.name",
    "1 / 0",
]


async def plain(web: Any, request: Any, note: Any) -> Any:
    response = web.Response(text="abc", headers={"X-First": "1"})
    response.set_cookie("early", "e")
    return response


async def bare(web: Any, request: Any, note: Any) -> Any:
    return web.Response(body=b"abc")


async def empty(web: Any, request: Any, note: Any) -> Any:
    return web.Response(status=204)


async def raised(web: Any, request: Any, note: Any) -> Any:
    raise web.HTTPConflict(text="abc", headers={"X-First": "1"})


async def stream(web: Any, request: Any, note: Any) -> Any:
    response = web.StreamResponse(headers={"X-First": "1"})
    response.set_cookie("early", "e")
    await response.prepare(request)
    await response.write(b"abc")
    return response


async def sized(web: Any, request: Any, note: Any) -> Any:
    response = web.StreamResponse(headers={"Content-Length": "3"})
    await response.prepare(request)
    await response.write(b"abc")
    return response


HANDLERS: Handlers = {each.__name__: each for each in (plain, bare, empty, raised, stream, sized)}


def by_signal(app: Any, web: ModuleType) -> None:
    """Let a signal do what the request's query numbers."""

    async def change(request: Any, response: Any) -> None:
        if "do" in request.query:
            action = ACTIONS[int(request.query["do"])]
            eval(compile(action, "action", "eval"), {"r": response, "request": request})

    app.on_response_prepare.append(change)


def by_middleware(app: Any, web: ModuleType) -> None:
    """Let a middleware do it to what the handler returned or raised."""

    @web.middleware
    async def change(request: Any, handler: Any) -> Any:
        caught = None
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = caught = error
        if "do" in request.query:
            action = ACTIONS[int(request.query["do"])]
            eval(compile(action, "action", "eval"), {"r": response, "request": request})
        if caught is not None and "return" not in request.query:
            raise caught
        return response

    app.middlewares.append(change)


def requests_for(more: str) -> list[Asked]:
    return [
        Asked(method, f"/{name}?do={number}{more}", (("Accept-Encoding", "gzip"),))
        for name in HANDLERS
        for number in range(len(ACTIONS))
        for method in ("GET", "HEAD")
    ]


STEP = "the body is framed as the head says; there it is not, and the client out of step"
CLOSE = "who says close closes (RFC 9112 §9.6), and who closes says so"
GOES_ON = "an error puts nothing out of step: the connection goes on"
COOKIES = "what a signal sets is sent; aiohttp has written the cookies by then"
BARE = "an empty cookie needs no quotes"
VARY = "caches are told which Accept-Encoding it is for; aiohttp hangs up on 204"
HEADLESS = "a 204 has no Content-Length (RFC 9110 §8.6)"
LATE = "refused with 500 here; there it is caught where nothing can be answered any more"
# What may differ, by the beginning of the action: when it is a signal's, when a middleware's, why.
DIFFERENT: dict[str, tuple[set[str], set[str], str]] = {
    "r.headers.popall('Content-Length'": ({"fields", "body"}, set(), STEP),
    "r.headers.clear": ({"fields", "body"}, set(), STEP),
    "setattr(r, 'body'": ({"fields"}, set(), STEP),
    "setattr(r, 'text'": ({"fields"}, set(), STEP),
    "r.headers.update({'Content-Length'": (
        {"line", "fields", "body", "kept"},
        set(),
        f"{STEP}; {HEADLESS}",
    ),
    "r.headers.update({'Connection'": ({"kept"}, {"kept"}, CLOSE),
    "r.force_close": ({"fields"}, set(), CLOSE),
    "r.set_cookie": ({"fields"}, set(), COOKIES),
    "r.cookies.clear": ({"fields"}, set(), COOKIES),
    "r.del_cookie": ({"fields"}, {"fields"}, f"{COOKIES}; {BARE}"),
    "r.enable_compression": (set(), {"fields", "kept", "line"}, VARY),
    "setattr(r, 'charset'": ({"line", "fields", "body", "kept"}, {"fields", "kept"}, LATE),
    "1 / 0": (set(), {"fields", "kept"}, GOES_ON),
}


async def compared(how: Change, more: str, signal: bool) -> None:
    """See that both answers are the same, or differ in what the table has, and only there."""
    seen: dict[str, set[str]] = {}
    for request, theirs, ours in await wire_both(HANDLERS, requests_for(more), how):
        different = differing(request, theirs, ours)
        action = ACTIONS[int(request.target.partition("do=")[2].partition("&")[0])]
        key = next((key for key in DIFFERENT if action.startswith(key)), "")
        in_signal, in_middleware, reason = DIFFERENT.get(key, (set(), set(), "none"))
        allowed = in_signal if signal else in_middleware
        assert different <= allowed, (request, action, reason, theirs, ours)
        seen.setdefault(key, set()).update(different)
        announced = [f.partition(": ")[2] for f in ours.fields if f.startswith("content-length")]
        if announced and request.method == "GET" and ours.kept:
            assert len(ours.body) == int(announced[0]), (request, action, ours)
    for key, (in_signal, in_middleware, _) in DIFFERENT.items():
        allowed = in_signal if signal else in_middleware
        assert seen[key] == allowed, f"no longer different: {key} {allowed - seen[key]}"


async def test_signals_change_answers() -> None:
    """Fields, cookies, status, body and framing, of plain answers, streams and errors."""
    await compared(by_signal, "", signal=True)


async def test_middlewares_change_answers() -> None:
    """Of what was returned, and of what was raised and goes on being raised."""
    await compared(by_middleware, "", signal=False)


async def test_middlewares_return_what_was_raised() -> None:
    """An error that is returned is an answer as any other."""
    await compared(by_middleware, "&return=1", signal=False)
