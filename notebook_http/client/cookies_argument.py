"""Cookies as callers write them: a dict, pairs, a `SimpleCookie`, or a header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.wire.cookie import quote_cookie_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebook_http.client.request_options import LooseCookies

__all__ = ["coded_pairs", "named_cookies", "split_cookie_header"]


def named_cookies(cookies: LooseCookies) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value (text or a `Morsel`) of each of *cookies*."""
    pairs = cookies.items() if hasattr(cookies, "items") else cookies
    for name, value in pairs:
        yield (value.key or name) if hasattr(value, "coded_value") else name, value


def coded_pairs(cookies: LooseCookies, *, quote: bool) -> Iterator[tuple[str, str]]:
    """Yield the name of each cookie and its value as it goes into a `Cookie` field.

    Args:
        cookies: text values, or Morsels, whose coded value is taken as it is.
        quote: put text into quotes where it needs them; False sends it as it is.

    Raises:
        ValueError: a value holds a control character.
    """
    for name, value in named_cookies(cookies):
        coded = getattr(value, "coded_value", None)
        if coded is None:
            coded = quote_cookie_value(str(value)) if quote else str(value)
        yield name, coded


def split_cookie_header(header: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each cookie in a `Cookie` field, values as they stand there."""
    for pair in header.split(";"):
        name, equals, value = pair.partition("=")
        if equals and name.strip(" \t"):
            yield name.strip(" \t"), value.strip(" \t")
