"""Media types and charsets, as Content-Type writes them (RFC 9110 §8.3).

Reading is lenient, because a Content-Type comes from whoever set up the server: what cannot be
read is left out, and nothing raises. One pass over the bytes, whatever they are.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from encodings import normalize_encoding
from encodings.aliases import aliases
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

__all__ = [
    "MediaType",
    "format_parameter",
    "parse_media_type",
    "parse_parameters",
    "text_encoding",
]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
# The others are compiled by `re` when first used, and kept there: importing costs nothing.
_CHARSET = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,40}"
# Only these two: `C:\temp\a.txt` comes unescaped from those who send it at all.
_ESCAPED = r'\\(["\\])'
_NOT_IN_QUOTES = r"[\x00-\x08\x0a-\x1f\x7f]"

# Parameters that are looked at; no real media type has more than a handful.
_MAX_PARAMETERS = 64

# Python codecs that decode bytes to str but are no charsets: executable escapes, host names
# (quadratic time), and the ones that exist to raise.
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)

# Charsets that Python knows: by the names in its alias table, and these that have no alias.
_CODECS = frozenset(aliases.values()) | {
    "cp1006", "cp720", "cp737", "cp856", "cp874", "cp875", "koi8_t", "koi8_u", "mac_arabic",
    "mac_croatian", "mac_farsi", "mac_romanian", "utf_8_sig",
}  # fmt: skip


class MediaType(NamedTuple):
    """A media type, in lower case where case means nothing.

    Attributes:
        type: "text" in `text/html; charset=utf-8`; "" when the value was no media type.
        subtype: "html"; "vnd.api+json" keeps its suffix.
        suffix: "json" in `application/vnd.api+json`, else "" (RFC 6838 §4.2.8).
        parameters: names in lower case to unquoted values; the first of equal names wins.
    """

    type: str = ""
    subtype: str = ""
    suffix: str = ""
    parameters: Mapping[str, str] = MappingProxyType({})

    @property
    def essence(self) -> str:
        """`type/subtype`, without parameters; "" when the value was no media type."""
        return f"{self.type}/{self.subtype}" if self.type else ""

    @property
    def charset(self) -> str | None:
        """The charset parameter as it was sent, or None. `text_encoding` judges it."""
        return self.parameters.get("charset")

    @property
    def is_json(self) -> bool:
        """Whether a body of this type is JSON: `application/json`, `text/json`, `…+json`."""
        if self.subtype == "json":
            return self.type in ("application", "text")
        return self.suffix == "json"

    @property
    def is_text(self) -> bool:
        """Whether a body of this type is meant to be read as characters."""
        return (
            self.type == "text"
            or self.is_json
            or self.suffix == "xml"
            or self.essence
            in (
                "application/xml",
                "application/javascript",
                "application/x-www-form-urlencoded",
                "application/x-ndjson",
                "application/yaml",
            )
        )

    def __str__(self) -> str:
        parts = [self.essence]
        parts.extend(f"{name}={format_parameter(v)}" for name, v in self.parameters.items())
        return "; ".join(parts)


NO_MEDIA_TYPE = MediaType()


def parse_media_type(value: str | None) -> MediaType:
    """Return what a Content-Type value says; an empty `MediaType` when it says nothing.

    Never raises: a malformed parameter is skipped, and of two equal ones the first counts, so
    that nobody behind us can be made to read a body otherwise than we do.
    """
    if not value:
        return NO_MEDIA_TYPE
    return _remembered(value) if len(value) <= _MAX_REMEMBERED_BYTES else _parsed(value)


def _parsed(value: str) -> MediaType:
    essence, _, rest = value.partition(";")
    main, slash, sub = essence.strip(" \t").lower().partition("/")
    if not slash or not _TOKEN.fullmatch(main) or not _TOKEN.fullmatch(sub):
        return NO_MEDIA_TYPE
    _, plus, suffix = sub.rpartition("+")
    parameters: dict[str, str] = {}
    if rest:
        for name, parameter in parse_parameters(rest):
            parameters.setdefault(name, parameter)
    return MediaType(main, sub, suffix if plus else "", MappingProxyType(parameters))


# The same few are sent again and again: 0.1 µs instead of 4. Longer ones have a boundary, which is
# another one each time.
_MAX_REMEMBERED_BYTES = 64
_remembered = lru_cache(maxsize=256)(_parsed)


def parse_parameters(text: str, unread: list[str] | None = None) -> Iterator[tuple[str, str]]:
    r"""Yield (lower-case name, unquoted value) of each readable parameter, in order.

    A quoted value may hold `;` and `\"` (RFC 9110 §5.6.4). Control characters end nothing and
    start nothing: a value that holds one is left out. Linear in the length of *text*.

    What is left out is appended to *unread*, if that is given.
    """
    at, end, found = 0, len(text), 0
    while at < end and found < _MAX_PARAMETERS:
        while at < end and text[at] in "; \t":
            at += 1
        begun = at
        name_match = _TOKEN.match(text, at)
        if name_match is None or name_match.end() >= end or text[name_match.end()] != "=":
            at = _next_parameter(text, at)
            if unread is not None and at > begun:
                unread.append(text[begun:at])
            continue
        name = name_match.group().lower()
        at = name_match.end() + 1
        if at < end and text[at] == '"':
            value, after = _quoted(text, at + 1)
            stop = _next_parameter(text, after)
            # Something between the closing quote and the semicolon: no parameter at all.
            whole = not text[after:stop].strip(" \t") and after > at + 1
        else:
            stop = text.find(";", at)
            stop = end if stop == -1 else stop
            value = text[at:stop].strip(" \t")
            whole = bool(value)
        at = stop
        if whole and not re.search(_NOT_IN_QUOTES, value):
            found += 1
            yield name, value
        elif unread is not None:
            unread.append(text[begun:stop])


def _next_parameter(text: str, at: int) -> int:
    semicolon = text.find(";", at)
    return len(text) if semicolon == -1 else semicolon


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Return the value of a quoted string whose opening quote stands before *at*, and its end.

    An unclosed string ends with the text: browsers read it so, and so do those who send it.
    """
    inside = _QUOTED.match(text, at)
    close = at if inside is None else inside.end()
    value = re.sub(_ESCAPED, r"\1", text[at:close])
    return value, min(close + 1, len(text))


def format_parameter(value: str) -> str:
    """Return *value* as a token where it is one, else as a quoted string.

    Raises:
        ValueError: it holds a control character, which could end the header field.
    """
    if _TOKEN.fullmatch(value):
        return value
    if re.search(_NOT_IN_QUOTES, value):
        msg = f"a parameter value holds no control characters: {value[:80]!r}"
        raise ValueError(msg)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=64)
def text_encoding(charset: str) -> str:
    """Return Python's name for a charset that a peer named.

    Raises:
        LookupError: it is unknown, or a Python codec that is no charset (base64, idna, …). A
            server answers 415; a client decodes by its default instead.
    """
    # Python remembers each unknown name for ever, so only names that it knows get that far.
    name = normalize_encoding(charset).lower() if re.fullmatch(_CHARSET, charset) else ""
    if name not in _CODECS and name not in aliases:
        msg = f"unknown charset: {charset[:40]!r}"
        raise LookupError(msg)
    if aliases.get(name, name) in _NO_CHARSETS:
        msg = f"not a charset: {charset!r}"
        raise LookupError(msg)
    info = codecs.lookup(name)
    if not getattr(info, "_is_text_encoding", True):
        msg = f"not a charset: {charset!r}"
        raise LookupError(msg)
    return info.name
