"""Who frames a body how, and the lines that are the same every time."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from notebook_http.transport.exceptions import BodyLengthError
from notebook_http.web import response_head
from notebook_http.web.response_head import (
    BodyFraming,
    current_date,
    frame_body,
    message_with_fields,
    plain_message,
)
from notebook_http.wire.http_version import HttpVersion, HttpVersion10, HttpVersion11


def framed(
    fields: CIMultiDict[str],
    *,
    method: str = "GET",
    status: int = 200,
    version: HttpVersion = HttpVersion11,
    chunked: bool = False,
) -> BodyFraming:
    return frame_body(
        fields, method=method, status=status, version=version, chunked=chunked, keep_alive=True
    )


def test_unknown_length_is_chunked_or_ends_with_the_connection() -> None:
    """HTTP/1.0 has no chunks (RFC 9112 §6.1)."""
    fields: CIMultiDict[str] = CIMultiDict()
    assert framed(fields) == BodyFraming(empty=False, chunked=True, length=None, keep_alive=True)
    assert fields["Transfer-Encoding"] == "chunked"
    fields = CIMultiDict()
    framing = framed(fields, version=HttpVersion10)
    assert framing == BodyFraming(empty=False, chunked=False, length=None, keep_alive=False)
    assert not fields


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("GET", 101)]
)
def test_some_answers_end_with_their_head(method: str, status: int) -> None:
    """RFC 9112 §6.3."""
    framing = framed(CIMultiDict({"Content-Length": "5"}), method=method, status=status)
    assert framing.empty
    assert not framing.chunked


def test_only_some_of_them_may_tell_a_length() -> None:
    """HEAD and 304 tell what GET would have; 204 and 1xx may not (RFC 9110 §8.6)."""
    for method, status, stays in (("HEAD", 200, True), ("GET", 304, True), ("GET", 204, False)):
        fields = CIMultiDict({"Content-Length": "5"})
        framed(fields, method=method, status=status)
        assert ("Content-Length" in fields) is stays


def test_length_and_chunks_never_meet() -> None:
    """Two ways to find the end of a body are one too many, also when set by hand."""
    with pytest.raises(RuntimeError, match="content length"):
        framed(CIMultiDict({"Content-Length": "5"}), chunked=True)
    with pytest.raises(RuntimeError, match="content length"):
        framed(CIMultiDict({"Content-Length": "5", "Transfer-Encoding": "chunked"}))
    with pytest.raises(ValueError, match="not supported"):
        framed(CIMultiDict({"Transfer-Encoding": "gzip"}))
    with pytest.raises(RuntimeError, match=r"HTTP/1\.0"):
        framed(CIMultiDict(), chunked=True, version=HttpVersion10)


@pytest.mark.parametrize("length", ["x", "-1", "1_0", "٥", "+5", ""])
def test_a_length_is_digits(length: str) -> None:
    """What Python would read as a number, a client might not."""
    with pytest.raises(ValueError, match="not a number"):
        framed(CIMultiDict({"Content-Length": length}))


def test_a_handlers_close_is_kept() -> None:
    """The field and what happens must agree."""
    for fields in ([("Connection", "close")], [("Connection", "x, Close")]):
        assert framed(CIMultiDict(fields)).keep_alive is False
    assert framed(CIMultiDict([("Connection", "x"), ("Connection", "close")])).keep_alive is False
    assert framed(CIMultiDict({"Connection": "not-close, closed"})).keep_alive is True


def test_a_plain_message_says_what_general_ones_say() -> None:
    """They are only faster."""
    for version, keep_alive, line in (
        (HttpVersion11, True, b""),
        (HttpVersion11, False, b"Connection: close\r\n"),
        (HttpVersion10, True, b"Connection: keep-alive\r\n"),
        (HttpVersion10, False, b""),
    ):
        plain = plain_message(version, 200, "OK", "text/plain", b"hello", keep_alive)
        fields = CIMultiDict({"Content-Type": "text/plain"})
        general = message_with_fields(version, 200, "OK", fields, b"hello", keep_alive)
        assert general is not None
        assert sorted(plain.split(b"\r\n")) == sorted(general.split(b"\r\n"))
        # A field that the handler settles is written in another way, to the same effect.
        fields = CIMultiDict({"Content-Type": "text/plain", "Server": "ours"})
        settled = message_with_fields(version, 200, "OK", fields, b"hello", keep_alive)
        assert settled is not None
        assert b"Server: ours\r\n" in settled
        others = [line for line in settled.split(b"\r\n") if not line.startswith(b"Server")]
        assert set(others) <= set(plain.split(b"\r\n"))
        assert len(others) + 1 == len(plain.split(b"\r\n"))
        assert plain.startswith(b"HTTP/1.%d 200 OK\r\n" % version.minor)
        assert line in plain


def test_made_up_reasons_do_not_fill_the_table() -> None:
    """The table is for what a program says again and again."""
    for i in range(400):
        plain_message(HttpVersion11, 299, f"Reason {i}", None, b"", True)
    assert len(response_head._prefixes) <= 256


def test_nothing_begins_a_line_of_its_own() -> None:
    """Reason, type, name and value are checked when they are written."""
    with pytest.raises(ValueError, match="control"):
        plain_message(HttpVersion11, 200, "O\r\nK", None, b"", True)
    with pytest.raises(ValueError, match="control"):
        plain_message(HttpVersion11, 200, "OK", "text/plain\r\nX: y", b"", True)
    for fields in ({"X": "a\r\nb"}, {"X\r\nY": "a"}, {"X": "a\0"}):
        with pytest.raises(ValueError, match="X"):
            message_with_fields(HttpVersion11, 200, "OK", CIMultiDict(fields), b"", True)


def test_a_false_length_is_found_before_a_byte_is_out() -> None:
    """The client would wait for the rest, or take it for the next answer."""
    fields = CIMultiDict({"Content-Length": "9"})
    with pytest.raises(BodyLengthError):
        message_with_fields(HttpVersion11, 200, "OK", fields, b"hello", True)


def test_lines_that_differ_each_time_do_not_fill_memory() -> None:
    for i in range(1000):
        fields = CIMultiDict({"X-Took": f"{i} ms", "Set-Cookie": f"a={i}", "X-Large": "x" * 300})
        data = message_with_fields(HttpVersion11, 200, "OK", fields, b"", True)
        assert data is not None
        assert b"X-Took: %d ms\r\nSet-Cookie: a=%d\r\n" % (i, i) in data
    assert len(response_head._lines) <= 512
    assert not any(name in {"Set-Cookie", "X-Large"} for name, _ in response_head._lines)


def test_a_field_that_settles_the_framing_is_not_for_this_way() -> None:
    for fields in ({"Connection": "close"}, {"X": "y", "Transfer-Encoding": "chunked"}):
        given: CIMultiDict[str] = CIMultiDict(fields)
        assert message_with_fields(HttpVersion11, 200, "OK", given, b"", True) is None


@pytest.mark.parametrize("value", [5, ["a"], None, b"a"])
def test_a_value_that_is_no_text_is_named(value: Any) -> None:
    with pytest.raises(TypeError, match="the value of header X has to be text"):
        message_with_fields(HttpVersion11, 200, "OK", CIMultiDict({"X": value}), b"", True)


def test_date_is_made_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """And told in the one form of RFC 9110 §5.6.7."""
    monkeypatch.setattr(response_head, "_date_until", 0.0)
    monkeypatch.setattr(response_head, "time", lambda: 784111777.9)
    assert current_date() == "Sun, 06 Nov 1994 08:49:37 GMT"
    monkeypatch.setattr(response_head, "time", lambda: 784111778.0)
    assert current_date() == "Sun, 06 Nov 1994 08:49:38 GMT"
    monkeypatch.setattr(response_head, "_date_until", 0.0)
