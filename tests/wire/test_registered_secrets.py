"""What was registered as a secret is masked by its value, however it is written."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st
from yarl import URL

from notebook_http.wire import registered_secrets
from notebook_http.wire.logged_url import logged_url
from notebook_http.wire.registered_secrets import mask_registered, register_secret
from notebook_http.wire.secrets import mask_header, mask_headers, mask_json, mask_text, mask_url

PLAIN = "Zq7vTr0ub4dor9kX"
HARD = "pä ss/w+o\"rd'&<x>\\=%z?"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are registered for one test."""
    monkeypatch.setattr(registered_secrets, "_known", {})
    register_secret(PLAIN, "PLAIN")
    register_secret(HARD, "HARD")


WRITTEN: list[Callable[[str], str]] = [
    str,
    lambda value: quote(value, safe=""),
    quote_plus,
    lambda value: quote(quote(value, safe=""), safe=""),
    lambda value: quote(value, safe="").lower() if value == HARD else value,
    lambda value: str(URL("http://h/").with_query(q=value)),
    lambda value: str(URL("http://h/") / value.replace("/", "%2F")),
    json.dumps,
    lambda value: json.dumps(value, ensure_ascii=False),
    lambda value: json.dumps(json.dumps(value)),
    repr,
    ascii,
    lambda value: repr(value.encode()),
    html.escape,
    lambda value: "'" + value.replace("'", "'\\''") + "'",
]
WAYS = list(enumerate(WRITTEN))


@pytest.mark.parametrize(("number", "write"), WAYS, ids=[f"way {number}" for number, _ in WAYS])
@pytest.mark.parametrize("value", [PLAIN, HARD], ids=["plain", "hard"])
def test_every_way_to_write_it_is_masked(
    value: str, number: int, write: Callable[[str], str]
) -> None:
    """Whatever stands around it, and under a name that says nothing."""
    text = f"the note says {write(value)} and goes on"
    masked = mask_text(text)
    assert f"•••• (len {len(value)})" in masked, masked
    assert masked.startswith("the note says ")
    assert masked.endswith(" and goes on")
    for part in ("Zq7v", "9kX", "ss", "rd'"):
        assert part not in masked
    assert mask_text(masked) == masked


@pytest.mark.parametrize("code", [b64encode, urlsafe_b64encode], ids=["standard", "url"])
@pytest.mark.parametrize("user", ["", "a", "al", "ali", "alice"])
@pytest.mark.parametrize("value", [PLAIN, HARD], ids=["plain", "hard"])
def test_base64_around_it_is_masked(value: str, user: str, code: Callable[[bytes], bytes]) -> None:
    """Basic credentials hold the password behind a user of any length."""
    coded = code(f"{user}:{value}".encode()).decode()
    assert coded[4:-6] not in mask_text(f"x-note {coded} here")
    assert mask_text(f"x-note {coded} here").endswith(" here")
    assert "•" in mask_header("X-Note", coded)


def test_urls_headers_and_json_hide_it() -> None:
    """All faces of the one rule."""
    assert mask_url(f"http://h/{PLAIN}/x?q=a{PLAIN}b#{PLAIN}").count("(len 16)") == 3
    assert mask_headers([("X-Note", f"it is {PLAIN}")]) == [("X-Note", "it is •••• (len 16)")]
    shown = mask_json({"note": [PLAIN, {PLAIN: 1}], "n": 5})
    assert shown == {"note": ["•••• (len 16)", {"•••• (len 16)": 1}], "n": 5}
    assert logged_url(f"/a/{PLAIN}?q={PLAIN}") == "/a/***?q=***"


def test_short_values_are_left_to_their_names() -> None:
    """`42` is in any text."""
    assert register_secret("abc", "SHORT") is False
    assert mask_text("abc and PIN: abc") == "abc and PIN: •••• (len 3)"


def test_a_value_that_looks_like_a_mask_does_no_harm() -> None:
    """Masking twice changes nothing, even then."""
    register_secret("(len", "ODD")
    assert mask_text(f"{PLAIN} and (len") == "•••• (len 16) and •••• (len 4)"
    assert mask_text(mask_text(PLAIN)) == mask_text(PLAIN)


def test_the_longer_of_two_goes_first() -> None:
    """Else the end of the longer one would be left to read."""
    register_secret(PLAIN + "-and-more", "LONGER")
    assert mask_text(f"<{PLAIN}-and-more>") == "<•••• (len 25)>"


def test_placeholders_stand_where_it_stood_as_it_is() -> None:
    """A coded one would not be the same when the placeholder is filled in."""
    put = {"HARD": "$HARD"}
    assert mask_registered(f"a {HARD} b {quote(HARD)}", put) == "a $HARD b •••• (len 22)"


def test_there_is_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropping an old one would show it: it is an error instead, and so is a book."""
    for number in range(998):
        register_secret(f"value-{number}", "MANY")
    register_secret(PLAIN, "AGAIN")
    with pytest.raises(ValueError, match="1,000 secrets"):
        register_secret("one-more", "MORE")
    with pytest.raises(ValueError, match="16 KiB"):
        register_secret("x" * 20_000, "BOOK")


def test_nothing_changes_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The very same object comes back."""
    monkeypatch.setattr(registered_secrets, "_known", {})
    text = f"it is {PLAIN}"
    assert mask_registered(text) is text


@given(st.text(min_size=4, max_size=12), st.text(max_size=30), st.text(max_size=30))
def test_no_value_survives_between_any_texts(value: str, before: str, after: str) -> None:
    """By hypothesis; twice gives what once gave."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registered_secrets, "_known", {})
        register_secret(value, "ANY")
        masked = mask_registered(before + value + after)
        assert value not in masked.replace(f"•••• (len {len(value)})", "\0")
        assert mask_registered(masked) == masked


@pytest.mark.parametrize("piece", ["Zq7v", "%25", "cGFzcw", "pä ", "%2525", "Zq7vTr0ub4dor9k"])
def test_text_made_to_be_slow_is_not(
    piece: str, most_cpu: Callable[[float], AbstractContextManager[Any]]
) -> None:
    """A megabyte of what nearly is one."""
    with most_cpu(1.0):
        mask_registered(piece * (1_000_000 // len(piece)))
    coded = b64encode(PLAIN.encode()).decode()
    with most_cpu(3.0):
        mask_registered(coded * (300_000 // len(coded)))


@pytest.mark.parametrize(
    ("url", "shown", "logged"),
    [
        (
            "http://h/shop;jsessionid=1F2E3D/cart",
            "http://h/shop;jsessionid=•••• (len 6)/cart",
            "http://h/shop;jsessionid=***/cart",
        ),
        (
            "/a;v=1;JSESSIONID=1F2E3D;w=2?x=1",
            "/a;v=1;JSESSIONID=•••• (len 6);w=2?x=1",
            "/a;v=1;JSESSIONID=***;w=2?x=1",
        ),
        ("/a;sid=1F/b;c", "/a;sid=•••• (len 2)/b;c", "/a;sid=***/b;c"),
        ("/a;colour=red", "/a;colour=red", "/a;colour=red"),
    ],
    ids=["java", "between others", "sid", "no secret"],
)
def test_session_tokens_in_paths_are_masked(url: str, shown: str, logged: str) -> None:
    """Java's servers put them there for browsers without cookies."""
    assert mask_url(url) == shown
    assert mask_url(shown) == shown
    assert logged_url(url) == logged
