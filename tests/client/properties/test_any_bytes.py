"""Hostile bytes: whole, byte by byte and with more behind them, the same comes of them.

What other tests of the parsers already show is not repeated here.
"""

from __future__ import annotations

import re

from hypothesis import given, settings, strategies as st
from yarl import URL

from notebook_http.client.link_header import parse_links
from notebook_http.wire.content_disposition import (
    content_disposition_filename,
    read_content_disposition,
)
from notebook_http.wire.cookie import parse_set_cookie
from notebook_http.wire.digest import DigestChallengeError, DigestSession, choose_digest_challenge
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.event_stream import EventStreamParser, ServerSentEvent
from notebook_http.wire.http1_response import ResponseHead, ResponseParser
from notebook_http.wire.multipart_reader import MultipartError, MultipartReader, PartBegin, PartData
from notebook_http.wire.websocket_assembly import MessageParser
from notebook_http.wire.websocket_deflate import DeflateSettings, read_deflate_answer
from notebook_http.wire.websocket_frame import serialise_frame
from notebook_http.wire.websocket_handshake import HandshakeError, parse_extensions
from notebook_http.wire.websocket_message import WebSocketError

# What a header value can hold when it has come through the parser of heads.
VALUE = st.text(
    st.characters(blacklist_categories=["Cc"], max_codepoint=0x2FFF), max_size=60
) | st.text("<>;,=\"\\ */'%abrel:[]@", max_size=60)
BASE = URL("http://a.example/b/c")


def single(data: bytes) -> list[bytes]:
    """Return *data* in single bytes."""
    return [data[at : at + 1] for at in range(len(data))]


# Links


@given(st.lists(VALUE, max_size=3))
def test_any_link_field_is_read(values: list[str]) -> None:
    """Every link has a URL; nothing raises, and none is made of another field's value."""
    links = parse_links(values, BASE)
    assert all(isinstance(link["url"], URL) for link in links.values())
    apart = [pair for value in values for pair in parse_links([value], BASE).items()]
    assert list(links.items()) == apart


TARGET = st.from_regex(r"/[a-z0-9/?&=._~-]{0,20}", fullmatch=True)
TOKEN = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)


@given(
    st.lists(st.tuples(TARGET, TOKEN, st.text('abc ,;<>=\\"é', max_size=12)), max_size=5),
    VALUE,
)
def test_written_links_read_back(links: list[tuple[str, str, str]], more: str) -> None:
    """With titles that hold every separator; and what stands behind them changes none of them."""

    def written(link: tuple[str, str, str]) -> str:
        target, relation, title = link
        title = re.sub(r'(["\\])', r"\\\1", title)
        return f'<{target}>; rel={relation}; title="{title}"'

    field = ", ".join(map(written, links))
    expected = [(rel, BASE.join(URL(target)), title) for target, rel, title in links]
    for value in (field, f"{field}, {more.replace('<', '')}" if links else field):
        found = [
            (name, link["url"], link["title"]) for name, link in parse_links([value], BASE).items()
        ]
        assert found == expected


# Content-Disposition and Set-Cookie


@given(VALUE, VALUE)
def test_what_follows_a_file_name_does_not_change_it(filename: str, more: str) -> None:
    """The first one counts, so that a filter in front has seen the same."""
    quoted = re.sub(r'(["\\])', r"\\\1", filename)
    alone = read_content_disposition(f'attachment; filename="{quoted}"')[1]
    followed = read_content_disposition(f'attachment; filename="{quoted}"; {more}')[1]
    assert followed.get("filename") == alone.get("filename")
    name = content_disposition_filename(followed)
    assert name is None or isinstance(name, str)


@given(st.from_regex(r"[a-z]{1,8}=[a-z]{0,8}", fullmatch=True), VALUE)
def test_what_follows_a_cookie_does_not_change_it(pair: str, more: str) -> None:
    """Attributes say where a cookie goes, never what it is."""
    cookie = parse_set_cookie(f"{pair}; {more}")
    if cookie is not None:
        assert f"{cookie.name}={cookie.value}" == pair


# Digest


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["realm", "nonce", "opaque", "qop", "algorithm", "stale", "userhash"]),
            st.one_of(VALUE, st.sampled_from(["auth", "auth-int", "MD5", "SHA-256-sess", "true"])),
        ),
        max_size=8,
    ),
    VALUE,
)
def test_no_challenge_breaks_its_answer(words: list[tuple[str, str]], more: str) -> None:
    """What a server says comes back in our header: whole and quoted, or it is not answered."""
    escaped = [(name, re.sub(r'(["\\])', r"\\\1", value)) for name, value in words]
    value = "Digest " + ", ".join(f'{name}="{text}"' for name, text in escaped)
    for challenge_text in (value, f"{value}, {more}"):
        try:
            challenge = choose_digest_challenge([challenge_text])
        except DigestChallengeError:
            continue
        if challenge is None:
            continue
        qop = challenge.qops[0] if challenge.qops else ""
        try:
            answer = DigestSession(challenge, "c").authorization(
                "user", "secret", method="GET", uri="/", qop=qop, cnonce="c", body_hash="h"
            )
        except ValueError:
            continue
        assert answer.startswith("Digest ")
        assert not re.search(r"[\x00-\x1f\x7f]", answer)
        assert "secret" not in answer or "secret" in challenge_text
        given_back = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', answer))
        assert re.sub(r"\\(.)", r"\1", given_back["nonce"]) == challenge.nonce
        assert re.sub(r"\\(.)", r"\1", given_back["realm"]) == challenge.realm


# Event streams

EVENT_BYTES = st.lists(
    st.sampled_from([b"data: a", b"data", b"id: 1", b"id", b":", b"event: x", b"retry: 5", b"\n"])
    | st.sampled_from([b"\r", b"\r\n", b"\xff", b"\xef\xbb\xbf", b"\0"]),
    max_size=25,
).map(b"".join)


def events_of(pieces: list[bytes]) -> list[ServerSentEvent]:
    parser = EventStreamParser()
    return [event for piece in pieces for event in parser.feed(piece)]


@given(EVENT_BYTES, st.binary(max_size=20))
def test_events_are_the_same_whole_byte_by_byte_and_followed(stream: bytes, more: bytes) -> None:
    """An event is not changed by what comes after it, and half a one is none."""
    whole = events_of([stream])
    assert events_of(single(stream)) == whole
    followed = events_of([stream, more])
    assert followed[: len(whole)] == whole
    assert events_of([stream + more]) == followed


# Multiparts


def parts_of(pieces: list[bytes]) -> list[bytes] | type[MultipartError]:
    reader = MultipartReader("B")
    found: list[bytes] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                if isinstance(event, PartBegin):
                    found.append(b"")
                elif isinstance(event, PartData):
                    found[-1] += event.data
        reader.finish()
    except MultipartError:
        return MultipartError
    return found


NEARLY = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n", b"--B", b"\r\n--B", b"x", b"\0", b"\xff"]),
    max_size=12,
).map(b"".join)


@given(st.lists(NEARLY, max_size=3), NEARLY, st.binary(max_size=20))
@settings(deadline=None)
def test_what_follows_the_last_boundary_is_no_part(
    parts: list[bytes], nearly: bytes, more: bytes
) -> None:
    """Neither lines that look like another one, nor noise; whole and byte by byte."""
    clean = [part for part in parts if b"\r\n--B" not in b"\r\n" + part + b"\r"]
    body = b"".join(b"--B\r\n\r\n" + part + b"\r\n" for part in clean) + b"--B--"
    assert parts_of([body]) == clean
    for tail in (b"\r\n" + nearly, b"\r\n" + more, b"\r\n--B\r\n\r\ncanary\r\n--B--"):
        assert parts_of([body + tail]) == clean
        assert parts_of(single(body + tail)) == clean


# WebSockets


def messages_of(pieces: list[bytes]) -> tuple[list[object], int]:
    """Return the messages up to a close or an error, and the error's code."""
    found: list[object] = []

    def deliver(message: object, size: int) -> None:
        if not closed():
            found.append(message)

    def closed() -> bool:
        return bool(found) and getattr(found[-1], "type", 0) == 8

    parser = MessageParser(deliver, masked=False, most=1000)
    try:
        for piece in pieces:
            if closed():
                break
            parser.feed(piece)
    except WebSocketError as error:
        return found, 0 if closed() else error.code
    return found, 0


FRAMES = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2, 8, 9, 10]), st.binary(max_size=140), st.booleans(), st.booleans()
    ),
    max_size=6,
)


@given(FRAMES, st.binary(max_size=30))
def test_frames_are_the_same_whole_byte_by_byte_and_followed(
    frames: list[tuple[int, bytes, bool, bool]], more: bytes
) -> None:
    """A message that was complete stays what it was, whatever comes behind it."""
    data = b"".join(
        serialise_frame(opcode, payload, key=None, fin=fin, compressed=compressed and not payload)
        for opcode, payload, fin, compressed in frames
    )
    whole, code = messages_of([data])
    assert messages_of(single(data)) == (whole, code)
    followed, later = messages_of([data + more])
    assert followed[: len(whole)] == whole
    if code:
        assert (followed, later) == (whole, code)
    assert messages_of(single(data + more)) == (followed, later)


EXTENSION_WORDS = (
    *("permessage-deflate", "; ", ", ", "server_max_window_bits", "=", "15", "7", '"', "x"),
    *("client_max_window_bits=10", "server_no_context_takeover"),
)
EXTENSIONS = st.lists(st.sampled_from(EXTENSION_WORDS), max_size=8).map("".join)


@given(VALUE | EXTENSIONS)
def test_any_answer_on_extensions_is_settings_or_refused(value: str) -> None:
    """What nobody offered is refused, whatever its spelling."""
    try:
        extensions = parse_extensions(value)
    except HandshakeError:
        return
    try:
        agreed = read_deflate_answer(extensions, True)
    except HandshakeError:
        agreed = None
    assert agreed is None or isinstance(agreed, DeflateSettings)
    if extensions:
        try:
            read_deflate_answer(extensions, False)
        except HandshakeError:
            return
        raise AssertionError(f"not offered, and accepted: {value!r}")


# Heads


class Heads:
    """Keeps what was read of a head."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] | None = None

    def informational_received(self, head: ResponseHead) -> None:
        pass

    def head_received(self, head: ResponseHead) -> None:
        self.fields = list(head.raw_headers)

    def body_received(self, data: bytes) -> None:
        pass

    def chunk_completed(self) -> None:
        pass

    def body_completed(self) -> None:
        pass


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=12)), max_size=4), st.binary())
def test_no_field_that_was_read_breaks_a_line(
    fields: list[tuple[bytes, bytes]], more: bytes
) -> None:
    """Whoever repeats a header of an answer in a request repeats no line break."""
    head = b"".join(b"X%b: %b\r\n" % pair for pair in fields)
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + head + b"\r\n"
    outcomes = []
    for pieces in ([data], single(data), [data, more], [data + more]):
        sink = Heads()
        parser = ResponseParser(sink, method="GET")
        try:
            for piece in pieces:
                parser.feed(piece)
        except HttpProcessingError:
            pass
        outcomes.append(sink.fields)
        for name, value in sink.fields or ():
            assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", name + value)
    assert all(outcome == outcomes[0] for outcome in outcomes)
