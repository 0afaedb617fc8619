"""`ClientSession`: what goes out for what a caller says, and what the session remembers."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import warnings

import pytest
from multidict import CIMultiDict, MultiDict
from yarl import URL

from notebook_http.client import (
    ClientResponse,
    ClientResponseError,
    ClientSession,
    CookieJar,
    InvalidURL,
    InvalidUrlClientError,
    NonHttpUrlClientError,
    TCPConnector,
    request,
)
from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.wire.credentials import BasicAuth
from notebook_http.wire.http_version import HttpVersion, HttpVersion10

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def head_of(request: bytes) -> tuple[str, CIMultiDict[str], bytes]:
    """Return request line, headers and body of a request as it came."""
    head, _, body = request.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, CIMultiDict(field.split(": ", 1) for field in fields), body


# The simplest use


async def test_get_in_a_block_answers_with_the_response(serve):
    """The program that most people write first."""
    server = await serve(OK)
    async with ClientSession() as session, session.get(server.url + "/a") as response:
        assert response.status == 200
        assert await response.text() == "ok"
    assert server.requests[0].startswith(b"GET /a HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_request_can_be_awaited(serve, session):
    """`await session.get(…)` is the other form that aiohttp has."""
    server = await serve(OK)
    response = await session.get(server.url)
    assert isinstance(response, ClientResponse)
    assert await response.read() == b"ok"


async def test_a_request_works_as_a_task(serve, session):
    """Programs gather many: the object has to be a coroutine for asyncio."""
    server = await serve(OK)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(session.get(server.url)) for _ in range(3)]
    assert [await task.result().text() for task in tasks] == ["ok"] * 3


async def test_every_verb_sends_its_method(serve, session):
    """Seven methods, seven request lines."""
    server = await serve(OK)
    for verb in ("get", "options", "post", "put", "patch", "delete"):
        async with getattr(session, verb)(server.url):
            pass
    await session.request("purge", server.url)
    methods = [request.split(b" ")[0] for request in server.requests]
    assert methods == [b"GET", b"OPTIONS", b"POST", b"PUT", b"PATCH", b"DELETE", b"PURGE"]


async def test_head_has_no_body_though_a_length_is_announced(serve, session):
    """RFC 9110 §9.3.2; a client that waited for the body would hang."""
    server = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", OK)
    async with session.head(server.url) as response:
        assert response.content_length == 1000
        assert await response.read() == b""
    async with session.get(server.url) as response:
        assert await response.text() == "ok"
    assert server.connections == 1


async def test_top_level_request_closes_its_session(serve):
    """`request()` is for one request, so nothing may stay open behind it."""
    server = await serve(OK)
    async with request("GET", server.url) as response:
        assert await response.text() == "ok"
    assert b"Connection: close" in server.requests[0]
    gc.collect()


async def test_top_level_request_can_be_awaited(serve):
    """Its connection closes before anybody could read, so the body is there already."""
    server = await serve(OK)
    response = await request("GET", server.url)
    assert await response.text() == "ok"


async def test_wrong_options_of_a_top_level_request_leave_nothing_to_close():
    """A warning about a session that the caller never saw would only mislead."""
    with pytest.raises(ValueError, match="data and json"):
        request("POST", "http://127.0.0.1/", data=b"", json=1)
    gc.collect()
    async with TCPConnector() as connector:
        with pytest.raises(TypeError, match="bogus"):
            request("GET", "http://127.0.0.1/", connector=connector, bogus=1)
        assert not connector.closed


async def test_a_borrowed_connector_stays_open(serve):
    """Whoever made it closes it."""
    server = await serve(OK)
    async with TCPConnector() as connector:
        async with request("GET", server.url, connector=connector):
            pass
        assert not connector.closed
        async with ClientSession(connector=connector, connector_owner=False) as session:
            await session.get(server.url)
        assert not connector.closed
    assert connector.closed


# The URL


async def test_params_join_the_query(serve, session):
    """Dict, pairs, MultiDict and text are the four forms that aiohttp takes."""
    server = await serve(OK)
    url = server.url + "/p?a=1"
    for params in ({"b": "x y"}, [("b", "x y")], MultiDict([("b", "x y")]), "b=x y"):
        await session.get(url, params=params)
    lines = {request.split(b"\r\n")[0] for request in server.requests}
    assert lines == {b"GET /p?a=1&b=x+y HTTP/1.1"}
    await session.get(url, params={"n": [1, 2]})
    assert server.requests[-1].startswith(b"GET /p?a=1&n=1&n=2 ")


async def test_relative_urls_join_the_base_url(serve):
    """A session for one API names its root once."""
    server = await serve(OK)
    async with ClientSession(server.url + "/api/") as session:
        await session.get("things")
        await session.get("/top")
        await session.get(server.url + "/full")
    assert [r.split(b" ")[1] for r in server.requests] == [b"/api/things", b"/top", b"/full"]


def test_a_base_url_without_a_slash_is_refused():
    """`URL.join` would drop its last part silently."""
    with pytest.raises(ValueError, match="trailing"):
        ClientSession("http://127.0.0.1/api")


async def test_the_fragment_stays_here(serve, session):
    """RFC 9110 §4.2.5: it is for the reader, not for the server."""
    server = await serve(OK)
    async with session.get(server.url + "/a?b=1#frag") as response:
        assert response.url == URL(server.url + "/a?b=1")
        assert response.real_url.fragment == "frag"
    assert server.requests[0].startswith(b"GET /a?b=1 HTTP")


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("http://[::1/", InvalidUrlClientError, "Invalid IPv6 URL"),
        ("http:///path", InvalidURL, "no host"),
        ("example.com/path", InvalidURL, "Did you mean http://example.com/path?"),
        ("localhost:8080/", NonHttpUrlClientError, "Did you mean http://localhost:8080/?"),
        ("/path", InvalidURL, "base_url"),
        ("ftp://example.com/", NonHttpUrlClientError, "ftp"),
        ("http://127.1/", InvalidURL, "neither a host name nor"),
        ("http://0x7f000001/", InvalidURL, "neither a host name nor"),
        ("http://2130706433/", InvalidURL, "neither a host name nor"),
        ("http://017700000001/", InvalidURL, "neither a host name nor"),
        ("http://" + "a" * 5000 + ".com/", InvalidURL, ""),
        ("http://127.0.0.1:0/", InvalidURL, "port"),
        ("http://a..b/", InvalidURL, "between the dots"),
        ("http://./", InvalidURL, "between the dots"),
        ("http://" + "a" * 64 + ".com/", InvalidURL, "between the dots"),
        ("http://a\x00b/", InvalidURL, "characters that no host may hold"),
        (URL("http://a b/", encoded=True), InvalidURL, "characters that no host may hold"),
    ],
)
async def test_a_url_that_cannot_be_asked_for_is_named(session, url, error, says):
    """The message tells what is wrong with it, before anything is dialled."""
    with pytest.raises(error) as caught:
        await session.get(url)
    assert says in str(caught.value)


# Headers


async def test_default_headers_are_those_of_every_client(serve, session):
    """Servers that sniff look for these."""
    server = await serve(OK)
    await session.get(server.url)
    _, headers, _ = head_of(server.requests[0])
    assert list(headers) == ["Host", "Accept", "Accept-Encoding", "User-Agent"]
    assert headers["Accept"] == "*/*"
    assert headers["Accept-Encoding"].startswith("gzip, deflate")
    assert "notebook-http" in headers["User-Agent"]


async def test_request_headers_replace_those_of_the_session(serve):
    """The nearer to the call, the stronger; a repeated name stays repeated."""
    server = await serve(OK)
    async with ClientSession(headers={"X-A": "session", "X-B": "session"}) as session:
        await session.get(server.url, headers=[("x-a", "1"), ("X-A", "2")])
        await session.get(server.url)
    _, headers, _ = head_of(server.requests[0])
    assert headers.getall("X-A") == ["1", "2"]
    assert headers["X-B"] == "session"
    _, headers, _ = head_of(server.requests[1])
    assert headers["X-A"] == "session"


async def test_session_headers_may_change_at_any_time(serve, session):
    """`session.headers.update(…)` is an idiom of requests' users; the ready-made head notices."""
    server = await serve(OK)
    await session.get(server.url)
    session.headers["Authorization"] = "Bearer t"
    await session.get(server.url)
    del session.headers["Authorization"]
    await session.get(server.url)
    sent = [b"Bearer t" in request for request in server.requests]
    assert sent == [False, True, False]


async def test_automatic_headers_can_be_left_out(serve):
    """Some servers dislike them."""
    server = await serve(OK)
    async with ClientSession(skip_auto_headers=["user-agent"]) as session:
        await session.get(server.url)
        await session.post(server.url, data=b"x", skip_auto_headers=["Content-Type", "accept"])
    _, headers, _ = head_of(server.requests[0])
    assert "User-Agent" not in headers
    assert "Accept" in headers
    _, headers, _ = head_of(server.requests[1])
    assert not {"User-Agent", "Content-Type", "Accept"} & set(headers)
    assert headers["Content-Length"] == "1"


async def test_the_callers_host_header_wins(serve, session):
    """Virtual hosts are tested that way; there must be one Host only."""
    server = await serve(OK)
    await session.get(server.url, headers={"host": "example.org"})
    _, headers, _ = head_of(server.requests[0])
    assert headers.getall("Host") == ["example.org"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "a\r\nX: y"), ("X-A", "a\nb"), ("X-A", "a\rb"), ("X-A", "\0"), ("X: y\r\nX", "a")],
)
async def test_headers_that_would_break_the_head_are_refused(serve, session, name, value):
    """CVE-2023-49081 and its kin: a ValueError before a byte is sent."""
    server = await serve(OK)
    with pytest.raises(ValueError, match=r"[Hh]eader"):
        await session.get(server.url, headers={name: value})
    assert server.connections == 0


@pytest.mark.parametrize("target", ["/a b", "/a HTTP/1.1\r\nX: y", "/\x00", "/?a=\n", "/\x7f"])
async def test_a_url_cannot_smuggle_a_line(serve, session, target):
    """`encoded=True` takes the caller's word for the escaping, and yarl then escapes nothing."""
    server = await serve(OK)
    path, _, query = target.partition("?")
    url = URL.build(
        scheme="http",
        host="127.0.0.1",
        port=server.port,
        path=path,
        query_string=query,
        encoded=True,
    )
    with pytest.raises(InvalidUrlClientError, match="must be %-escaped"):
        await session.get(url)
    assert server.connections == 0


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX: y", "GE T", "", "GÉT"])
async def test_methods_that_are_no_token_are_refused(serve, session, method):
    """CVE-2023-49082."""
    server = await serve(OK)
    with pytest.raises(ValueError, match=r"[Mm]ethod"):
        await session.request(method, server.url)
    assert server.connections == 0


async def test_a_version_cannot_smuggle_a_header(serve):
    """CVE-2023-49081."""
    server = await serve(OK)
    with pytest.raises(ValueError, match="invalid literal"):
        async with ClientSession(version=HttpVersion(1, "1\r\nX: y")) as session:
            await session.get(server.url)
    assert server.connections == 0


async def test_http_1_0_asks_to_keep_the_connection(serve):
    """RFC 9112 §9.3: the old default was to close it."""
    server = await serve(OK)
    async with ClientSession(version=HttpVersion10) as session:
        await session.get(server.url)
    assert server.requests[0].startswith(b"GET / HTTP/1.0\r\n")
    assert b"Connection: keep-alive" in server.requests[0]


# Credentials


async def test_basic_credentials_come_from_the_argument_the_session_or_the_url(serve):
    """The three places where aiohttp looks for them."""
    server = await serve(OK)
    with_user = server.url.replace("http://", "http://u:p%40@")
    async with ClientSession() as session:
        await session.get(server.url, auth=BasicAuth("u", "p@"))
        await session.get(with_user + "/x")
    async with ClientSession(auth=BasicAuth("u", "p@")) as session:
        await session.get(server.url)
    for sent in server.requests:
        assert b"Authorization: Basic dTpwQA==" in sent
        assert b"u:p" not in sent


async def test_session_credentials_stay_with_the_base_url(serve):
    """Given for one API, they are nobody else's business."""
    server, other = await serve(OK), await serve(OK)
    async with ClientSession(server.url + "/", auth=BasicAuth("u", "p")) as session:
        await session.get("/x")
        await session.get(other.url)
    assert b"Authorization" in server.requests[0]
    assert b"Authorization" not in other.requests[0]


async def test_a_pair_is_no_credentials(serve, session):
    """Other libraries take one; the error says what to write here."""
    server = await serve(OK)
    with pytest.raises(TypeError, match=r"auth is BasicAuth\(user, password\), not a tuple"):
        await session.get(server.url, auth=("user", "password"))
    assert server.connections == 0


async def test_two_sources_of_credentials_are_an_error(serve, session):
    """Which of them was meant cannot be known."""
    server = await serve(OK)
    with pytest.raises(ValueError, match="Cannot combine"):
        await session.get(
            server.url, auth=BasicAuth("a", "b"), headers={"authorization": "Bearer x"}
        )
    with pytest.raises(ValueError, match="Cannot combine"):
        await session.get(server.url.replace("//", "//u:p@"), auth=BasicAuth("a", "b"))


# Bodies


async def test_json_is_sent_with_its_type(serve, session):
    """One write: head and body arrive together."""
    server = await serve(OK)
    await session.post(server.url, json={"a": [1, "é"]})
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"a": [1, "é"]}
    assert headers["Content-Length"] == str(len(body))


async def test_json_serializers_may_return_bytes(serve):
    """orjson.dumps does."""
    server = await serve(OK)
    async with ClientSession(json_serialize=lambda value: b"[1]") as session:
        await session.post(server.url, json=[1])
    async with ClientSession(json_serialize_bytes=lambda value: b"[2]") as session:
        await session.post(server.url, json=[1])
    assert [request[-3:] for request in server.requests] == [b"[1]", b"[2]"]


async def test_data_and_json_exclude_each_other(serve, session):
    """There is one body."""
    with pytest.raises(ValueError, match="data and json"):
        await session.post("http://127.0.0.1/", data=b"x", json=1)


async def test_an_empty_post_announces_that_it_is_empty(serve, session):
    """RFC 9110 §8.6: servers answer 411 otherwise."""
    server = await serve(OK)
    await session.post(server.url)
    await session.get(server.url)
    assert b"Content-Length: 0\r\n" in server.requests[0]
    assert b"Content-Length" not in server.requests[1]


@pytest.mark.parametrize(
    ("data", "content_type", "sent"),
    [
        (b"bytes", "application/octet-stream", b"bytes"),
        (bytearray(b"bytes"), "application/octet-stream", b"bytes"),
        ("té", "text/plain; charset=utf-8", "té".encode()),
        ({"a": "1 2", "b": "é"}, "application/x-www-form-urlencoded", b"a=1+2&b=%C3%A9"),
        ([("a", "1"), ("a", "2")], "application/x-www-form-urlencoded", b"a=1&a=2"),
    ],
)
async def test_data_in_memory_has_a_length_and_a_type(serve, session, data, content_type, sent):
    """What aiohttp's `data=` takes, as aiohttp sends it."""
    server = await serve(OK)
    await session.post(server.url, data=data)
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Type"] == content_type
    assert headers["Content-Length"] == str(len(sent))
    assert body == sent


async def test_a_file_is_sent_with_its_length(serve, session, tmp_path):
    """From where it stands, without being read into memory first."""
    path = tmp_path / "data.bin"
    path.write_bytes(b"0123456789" * 50_000)
    server = await serve(OK)
    with path.open("rb") as file:
        await session.put(server.url, data=file)
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Length"] == "500000"
    assert "Content-Disposition" not in headers  # its name here would end up in a store there
    assert body == path.read_bytes()


async def test_a_file_that_grows_is_sent_as_it_was(serve, session, tmp_path):
    """A log file is always written to; what was announced is what goes out."""
    path = tmp_path / "log"
    path.write_bytes(b"a line\n" * 50_000)
    server = await serve(OK)
    with path.open("rb") as file:
        upload = asyncio.create_task(session.put(server.url, data=file))
        await asyncio.sleep(0)  # the request is made, and the connection on its way
        with path.open("ab") as more:
            more.write(b"another line\n" * 50_000)
        assert (await upload).status == 200
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Length"] == "350000"
    assert body == b"a line\n" * 50_000


async def test_a_generator_is_sent_in_chunks(serve, session):
    """Nobody knows its length before its end."""

    async def pieces():
        yield b"one"
        await asyncio.sleep(0)
        yield b"two"

    server = await serve(OK)
    await session.post(server.url, data=pieces())
    _, headers, body = head_of(server.requests[0])
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in headers
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_chunks_can_be_asked_for(serve, session):
    """`chunked=True` frames what has a length, too."""
    server = await serve(OK)
    await session.post(server.url, data=b"body", chunked=True)
    _, headers, body = head_of(server.requests[0])
    assert headers["Transfer-Encoding"] == "chunked"
    assert body == b"4\r\nbody\r\n0\r\n\r\n"


async def test_compressed_bodies_say_so(serve, session):
    """The coding is in the headers, the length is not known."""
    import zlib

    server = await serve(OK)
    await session.post(server.url, data=b"a" * 1000, compress=True)
    _, headers, body = head_of(server.requests[0])
    assert headers["Content-Encoding"] == "deflate"
    chunks = io.BytesIO(body)
    coded = b""
    while size := int(chunks.readline(), 16):
        coded += chunks.read(size)
        chunks.read(2)
    assert zlib.decompress(coded) == b"a" * 1000


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Content-Length": "3"}, "chunked": True},
        {"headers": {"Transfer-Encoding": "chunked"}, "chunked": True},
        {"headers": {"Transfer-Encoding": "gzip"}},
        {"headers": {"Content-Length": "3x"}},
        {"headers": {"Content-Length": "+3"}},
        {"headers": {"Content-Encoding": "gzip"}, "compress": "gzip"},
        {"headers": {"Content-Length": "3", "Transfer-Encoding": "chunked"}},
        {"compress": "lzma"},
        {"headers": {"Content-Length": "3"}, "compress": "gzip"},
    ],
)
async def test_contradicting_framing_is_refused(serve, session, options):
    """A message with two ends is a smuggled one: ValueError before a byte is sent."""
    server = await serve(OK)
    with pytest.raises(ValueError, match=r"Content-|Transfer-|chunked|compress|lzma"):
        await session.post(server.url, data=b"abc", **options)
    assert server.connections == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"Transfer-Encoding": "gzip"},
        {"Content-Length": "5", "Transfer-Encoding": "chunked"},
    ],
)
async def test_framing_headers_of_the_session_announce_no_body_that_is_not_there(serve, headers):
    """The server would take the next request on the connection for this one's body."""
    server = await serve(OK)
    async with ClientSession(headers=headers) as session:
        with pytest.raises(ValueError, match=r"announce a body|Transfer-Encoding"):
            await session.get(server.url)
    assert server.connections == 0


async def test_the_sessions_headers_describe_bodies_once(serve):
    """What the session says of bodies replaces what a request would say; two would contradict."""
    server = await serve(OK)
    async with ClientSession(headers={"Content-Type": "a/b"}) as session:
        await session.post(server.url, json=[1])
        await session.post(server.url, data=b"x", headers={"Content-Type": "c/d"})
        await session.get(server.url)
    types = [head_of(request)[1].getall("Content-Type") for request in server.requests]
    assert types == [["a/b"], ["c/d"], ["a/b"]]

    async with ClientSession(headers={"Transfer-Encoding": "chunked"}) as session:
        await session.post(server.url, data=b"abc")
    _, headers, body = head_of(server.requests[-1])
    assert (headers["Transfer-Encoding"], body) == ("chunked", b"3\r\nabc\r\n0\r\n\r\n")
    assert "Content-Length" not in headers


async def test_a_length_that_does_not_fit_the_body_is_an_error(serve, session):
    """The server would wait for the rest, or read it as the next request."""
    server = await serve(OK)
    for length in ("2", "4"):
        with pytest.raises(BodyLengthError, match="Content-Length"):
            await session.post(server.url, data=b"abc", headers={"Content-Length": length})


async def test_http_1_0_has_no_chunks(serve):
    """RFC 9112 §7.1."""
    async with ClientSession(version=HttpVersion10) as session:
        with pytest.raises(ValueError, match=r"HTTP/1\.0"):
            await session.post("http://127.0.0.1:9/", data=b"x", chunked=True)


# Statuses


async def test_raise_for_status_raises_for_400_and_above(serve):
    """On the session, per request, and not at all where the request says so."""
    server = await serve(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
    async with ClientSession(raise_for_status=True) as session:
        with pytest.raises(ClientResponseError) as caught:
            await session.get(server.url)
        assert (caught.value.status, caught.value.message) == (404, "Not Found")
        async with session.get(server.url, raise_for_status=False) as response:
            assert await response.text() == "no"
    async with ClientSession() as session:
        with pytest.raises(ClientResponseError):
            await session.get(server.url, raise_for_status=True)


async def test_a_function_may_judge_responses(serve, session):
    """It can read the body to say what went wrong."""
    server = await serve(b"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nwhy")

    async def judge(response: ClientResponse) -> None:
        if not response.ok:
            raise LookupError(await response.text())

    with pytest.raises(LookupError, match="why"):
        await session.get(server.url, raise_for_status=judge)


# Cookies


async def test_cookies_of_a_response_go_with_the_next_request(serve):
    """The jar belongs to the session. An IP address needs a jar that is told to."""
    from notebook_http.client import CookieJar

    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    server = await serve(answer, OK)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.get(server.url) as response:
            assert response.cookies["a"].value == "1"
        await session.get(server.url)
    assert b"Cookie" not in server.requests[0]
    assert b"\r\nCookie: a=1\r\n" in server.requests[1]


async def test_cookies_of_session_call_and_header_are_one_field(serve):
    """RFC 6265 §5.4: a client sends one Cookie field; the nearest value of a name wins."""
    server = await serve(OK)
    async with ClientSession(cookies={"a": "session", "b": "session"}) as session:
        await session.get(server.url, cookies={"b": "call"}, headers={"Cookie": "c=header"})
    _, headers, _ = head_of(server.requests[0])
    assert headers.getall("Cookie") == ["a=session; b=call; c=header"]
    async with ClientSession(cookies={"a": "jar"}, headers={"Cookie": "b=header"}) as session:
        await session.get(server.url)
    _, headers, _ = head_of(server.requests[1])
    assert headers.getall("Cookie") == ["a=jar; b=header"]


async def test_no_cookie_of_a_server_can_stop_the_requests_to_it(serve):
    """Whatever can be set can be sent back, or is dropped at once."""
    values = [b"a=b\tc", b'b="x\ty"', b'c="\\015\\012"', b"d=\xff\xfe", b'e=1,2 "', b"f(=1"]
    fields = b"".join(b"Set-Cookie: " + value + b"\r\n" for value in values)
    server = await serve(OK.replace(b"\r\n\r\n", b"\r\n" + fields + b"\r\n"))
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        for _ in range(2):
            async with session.get(server.url) as response:
                assert response.cookies["c"].value == '"\\015\\012"'
    assert b'Cookie: c="\\015\\012"; d=\xff\xfe; e=1,2 "; f(=1\r\n' in server.requests[1]


# The end


async def test_a_closed_session_refuses_requests(serve):
    """RuntimeError, as in aiohttp: the program is wrong, not the network."""
    session = ClientSession()
    await session.close()
    await session.close()
    assert session.closed
    with pytest.raises(RuntimeError, match="Session is closed"):
        await session.get("http://127.0.0.1/")


async def test_a_forgotten_session_warns_and_tells_the_loop(serve):
    """As aiohttp does: connections were left open. They are closed all the same."""
    server = await serve(OK)
    told: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: told.append(context["message"]))

    async def use_and_forget() -> None:
        await ClientSession().get(server.url)

    with pytest.warns(ResourceWarning, match="Unclosed client session"):
        await use_and_forget()
    loop.set_exception_handler(None)
    assert told == ["Unclosed client session"]
    await asyncio.sleep(0.01)


def test_wrong_arguments_leave_no_half_made_session_behind():
    """Its `__del__` would print a second error under the real one."""
    with pytest.raises(TypeError, match="bogus"):
        ClientSession(bogus=1)
    with pytest.raises(ValueError, match="absolute"):
        ClientSession("/relative")
    gc.collect()


async def test_a_session_lives_as_long_as_its_response(serve):
    """`await ClientSession().get(url)` is sloppy, but the body must still come."""

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha")
        await asyncio.sleep(0.02)
        writer.write(b"lf")
        await reader.read()

    server = await serve(slowly)
    response = await ClientSession().get(server.url)
    gc.collect()
    assert await response.read() == b"half"
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    with pytest.warns(ResourceWarning, match="Unclosed client session"):
        del response
    await asyncio.sleep(0.01)


def test_with_instead_of_async_with_says_what_to_write():
    """The slip of everybody who comes from requests."""
    session = ClientSession()
    with pytest.raises(TypeError, match="async with"), session:
        pass
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        del session


async def test_a_detached_session_leaves_its_connector_alone(serve):
    """For those who pass the connector on."""
    connector = TCPConnector()
    session = ClientSession(connector=connector)
    session.detach()
    assert session.closed
    assert not connector.closed
    await connector.close()


async def test_an_unknown_argument_is_named(session):
    """A typo must not be ignored silently."""
    with pytest.raises(TypeError, match="alow_redirects"):
        await session.get("http://127.0.0.1/", alow_redirects=False)
