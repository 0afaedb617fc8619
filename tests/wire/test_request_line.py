"""Request lines are looked at again in the bytes, wherever in a read they stand."""

from __future__ import annotations

import pytest

from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.http1_request import RequestHead, RequestParser

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
SIZED = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
)
UPGRADE = SIZED.replace(b"Host", b"Connection: upgrade\r\nUpgrade: websocket\r\nHost")


class Targets:
    """Keeps the targets of requests."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.parser = RequestParser(self)

    def request_received(self, head: RequestHead) -> None:
        self.seen.append(head.target)

    def body_received(self, data: bytes) -> None: ...

    def chunk_completed(self) -> None: ...

    def body_completed(self) -> None: ...

    def upgrade_asked(self, rest: bytes) -> None:
        self.parser.feed(rest)


def read(*pieces: bytes) -> tuple[list[str], bool]:
    """Return the targets that a parser reports, and whether it refused something."""
    targets = Targets()
    try:
        for piece in pieces:
            targets.parser.feed(piece)
    except HttpProcessingError:
        return targets.seen, True
    return targets.seen, False


@pytest.mark.parametrize("before", [b"", b"\r\n", GET, SIZED, CHUNKED, UPGRADE, GET + SIZED])
@pytest.mark.parametrize("line", [b"GET / RTSP/1.0\r\n", b"GET  / HTTP/1.1\r\n"])
def test_odd_lines_are_found_behind_whatever_there_is(before: bytes, line: bytes) -> None:
    """At every split of the bytes, and a good line is taken at each."""
    good = before.count(b"HTTP/1.1")
    bad = before + line + b"Host: a\r\nX: y\r\n\r\n"
    for data, refused in ((bad, True), (before + GET, False)):
        for cut in range(len(data)):
            targets, failed = read(data[:cut], data[cut:])
            assert failed is refused, cut
            assert len(targets) == good + (not refused)
        assert read(*(bytes([byte]) for byte in data))[1] is refused


@pytest.mark.parametrize("behind", [b"X: GET / HTTP/1.1\r\n", b"X: y\r\n\r\nGET / HTTP/1.1\r\n"])
def test_a_good_line_further_on_does_not_help(behind: bytes) -> None:
    """In a field, or of the next request."""
    bad = b"GET / RTSP/1.1\r\nHost: a\r\n" + behind + b"Host: a\r\n\r\n"
    assert read(bad) == ([], True)
    assert read(GET + bad) == (["/"], True)
    assert read(GET + SIZED + bad) == (["/", "/a"], True)


def test_words_in_bodies_and_fields_mean_nothing() -> None:
    """Whatever they look like."""
    words = b"GET / RTSP/1.0\r\n\r\n"
    sized = b"POST / HTTP/1.1\r\nHost: a\r\nX: / RTSP/1.0\r\nContent-Length: %d\r\n\r\n" % len(
        words
    )
    message = sized + words
    for cut in range(len(message)):
        assert read(message[:cut], message[cut:] + GET) == (["/", "/"], False)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\n\r"])
def test_bodies_may_end_like_lines(end: bytes) -> None:
    """What they end in is no empty line before the next request."""
    body = b"abc" + end
    message = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    for cut in range(len(message) + 1):
        assert read(message[:cut], message[cut:], GET) == (["/a", "/"], False), cut
        assert read(GET + message[:cut], message[cut:] + GET) == (["/", "/a", "/"], False), cut
    assert read(GET + b"\r", b"\n\r", b"\n" + GET) == (["/", "/"], False)


@pytest.mark.parametrize(
    ("data", "seen", "refused"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nA B\r\n\r\n", [], True),
        (GET.replace(b"Host", b"Connection: close\r\nHost") + b"\x00", ["/"], False),
    ],
)
def test_what_is_being_handled_is_nobodys_fault(
    data: bytes, seen: list[str], refused: bool
) -> None:
    """Bytes may be fed while an exception is handled, which then is the context of all others."""
    try:
        raise KeyError
    except KeyError:
        assert read(data) == (seen, refused)
