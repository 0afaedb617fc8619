"""Cookie and Set-Cookie fields: text to values and back (RFC 6265bis).

Knows syntax only: which cookie goes to which host is the cookie jar's business. Reading skips
what is malformed and never raises, in one pass; writing raises ValueError before a byte is out.
`http.cookies` is imported when a Morsel is asked for, not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from notebook_http.wire.cookie_date import parse_cookie_date
from notebook_http.wire.http_date import format_http_date

if TYPE_CHECKING:
    from http.cookies import Morsel

__all__ = [
    "SetCookie",
    "format_cookie_header",
    "format_morsel",
    "format_set_cookie",
    "parse_cookie_header",
    "parse_set_cookie",
    "quote_cookie_value",
    "unquote_cookie_value",
]

# RFC 6265bis §5.6: a longer cookie is dropped, a longer attribute ignored. Bytes.
MAX_COOKIE_BYTES = 4096
MAX_ATTRIBUTE_BYTES = 1024

# What we write: a token (RFC 9110 §5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# What we read: visible ASCII that cannot end a pair. PHP and others send names like `a[b]`.
_READABLE_NAME = re.compile(r"[!#-+\-./0-9:<>?@A-Z\[\]^_`a-z{|}~]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL_OR_TAB = re.compile(r"[\x00-\x1f\x7f]")
# cookie-octet of RFC 6265 §4.1.1: goes out as it is.
_OCTETS = re.compile(r"[!#-+\-./0-9:<=>?@A-Z\[\]^_`a-z{|}~]*")
# Inside quotes these go out as a backslash and three octal digits, as http.cookies writes them.
_TO_OCTAL = {
    code: f"\\{code:03o}" for code in (*range(0x20), ord(","), ord(";"), 0x7F, *range(0x80, 0x100))
} | {ord('"'): '\\"', ord("\\"): "\\\\"}
_ESCAPE = r"(?s)\\([0-3][0-7][0-7]|.)"  # compiled by `re` when first used

_SAME_SITE = {"strict": "Strict", "lax": "Lax", "none": "None"}


class SetCookie(NamedTuple):
    """What one Set-Cookie field says.

    Attributes:
        name: the cookie's name, never empty.
        value: as it was sent, quotes and all: it goes back as it came.
        expires: when it ends (aware, UTC), or None.
        max_age: seconds from now until it ends, 0 for "gone already", or None; it beats *expires*.
        domain: in lower case, without a leading dot, or None for "this host only".
        path: starts with a slash, or None for the default of the request's path.
        secure: to be sent over TLS only.
        http_only: not for scripts in a page.
        same_site: "Strict", "Lax", "None", or None when not said.
        partitioned: one jar for each top-level site.
    """

    name: str
    value: str
    expires: datetime | None = None
    max_age: int | None = None
    domain: str | None = None
    path: str | None = None
    secure: bool = False
    http_only: bool = False
    same_site: str | None = None
    partitioned: bool = False

    def to_morsel(self) -> Morsel[str]:
        r"""Return it as the standard library's type: `.value` unquoted, `.coded_value` as sent.

        A value that would hold a control character when unquoted (`\015`) stays as it was sent.
        """
        from http.cookies import Morsel

        value = unquote_cookie_value(self.value)
        if _CONTROL_OR_TAB.search(value):
            value = self.value
        # Not `set()`: that one refuses names that servers send, such as `a[b]`. The stubs do not
        # know the pickling method, which takes any name.
        morsel: Any = Morsel()
        morsel.__setstate__(
            {
                "key": self.name,
                "value": value,
                "coded_value": self.value,
            }
        )
        if self.expires is not None:
            morsel["expires"] = format_http_date(self.expires)
        if self.max_age is not None:
            morsel["max-age"] = str(self.max_age)
        if self.domain is not None:
            morsel["domain"] = self.domain
        if self.path is not None:
            morsel["path"] = self.path
        if self.secure:
            morsel["secure"] = True
        if self.http_only:
            morsel["httponly"] = True
        if self.same_site is not None:
            morsel["samesite"] = self.same_site
        if self.partitioned and morsel.isReservedKey("partitioned"):  # from Python 3.14 on
            morsel["partitioned"] = True
        typed: Morsel[str] = morsel
        return typed


# Reading


def parse_cookie_header(header: str) -> list[tuple[str, str]]:
    """Return (name, unquoted value) of each cookie in a Cookie field, in order, repeats and all.

    Cookies without a name or with control characters are left out; nothing raises.
    """
    cookies = []
    for pair in header.split(";"):
        name, equals, value = pair.partition("=")
        name = name.strip(" \t")
        value = value.strip(" \t")
        if not equals or not _READABLE_NAME.fullmatch(name):
            continue
        if value[:1] == '"':
            value = unquote_cookie_value(value)
        # Judged after unquoting: `\015` would be a carriage return again.
        if not _CONTROL.search(value):
            cookies.append((name, value))
    return cookies


def parse_set_cookie(header: str) -> SetCookie | None:
    """Return what a Set-Cookie field says, or None when the cookie is to be dropped.

    Dropped are: a cookie without a name, one with control characters anywhere, one with a tab
    inside its value (which could not be sent back), and one whose name and value are over 4,096
    bytes (RFC 6265bis §5.6). An attribute that is unknown, malformed, with a tab inside or over
    1,024 bytes is ignored. The last of two equal attributes counts.
    """
    if _CONTROL.search(header):
        return None
    pair, _, rest = header.partition(";")
    name, equals, value = pair.partition("=")
    name = name.strip(" \t")
    value = value.strip(" \t")
    if not equals or not _READABLE_NAME.fullmatch(name) or "\t" in value:
        return None
    if len(name) + len(value.encode("utf-8", "surrogateescape")) > MAX_COOKIE_BYTES:
        return None
    attributes: dict[str, Any] = {}
    for attribute in rest.split(";") if rest else ():
        key, _, text = attribute.partition("=")
        text = text.strip(" \t")
        if len(text) <= MAX_ATTRIBUTE_BYTES and "\t" not in text:
            _read_attribute(key.strip(" \t").lower(), text, attributes)
    return SetCookie(name, value, **attributes)


def _read_attribute(key: str, text: str, into: dict[str, Any]) -> None:
    if key == "expires":
        expires = parse_cookie_date(text)
        if expires is not None:
            into["expires"] = expires
    elif key == "max-age":
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit():
            # 68 years in seconds: more would only overflow somebody's clock.
            into["max_age"] = 0 if digits != text else min(int(digits[:20]), 2**31 - 1)
    elif key == "domain":
        into["domain"] = text.removeprefix(".").lower() or None
    elif key == "path":
        into["path"] = text if text.startswith("/") else None
    elif key == "secure":
        into["secure"] = True
    elif key == "httponly":
        into["http_only"] = True
    elif key == "partitioned":
        into["partitioned"] = True
    elif key == "samesite":
        into["same_site"] = _SAME_SITE.get(text.lower())


def unquote_cookie_value(value: str) -> str:
    r"""Return *value* without its quotes and escapes (`\"`, `\073`); as it is when it has none.

    Linear, whatever the value. The inverse of `quote_cookie_value`.
    """
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    inside = value[1:-1]
    return re.sub(_ESCAPE, _unescape, inside) if "\\" in inside else inside


def _unescape(match: re.Match[str]) -> str:
    escaped = match[1]
    return chr(int(escaped, 8)) if len(escaped) == 3 else escaped


# Writing


def quote_cookie_value(value: str) -> str:
    """Return *value* as it may stand in a cookie: bare where it may, else quoted and escaped.

    Escapes are those of `http.cookies`, so its readers, aiohttp and this module get the value
    back. A bare value is what scripts and other servers read without surprise.

    Raises:
        ValueError: it holds a control character.
    """
    if _OCTETS.fullmatch(value):
        return value
    if _CONTROL_OR_TAB.search(value):
        msg = "a cookie value holds no control characters; encode it first (base64, URL quoting)"
        raise ValueError(msg)
    return f'"{value.translate(_TO_OCTAL)}"'


def format_cookie_header(cookies: Iterable[tuple[str, str]]) -> str:
    """Return a Cookie field for (name, value as it was sent or quoted) pairs.

    Raises:
        CookieNameError: a name is empty or holds what would end it (a ValueError).
        ValueError: a value holds `;` or a control character.
    """
    pairs = []
    for name, value in cookies:
        if not _READABLE_NAME.fullmatch(name):
            from notebook_http.wire.cookie_error import CookieNameError

            msg = f"not a cookie name: {name[:80]!r}"
            raise CookieNameError(msg)
        _refuse_separators(f"value of cookie {name}", value)
        pairs.append(f"{name}={value}")
    return "; ".join(pairs)


def format_set_cookie(
    name: str,
    value: str,
    *,
    expires: str | datetime | None = None,
    domain: str | None = None,
    max_age: int | str | None = None,
    path: str | None = "/",
    secure: bool | None = None,
    httponly: bool | None = None,
    version: str | None = None,
    samesite: str | None = None,
    partitioned: bool | None = None,
) -> str:
    """Return a Set-Cookie field; *value* is quoted when it must be.

    Attributes that are None, False or "" are left out; *max_age* 0 is not: it deletes.

    Raises:
        ValueError: *name* is no token, or `;`, CR, LF or another control character stands in
            the value or any attribute.
    """
    return _join_set_cookie(
        name,
        quote_cookie_value(value),
        {
            "expires": format_http_date(expires) if isinstance(expires, datetime) else expires,
            "domain": domain,
            "max-age": None if max_age is None else str(max_age),
            "path": path,
            "secure": secure,
            "httponly": httponly,
            "version": version,
            "samesite": samesite,
            "partitioned": partitioned,
        },
    )


def format_morsel(morsel: Morsel[Any]) -> str:
    """Return the Set-Cookie field of a Morsel, with the same checks as `format_set_cookie`.

    Raises:
        ValueError: as there; http.cookies itself lets `;` through in attributes.
    """
    return _join_set_cookie(morsel.key, morsel.coded_value, dict(morsel))


_ATTRIBUTE_NAMES = {
    "expires": "Expires",
    "max-age": "Max-Age",
    "domain": "Domain",
    "path": "Path",
    "secure": "Secure",
    "httponly": "HttpOnly",
    "samesite": "SameSite",
    "version": "Version",
    "comment": "Comment",
    "partitioned": "Partitioned",
}
_FLAGS = frozenset({"secure", "httponly", "partitioned"})


def _join_set_cookie(name: str, coded_value: str, attributes: dict[str, Any]) -> str:
    if not _TOKEN.fullmatch(name):
        msg = f"a cookie name is a token (letters, digits, !#$%&'*+-.^_`|~), not {name[:80]!r}"
        raise ValueError(msg)
    _refuse_separators(f"value of cookie {name}", coded_value)
    parts = [f"{name}={coded_value}"]
    for key, given in attributes.items():
        if given is None or given is False or given == "":
            continue
        shown = _ATTRIBUTE_NAMES[key]
        if key in _FLAGS:
            parts.append(shown)
            continue
        text = str(given)
        _refuse_separators(f"{shown} of cookie {name}", text)
        if key == "samesite" and text.lower() not in _SAME_SITE:
            msg = f"SameSite of cookie {name} is Strict, Lax or None, not {text[:80]!r}"
            raise ValueError(msg)
        if key == "max-age" and not re.fullmatch(r"-?[0-9]+", text):
            msg = f"Max-Age of cookie {name} is a whole number of seconds, not {text[:80]!r}"
            raise ValueError(msg)
        parts.append(f"{shown}={text}")
    return "; ".join(parts)


def _refuse_separators(what: str, text: str) -> None:
    if ";" in text or _CONTROL_OR_TAB.search(text):
        msg = f"{what} holds ';' or a control character, which would start another attribute"
        raise ValueError(msg)
