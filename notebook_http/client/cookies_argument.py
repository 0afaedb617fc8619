"""Cookies as callers write them: a dict, pairs, a `SimpleCookie`, or a header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.client.cookie_rules import domain_matches, path_matches
from notebook_http.wire.cookie import quote_cookie_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.cookies import Morsel

    from yarl import URL

    from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
    from notebook_http.client.request_options import LooseCookies

__all__ = ["coded_pairs", "named_cookies", "split_cookie_header"]


def named_cookies(cookies: LooseCookies) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value (text or a `Morsel`) of each of *cookies*."""
    pairs = cookies.items() if hasattr(cookies, "items") else cookies
    for name, value in pairs:
        yield (value.key or name) if hasattr(value, "coded_value") else name, value


def coded_pairs(
    cookies: LooseCookies, url: URL, jar: AbstractCookieJar
) -> Iterator[tuple[str, str]]:
    """Yield the name of each cookie that may go to *url* and its value for a `Cookie` field.

    Args:
        cookies: text values, which go anywhere, or Morsels, whose coded value is taken as it is
            and whose `Domain`, `Path` and `Secure` are kept: `cookies=response.cookies` gives
            another host nothing.
        url: what is asked for.
        jar: of the session: it says whether text is put into quotes where it needs them, and
            which origins are taken for secure.

    Raises:
        ValueError: a value holds a control character.
    """
    quote = jar.quote_cookie
    for name, value in named_cookies(cookies):
        coded = getattr(value, "coded_value", None)
        if coded is None:
            coded = quote_cookie_value(str(value)) if quote else str(value)
        elif not _may_go_to(value, url, jar):
            continue
        yield name, coded


def _may_go_to(morsel: Morsel[str], url: URL, jar: AbstractCookieJar) -> bool:
    is_plain = url.scheme not in {"https", "wss"}
    if morsel["secure"] and is_plain and url.origin() not in jar.treat_as_secure_origin:
        return False
    domain = morsel["domain"].lower().removeprefix(".")
    if domain and not domain_matches(url.raw_host or "", domain):
        return False
    path = morsel["path"]
    return not path.startswith("/") or path_matches(url.path or "/", path)


def split_cookie_header(header: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each cookie in a `Cookie` field, values as they stand there."""
    for pair in header.split(";"):
        name, equals, value = pair.partition("=")
        if equals and name.strip(" \t"):
            yield name.strip(" \t"), value.strip(" \t")
