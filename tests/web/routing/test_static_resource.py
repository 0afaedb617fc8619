"""Folders of files below a prefix: what is found, what is listed, and the URLs of files."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from yarl import URL

from notebook_http import web
from tests.web.answers_of_files import LARGE, SMALL, fields, status

Serve = Callable[..., Awaitable[int]]
Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with a few files, and a secret beside it."""
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "page.html").write_bytes(SMALL)
    (root / "sub" / "a b%ü.txt").write_bytes(b"odd")
    (root / "sub" / "deep" / "large").write_bytes(LARGE)
    (root / ".hidden").write_bytes(b"dot")
    (tmp_path / "secret").write_bytes(b"secret")
    return root


def folder(root: Path, prefix: str = "/static", **options: object) -> web.Application:
    """Return an application with one folder."""
    app = web.Application()
    app.router.add_static(prefix, root, **options)  # type: ignore[arg-type]
    return app


async def test_files_are_found_below_the_prefix(serve: Serve, ask: Ask, root: Path) -> None:
    """In every folder of it, percent-encoded, with slashes too many; known files as well."""
    port = await serve(folder(root))
    for _ in range(2):
        for target, content in [
            ("/static/page.html", SMALL),
            ("/static/page.html?v=1", SMALL),
            ("/static//page.html", None),
            ("/static/./page.html", SMALL),
            ("/static/sub//../page.html", SMALL),
            ("/static/sub/deep/large", LARGE),
            ("/static/sub%2Fdeep%2Flarge", LARGE),
            ("/static/sub/a%20b%25%C3%BC.txt", b"odd"),
            ("/static/.hidden", b"dot"),
            ("/static/missing", None),
            ("/static/page.html/below", None),
            ("/staticpage.html", None),
            ("/other", None),
        ]:
            head, body = await ask(port, target=target)
            assert status(head) == (404 if content is None else 200), target
            assert body == (b"404: Not Found" if content is None else content), target
    head, _ = await ask(port, target="/static/page.html", Range="bytes=0-1")
    assert status(head) == 206
    assert fields(head)["content-type"] == "text/html"


@pytest.mark.parametrize("prefix", ["/", "/a b/{x}", "/é/", "/a%20b"])
async def test_any_prefix_will_do(serve: Serve, ask: Ask, root: Path, prefix: str) -> None:
    """Braces are no variables, and the root is a prefix as well."""
    app = folder(root, prefix)

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app.router.add_get("/hello", hello)
    port = await serve(app)
    base = URL.build(path=prefix, encoded="%" in prefix).raw_path
    head, body = await ask(port, target=f"{base.rstrip('/')}/sub/deep/large")
    assert (status(head), body) == (200, LARGE)
    assert (await ask(port, target="/hello"))[1] == b"hello"


async def test_only_get_and_head_are_answered(serve: Serve, ask: Ask, root: Path) -> None:
    """405 names them; OPTIONS when somebody asked for it, as for CORS."""
    app = web.Application()
    resource = app.router.add_static("/static", root)

    async def options(request: web.Request) -> web.Response:
        return web.Response(text=request.match_info["filename"])

    port = await serve(folder(root))
    head, body = await ask(port, "HEAD", "/static/page.html")
    assert (status(head), body) == (200, b"")
    assert fields(head)["content-length"] == str(len(SMALL))
    head, _ = await ask(port, "POST", "/static/page.html", b"x")
    assert status(head) == 405
    assert fields(head)["allow"] == "GET,HEAD"
    resource.set_options_route(options)
    with pytest.raises(RuntimeError, match="already"):
        resource.set_options_route(options)
    assert (await ask(await serve(app), "OPTIONS", "/static/x/y"))[1] == b"x/y"


async def test_folders_are_forbidden_unless_they_are_listed(
    serve: Serve, ask: Ask, root: Path
) -> None:
    """403, or a page with a link to each name."""
    port = await serve(folder(root))
    for target in ("/static", "/static/", "/static/sub", "/static/sub/"):
        head, body = await ask(port, target=target)
        assert (status(head), body) == (403, b"403: Forbidden")
    port = await serve(folder(root, show_index=True))
    head, body = await ask(port, target="/static")
    assert fields(head)["content-type"] == "text/html; charset=utf-8"
    assert list(links(body)) == [
        ("/static/.hidden", ".hidden"),
        ("/static/page.html", "page.html"),
        ("/static/sub", "sub/"),
    ]
    head, body = await ask(port, target="/static/sub/")
    assert list(links(body)) == [
        ("/static/sub/a%20b%25%C3%BC.txt", "a b%ü.txt"),
        ("/static/sub/deep", "deep/"),
    ]
    for link, name in links(body):
        head, _ = await ask(port, target=link)
        assert status(head) == 200, name
    assert "<title>Index of /sub</title>" in body.decode()


async def test_names_that_are_no_text_are_listed(serve: Serve, ask: Ask, root: Path) -> None:
    """Bytes that are no UTF-8 are percent-encoded in links and replaced on the page."""
    with open(os.fsencode(root) + b"/\xff.txt", "wb") as file:
        file.write(b"x")
    (root / "a&'\"<b>").write_bytes(b"y")
    head, body = await ask(await serve(folder(root, show_index=True)), target="/static")
    assert status(head) == 200
    assert ("/static/%FF.txt", "\ufffd.txt") in links(body)
    assert ("/static/a%26%27%22%3Cb%3E", "a&'\"<b>") in links(body)


class LinkReader(HTMLParser):
    """Collects the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._href = dict(attrs).get("href") if tag == "a" else None

    def handle_data(self, data: str) -> None:
        if self._href is not None:
            self.found.append((self._href, data))
            self._href = None


def links(page: bytes) -> Iterator[tuple[str, str]]:
    """Yield (where to, text) for each link of a page."""
    reader = LinkReader()
    reader.feed(page.decode())
    return iter(reader.found)


async def test_links_lead_out_only_if_told_so(
    serve: Serve, ask: Ask, root: Path, tmp_path: Path
) -> None:
    """Inside they are followed always; a link that changes its mind is judged anew."""
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to(tmp_path)
    (root / "in").symlink_to("page.html")
    port = await serve(folder(root))
    following = await serve(folder(root, follow_symlinks=True))
    for _ in range(2):
        for target, content in [("out", b"secret"), ("up/secret", b"secret")]:
            head, body = await ask(port, target=f"/static/{target}")
            assert (status(head), body) == (404, b"404: Not Found")
            assert (await ask(following, target=f"/static/{target}"))[1] == content
        for each in (port, following):
            assert (await ask(each, target="/static/in"))[1] == SMALL
    (root / "in").unlink()
    (root / "in").symlink_to(tmp_path / "secret")
    (root / "page.html").unlink()
    (root / "page.html").symlink_to(tmp_path / "secret")
    for target in ("in", "page.html"):
        assert status((await ask(port, target=f"/static/{target}"))[0]) == 404
        assert (await ask(following, target=f"/static/{target}"))[1] == b"secret"


async def test_siblings_lie_beside_the_real_file(
    serve: Serve, ask: Ask, root: Path, tmp_path: Path
) -> None:
    """And are found there, by those who take them."""
    (root / "page.html.gz").write_bytes(b"gz")
    (root / "link.html").symlink_to("page.html")
    port = await serve(folder(root))
    for target in ("page.html", "link.html", "page.html", "link.html"):
        head, body = await ask(port, target=f"/static/{target}", Accept_Encoding="gzip")
        assert (fields(head)["content-encoding"], body) == ("gzip", b"gz")
        assert (await ask(port, target=f"/static/{target}"))[1] == SMALL


async def test_middlewares_see_what_is_missing(serve: Serve, ask: Ask, root: Path) -> None:
    """As an HTTPNotFound, which a middleware can catch and turn into a page."""

    @web.middleware
    async def friendly(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return web.Response(text="nothing here", status=404)

    app = web.Application(middlewares=[friendly])
    app.router.add_static("/static", root)
    port = await serve(app)
    assert (await ask(port, target="/static/missing"))[1] == b"nothing here"
    assert (await ask(port, target="/static/../secret"))[1] == b"nothing here"
    assert (await ask(port, target="/static/page.html"))[1] == SMALL


async def test_a_folder_in_a_mounted_application(serve: Serve, ask: Ask, root: Path) -> None:
    """Its URLs and its links have both prefixes."""
    outer, inner = web.Application(), folder(root, show_index=True)
    resource = next(iter(inner.router.resources()))
    outer.add_subapp("/app", inner)
    port = await serve(outer)
    assert (await ask(port, target="/app/static/page.html"))[1] == SMALL
    assert ("/app/static/sub", "sub/") in links((await ask(port, target="/app/static"))[1])
    assert resource.url_for(filename="x") == URL("/app/static/x")
    assert resource.get_info()["prefix"] == resource.canonical == "/app/static"
    assert status((await ask(port, target="/app/other"))[0]) == 404


def test_urls_of_files(root: Path) -> None:
    """With a hash that changes when the file does, when that is asked for."""
    router = web.UrlDispatcher()
    resource = router.add_static("/static/", root, name="files", append_version=True)
    assert router["files"] is resource
    first = resource.url_for(filename="page.html")
    assert first.path == "/static/page.html"
    assert len(first.query["v"]) == 44
    assert resource.url_for(filename=Path("page.html")) == first
    (root / "page.html").write_bytes(b"new")
    second = resource.url_for(filename="/page.html")
    assert second != first
    assert b64decode(second.query["v"], b"-_") == sha256(b"new").digest()
    assert resource.url_for(filename="page.html", append_version=False).query == {}
    for name in ("missing", "sub", "../secret", "page.html/x"):
        assert resource.url_for(filename=name).query == {}
    assert resource.url_for(filename="a b%?#ü", append_version=False).path == "/static/a b%?#ü"
    route = next(iter(resource))
    assert route.url_for(filename="page.html") == second
    assert (route.name, route.resource) == ("files", resource)


def test_folders_are_added_in_every_way(root: Path) -> None:
    """`add_static`, `web.static`, `RouteTableDef.static`."""
    table = web.RouteTableDef()
    table.static("/two", root, name="two")
    app = web.Application()
    routes = app.add_routes([web.static("/one", root, show_index=True), *table])
    assert [route.method for route in routes] == ["GET", "HEAD"] * 2
    info = app.router["two"].get_info()
    assert (info["directory"], info["prefix"]) == (root.resolve(), "/two")
    assert set(info["routes"]) == {"GET", "HEAD"}
    assert repr(table[0]) == f"<StaticDef /two -> {root}, name='two'>"
    assert "'two' /two -> " in repr(app.router["two"])


def test_a_folder_has_to_be_there(root: Path) -> None:
    """Told when it is added, not when the first file is asked for."""
    router = web.UrlDispatcher()
    with pytest.raises(ValueError, match="does not exist"):
        router.add_static("/a", root / "missing")
    with pytest.raises(ValueError, match="not a directory"):
        router.add_static("/a", root / "page.html")
    with pytest.raises(ValueError, match="slash"):
        router.add_static("a", root)
