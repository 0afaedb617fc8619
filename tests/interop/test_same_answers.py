"""One application on both libraries, the same bytes to each: the answers have to be the same.

Status, fields (but `Date` and `Server`) and body, as raw bytes. Where the two differ on purpose,
nothing is asked here.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import ModuleType
from typing import Any

import pytest

Ask = Callable[[bytes], Awaitable[list[Any]]]

FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = (
    b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n'
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="x.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nfile\r\n--B--\r\n"
)


def make_app(web: ModuleType) -> Any:
    """Return the application: one that shows requests, one that answers in many ways."""

    async def show(request: Any) -> Any:
        names = (
            "method path path_qs raw_path query_string host scheme secure remote content_type "
            "charset content_length body_exists can_read_body keep_alive rel_url url"
        )
        seen = {name: str(getattr(request, name)) for name in names.split()}
        seen["version"] = list(request.version)
        seen["query"] = list(request.query.items())
        seen["cookies"] = sorted(request.cookies.items())
        seen["match"] = dict(request.match_info)
        seen["headers"] = list(request.headers.items())
        seen["app"] = len(request.match_info.apps)
        return web.json_response(seen)

    async def answer(request: Any) -> Any:
        return ANSWERS[request.match_info["name"]](web)

    async def stream(request: Any) -> Any:
        response = web.StreamResponse(headers={"X-A": "1"})
        if request.query:
            response.content_length = 4
        await response.prepare(request)
        await response.write(b"abc")
        await response.write_eof(b"d")
        return response

    async def form(request: Any) -> Any:
        fields = await request.post()
        return web.json_response(
            [[k, v if isinstance(v, str) else [v.filename, v.content_type, v.file.read().decode()]]
             for k, v in fields.items()]
        )  # fmt: skip

    async def text(request: Any) -> Any:
        return web.Response(text=repr(await request.text()))

    async def loaded(request: Any) -> Any:
        return web.json_response(await request.json())

    app, sub = web.Application(), web.Application()
    for path in ("/v/{x}", "/t/{tail:.*}", "/num/{n:\\d+}.{ext:(?:png|jpg)}", "/a b/c", "/é/ü",
                 "/mix/a{x}b{y}c", "/slash/", "/plus+x"):  # fmt: skip
        app.router.add_get(path, show)
    app.router.add_get("/no-head", show, allow_head=False)
    app.router.add_route("*", "/any", show)
    app.router.add_get("/answer/{name}", answer)
    app.router.add_get("/stream", stream)
    for path, handler in (("/form", form), ("/text", text), ("/json", loaded)):
        app.router.add_post(path, handler)
    sub.router.add_get("/", show)
    sub.router.add_get("/x/{y}", show)
    sub.router.add_post("/only", show)
    app.add_subapp("/sub", sub)
    return app


def raised(error: Exception) -> Any:
    raise error


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "empty": lambda web: web.Response(),
    "text": lambda web: web.Response(text="é"),
    "html": lambda web: web.Response(text="é", content_type="text/html", charset="latin-1"),
    "bytes": lambda web: web.Response(body=b"abc", headers={"X": "1"}),
    "typed": lambda web: web.Response(body=b"abc", content_type="a/b"),
    "given": lambda web: web.Response(text="é", headers={"Content-Type": "a/b; charset=utf-16"}),
    "no-content": lambda web: web.Response(status=204),
    "reset": lambda web: web.Response(status=205),
    "unmodified": lambda web: web.Response(status=304, headers={"ETag": '"x"'}),
    "reason": lambda web: web.Response(status=299, reason="Fine"),
    "unknown": lambda web: web.Response(status=599),
    "json": lambda web: web.json_response({"a": "é"}, status=201, headers={"X": "1"}),
    "missing": lambda web: raised(web.HTTPNotFound()),
    "forbidden": lambda web: raised(web.HTTPForbidden(text="no", headers={"X": "1"})),
    "found": lambda web: raised(web.HTTPFound("/new place?x=é#f")),
    "allowed": lambda web: raised(web.HTTPMethodNotAllowed("GET", ["PUT", "POST"])),
    "nothing": lambda web: raised(web.HTTPNoContent()),
    "not-modified": lambda web: raised(web.HTTPNotModified()),
    "large": lambda web: raised(web.HTTPRequestEntityTooLarge(5, 6)),
    "legal": lambda web: raised(web.HTTPUnavailableForLegalReasons("http://a/b")),
    "broken": lambda web: raised(LookupError("<script>")),
}


@pytest.fixture(params=["1.1", "1.0"])
def version(request: pytest.FixtureRequest) -> str:
    """The HTTP version of a request."""
    return str(request.param)


@pytest.fixture
async def ask_both() -> AsyncIterator[Ask]:
    """Send bytes to a server of each library, and return their answers, taken apart."""
    runners = []
    for library in ("aiohttp", "notebook_http"):
        web = importlib.import_module(f"{library}.web")
        runner = web.AppRunner(make_app(web), access_log=None)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    async def ask(data: bytes) -> list[Any]:
        answers = []
        for runner in runners:
            reader, writer = await asyncio.open_connection(*runner.addresses[0])
            writer.write(data)
            async with asyncio.timeout(10):
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            status, *lines = head.decode().split("\r\n")
            fields = sorted(line for line in lines if not line.startswith(("Date:", "Server:")))
            answers.append((status, fields, body))
        return answers

    yield ask
    for runner in runners:
        await runner.cleanup()


def request(
    method: str, target: str, *fields: str, body: bytes = b"", version: str = "1.1"
) -> bytes:
    """Return the bytes of a request that is its connection's last."""
    lines = [f"{method} {target} HTTP/{version}", "Host: example.org:81", "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, *fields]).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("name", ANSWERS)
async def test_answers(ask_both: Ask, name: str, version: str) -> None:
    """Whatever a handler returns or raises, on HTTP/1.1 and 1.0."""
    theirs, ours = await ask_both(request("GET", f"/answer/{name}", version=version))
    assert ours == theirs


@pytest.mark.parametrize("name", ["empty", "text", "no-content", "found", "missing", "json"])
async def test_answers_to_head(ask_both: Ask, name: str) -> None:
    """All of GET's head, no body."""
    theirs, ours = await ask_both(request("HEAD", f"/answer/{name}"))
    assert ours == theirs
    assert ours[2] == b""


@pytest.mark.parametrize("target", ["/stream", "/stream?sized"])
async def test_streams(ask_both: Ask, target: str, version: str) -> None:
    """In chunks, of a known length, or up to the end of the connection."""
    theirs, ours = await ask_both(request("GET", target, version=version))
    assert ours[:2] == theirs[:2]
    joined = ours[2].replace(b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", b"abcd")
    assert joined == theirs[2].replace(b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", b"abcd") == b"abcd"


@pytest.mark.parametrize(
    "target",
    [
        "/v/a", "/v/", "/v/a%2Fb", "/v/%C3%A9", "/v/a%20b", "/v/a+b", "/v/%25", "/v/%zz", "/v/%FF",
        "/v/a;b", "//v/a", "/v//a", "/t/", "/t", "/t/a/b/c", "/t/a%2Fb?x=1&x=2&y=%20+&z",
        "/num/12.png", "/num/1x.png", "/num/12.gif", "/%C3%A9/%C3%BC", "/a%20b/c", "/mix/aXbYc",
        "/mix/abc", "/slash/", "/slash", "/plus+x", "/plus%2Bx", "/%61ny", "/any??", "/any?x=%ff",
        "/sub", "/sub/", "/sub/x/1", "/sub/none", "/sub/only", "/subx", "/none", "/t/" + "x" * 8000,
    ],
)  # fmt: skip
async def test_what_a_path_finds_and_a_handler_sees(ask_both: Ask, target: str) -> None:
    """The route, its variables, and every view of the request."""
    theirs, ours = await ask_both(request("GET", target))
    assert ours[0] == theirs[0]
    if theirs[0].endswith("200 OK"):
        assert json.loads(ours[2]) == json.loads(theirs[2])
    else:
        assert ours == theirs


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "PUT", "TRACE", "PURGE"])
@pytest.mark.parametrize("target", ["/v/a", "/no-head", "/any", "/text", "/sub/only", "/none"])
async def test_methods(ask_both: Ask, method: str, target: str) -> None:
    """404, 405 with what is allowed, or an answer."""
    theirs, ours = await ask_both(request(method, target))
    assert ours == theirs


@pytest.mark.parametrize(
    "field",
    [
        "Content-Type: text/html; charset=latin-1",
        "Content-Type: nonsense",
        'Cookie: a=b; c="d e"; a=2',
        "X-Forwarded-For: 1.2.3.4",
        "Accept: é",
        "Content-Length: 0",
    ],
)
async def test_fields(ask_both: Ask, field: str) -> None:
    """What they turn into."""
    theirs, ours = await ask_both(request("POST", "/any", field))
    assert json.loads(ours[2]) == json.loads(theirs[2])


@pytest.mark.parametrize("target", ["/form", "/text", "/json", "/any"])
@pytest.mark.parametrize(
    ("field", "body"),
    [
        (FORM, b"a=1&b=2&a=3&c"),
        (FORM, b"a=%FF&b=%u1&d=+%2B"),
        (FORM, b"x" * (1024**2 + 1)),
        ("Content-Type: multipart/form-data; boundary=B", MULTIPART),
        ("Content-Type: application/json", b'{"a": 1}'),
        ("Content-Type: application/json", b"nonsense"),
        ("Content-Type: text/plain; charset=utf-8", b"\xff\xfe"),
        ("Content-Type: text/plain; charset=latin-1", b"\xe9"),
    ],
    ids=range(8),
)
async def test_bodies(ask_both: Ask, target: str, field: str, body: bytes) -> None:
    """Read, refused or failed of."""
    theirs, ours = await ask_both(request("POST", target, field, body=body))
    assert ours == theirs
