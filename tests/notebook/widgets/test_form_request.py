"""A form becomes a request, or an error that names its field."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http.notebook.widgets.form_request import FormError, read_form, without_secrets

FULL = {
    "method": "post",
    "url": "pets/{pet id}?a=1",
    "path": [["pet id", "a/b c"]],
    "params": [["q", "x y&z"], ["q", "2"], ["", ""]],
    "headers": [["X-One", " 1 "], ["", ""]],
    "auth": {"kind": "basic", "user": "ada", "secret": "c4n4ry"},
    "body": {"kind": "json", "text": '{"a": [1, 2]}'},
}


def test_a_full_form_is_a_full_request() -> None:
    """Each field in its place."""
    draft = read_form(FULL, "https://api.example.org/v1/")
    assert draft.method == "POST"
    url = "https://api.example.org/v1/pets/a%2Fb%20c?a=1&q=x+y%26z&q=2"
    assert str(draft.url) == url
    assert draft.headers == (
        ("X-One", "1"),
        ("Authorization", "Basic YWRhOmM0bjRyeQ=="),
        ("Content-Type", "application/json"),
    )
    assert draft.body == b'{"a": [1, 2]}'


@pytest.mark.parametrize(
    ("url", "base_url", "absolute"),
    [
        (":8080/x", "", "http://localhost:8080/x"),
        ("example.org", "", "https://example.org"),
        ("", "http://h/a", "http://h/a"),
        ("?x=1", "http://h/a", "http://h/a?x=1"),
        ("/b", "http://h/a", "http://h/a/b"),
        ("http://other/", "http://h/a", "http://other/"),
    ],
)
def test_urls_are_made_whole(url: str, base_url: str, absolute: str) -> None:
    """Short forms as in a magic; relative ones below the base."""
    assert str(read_form({"url": url}, base_url).url) == absolute


@pytest.mark.parametrize(
    ("kind", "body", "content_type"),
    [
        ({"kind": "none", "text": "x"}, None, None),
        ({"kind": "text", "text": "é"}, "é".encode(), "text/plain; charset=utf-8"),
        ({"kind": "form", "pairs": [["a", "1"], ["b", "ü"]]}, b"a=1&b=%C3%BC", None),
        ({"kind": "json", "text": '{"a":1,\n"a":2}'}, b'{"a":1,\n"a":2}', "application/json"),
        ({"kind": "json", "text": "[ 1,\n 2 ]"}, b"[1, 2]", "application/json"),
    ],
)
def test_bodies(kind: dict[str, Any], body: bytes | None, content_type: str | None) -> None:
    """JSON is sent as it was typed where writing it anew would change it."""
    draft = read_form({"url": "h", "body": kind})
    assert draft.body == body
    if content_type:
        assert dict(draft.headers)["Content-Type"] == content_type


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"method": "GE T"}, "method", "one word"),
        ({"url": "", "path": []}, "url", "missing"),
        ({"url": "ftp://h/", "path": []}, "url", "http:// or https://"),
        ({"url": "http://[::1/", "path": []}, "url", "cannot be read"),
        ({"url": "/x", "path": []}, "url", ":3000/x"),
        ({"path": [["pet id", ""]]}, "path", "{pet id}"),
        ({"params": [["", "v"]]}, "params", "no name"),
        ({"headers": [["X Y", "v"]]}, "headers", "no name of a header"),
        ({"headers": [["X", "v\r\nY: 1"]]}, "headers", "line break"),
        ({"headers": [["Authorization", "x"]]}, "auth", "drop one"),
        ({"auth": {"kind": "bearer", "secret": ""}}, "auth", "token"),
        ({"auth": {"kind": "bearer", "secret": "a b"}}, "auth", "blanks"),
        ({"auth": {"kind": "basic", "user": "a:b", "secret": "x"}}, "auth", "colon"),
        ({"auth": {"kind": "basic"}}, "auth", "user or a password"),
        ({"body": {"kind": "json", "text": '{"a": 1,\n"b" 2}'}}, "body", "line 2, column 5"),
        ({"body": {"kind": "json", "text": "[NaN]"}}, "body", "NaN"),
        ({"body": {"kind": "json", "text": ""}}, "body", "no JSON"),
        ({"body": {"kind": "text", "text": "\ud800"}}, "body", "surrogate"),
        ({"body": {"kind": "form", "pairs": [["", "v"]]}}, "pairs", "no name"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], field: str, words: str) -> None:
    """Before anything is sent."""
    with pytest.raises(FormError, match=words.replace("{", r"\{").replace("?", r"\?")) as error:
        read_form({**FULL, "url": "h/{pet id}", **change})
    assert error.value.field == field


def test_a_secret_is_in_no_error_and_is_not_kept() -> None:
    """Of the auth, user and kind stay."""
    with pytest.raises(FormError) as error:
        read_form({"url": "h", "auth": {"kind": "bearer", "secret": "c4n4ry c4n4ry"}})
    assert "c4n4ry" not in str(error.value)
    assert "c4n4ry" not in str(without_secrets(FULL))
    assert without_secrets(FULL)["auth"] == {"kind": "basic", "user": "ada"}
