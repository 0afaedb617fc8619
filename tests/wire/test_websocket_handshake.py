"""The words of the opening handshake."""

from __future__ import annotations

import base64

import pytest

from notebook_http.wire.websocket_handshake import (
    Extension,
    HandshakeError,
    accept_key,
    choose_protocol,
    new_key,
    parse_extensions,
    split_list,
)


def test_example_of_the_rfc() -> None:
    """RFC 6455 §1.3."""
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_keys_are_sixteen_random_bytes() -> None:
    """And never the same."""
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert {len(base64.b64decode(key)) for key in keys} == {16}


def test_protocols() -> None:
    """The first of the one side that the other knows."""
    assert split_list(" a,, b ,") == ["a", "b"]
    assert choose_protocol(["z", "b", "a"], ("a", "b")) == "b"
    assert choose_protocol(["A"], ("a",)) is None


def test_extensions_are_taken_apart() -> None:
    """RFC 6455 §9.1, empty elements as RFC 9110 §5.6.1 has them."""
    assert parse_extensions("") == []
    assert parse_extensions(', a;b=1 ; c="2" , d,') == [
        Extension("a", (("b", "1"), ("c", "2"))),
        Extension("d", ()),
    ]


@pytest.mark.parametrize("value", ["a b", ";a", "a; b=", 'a; b="x y"', 'a; b="', "a=1", "é"])
def test_malformed_extensions_are_refused(value: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(HandshakeError, match="malformed"):
        parse_extensions(value)
