"""Forms of type application/x-www-form-urlencoded: bytes to fields and back (WHATWG URL §5)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote_plus, unquote_to_bytes

from notebook_http.wire.form_limits import FormTooLarge
from notebook_http.wire.media_type import text_encoding

__all__ = ["format_urlencoded", "parse_urlencoded"]


def parse_urlencoded(
    body: bytes, *, charset: str = "utf-8", max_fields: int = 1000
) -> list[tuple[str, str]]:
    """Return the (name, value) pairs of a form, in order, blank values kept.

    Only `&` separates: with `;` too, a cache in front would see other fields than we do. Bytes
    that are no *charset* become U+FFFD. Fields are counted before the body is taken apart.

    Raises:
        FormTooLarge: more than *max_fields* fields. The peer erred, or the limit is low.
        LookupError: *charset* is no charset: 415 on a server.
    """
    encoding = text_encoding(charset)
    # Empty pairs count: a million `&` is a million steps for nobody's good.
    if body.count(b"&") >= max_fields:
        raise FormTooLarge(max_fields)
    fields = []
    for pair in body.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        fields.append((_decode(name, encoding), _decode(value, encoding)))
    return fields


def _decode(quoted: bytes, encoding: str) -> str:
    spaced = quoted.replace(b"+", b" ")
    raw = unquote_to_bytes(spaced) if b"%" in spaced else spaced
    return raw.decode(encoding, "replace")


def format_urlencoded(fields: Iterable[tuple[str, str]], *, charset: str = "utf-8") -> bytes:
    """Return a form's body for (name, value) pairs.

    Raises:
        LookupError: *charset* is no charset.
        UnicodeEncodeError: a character is not in *charset*.
    """
    encoding = text_encoding(charset)
    return "&".join(
        f"{quote_plus(name, encoding=encoding)}={quote_plus(value, encoding=encoding)}"
        for name, value in fields
    ).encode("ascii")
