"""Challenges are told apart however a server writes them down."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.auth_challenge import (
    AuthChallenge,
    parse_auth_parameters,
    parse_challenges,
    quoted,
)

ANY_TEXT = st.text(st.sampled_from('aB0 \t,="\\\x00é-/+~' + "\ud800"), max_size=60)


def test_several_challenges_in_one_header() -> None:
    """Commas separate challenges as well as parameters (RFC 9110 §11.6.1, its own example)."""
    found = parse_challenges(
        ['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""']
    )
    assert found == [
        AuthChallenge("basic", {"realm": "simple"}),
        AuthChallenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
    ]


def test_several_headers_keep_their_order() -> None:
    found = parse_challenges(['Digest realm="a", nonce="1"', "Basic", 'DIGEST realm="b"'])
    assert [challenge.scheme for challenge in found] == ["digest", "basic", "digest"]
    assert found[0].parameters == {"realm": "a", "nonce": "1"}
    assert found[2].parameters == {"realm": "b"}


def test_schemes_alone_and_with_a_token68() -> None:
    """A scheme may have nothing behind it, or base64 with its equals signs."""
    found = parse_challenges(['Negotiate, NTLM TlRMTVNTUAAC==, Bearer abc.def-1, Basic realm="x"'])
    assert found == [
        AuthChallenge("negotiate", {}),
        AuthChallenge("ntlm", {}, "TlRMTVNTUAAC=="),
        AuthChallenge("bearer", {}, "abc.def-1"),
        AuthChallenge("basic", {"realm": "x"}),
    ]


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ('Digest realm="a, b=c, Digest d", nonce="x"', {"realm": "a, b=c, Digest d", "nonce": "x"}),
        ('Digest realm = "a" ,  nonce\t=\t"x"', {"realm": "a", "nonce": "x"}),
        ('Digest realm="a" nonce="x"', {"realm": "a", "nonce": "x"}),
        ("Digest nonce=aGVs/bG8+==,realm=r", {"nonce": "aGVs/bG8+==", "realm": "r"}),
        ('Digest ,,realm="",, nonce="x",', {"realm": "", "nonce": "x"}),
        ('Digest REALM="a", Realm="b"', {"realm": "a"}),
        (r'Digest realm="OFFICE\ana", x="\\\""', {"realm": r"OFFICE\ana", "x": '\\"'}),
        ('Digest realm="open, nonce=1', {"realm": "open, nonce=1"}),
        ('Digest realm="a"garbage"nonce=evil", nonce="x"', {"realm": "a"}),
    ],
)
def test_the_first_challenge_read_leniently(text: str, parameters: dict[str, str]) -> None:
    """Quoted commas, white space, missing quotes, repetitions, strings that never end."""
    assert parse_challenges([text])[0].parameters == parameters


def test_parameters_without_a_scheme() -> None:
    assert parse_auth_parameters('nextnonce="n, 2", qop=auth') == {
        "nextnonce": "n, 2",
        "qop": "auth",
    }
    assert parse_challenges(['realm="nobody asked"']) == []


def test_a_header_of_schemes_only_is_bounded() -> None:
    """A server cannot make us look at thousands of challenges."""
    assert len(parse_challenges(["Digest a=1, " * 600])) == 32


@given(st.lists(ANY_TEXT, max_size=3))
def test_nothing_raises(values: list[str]) -> None:
    for challenge in parse_challenges(values):
        assert challenge.scheme == challenge.scheme.lower() != ""


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=40))
def test_a_quoted_string_is_read_back(value: str) -> None:
    """Whatever can stand in a header comes back as it was."""
    found = parse_challenges([f"Digest realm={quoted(value)}, nonce=1"])
    assert found == [AuthChallenge("digest", {"realm": value, "nonce": "1"})]


@pytest.mark.parametrize("value", ["a\r\nX: 1", "nul\x00", "\x7f"])
def test_what_would_end_the_field_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        quoted(value)


@pytest.mark.parametrize("piece", [" ", "a ", "a=", '"', "\\", 'a="\\', "a==", "a,", "=\t"])
def test_long_headers_are_read_in_one_pass(piece: str, most_cpu: Any) -> None:
    """A quadratic step would take minutes here."""
    with most_cpu(2):
        parse_challenges(["Digest " + piece * 200_000])
        parse_auth_parameters("a" + piece * 200_000 + "!")
