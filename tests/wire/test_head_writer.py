"""No head leaves with bytes in it that would begin another field or message."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.head_writer import (
    check_header,
    check_method,
    check_reason,
    request_head,
    response_head,
)
from notebook_http.wire.http1_request import RequestHead, RequestParser
from notebook_http.wire.http_version import HttpVersion10, HttpVersion11

CONTROLS = [chr(code) for code in (*range(9), *range(10, 32), 127)]


@pytest.mark.parametrize("control", CONTROLS)
def test_control_characters_never_leave(control: str) -> None:
    """CR and LF split heads, NUL ends strings in C, the rest confuses logs."""
    text = f"a{control}X: y"
    with pytest.raises(ValueError, match="cannot contain"):
        check_header("Name", text)
    with pytest.raises(ValueError, match="cannot contain"):
        check_reason(text)
    with pytest.raises(ValueError, match="header name"):
        check_header(text, "value")
    with pytest.raises(ValueError, match="non-token"):
        check_method(text)
    with pytest.raises(ValueError, match="request target"):
        request_head("GET", f"/{text}", HttpVersion11, [])
    with pytest.raises(ValueError, match="cannot contain"):
        response_head(HttpVersion11, 200, "OK", [("Name", text)])


@pytest.mark.parametrize("method", ["", "GE T", "GET / HTTP/1.1\r\nX: y", "GÉT", "GET\n"])
def test_methods_are_tokens(method: str) -> None:
    """CVE-2023-49082: a method went into the request line unchecked."""
    with pytest.raises(ValueError, match="non-token"):
        request_head(method, "/", HttpVersion11, [])


@pytest.mark.parametrize("name", ["", "a b", "a:", "naïve", "a\n"])
def test_names_are_tokens(name: str) -> None:
    """A name with a colon or a space is read as another field downstream."""
    with pytest.raises(ValueError, match="header name"):
        response_head(HttpVersion11, 200, "OK", [(name, "value")])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Accept", 1, "the value of header Accept has to be text, not int"),
        ("X-Never-Seen", None, "the value of header X-Never-Seen has to be text, not NoneType"),
        ("X", b"y", "the value of header X has to be text, not bytes"),
        (b"X", "y", "header b'X' has to be text, not bytes"),
    ],
)
def test_what_is_no_text_is_named(name: Any, value: Any, message: str) -> None:
    """A number is a common slip; which header it was is what one wants to know."""
    request_head("GET", "/", HttpVersion11, [("Accept", "*/*")])
    with pytest.raises(TypeError, match=message):
        request_head("GET", "/", HttpVersion11, [(name, value)])


@pytest.mark.parametrize("target", ["", "/a b", "/é", "/a\tb"])
def test_targets_are_encoded(target: str) -> None:
    """Whoever calls encodes; a space would end the target."""
    with pytest.raises(ValueError, match="request target"):
        request_head("GET", target, HttpVersion11, [])


def test_heads_look_as_the_rfc_says() -> None:
    """One line, the fields in order, an empty line."""
    assert (
        request_head("GET", "/a?b", HttpVersion11, [("Host", "c"), ("X", "é")])
        == b"GET /a?b HTTP/1.1\r\nHost: c\r\nX: \xc3\xa9\r\n\r\n"
    )
    assert (
        response_head(HttpVersion10, 404, "Not Found", [("A", "b\tc")])
        == b"HTTP/1.0 404 Not Found\r\nA: b\tc\r\n\r\n"
    )


def test_received_bytes_can_be_sent_on_and_lone_surrogates_cannot() -> None:
    """Surrogates that stand for bytes become these bytes again; others have none."""
    assert b"X: \xff\r\n" in response_head(HttpVersion11, 200, "OK", [("X", "\udcff")])
    with pytest.raises(ValueError, match="lone surrogate"):
        response_head(HttpVersion11, 200, "OK", [("X", "\ud800")])


class _Heads:
    def __init__(self) -> None:
        self.heads: list[RequestHead] = []

    def request_received(self, head: RequestHead) -> None:
        self.heads.append(head)

    def body_received(self, data: bytes) -> None:
        raise AssertionError("no body was sent")

    def chunk_completed(self) -> None:
        """Ignore the end of a chunk."""

    def body_completed(self) -> None:
        raise AssertionError("no body was sent")


@given(st.lists(st.tuples(st.from_regex(r"X-[A-Za-z0-9]{1,8}", fullmatch=True), st.text())))
def test_a_head_is_refused_or_arrives_as_it_was_given(fields: list[tuple[str, str]]) -> None:
    """There is no third outcome."""
    try:
        data = request_head("GET", "/", HttpVersion11, [("Host", "a"), *fields])
    except ValueError:
        return
    sink = _Heads()
    RequestParser(sink).feed(data)
    received = [
        (name.decode(), value.decode("utf-8", "surrogateescape"))
        for name, value in sink.heads[0].raw_headers[1:]
    ]
    stripped = [(name, value.strip(" \t")) for name, value in fields]
    assert [(name, value.strip(" \t")) for name, value in received] == stripped
