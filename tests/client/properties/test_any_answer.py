"""Any answer, cut anywhere, is the same answer; any header, URL or cookie leaves whole or not."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, strategies as st
from multidict import CIMultiDict
from yarl import URL

from notebook_http.client.cookie_jar import CookieJar
from notebook_http.client.cookies_argument import coded_pairs
from notebook_http.client.exceptions import InvalidURL, NonHttpUrlClientError
from notebook_http.client.request_factory import RequestFactory
from notebook_http.client.request_options import RequestOptions
from notebook_http.wire.cookie import format_cookie_header
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.http1_request import RequestHead, RequestParser
from notebook_http.wire.http1_response import ResponseHead, ResponseParser
from notebook_http.wire.http_version import HttpVersion11

TEXT = st.text(st.characters(max_codepoint=0x2FFF), max_size=30)
BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
OK = b"HTTP/1.1 200 OK\r\n"


class Answer:
    """Keeps what the parser says, so that splits do not show."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.ended = 0

    def informational_received(self, head: ResponseHead) -> None:
        pass

    def head_received(self, head: ResponseHead) -> None:
        self.status, self.headers = head.status, list(head.raw_headers)

    def body_received(self, data: bytes) -> None:
        self.body += data

    def chunk_completed(self) -> None:
        pass

    def body_completed(self) -> None:
        self.ended += 1


def read(pieces: list[bytes], method: str = "GET") -> tuple[object, ...]:
    """Return what an answer says, and whether bytes were left; the kind of error is no matter."""
    answer = Answer()
    parser = ResponseParser(answer, method=method)
    try:
        for piece in pieces:
            parser.feed(piece)
    except HttpProcessingError:
        return ("refused", answer.status)
    return answer.status, answer.headers, answer.body, answer.ended, parser.excess


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Return *data* in pieces, cut at *places*."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(ends)]


PLACES = st.lists(st.integers(0, 500), max_size=8)


@given(BODIES, PLACES, st.booleans())
def test_chunks_are_read_the_same_however_they_come(
    chunks: list[bytes], places: list[int], sized: bool
) -> None:
    """Whole, byte by byte, and cut anywhere."""
    body = b"".join(chunks)
    if sized:
        data = OK + b"Content-Length: %d\r\n\r\n" % len(body) + body
    else:
        framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        data = OK + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"
    whole = read([data])
    assert (whole[0], whole[2:]) == (200, (body, 1, False))
    assert read([data[at : at + 1] for at in range(len(data))]) == whole
    assert read(cut(data, places)) == whole


# Noise, and what a lenient reader passes over.
MORE = st.binary(min_size=1, max_size=20) | st.text("\r\n ", min_size=1, max_size=6).map(str.encode)


@given(BODIES, MORE, PLACES)
@example([], b"\r\r\n\r\n", [])
def test_trailing_bytes_are_noticed_however_they_come(
    chunks: list[bytes], more: bytes, places: list[int]
) -> None:
    """What nobody asked for is never a part of the answer, and the connection is not used again."""
    body = b"".join(chunks)
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    for method, answer, kept in (
        ("GET", OK + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n", body),
        ("GET", OK + b"Content-Length: %d\r\n\r\n" % len(body) + body, body),
        ("HEAD", OK + b"Content-Length: %d\r\n\r\n" % len(body), b""),
        ("GET", b"HTTP/1.1 204 No\r\n\r\n", b""),
    ):
        for data, left in ((answer, False), (answer + more, True)):
            pieces = [data[at : at + 1] for at in range(len(data))]
            for cuts in ([data], pieces, cut(data, places), [answer[:-1], data[len(answer) - 1 :]]):
                status, _, got, ended, excess = read(cuts, method)
                assert (status in (200, 204), got, ended, excess) == (True, kept, 1, left)


@given(st.binary(max_size=120), PLACES)
def test_no_bytes_raise_anything_else(noise: bytes, places: list[int]) -> None:
    """A server can send anything: it is an answer, the beginning of one, or refused."""
    for start in (b"", b"HTTP/1.1 ", OK, OK + b"Transfer-Encoding: chunked\r\n\r\n"):
        read([start + noise])
        read(cut(start + noise, places))


# What leaves


class Sent:
    """Keeps the heads that our own server's parser reads."""

    def __init__(self) -> None:
        self.heads: list[RequestHead] = []

    def request_received(self, head: RequestHead) -> None:
        self.heads.append(head)

    def body_received(self, data: bytes) -> None:
        raise AssertionError(f"a body: {data!r}")

    def body_completed(self) -> None:
        pass


def received(head: bytes) -> RequestHead:
    """Return the one request that *head* is."""
    sink = Sent()
    RequestParser(sink).feed(head)
    assert len(sink.heads) == 1
    return sink.heads[0]


def factory() -> RequestFactory:
    return RequestFactory(
        base_url=None,
        headers=CIMultiDict(),
        skip_auto_headers=frozenset(),
        auth=None,
        cookie_jar=CookieJar(),
        version=HttpVersion11,
        json_serialize=str,
        schemes=frozenset({"http", "https"}),
        closes_connections=False,
    )


@given(st.one_of(st.just("X-Any"), TEXT), TEXT)
def test_a_header_leaves_whole_or_not_at_all(name: str, value: str) -> None:
    """Never as two headers, never as another one."""
    try:
        request = factory().make(
            "GET", URL("http://a.example/"), RequestOptions(headers={name: value})
        )
        head = request.encode_head()
    except (ValueError, TypeError):
        return
    if name.lower() in {"host", "connection", "upgrade", "content-length", "cookie"}:
        return  # they say something of their own
    fields = received(head).raw_headers
    mine = [field for field in fields if field[0].lower() == name.lower().encode()]
    assert [field[1].strip(b" \t") for field in mine] == [value.strip(" \t").encode()]


@given(
    st.one_of(TEXT, TEXT.map("http://a.example/{}".format), TEXT.map("http://{}/".format)),
    st.booleans(),
)
def test_any_text_is_one_request_line_or_no_url(text: str, encoded: bool) -> None:
    """Whatever is asked for, it is asked of one host, in one line."""
    made = factory()
    try:
        url = made.absolute_url(URL(text, encoded=True) if encoded else text)
        head = made.make("GET", url, RequestOptions()).encode_head()
    except (InvalidURL, NonHttpUrlClientError):
        return
    except ValueError:
        assert encoded  # of the URL's own constructor
        return
    line, *rest = head.split(b"\r\n")
    assert line.count(b" ") == 2
    assert sum(field.startswith(b"Host: ") for field in rest) == 1
    assert head.count(b"\r\n\r\n") == 1


@given(st.dictionaries(TEXT, TEXT, max_size=4), st.booleans())
def test_cookies_leave_as_one_header_or_not_at_all(cookies: dict[str, str], quote: bool) -> None:
    """No value of a cookie begins another cookie, or a header."""
    try:
        jar = CookieJar(quote_cookie=quote)
        header = format_cookie_header(coded_pairs(cookies, URL("http://a.example/"), jar))
    except ValueError:
        return
    assert not set(header) & {"\r", "\n", "\0"}
    if quote:
        assert header.count("; ") == max(len(cookies) - 1, 0)


@given(
    st.lists(TEXT, max_size=5),
    st.sampled_from(["http://a.example/", "https://b.a.example/x/y", "http://127.0.0.1/"]),
)
def test_no_set_cookie_harms_the_jar(headers: list[str], address: str) -> None:
    """What is kept goes back to its own site alone, and as one line."""
    jar = CookieJar(unsafe=True)
    jar.update_cookies_from_headers(
        [f"a{n}={header}" for n, header in enumerate(headers)], URL(address)
    )
    jar.update_cookies_from_headers(headers, URL(address))
    assert not jar.filter_cookies(URL("https://elsewhere.test/"))
    for morsel in jar.filter_cookies(URL(address)).values():
        assert not set(morsel.coded_value) & {"\r", "\n", "\0", ";"}


def test_the_generators_reach_what_is_refused() -> None:
    """The properties would hold for nothing if nothing were ever accepted or refused."""
    assert read([OK + b"X: a\0\r\n\r\n"]) == ("refused", 0)
    with pytest.raises(ValueError, match="control"):
        factory().make("GET", URL("http://a/"), RequestOptions(headers={"X": "\n"})).encode_head()
