"""Pages over real sockets: every way to the next one, loops, and who is told what."""

from __future__ import annotations

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.test_utils import TestServer


@pytest.fixture
async def pages():
    """Three pages of two rows, in each of the ways that APIs lead to the next."""
    asked: list[web.Request] = []
    other: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        kind, query = request.match_info["kind"], request.query
        number = int(query.get("n") or query.get("after") or query.get("page") or "1")
        if kind == "offset":
            number = int(query.get("offset", "0")) // 2 + 1
        rows = [{"id": number * 10 + k} for k in range(2)] if number <= 3 else []
        body: object = {"items": rows}
        headers = {}
        if number < 3:
            if kind == "link":
                headers["Link"] = f'</x>; rel="last", </link?n={number + 1}>; rel="next"'
                body = rows
            elif kind == "next":
                body = {"items": rows, "links": {"next": f"/next?n={number + 1}"}}
            elif kind == "cursor":
                body = {"items": rows, "nextCursor": "", "meta": {"go": number + 1}}
        if kind == "loop":
            body = {"items": rows, "next": "/loop?n=" + ("1" if number == 2 else "2")}
        if kind == "ignores":
            body = {"items": [{"id": 1}]}
        if kind == "away":
            body = {"items": rows, "next": other[0]}
        return web.json_response(body, headers=headers)

    app = web.Application()
    app.router.add_get("/{kind}", answer)
    async with TestServer(app) as server:
        server.asked = asked
        server.other = other
        yield server


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("link", {}),
        ("next", {}),
        ("cursor", {"cursor": ("meta.go", "after")}),
        ("page", {"page": "page"}),
        ("offset", {"offset": "offset", "rows": "items"}),
    ],
)
async def test_all_pages_are_read(pages, kind, arguments):
    """Each once, in order; parameters and headers of the first go along."""
    url = str(pages.make_url(f"/{kind}"))
    read = nh.paginate(url, headers={"Authorization": "Bearer abc"}, **arguments)
    frame = await read.df()
    assert frame.id.tolist() == [10, 11, 20, 21, 30, 31]
    assert {request.headers["Authorization"] for request in pages.asked} == {"Bearer abc"}
    assert read.rest is None


async def test_no_more_pages_than_allowed(pages):
    """Where it would go on is told."""
    read = nh.paginate(str(pages.make_url("/next")), max_pages=2)
    assert [reply.json()["items"][0]["id"] async for reply in read] == [10, 20]
    assert read.rest == pages.make_url("/next?n=3")
    assert len(pages.asked) == 2


@pytest.mark.parametrize(
    ("kind", "arguments", "asked"), [("loop", {}, 3), ("ignores", {"page": "page"}, 2)]
)
async def test_a_loop_is_told(pages, kind, arguments, asked):
    """By a URL that was there before, or by a page that came again."""
    with pytest.raises(nh.PaginationLoopError):
        await nh.paginate(str(pages.make_url(f"/{kind}")), **arguments).df()
    assert len(pages.asked) == asked


async def test_another_origin_gets_no_credentials(pages):
    """Neither those of the call, nor of the client, nor cookies; and none on the way back."""

    async def steal(request: web.Request) -> web.Response:
        stolen.append(dict(request.headers))
        return web.json_response({"items": [], "next": str(pages.make_url("/link?n=3"))})

    stolen: list[dict[str, str]] = []
    app = web.Application()
    app.router.add_get("/steal", steal)
    async with TestServer(app) as server:
        pages.other.append(str(server.make_url("/steal")))
        client = nh.Client(headers={"X-Own-Key": "canary"}, cookies={"sid": "canary"})
        options = {
            "headers": {"Authorization": "canary", "Accept": "application/json"},
            "cookies": {"own": "canary"},
        }
        url = str(pages.make_url("/away"))
        read = [reply async for reply in nh.paginate(url, client=client, **options)]
        await client.close()
    assert len(read) == 3
    assert "canary" in str(dict(pages.asked[0].headers))
    assert len(stolen) == 1
    assert "canary" not in str(stolen)
    assert stolen[0]["Accept"] == "application/json"
    assert "canary" not in str(dict(pages.asked[1].headers))


async def test_a_page_that_is_refused_is_an_error(answers):
    """Not the end of the pages."""
    with pytest.raises(nh.ClientResponseError):
        await nh.paginate(answers.url("/missing")).df()
    with pytest.raises(TypeError, match="one of page, offset and cursor"):
        nh.paginate("http://h/", page="p", offset="o")
    with pytest.raises(TypeError, match="Did you mean headers="):
        nh.paginate("http://h/", heders={})
