"""What is masked: by name, by shape, in headers, URLs, JSON and text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, strategies as st
from yarl import URL

from notebook_http.wire.secrets import (
    is_secret_name,
    mask,
    mask_header,
    mask_headers,
    mask_json,
    mask_text,
    mask_url,
)

CANARY = "c4n4ry-v4lue"
MASKED = "•••• (len 12)"


SECRET_NAMES = """
Authorization Proxy-Authorization Cookie Set-Cookie X-Api-Key X-Auth-Token X-CSRF-Token
X-Amz-Signature X-RapidAPI-Key Ocp-Apim-Subscription-Key token access_token accessToken
refreshToken authtoken key api_key apiKey APIKey apikey key2 secret client_secret
secretAccessKey password user[password] user%5Bpassword%5D mypassword password_confirmation
passwd pwd pass pin sig signature session_id sessionid PHPSESSID auth _xsrf SAMLResponse
private_key api_keys
"""
PLAIN_NAMES = """
keyboard monkey turkey primary_key sortKey public_key Idempotency-Key Surrogate-Key
token_type token_endpoint password_reset_enabled author authored authority design signal
assign passenger compass secretary cookie_policy pine keys keyword key_count country id
Content-Type ETag Sec-WebSocket-Key
"""


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_a_name_that_says_secret_is_one(name: str) -> None:
    """However it is spelled: people and frameworks do not agree on it."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES.split())
def test_a_name_that_only_sounds_like_a_secret_is_none(name: str) -> None:
    """A card that hides columns of data is switched off, and then hides nothing."""
    assert not is_secret_name(name)


def test_a_mask_tells_the_length_only() -> None:
    """Enough to see an empty or cut token, not enough to use it."""
    assert mask(CANARY) == MASKED
    assert mask("") == ""


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", f"Bearer {CANARY}", f"Bearer {MASKED}"),
        ("authorization", CANARY, MASKED),
        ("Proxy-Authorization", f"Basic {CANARY}", f"Basic {MASKED}"),
        ("Cookie", f"sid={CANARY}; theme={CANARY}", f"sid={MASKED}; theme={MASKED}"),
        ("Set-Cookie", f"sid={CANARY}; Path=/; HttpOnly", f"sid={MASKED}; Path=/; HttpOnly"),
        ("X-Api-Key", CANARY, MASKED),
        ("Location", f"https://h/cb?code=1&token={CANARY}", f"https://h/cb?code=1&token={MASKED}"),
        ("Referer", f"http://u:{CANARY}@h/", "http://•••• (len 14)@h/"),
        ("WWW-Authenticate", 'Basic realm="the key"', 'Basic realm="the key"'),
        ("Access-Control-Allow-Headers", "Authorization, X-Api-Key", "Authorization, X-Api-Key"),
        ("Vary", "Cookie", "Cookie"),
        ("Cache-Control", 'no-cache="Set-Cookie"', 'no-cache="Set-Cookie"'),
    ],
)
def test_a_header_keeps_what_is_no_secret(name: str, value: str, shown: str) -> None:
    """Scheme, cookie name and attributes are what one looks for when a login fails."""
    assert mask_header(name, value) == shown


def test_repeated_headers_all_stay() -> None:
    """A response sets more than one cookie."""
    pairs = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    shown = [("Set-Cookie", "a=•••• (len 1)"), ("Set-Cookie", "b=•••• (len 1)")]
    assert mask_headers(pairs) == shown
    assert mask_headers({"Set-Cookie": "a=1"}) == shown[:1]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"http://user:{CANARY}@h/x", "http://•••• (len 17)@h/x"),
        (f"https://{CANARY}@h/x", f"https://{MASKED}@h/x"),
        (f"http://h/x?token={CANARY}&page=2", f"http://h/x?token={MASKED}&page=2"),
        (f"http://h/x?access%5Ftoken={CANARY}", f"http://h/x?access%5Ftoken={MASKED}"),
        (f"http://h/#access_token={CANARY}&x=1", f"http://h/#access_token={MASKED}&x=1"),
        (f"/relative?key={CANARY}", f"/relative?key={MASKED}"),
        ("http://h/?next=https%3A%2F%2Fu%3Ap%40g%2F", "http://h/?next=https://•••• (len 3)@g/"),
        ("http://h:80/@me?q=monkey", "http://h:80/@me?q=monkey"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("http://user:pa#ss@h/", "http://•••• (len 10)@h/"),
        ("http://user:pa/ss@h/", "http://•••• (len 10)@h/"),
        ("not a url at all", "not a url at all"),
        ("", ""),
    ],
)
def test_a_url_loses_its_secrets_only(url: str, shown: str) -> None:
    """URLs are in every card, error and log line; also those that a person mistyped."""
    assert mask_url(url) == shown


def test_a_yarl_url_is_masked_as_its_text() -> None:
    """`Reply.url` is one."""
    assert mask_url(URL(f"http://h/?sig={CANARY}")) == f"http://h/?sig={MASKED}"


@pytest.mark.parametrize(
    "text",
    [
        f"GET http://u:{CANARY}@h/ failed",
        f"see http://h/?token={CANARY}",
        f"Authorization: Bearer {CANARY}\r\nHost: h",
        f"{{'Authorization': 'Bearer {CANARY}', 'n': 1}}",
        f'curl -H "Authorization: Bearer {CANARY}" http://h',
        f'curl -H "Cookie: a={CANARY}; b={CANARY}" http://h',
        f'Authorization: Digest username="x", response="{CANARY}"',
        f'{{"token": "{CANARY}", "a": "b"}}',
        f'{{\\"token\\": \\"{CANARY}\\"}}',
        f'{{"password": "a\\"{CANARY}"}}',
        f'{{"password": "cut short {CANARY}',
        f"user=x&password={CANARY}&y=1",
        f"password: {CANARY}",
        f"sent Bearer {CANARY} and failed",
        "the token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c4n4ry-v4lue was refused",
    ],
)
def test_no_text_shows_the_secret_in_it(text: str) -> None:
    """Error messages and bodies quote requests in every form there is."""
    shown = mask_text(text)
    assert CANARY not in shown
    assert "••••" in shown


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication is off. The keyboard: none.",
        "https://example.org/path?page=2",
        '{"primary_key": "id", "monkey": "Tim"}',
        "max_tokens=100",
        "Negotiate with them",
        "",
    ],
)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    """Masking prose would make error messages useless."""
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"<SessionToken>{CANARY}</SessionToken>", f"<SessionToken>{MASKED}</SessionToken>"),
        (
            f"<a:Password x='1'>\n{CANARY}</a:Password>",
            f"<a:Password x='1'>\n{MASKED}</a:Password>",
        ),
        (
            f'<meta name="csrf-token" content="{CANARY}">',
            f'<meta name="csrf-token" content="{MASKED}">',
        ),
        (f"<input value='{CANARY}' id=apiKey>", f"<input value='{MASKED}' id=apiKey>"),
        (f"<INPUT name=_csrf value={CANARY}>", f"<INPUT name=_csrf value={MASKED}>"),
        ("<Key>photos/a.jpg</Key>", "<Key>photos/a.jpg</Key>"),
        ('<input name="q" value="token">', '<input name="q" value="token">'),
        ('<meta name="csrf-param" content="_token">', '<meta name="csrf-param" content="_token">'),
        ("<password></password> <token", "<password></password> <token"),
    ],
)
def test_markup_hides_what_goes_by_a_secret_name(text: str, shown: str) -> None:
    """AWS answers with session tokens in XML, and each page of a web application has CSRF tags."""
    assert mask_text(text) == shown
    assert mask_text(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"ada:{CANARY}@api.example/x is no URL", "•••• (len 16)@api.example/x is no URL"),
        (f"ada:{CANARY}@localhost:8000", "•••• (len 16)@localhost:8000"),
        ("mailto:ada@example.org", "mailto:ada@example.org"),
        ("nginx:1.2@sha256:abcdef", "nginx:1.2@sha256:abcdef"),
        ("git@github.com:ada/engine", "git@github.com:ada/engine"),
    ],
)
def test_a_login_without_a_scheme_is_masked(text: str, shown: str) -> None:
    """Who forgets `http://` gets an error that names the URL."""
    assert mask_text(text) == shown


def test_known_token_shapes_are_masked_wherever_they_stand() -> None:
    """A token pasted into a path or a message has no name to be known by."""
    for token in (
        "ghp_" + "a1" * 18,
        "github_pat_" + "a1" * 20,
        "sk-" + "a1" * 24,
        "xoxb-1234567890-abc",
        "AKIA" + "A1" * 8,
        "glpat-" + "a1" * 10,
    ):
        assert token not in mask_text(f"used {token} here")
        assert token not in mask_url(f"https://h/{token}/x")


def test_json_is_masked_at_any_depth_and_keeps_its_shape() -> None:
    """Echo services send our own headers back, nested."""
    value = {
        "headers": {"Authorization": f"Bearer {CANARY}", "Host": "h"},
        "args": {"token": CANARY},
        "url": f"http://h/?token={CANARY}",
        "form": [{"name": "Cookie", "value": CANARY}],
        "token": {"access": [CANARY, 5]},
        "usage": {"total_tokens": 7},
        "key": {"title": "plain"},
        "flag": {"secret": True, "password": None},
    }
    shown = mask_json(value)
    assert CANARY not in repr(shown)
    assert shown["headers"]["Host"] == "h"
    assert shown["usage"] == {"total_tokens": 7}
    assert shown["key"] == {"title": "plain"}
    assert shown["flag"] == {"secret": True, "password": None}
    assert list(shown) == list(value)
    assert value["args"] == {"token": CANARY}, "the argument is left alone"


def test_json_nested_beyond_the_recursion_limit_is_masked() -> None:
    """A body of nothing but brackets must not break an export."""
    value: object = CANARY
    for _ in range(50_000):
        value = [value]
    value = {"token": value}
    shown = mask_json(value)
    depth = 0
    inner = shown["token"]
    while isinstance(inner, list):
        inner, depth = inner[0], depth + 1
    assert (inner, depth) == (MASKED, 50_000)
    while isinstance(value, list | dict):  # unnest by hand: freeing it recurses, too
        value = value.popitem()[1] if isinstance(value, dict) else value.pop()
    inner = shown.pop("token")
    while isinstance(inner, list):
        inner = inner.pop()


def test_values_that_tell_nothing_are_left() -> None:
    """`null` is the absence that one looks for."""
    text = '{"token": null, "password": "", "secret": false, "max_tokens": 100}'
    assert mask_text(text) == text


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """What was masked for a log may be shown in a card."""
    for rule in (mask_text, mask_url, mask):
        once = rule(text)
        assert rule(once) == once


@given(st.text(alphabet="token=&:/@\"'\\ ?#{}Bearer•", max_size=60))
def test_masking_twice_changes_nothing_more_in_hard_text(text: str) -> None:
    """The same, for text made of what the rules look for."""
    once = mask_text(text)
    assert mask_text(once) == once


@pytest.mark.parametrize(
    "piece", ["a", "token=a&", "://", "://@", '"', "\\", "a:", "eyJ", "Bearer "]
)
def test_hostile_text_costs_linear_time(piece: str) -> None:
    """The text comes from strangers: 200 KB must not hold the kernel up."""
    text = piece * (200_000 // len(piece))
    started = time.perf_counter()
    mask_text(text)
    mask_url(text)
    assert time.perf_counter() - started < 1.5
