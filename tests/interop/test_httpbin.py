"""Our client against httpbin on Werkzeug's server: a peer that nobody here wrote.

Odd answers (odd codings, late bytes, many cookies) are what httpbin is for.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import pytest

import notebook_http as nh

pytestmark = pytest.mark.peer


@pytest.fixture
async def session(httpbin_url: str) -> AsyncIterator[nh.ClientSession]:
    """A session whose relative addresses mean httpbin."""
    jar = nh.CookieJar(unsafe=True)  # cookies of a bare IP address too
    async with nh.ClientSession(httpbin_url, cookie_jar=jar) as session:
        yield session


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
async def test_every_method_is_echoed(session: nh.ClientSession, method: str) -> None:
    """Httpbin tells what arrived: query, headers, body."""
    arguments = {} if method == "get" else {"data": b"some bytes"}
    async with session.request(
        method, f"/{method}", params={"q": "São Paulo"}, headers={"X-Mine": "1"}, **arguments
    ) as response:
        echo = await response.json()
    assert echo["args"] == {"q": "São Paulo"}
    assert echo["headers"]["X-Mine"] == "1"
    assert echo.get("data", "") == ("" if method == "get" else "some bytes")


@pytest.mark.parametrize("code", [200, 201, 202, 203, 206, 400, 401, 402, 404, 406, 418, 500, 503])
async def test_status_codes(session: nh.ClientSession, code: int) -> None:
    """raise_for_status raises from 400 on, with the status in the error."""
    async with session.get(f"/status/{code}") as response:
        assert response.status == code
        if code < 400:
            response.raise_for_status()
        else:
            with pytest.raises(nh.ClientResponseError) as caught:
                response.raise_for_status()
            assert caught.value.status == code


@pytest.mark.parametrize("coding", ["gzip", "deflate", "brotli"])
async def test_codings_are_undone(session: nh.ClientSession, coding: str) -> None:
    """Httpbin says in the body which coding it used; the body itself must be plain JSON."""
    async with session.get(f"/{coding}") as response:
        answer = await response.json()
    mark = {"gzip": "gzipped", "deflate": "deflated", "brotli": "brotli"}[coding]
    assert answer[mark] is True
    assert coding.removesuffix("otli") in answer["headers"]["Accept-Encoding"]


async def test_redirects_relative_and_absolute(session: nh.ClientSession) -> None:
    """Both kinds of Location lead to /get."""
    for kind in ("redirect", "relative-redirect", "absolute-redirect"):
        async with session.get(f"/{kind}/3") as response:
            assert response.status == 200
            assert response.url.path == "/get"
            assert len(response.history) == 3


async def test_redirect_to_elsewhere_keeps_credentials_at_home(
    session: nh.ClientSession, httpbin_url: str
) -> None:
    """`localhost` is another origin than 127.0.0.1: the Authorization field stays behind."""
    target = httpbin_url.replace("127.0.0.1", "localhost") + "/headers"
    headers = {"Authorization": nh.encode_basic_auth("ana", "secret")}
    async with session.get("/redirect-to", params={"url": target}, headers=headers) as response:
        assert "Authorization" not in (await response.json())["headers"]
    async with session.get("/headers", headers=headers) as response:
        assert "Authorization" in (await response.json())["headers"]


async def test_cookies_are_kept_and_deleted(session: nh.ClientSession) -> None:
    """Set on a redirect, sent back on the next hop."""
    async with session.get("/cookies/set", params={"a": "1", "b": "two words"}) as response:
        assert (await response.json())["cookies"] == {"a": "1", "b": "two words"}
    async with session.get("/cookies/delete", params={"a": ""}) as response:
        assert (await response.json())["cookies"] == {"b": "two words"}


async def test_basic_auth(session: nh.ClientSession) -> None:
    """401 without, 200 with."""
    async with session.get("/basic-auth/ana/secret") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")
    headers = {"Authorization": nh.encode_basic_auth("ana", "secret")}
    async with session.get("/basic-auth/ana/secret", headers=headers) as response:
        assert await response.json() == {"authenticated": True, "user": "ana"}


async def test_bearer_token(session: nh.ClientSession) -> None:
    """Any header goes through as it was given."""
    async with session.get("/bearer", headers={"Authorization": "Bearer abc.def"}) as response:
        assert (await response.json())["token"] == "abc.def"


async def test_forms_and_files(session: nh.ClientSession) -> None:
    """Werkzeug's form parser reads our urlencoded and multipart bodies."""
    async with session.post("/post", data={"name": "Ana María", "tag": "a+b&c"}) as response:
        assert (await response.json())["form"] == {"name": "Ana María", "tag": "a+b&c"}
    form = nh.FormData()
    form.add_field("note", "two\r\nlines")
    form.add_field("file", b"\x00\x01 bytes", filename="data.bin")
    async with session.post("/post", data=form) as response:
        echo = await response.json()
    assert echo["form"] == {"note": "two\r\nlines"}
    assert echo["files"] == {"file": "\x00\x01 bytes"}


async def test_json_round_trip(session: nh.ClientSession) -> None:
    """Every script of the world, both ways."""
    data = {"cities": ["東京", "القاهرة", "Αθήνα", "अहमदाबाद"], "n": 1.5, "none": None}
    async with session.post("/post", json=data) as response:
        echo = await response.json()
    assert echo["json"] == data
    assert json.loads(echo["data"]) == data


async def test_lines_are_streamed(session: nh.ClientSession) -> None:
    """/stream sends one JSON document a line, in chunks."""
    async with session.get("/stream/20") as response:
        ids = [json.loads(line)["id"] async for line in response.content]
    assert ids == list(range(20))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 102_400])
async def test_binary_bodies_around_buffer_sizes(session: nh.ClientSession, size: int) -> None:
    """The edges of our read buffer are the places where a byte gets lost."""
    async with session.get(f"/bytes/{size}", params={"seed": "1"}) as response:
        whole = await response.read()
    async with session.get(
        f"/stream-bytes/{size}", params={"seed": "1", "chunk_size": "1000"}
    ) as response:
        assert await response.read() == whole
    assert len(whole) == size


async def test_ranges(session: nh.ClientSession) -> None:
    """A 206 says which part of the whole it is."""
    async with session.get("/range/1000", headers={"Range": "bytes=10-19"}) as response:
        assert response.status == 206
        assert response.headers["Content-Range"] == "bytes 10-19/1000"
        assert await response.read() == b"klmnopqrst"


async def test_delay_beyond_the_time_out(session: nh.ClientSession) -> None:
    """No byte within the time: the error is a TimeoutError and comes in time."""
    started = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await session.get("/delay/3", timeout=nh.ClientTimeout(total=0.3))
    assert asyncio.get_running_loop().time() - started < 1.5


async def test_bytes_that_drip_are_all_read(session: nh.ClientSession) -> None:
    """Slow but steady: the time between bytes is what sock_read limits, not their sum."""
    params = {"numbytes": "5", "duration": "0.6", "delay": "0"}
    timeout = nh.ClientTimeout(sock_read=0.5)
    async with session.get("/drip", params=params, timeout=timeout) as response:
        assert await response.read() == b"*****"


async def test_text_encodings(session: nh.ClientSession) -> None:
    """UTF-8 by declaration, XML and HTML by their types."""
    async with session.get("/encoding/utf8") as response:
        assert "∮ E⋅da = Q" in await response.text()
    async with session.get("/xml") as response:
        assert response.content_type == "application/xml"
    async with session.get("/html") as response:
        assert "Herman Melville" in await response.text()


async def test_images_are_bytes(session: nh.ClientSession) -> None:
    """A PNG begins with its signature, untouched."""
    async with session.get("/image/png") as response:
        assert response.content_type == "image/png"
        assert (await response.read()).startswith(b"\x89PNG\r\n\x1a\n")


async def test_entity_tags(session: nh.ClientSession) -> None:
    """A 304 has no body and leaves the connection in step."""
    async with session.get("/etag/abc", headers={"If-None-Match": '"abc"'}) as response:
        assert response.status == 304
    async with session.get("/base64/" + base64.urlsafe_b64encode(b"next").decode()) as response:
        assert await response.text() == "next"


async def test_many_requests_share_four_connections(httpbin_url: str) -> None:
    """Every caller gets its own answer, in whatever order they come."""
    async with nh.ClientSession(httpbin_url, connector=nh.TCPConnector(limit=4)) as limited:

        async def one(number: int) -> str:
            async with limited.get("/get", params={"n": str(number)}) as response:
                return (await response.json())["args"]["n"]

        numbers = await asyncio.gather(*(one(number) for number in range(40)))
    assert numbers == [str(number) for number in range(40)]
