"""The card of an exchange: what it says, in which words, and what it keeps to itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from notebook_http.notebook.display.card import CardFacts, Hop, card_bundle, card_html, card_text

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]


def test_the_status_is_said_in_words(facts: Facts, read_safely: ReadSafely) -> None:
    """Nobody has to tell green from red."""
    assert "200 OK (success)" in read_safely(card_html(facts())).text
    assert "404 Not Found (client error)" in card_text(facts(status=404, reason=""))
    assert "503 Away (server error)" in card_text(facts(status=503, reason="Away"))
    assert "799 (server error)" in card_text(facts(status=799, reason=""))


def test_method_url_size_and_time_stand_in_the_first_line(facts: Facts) -> None:
    """A folded card still says what happened."""
    html = card_html(facts(b"x" * 1234, "text/plain"))
    summary = html[html.index("<summary>") : html.index("</summary>")]
    assert "GET" in summary
    assert "http://127.0.0.1:8080/cars?page=1" in summary
    assert "1.2 KB text in 18 ms" in summary


def test_the_time_is_split_into_the_steps_that_happened(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """A step that did not happen (no TLS) is not a step of zero."""
    card = read_safely(card_html(facts()))
    assert "Time: 18 ms (dns 2.0 ms, connect 1.0 ms, sent 0.1 ms, wait 12 ms" in card.text
    assert "tls" not in card.text
    assert "waited for the answer to begin" in card.text


def test_a_card_without_timings_has_no_time(facts: Facts, read_safely: ReadSafely) -> None:
    """A recorded answer was not measured."""
    assert "Time" not in read_safely(card_html(facts(timings=None))).text


def test_headers_stand_in_tables_with_captions_and_scopes(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """A screen reader says which header a value belongs to."""
    html = card_html(facts(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    card = read_safely(html)
    assert "Response headers (2)" in card.text
    assert "Request headers (1)" in card.text
    assert card.elements.count("caption") >= 3
    assert ("th", "scope", "row") in card.attributes
    assert ("th", "scope", "col") in card.attributes


def test_redirects_are_listed_with_where_they_led(facts: Facts, read_safely: ReadSafely) -> None:
    """A login that bounces is found here."""
    hops = [Hop(302, "Found", "POST", "http://h/login", "/home?token=abcdef")]
    card = read_safely(card_html(facts(redirects=hops)))
    assert "Redirects (1)" in card.text
    assert "POST http://h/login" in card.text
    assert "/home?token=•••• (len 6)" in card.text
    assert "redirected once, first from http://h/login" in card_text(facts(redirects=hops))


def test_no_secret_is_in_any_part_of_the_card(facts: Facts) -> None:
    """Saved notebooks are shared."""
    canary = "c4n4ryc4n4ry"
    exchange = facts(
        json.dumps(
            {"token": canary, "deep": [{"password": canary}], "log": f"key={canary}"}
        ).encode(),
        "application/json",
        url=f"http://user:{canary}@h/?api_key={canary}#access_token={canary}",
        headers=[("Set-Cookie", f"sid={canary}"), ("Location", f"/?sig={canary}")],
        request_headers=[("Authorization", f"Bearer {canary}"), ("Cookie", f"a={canary}")],
        redirects=[Hop(302, "Found", "GET", f"http://h/?token={canary}", f"/?token={canary}")],
    )
    for shown in card_bundle(exchange).values():
        assert canary not in shown
        assert "•••• (len 12)" in shown


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (
            b'[{"id": 1, "token": "c4n4ryc4n4ry"}, {"id": 2, "token": "c4n4ryc4n4ry"}]',
            "application/json",
        ),
        (b"id,password\n1,c4n4ryc4n4ry\n", "text/csv"),
        (b'{"secret": ["c4n4ryc4n4ry"], "a": {"secret": "c4n4ry"}}\n', "application/x-ndjson"),
        (b"user=x&password=c4n4ryc4n4ry", "application/x-www-form-urlencoded"),
        (b"<a href='http://h/?token=c4n4ryc4n4ry'>", "text/html"),
        (b"Authorization: Bearer c4n4ryc4n4ry", "text/plain"),
        (b'[{"name": "Cookie", "value": "c4n4ryc4n4ry"}]', "application/json"),
        (b'{"headers": {"name": "Cookie", "value": "c4n4ryc4n4ry"}}', "application/json"),
    ],
)
def test_bodies_of_every_kind_are_masked(facts: Facts, content: bytes, content_type: str) -> None:
    """Echo services and log-in pages send secrets back."""
    for shown in card_bundle(facts(content, content_type)).values():
        assert "c4n4ry" not in shown
        assert "••••" in shown
