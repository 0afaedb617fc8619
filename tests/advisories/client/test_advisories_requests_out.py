"""What a caller gives can never begin a line, a header or a message of its own."""

from __future__ import annotations

import asyncio
import gc
import io
import weakref

import pytest
from yarl import URL

from notebook_http import (
    ClientConnectionError,
    ClientPayloadError,
    ClientSession,
    FormData,
    HttpVersion,
    InvalidURL,
    NonHttpUrlClientError,
)
from notebook_http.transport.multipart_payload import MultipartWriter
from notebook_http.transport.payload import BytesPayload
from notebook_http.wire.multipart_writer import check_boundary

pytestmark = pytest.mark.advisory

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTROLS = [chr(code) for code in (*range(9), *range(10, 32), 127)]
BREAKS = [
    "a\r\nX-Injected: y",
    "a\nX-Injected: y",
    "a\rX-Injected: y",
    "a\0b",
    "a\r\n\r\nGET /canary",
]


@pytest.mark.parametrize("part", ["1\r\nX-Injected: y", "1\r\n\r\n1", "x"])
async def test_cve_2023_49081_a_version_is_two_numbers(raw_server, part):
    """The caller's HTTP version went into the request line unchecked."""
    server = await raw_server(OK)
    with pytest.raises(ValueError):  # noqa: PT011  `int` says which
        ClientSession(version=HttpVersion(1, part))
    async with ClientSession(version=HttpVersion(1, "1 ")) as session:  # what it takes for 1
        await session.get(server.url)
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "method", ["GET / HTTP/1.1\r\nX: y", "GE T", "", "GÉT", "GET\n", "GET\0", "G:T", "\u212aIT"]
)
async def test_cve_2023_49082_a_method_is_a_token(raw_server, session, method):
    """The method did, too."""
    server = await raw_server(OK)
    with pytest.raises(ValueError, match="non-token"):
        await session.request(method, server.url)
    assert server.requests == []


@pytest.mark.parametrize("control", CONTROLS)
async def test_cve_2019_11236_no_control_byte_leaves_in_a_header(raw_server, session, control):
    """CR LF by the caller in a name or a value began another header."""
    server = await raw_server(OK)
    for headers in ({"X": f"a{control}b"}, {f"X{control}Y": "a"}):
        with pytest.raises(ValueError, match=r"control characters|header name"):
            await session.get(server.url, headers=headers)
        with pytest.raises(ValueError, match=r"control characters|header name"):
            async with ClientSession(headers=headers) as other:
                await other.get(server.url)
    assert server.requests == []


@pytest.mark.parametrize(
    "target", ["/a b", "/a\r\nX: y", "/a\nb", "/a\0", "/a HTTP/1.1\r\n\r\nGET /canary"]
)
async def test_cve_2020_26137_no_break_leaves_in_the_target(raw_server, session, target):
    """The same in the request line: escaped, or refused where the caller says it is escaped."""
    server = await raw_server(OK)
    refused = False
    for url in (URL(server.url + target, encoded=True), server.url + target):
        try:
            async with session.get(url) as response:
                await response.read()
        except InvalidURL:
            refused = True
    # The parser of URLs leaves line breaks out, as browsers do; what else breaks is refused.
    assert refused is (target != "/a\nb")
    for request in server.requests:
        lines = request.split(b"\r\n")
        assert len(lines[0].split(b" ")) == 3
        assert not any(line.startswith((b"X", b"GET /canary")) for line in lines[1:])


@pytest.mark.parametrize("bad", BREAKS)
@pytest.mark.parametrize("quote_fields", [True, False])
async def test_cve_2026_34514_nothing_in_a_form_field_begins_a_header(
    raw_server, session, bad, quote_fields
):
    """CR LF in a field's content type, name or file name."""
    server = await raw_server(OK)
    for arguments in (
        {"name": "n", "value": b"v", "content_type": bad},
        {"name": bad, "value": b"v", "filename": "f"},
        {"name": "n", "value": b"v", "filename": bad},
    ):
        form = FormData(quote_fields=quote_fields)
        try:
            form.add_field(**arguments)
            async with session.post(server.url, data=form) as response:
                await response.read()
        except ValueError:
            continue
    for request in server.requests:  # what was sent, was sent escaped
        assert not any(
            line.startswith((b"X-Injected", b"GET /canary")) for line in request.splitlines()
        )
        assert b"\0" not in request


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2026_50269_headers_of_a_part_are_checked(raw_server, session, bad):
    """CR LF in the headers of a part, names and values."""
    server = await raw_server(OK)
    for headers in ({"X": bad}, {bad: "x"}, {"Content-Type": bad}):
        with pytest.raises(ValueError):  # noqa: PT011  any of several checks
            await _post_part(session, server.url, headers)
    assert b"X-Injected" not in b"".join(server.requests)
    assert b"canary" not in b"".join(server.requests)


async def _post_part(session: ClientSession, url: str, headers: dict[str, str]) -> None:
    writer = MultipartWriter("form-data")
    writer.append(b"part", headers)
    async with session.post(url, data=writer) as response:
        await response.read()


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2026_3644_cookies_of_the_caller_are_checked(raw_server, session, bad):
    """Control characters in a cookie's name or value."""
    server = await raw_server(OK)
    for cookies in ({"n": bad}, {bad: "v"}):
        try:
            async with session.get(server.url, cookies=cookies) as response:
                await response.read()
        except ValueError:
            continue
    for request in server.requests:
        assert not any(
            line.startswith((b"X-Injected", b"GET /canary")) for line in request.splitlines()
        )
        assert b"\0" not in request


async def test_cve_2026_84380_a_length_beside_chunks_never_leaves(raw_server, session):
    """Own `Content-Length` beside own `Transfer-Encoding`: the smuggler's pair."""
    server = await raw_server(OK)
    both = {"Content-Length": "5", "Transfer-Encoding": "chunked"}
    for headers, options in (
        (both, {"data": b"hello"}),
        (both, {}),
        ({"Content-Length": "5"}, {"data": b"hello", "chunked": True}),
        ({"Transfer-Encoding": "chunked, identity"}, {"data": b"hello"}),
        ({"Content-Length": "+5"}, {"data": b"hello"}),
        ({"Content-Length": "٥"}, {"data": b"hello"}),
        ([("Content-Length", "5"), ("Content-Length", "6")], {"data": b"hello"}),
        ([("Content-Length", "5"), ("Content-Length", "5")], {"data": b"hello"}),
        ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], {"data": b"hello"}),
    ):
        with pytest.raises(ValueError):  # noqa: PT011  each has its own words
            await session.post(server.url, headers=headers, **options)
    assert server.requests == []


@pytest.mark.parametrize("body", [b"four", b"sixsix"])
async def test_promise_the_bytes_sent_are_those_announced(raw_server, session, body):
    """Fewer, and the next request is taken for the rest; more, and they are a request."""
    server = await raw_server(OK)

    async def pieces():
        yield body

    for data in (body, pieces(), io.BytesIO(body)):
        with pytest.raises((ValueError, ClientConnectionError, ClientPayloadError)):
            await session.post(server.url, data=data, headers={"Content-Length": "5"})
    async with session.get(server.url) as response:
        await response.read()
    assert server.requests[-1].startswith(b"GET / ")
    assert not any(request.startswith((b"four", b"x")) for request in server.requests)


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1/",
        "http://[::1",
        "http://[zz]/",
        "http://[]@/",
        "http://1:99999/",
        "http://a:b/",
        "http://",
        "http:///x",
        "//a/",
        "a.example/x",
    ],
)
async def test_cve_2022_33124_a_url_that_is_none_is_an_invalid_url(session, url):
    """A ValueError of the URL's parser came out, of a kind that nobody expected."""
    with pytest.raises((InvalidURL, NonHttpUrlClientError)):
        await session.get(url)
    with pytest.raises((InvalidURL, NonHttpUrlClientError)):
        await session.get("http://127.0.0.1:9/", proxy=url)


@pytest.mark.parametrize("url", ["http://a:b/", "http://::", "http://[::1]x/", "http://:1/"])
async def test_cve_2022_33124_escaped_urls_are_looked_at_as_well(session, url):
    """`URL(encoded=True)` says that all is escaped, not that it is a URL."""
    try:
        given = URL(url, encoded=True)
    except ValueError:
        return  # of the URL's own parser
    with pytest.raises(InvalidURL):
        await session.get(given)


@pytest.mark.parametrize(
    "host", ["2130706433", "127.1", "0x7f000001", "017700000001", "0x7f.1", "0177.0.0.1"]
)
async def test_pr_12827_odd_spellings_of_addresses_are_no_hosts(raw_server, session, host):
    """The resolver takes them for 127.0.0.1, behind whoever looked for that."""
    server = await raw_server(OK)
    with pytest.raises(InvalidURL):
        await session.get(f"http://{host}:{server.port}/")
    assert server.connections == 0


@pytest.mark.parametrize(
    "host",
    ["[fe80::1%25a\r\nX: y]", "[fe80::1%\r\n]", "a\r\nb", "a\0b", "a％0d％0ab", "a%0d%0ab", "a b"],
)
async def test_yarl_zone_ids_no_control_byte_gets_into_the_host(raw_server, session, host):
    """A zone id, or a percent sign of another width, let CR LF into Host."""
    for encoded in (False, True):
        try:
            url = URL(f"http://{host}:1/", encoded=encoded)
        except ValueError:
            continue
        assert "\r" not in (url.host or "") or encoded
        with pytest.raises((InvalidURL, NonHttpUrlClientError, ClientConnectionError)) as caught:
            await session.get(url)
        assert "\r" not in str(caught.value)


async def test_cve_2024_3651_a_long_host_is_refused_before_it_is_encoded(session, most_cpu):
    """IDNA takes quadratic time."""
    with most_cpu(2):
        for host in ("a" * 5000, "ä" * 5000, "a." * 2500 + "b", "\u06dd" * 5000):
            with pytest.raises(InvalidURL):
                await session.get(f"http://{host}/")


@pytest.mark.parametrize("noise", ["@", "%", "[", ":", "#", "?", "\\", "a@b:"])
async def test_cve_2021_33503_urls_are_read_in_linear_time(raw_server, session, most_cpu, noise):
    """An expression of the URL's parser took exponential time over `@`."""
    with most_cpu(2):
        for place in ("http://{}/", "http://127.0.0.1:9/{}", "http://127.0.0.1:9/?{}"):
            with pytest.raises((InvalidURL, NonHttpUrlClientError, ClientConnectionError)):
                await session.get(place.format(noise * 7000))


class CountingPayload(BytesPayload):
    """Tells how often it was closed."""

    closes = 0

    async def close(self) -> None:
        self.closes += 1
        await super().close()


async def test_cve_2026_54280_a_payload_is_closed_when_the_peer_goes(raw_server, session):
    """A reset in the middle of the upload left its file open."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    server = await raw_server(talk=talk)
    payload = CountingPayload(bytes(2**24))
    with pytest.raises(ClientConnectionError):
        await session.post(server.url, data=payload)
    await asyncio.sleep(0.05)
    assert payload.closes == 1
    gone = weakref.ref(payload)
    del payload
    gc.collect()
    assert gone() is None


async def test_promise_writing_waits_for_a_slow_reader(raw_server, session):
    """What a server does not take is not piled up here."""
    produced = 0
    asked = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await asyncio.sleep(60)

    async def endless():
        nonlocal produced
        while True:
            produced += 1
            yield bytes(2**16)

    server = await raw_server(talk=talk)
    posting = asyncio.ensure_future(session.post(server.url, data=endless()))
    await asked.wait()
    await asyncio.sleep(0.3)
    before = produced
    await asyncio.sleep(0.3)
    assert before == produced < 1000  # socket buffers of 4 MB or so
    posting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await posting


@pytest.mark.parametrize("boundary", ["", "a" * 71, "a\r\nb", 'a"b', "ä", "a ", "a;b"])
def test_promise_a_boundary_has_1_to_70_letters_of_its_set(boundary):
    """A boundary goes into a header and in front of each part."""
    for make in (check_boundary, lambda boundary: MultipartWriter("mixed", boundary)):
        if make is not check_boundary and not boundary:
            continue  # no boundary given: a random one
        with pytest.raises(ValueError, match="boundary"):
            make(boundary)


def test_promise_our_own_boundaries_cannot_be_guessed():
    """Who can, ends a part from inside it."""
    made = {MultipartWriter().boundary for _ in range(1000)}
    assert len(made) == 1000
    assert min(len(boundary) for boundary in made) >= 32
