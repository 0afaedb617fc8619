"""Basic credentials: there, back, and never on the screen."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, strategies as st
from yarl import URL

from notebook_http.wire.credentials import BasicAuth, encode_basic_auth

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)


@given(login=TEXT.filter(lambda text: ":" not in text), password=TEXT)
def test_credentials_read_back(login: str, password: str) -> None:
    """Colons in the password, every script, and nothing at all."""
    encoded = BasicAuth(login, password, "utf-8").encode()
    assert encoded == encode_basic_auth(login, password)
    assert BasicAuth.decode(encoded, "utf-8") == (login, password, "utf-8")


def test_the_encoded_form_is_that_of_the_rfc() -> None:
    """RFC 7617 §2 and §2.1."""
    assert BasicAuth("Aladdin", "open sesame").encode() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert encode_basic_auth("test", "123£") == "Basic dGVzdDoxMjPCow=="


def test_a_password_is_not_shown() -> None:
    """A cell shows its last value, and the notebook keeps it."""
    auth = BasicAuth("user", "s3cret")
    assert "s3cret" not in repr(auth) + str(auth) + f"{auth}"
    assert "user" in repr(auth)
    assert (auth.login, auth.password, auth.encoding) == ("user", "s3cret", "latin1")


@pytest.mark.parametrize(("login", "password"), [(None, ""), ("a", None), ("a:b", "")])
def test_what_cannot_be_sent_is_refused(login: str, password: str) -> None:
    """The first colon ends the login."""
    with pytest.raises(ValueError, match="not allowed"):
        BasicAuth(login, password)


def test_a_colon_in_the_login_is_refused_by_the_function_too() -> None:
    """Else user "a", password "b:…" would be sent."""
    with pytest.raises(ValueError, match="not allowed"):
        encode_basic_auth("a:b", "c")


def test_characters_outside_the_encoding_are_refused_without_showing_them() -> None:
    """The error's text ends up in a notebook."""
    with pytest.raises(ValueError, match="utf-8") as caught:
        BasicAuth("user", "пароль").encode()
    assert "пароль" not in repr(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "header",
    [
        "", "Basic", "Basic ", "Bearer YTpi", "Basic !!!", "Basic YTpi YTpi", "Basic YWI=",
        "Basic ¥", "Basic YTp", "Basic /w==",
    ],
)  # fmt: skip
def test_a_malformed_header_is_a_value_error(header: str) -> None:
    """A server answers 401, not 500."""
    with pytest.raises(ValueError, match=r"[Cc]redentials|header|authorization"):
        BasicAuth.decode(header, "utf-8")


def test_an_error_does_not_repeat_the_header() -> None:
    """It may be a good password with a typo beside it."""
    encoded = base64.b64encode(b"s3cret-without-colon").decode()
    with pytest.raises(ValueError, match="colon") as caught:
        BasicAuth.decode(f"Basic {encoded}")
    assert "s3cret" not in str(caught.value)
    assert encoded not in str(caught.value)


def test_a_url_gives_its_credentials() -> None:
    """Decoded, as yarl holds them."""
    assert BasicAuth.from_url(URL("http://us%20er:p%3Aw@host/")) == ("us er", "p:w", "latin1")
    assert BasicAuth.from_url(URL("http://user@host/"), encoding="utf-8") == ("user", "", "utf-8")
    assert BasicAuth.from_url(URL("http://host/")) is None
    with pytest.raises(TypeError, match=r"yarl\.URL"):
        BasicAuth.from_url("http://a:b@host/")  # type: ignore[arg-type]
