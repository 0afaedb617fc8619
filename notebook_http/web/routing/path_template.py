"""Path templates such as ``/users/{id}`` and the one spelling of a path that they are held against.

Knows percent-encoding (RFC 3986 §2) and braces. Knows nothing of methods, handlers or requests.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

__all__ = [
    "PathTemplate",
    "Variable",
    "canonical_path",
    "decode_value",
    "is_canonical",
    "is_slashless",
    "literal_template",
    "parse_template",
    "readable_path",
    "readable_value",
]

# What a path may hold unencoded: pchar of RFC 3986 §3.3, and the slash.
_SAFE = "-._~!$&'()*+,;=:@"
_CANONICAL = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]*")
_NAME = r"[_a-zA-Z][_a-zA-Z0-9]*"
# Braces belong to templates, and aiohttp takes them in no value either.
_DEFAULT_PATTERN = r"[^{}/]+"
# Regular expressions of which it is easily said that they match no slash: letters, digits, classes
# of both or without the slash, each repeated or not. Of others it is not asked.
_CLASS = r"\[(?:a-z|A-Z|0-9|[A-Za-z0-9_.]|\\[dw.-])+-?\]|\[\^[^\]\\]*/[^\]\\]*\]"
_SLASHLESS = rf"(?:(?:[A-Za-z0-9_|-]|\\[dw.-]|{_CLASS})(?:[*+?]|\{{\d+(?:,\d*)?\}})?)+"
_UNDECODED = r"[\udc80-\udcff]"


class Variable(NamedTuple):
    """A variable part: ``{name}``, or ``{name:pattern}`` with a regular expression."""

    name: str
    pattern: str | None = None


Part = str | Variable


class PathTemplate(NamedTuple):
    """A parsed template.

    Attributes:
        parts: literals (canonical) and variables, in order.
        formatter: the template without patterns, ready for `str.format_map`.
        pattern: regular expression with a group for each variable, for the `readable_path`.
        segments: one entry for each piece between slashes, a literal or a `Variable` that fills
            it; None when a segment is mixed, or a user's pattern may match a slash.
        fixed_prefix: the whole segments in front of the first variable, ``/a/b``, or ``/``.
        needs_pattern: whether equal segments are not enough, `pattern` has to match as well.
    """

    parts: tuple[Part, ...]
    formatter: str
    pattern: re.Pattern[str]
    segments: tuple[Part, ...] | None
    fixed_prefix: str
    needs_pattern: bool

    def with_prefix(self, prefix: str) -> PathTemplate:
        """Return the template below *prefix*, a canonical path without a slash at its end."""
        return _build((prefix, *self.parts))

    def fill(self, values: dict[str, str]) -> str:
        """Return the encoded path in which each variable has its value.

        Raises:
            KeyError: a variable has no value.
        """
        encoded = {name: quote(str(value), safe=_SAFE + "/") for name, value in values.items()}
        return self.formatter.format_map(encoded)


# Whether a path is the spelling that `canonical_path` returns, and nothing in it is encoded.
is_canonical = _CANONICAL.fullmatch


def is_slashless(pattern: str) -> bool:
    """Tell whether it is certain that *pattern*, a regular expression, matches no slash."""
    return re.fullmatch(_SLASHLESS, pattern) is not None


def canonical_path(path: str | bytes) -> str:
    """Return the one spelling of *path* in which equivalent paths are equal.

    Percent-encoding stays where a character needs it, in upper case, and goes elsewhere; an
    encoded slash stays encoded, because it is no separator (RFC 3986 §6.2.2). Text is UTF-8.
    """
    if isinstance(path, bytes):
        path = path.decode("utf-8", "surrogateescape")
    if _CANONICAL.fullmatch(path):
        return path
    return "/".join(
        quote(unquote_to_bytes(segment.encode("utf-8", "surrogateescape")), safe=_SAFE)
        for segment in path.split("/")
    )


def decode_value(value: str) -> str:
    """Return the text of a path segment; what is not UTF-8 stays percent-encoded."""
    if "%" not in value:
        return value
    text = unquote(value, errors="surrogateescape")
    return re.sub(_UNDECODED, lambda match: f"%{ord(match[0]) - 0xDC00:X}", text)


def readable_path(path: str) -> str:
    """Return *path* (canonical) as the text that patterns are written for.

    Encoded slashes and percent signs stay encoded, because a slash is a separator here;
    `readable_value` decodes them in what was found.
    """
    return decode_value(path.replace("%25", "%2525").replace("%2F", "%252F"))


def readable_value(value: str) -> str:
    """Return the text of a value that was found in a `readable_path`."""
    return value.replace("%2F", "/").replace("%25", "%")


def parse_template(path: str) -> PathTemplate:
    """Return the parsed *path*.

    Raises:
        ValueError: the path does not begin with a slash, a brace has no partner, or a pattern is
            no regular expression. The caller erred.
    """
    if path and not path.startswith("/"):
        raise ValueError(f"path should be started with / or be empty: {path!r}")
    return _build(tuple(_split(path)))


def literal_template(path: str) -> PathTemplate:
    """Return the template of *path* itself, without variables: braces are braces."""
    return _build((canonical_path(path),))


def _split(path: str) -> list[Part]:
    """Cut *path* at its braces. Patterns may hold braces themselves, in pairs."""
    parts: list[Part] = []
    begin = 0
    while (brace := path.find("{", begin)) >= 0:
        if brace > begin:
            parts.append(_literal(path, path[begin:brace]))
        depth = 0
        for end in range(brace, len(path)):
            depth += {"{": 1, "}": -1}.get(path[end], 0)
            if depth == 0:
                break
        else:
            raise ValueError(f"Invalid path {path!r}: a brace is not closed")
        parts.append(_variable(path, path[brace + 1 : end]))
        begin = end + 1
    if begin < len(path):
        parts.append(_literal(path, path[begin:]))
    return parts


def _literal(path: str, text: str) -> str:
    if "}" in text:
        raise ValueError(f"Invalid path {path!r}: a closing brace has no partner")
    return canonical_path(text)


def _variable(path: str, inside: str) -> Variable:
    name, colon, pattern = inside.partition(":")
    if not re.fullmatch(_NAME, name) or (colon and not pattern):
        raise ValueError(f"Invalid path {path!r}: {{{inside}}} is neither {{name}} nor {{name:re}}")
    return Variable(name, pattern or None)


def _build(parts: tuple[Part, ...]) -> PathTemplate:
    formatter = ""
    source = ""
    for part in parts:
        if isinstance(part, str):
            formatter += part
            source += re.escape(readable_path(part))
        else:
            formatter += f"{{{part.name}}}"
            source += f"(?P<{part.name}>{part.pattern or _DEFAULT_PATTERN})"
    try:
        pattern = re.compile(source)
    except re.error as error:
        raise ValueError(f"Bad pattern {source!r}: {error}") from None
    fixed, brace, _ = formatter.partition("{")
    segments = _segments(parts)
    return PathTemplate(
        parts=parts,
        formatter=formatter,
        pattern=pattern,
        segments=segments,
        fixed_prefix=(fixed.rpartition("/")[0] if brace else fixed).rstrip("/") or "/",
        needs_pattern=segments is None or any(getattr(part, "pattern", None) for part in parts),
    )


def _segments(parts: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """Return what stands between the slashes; None for mixed segments and patterns with slashes."""
    segments: list[Part] = [""]
    for part in parts:
        if isinstance(part, Variable):
            if segments[-1] != "" or not is_slashless(part.pattern or "x"):
                return None
            segments[-1] = part
            continue
        first, *rest = part.split("/")
        if first:
            last = segments[-1]
            if not isinstance(last, str):
                return None
            segments[-1] = last + first
        segments.extend(rest)
    return tuple(segments)
