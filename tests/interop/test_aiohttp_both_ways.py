"""Real aiohttp and this project, asking each other the same questions.

Every test runs in four directions; aiohttp with aiohttp is the control that keeps the
expectations honest.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import io
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.peer


def header(echo: dict[str, Any], name: str) -> list[str]:
    """Return the values of a header that the server saw."""
    return [value for key, value in echo["headers"] if key.lower() == name.lower()]


# Plain requests and answers


async def test_text_arrives_with_its_status_and_headers(pair: SimpleNamespace) -> None:
    """The smallest exchange there is."""
    async with pair.session.get(f"{pair.url}/hello") as response:
        assert (response.status, response.reason, response.ok) == (200, "OK", True)
        assert response.content_type == "text/plain"
        assert response.charset == "utf-8"
        assert response.headers["x-served"] == "yes"
        assert response.headers["Content-Length"] == "6"
        assert await response.text() == "héllo"


async def test_query_is_quoted_once(pair: SimpleNamespace) -> None:
    """Names in every script survive the way, and nothing is quoted twice."""
    params = [("city", "Ōsaka"), ("city", "São Paulo"), ("q", "a&b=c d+e%"), ("empty", "")]
    async with pair.session.get(f"{pair.url}/echo", params=params) as response:
        assert (await response.json())["query"] == [list(item) for item in params]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_method_arrives_as_it_was_sent(pair: SimpleNamespace, method: str) -> None:
    """Both routers know all methods, both clients send them."""
    async with pair.session.request(method, f"{pair.url}/echo") as response:
        assert (await response.json())["method"] == method


async def test_head_brings_the_length_and_no_body(pair: SimpleNamespace) -> None:
    """The next response would be misread if anybody waited for a body here."""
    async with pair.session.head(f"{pair.url}/hello") as response:
        assert response.status == 200
        assert response.headers["Content-Length"] == "6"
        assert await response.read() == b""
    async with pair.session.get(f"{pair.url}/hello") as response:
        assert await response.text() == "héllo"


@pytest.mark.parametrize("code", [204, 304])
async def test_status_without_a_body_leaves_the_connection_in_step(
    pair: SimpleNamespace, code: int
) -> None:
    """RFC 9110 §6.4.1: 204 and 304 end with their head, whatever its fields say."""
    async with pair.session.get(f"{pair.url}/status/{code}") as response:
        assert response.status == code
        assert await response.read() == b""
    async with pair.session.get(f"{pair.url}/hello") as response:
        assert await response.text() == "héllo"


@pytest.mark.parametrize("code", [200, 201, 400, 403, 418, 500, 503])
async def test_status_code_arrives(pair: SimpleNamespace, code: int) -> None:
    """`ok` is below 400, as aiohttp has it."""
    async with pair.session.get(f"{pair.url}/status/{code}") as response:
        assert response.status == code
        assert response.ok is (code < 400)


async def test_unknown_path_is_404(pair: SimpleNamespace) -> None:
    """raise_for_status gives the error that aiohttp users catch."""
    async with pair.session.get(f"{pair.url}/nowhere") as response:
        assert response.status == 404
        assert response.reason == "Not Found"
        with pytest.raises(pair.client.ClientResponseError) as caught:
            response.raise_for_status()
    assert caught.value.status == 404


async def test_wrong_method_is_405_and_names_the_right_ones(pair: SimpleNamespace) -> None:
    """RFC 9110 §15.5.6: Allow must be there."""
    async with pair.session.post(f"{pair.url}/hello") as response:
        assert response.status == 405
        assert "GET" in response.headers["Allow"].split(",")


async def test_broken_handler_is_500_and_tells_nothing(
    pair: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """The cause goes to the server's log, never to the peer."""
    async with pair.session.get(f"{pair.url}/broken") as response:
        assert response.status == 500
        assert "on purpose" not in await response.text()
    assert "on purpose" in caplog.text


# Bodies that go up


async def test_json_goes_up_with_its_content_type(pair: SimpleNamespace) -> None:
    """What a pandas user sends most."""
    async with pair.session.post(f"{pair.url}/echo", json={"city": "東京", "n": 1}) as response:
        echo = await response.json()
    assert header(echo, "content-type")[0].startswith("application/json")
    assert b"\xe6\x9d\xb1\xe4\xba\xac" in base64.b64decode(echo["body"]) or b"\\u6771" in (
        base64.b64decode(echo["body"])
    )


async def test_urlencoded_form_is_read_as_it_was_written(pair: SimpleNamespace) -> None:
    """Order, repeated names, plus signs and non-ASCII text are kept."""
    fields = [("name", "Ana María"), ("tag", "a+b"), ("tag", "c&d=e"), ("blank", "")]
    form = pair.client.FormData(fields)
    async with pair.session.post(f"{pair.url}/form", data=form) as response:
        assert await response.json() == [list(field) for field in fields]


async def test_dict_as_data_is_a_form(pair: SimpleNamespace) -> None:
    """As in aiohttp: a mapping becomes application/x-www-form-urlencoded."""
    async with pair.session.post(f"{pair.url}/form", data={"a": "1", "b": "ü"}) as response:
        assert await response.json() == [["a", "1"], ["b", "ü"]]


async def test_multipart_form_keeps_names_types_and_bytes(pair: SimpleNamespace) -> None:
    """A file with a name in another script, beside a text field with a line end in it."""
    form = pair.client.FormData(quote_fields=False)
    form.add_field("note", "first\r\nsecond")
    file = io.BytesIO(pair.pattern)
    form.add_field("file", file, filename="наука.bin", content_type="application/x-science")
    async with pair.session.post(f"{pair.url}/form", data=form) as response:
        assert response.status == 200, await response.text()
        found = await response.json()
    digest = hashlib.sha256(pair.pattern).hexdigest()
    assert found == [
        ["note", "first\r\nsecond"],
        ["file", "наука.bin", "application/x-science", digest],
    ]


@pytest.mark.parametrize("kind", ["bytes", "file", "generator"])
async def test_upload_arrives_whole(pair: SimpleNamespace, kind: str) -> None:
    """Sized and chunked uploads of 1 MiB, read in pieces on the other side."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(pair.pattern), 100_003):
            yield pair.pattern[start : start + 100_003]

    data = {"bytes": pair.pattern, "file": io.BytesIO(pair.pattern), "generator": pieces()}[kind]
    async with pair.session.post(f"{pair.url}/digest", data=data) as response:
        answer = await response.json()
    assert answer["size"] == len(pair.pattern)
    assert answer["sha256"] == hashlib.sha256(pair.pattern).hexdigest()


async def test_upload_with_a_content_coding_arrives_decoded(pair: SimpleNamespace) -> None:
    """`compress=` on the client's side, Content-Encoding undone on the server's."""
    text = b"abracadabra " * 10_000
    async with pair.session.post(f"{pair.url}/digest", data=text, compress="gzip") as response:
        answer = await response.json()
    assert answer == {"size": len(text), "sha256": hashlib.sha256(text).hexdigest()}


async def test_expect_continue_is_answered_before_the_body(pair: SimpleNamespace) -> None:
    """RFC 9110 §10.1.1."""
    async with pair.session.post(
        f"{pair.url}/echo", data=b"after the go-ahead", expect100=True
    ) as response:
        echo = await response.json()
    assert header(echo, "expect") == ["100-continue"]
    assert base64.b64decode(echo["body"]) == b"after the go-ahead"


async def test_body_over_the_limit_is_413(pair: SimpleNamespace) -> None:
    """The server's client_max_size is 4 MiB here."""
    async with pair.session.post(f"{pair.url}/echo", data=io.BytesIO(pair.pattern * 5)) as response:
        assert response.status == 413
    async with pair.session.get(f"{pair.url}/hello") as response:
        assert response.status == 200


# Bodies that come down


async def test_sized_body_is_read_in_pieces(pair: SimpleNamespace) -> None:
    """iter_chunked never gives more than was asked, and nothing is lost between pieces."""
    async with pair.session.get(f"{pair.url}/sized") as response:
        assert response.headers["Content-Length"] == str(len(pair.pattern))
        pieces = [piece async for piece in response.content.iter_chunked(10_007)]
    assert max(map(len, pieces)) <= 10_007
    assert b"".join(pieces) == pair.pattern


async def test_chunked_body_is_read_whole(pair: SimpleNamespace) -> None:
    """Chunks of one byte up to hundreds of kilobytes."""
    async with pair.session.get(f"{pair.url}/chunked") as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert await response.read() == pair.pattern


async def test_lines_are_read_as_they_come(pair: SimpleNamespace) -> None:
    """Readline and async iteration over the content are what logs and NDJSON are read with."""
    async with pair.session.get(f"{pair.url}/lines") as response:
        first = await response.content.readline()
        rest = [line async for line in response.content]
    assert first == b"line 0\n"
    assert rest == [f"line {number}\n".encode() for number in range(1, 10)]


async def test_body_goes_both_ways_at_once(pair: SimpleNamespace) -> None:
    """An echo that starts before the upload has ended: no side may wait for the other."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(pair.pattern), 65_536):
            yield pair.pattern[start : start + 65_536]
            await asyncio.sleep(0)

    async with pair.session.post(f"{pair.url}/back", data=pieces()) as response:
        assert await response.read() == pair.pattern


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_compressed_body_is_decoded(pair: SimpleNamespace, coding: str) -> None:
    """The header still tells the coding; the text is plain."""
    headers = {"Accept-Encoding": coding}
    async with pair.session.get(f"{pair.url}/compressed", headers=headers) as response:
        assert response.headers["Content-Encoding"] == coding
        assert await response.text() == "abracadabra " * 10_000


async def test_compressed_body_is_left_alone_when_asked(pair: SimpleNamespace) -> None:
    """auto_decompress=False is how a proxy or an archive uses the client."""
    headers = {"Accept-Encoding": "gzip"}
    async with (
        pair.client.ClientSession(auto_decompress=False) as session,
        session.get(f"{pair.url}/compressed", headers=headers) as response,
    ):
        raw = await response.read()
    assert gzip.decompress(raw) == b"abracadabra " * 10_000


# Connections


async def test_connection_is_kept(pair: SimpleNamespace) -> None:
    """Ten requests in a row, one TCP connection."""
    ports = set()
    for _ in range(10):
        async with pair.session.get(f"{pair.url}/echo") as response:
            ports.add((await response.json())["peer_port"])
    assert len(ports) == 1


async def test_connection_is_closed_when_the_server_says_so(pair: SimpleNamespace) -> None:
    """Connection: close is a promise to hang up; the next request dials anew."""
    async with pair.session.get(f"{pair.url}/close") as response:
        assert response.headers["Connection"].lower() == "close"
        first = await response.text()
    async with pair.session.get(f"{pair.url}/close") as response:
        assert await response.text() != first


async def test_half_read_body_is_not_mixed_into_the_next(pair: SimpleNamespace) -> None:
    """Leaving early throws the connection away, not the next answer."""
    async with pair.session.get(f"{pair.url}/chunked") as response:
        assert await response.content.readexactly(10) == pair.pattern[:10]
    async with pair.session.get(f"{pair.url}/hello") as response:
        assert await response.text() == "héllo"


async def test_time_out_is_an_asyncio_time_out(pair: SimpleNamespace) -> None:
    """`except TimeoutError` is what people write."""
    timeout = pair.client.ClientTimeout(total=0.2)
    with pytest.raises(TimeoutError):
        await pair.session.get(f"{pair.url}/slow", timeout=timeout)


async def test_many_at_once_share_few_connections(pair: SimpleNamespace) -> None:
    """200 requests over at most 8 connections: every caller gets its own answer."""

    async def one(session: Any, number: int) -> tuple[str, int]:
        async with session.get(f"{pair.url}/echo", params={"n": str(number)}) as response:
            echo = await response.json()
            assert echo["query"] == [["n", str(number)]]
            return echo["path"], echo["peer_port"]

    connector = pair.client.TCPConnector(limit=8)
    async with pair.client.ClientSession(connector=connector) as session:
        seen = await asyncio.gather(*(one(session, number) for number in range(200)))
    assert len({port for _, port in seen}) <= 8


# Redirects, cookies, credentials


async def test_redirects_are_followed_and_remembered(pair: SimpleNamespace) -> None:
    """The history holds every hop, the URL is where it ended."""
    async with pair.session.get(f"{pair.url}/redirect/3") as response:
        assert response.status == 200
        assert response.url.path == "/hello"
        assert [hop.status for hop in response.history] == [302, 302, 302]


async def test_too_many_redirects_is_an_error(pair: SimpleNamespace) -> None:
    """The limit is aiohttp's: ten, or what the caller says."""
    with pytest.raises(pair.client.TooManyRedirects):
        await pair.session.get(f"{pair.url}/redirect/5", max_redirects=3)


async def test_redirect_is_shown_when_not_followed(pair: SimpleNamespace) -> None:
    """allow_redirects=False gives the 302 itself."""
    async with pair.session.get(f"{pair.url}/redirect/1", allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"] == "/hello"


@pytest.mark.parametrize(
    ("code", "method", "body"),
    [
        (301, "GET", b""),
        (302, "GET", b""),
        (303, "GET", b""),
        (307, "POST", b"keep me"),
        (308, "POST", b"keep me"),
    ],
)
async def test_redirected_post_keeps_or_drops_its_body(
    pair: SimpleNamespace, code: int, method: str, body: bytes
) -> None:
    """RFC 9110 §15.4: 307 and 308 repeat the request, the older ones become GET in practice."""
    async with pair.session.post(f"{pair.url}/redirect-with/{code}", data=b"keep me") as response:
        echo = await response.json()
    assert (echo["method"], base64.b64decode(echo["body"])) == (method, body)


async def test_cookies_come_back_until_deleted(pair: SimpleNamespace) -> None:
    """A jar takes cookies of an IP address only when told to, as aiohttp's does."""
    jar = pair.client.CookieJar(unsafe=True)
    async with pair.client.ClientSession(cookie_jar=jar) as session:
        async with session.get(f"{pair.url}/set-cookies") as response:
            assert len(response.headers.getall("Set-Cookie")) == 2
            assert response.cookies["flavour"].value == "chocolate"
            assert response.cookies["size"]["max-age"] == "3600"
        async with session.get(f"{pair.url}/cookies") as response:
            assert await response.json() == {"flavour": "chocolate", "size": "large"}
        await (await session.get(f"{pair.url}/delete-cookie")).read()
        async with session.get(f"{pair.url}/cookies") as response:
            assert await response.json() == {"size": "large"}


async def test_credentials_travel_as_basic_auth(pair: SimpleNamespace) -> None:
    """RFC 7617, with a password outside of ASCII."""
    wanted = "Basic " + base64.b64encode("ana:contraseña".encode()).decode()
    credentials = pair.client.encode_basic_auth("ana", "contraseña", encoding="utf-8")
    assert credentials == wanted
    headers = {"Authorization": credentials}
    async with pair.session.get(f"{pair.url}/echo", headers=headers) as response:
        assert header(await response.json(), "authorization") == [wanted]


async def test_real_records_survive_compression(
    pair: SimpleNamespace, real_data: dict[str, tuple[str, bytes]]
) -> None:
    """Twelve megabytes of city names in every script, deflated on the way up."""
    cities = real_data["cities.json"][1]
    async with pair.session.post(
        f"{pair.url}/digest", data=io.BytesIO(cities), compress="deflate"
    ) as response:
        answer = await response.json()
    assert answer == {"size": len(cities), "sha256": hashlib.sha256(cities).hexdigest()}
