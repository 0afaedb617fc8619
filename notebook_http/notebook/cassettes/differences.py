"""Say in which part two requests differ: why a recording did not answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from notebook_http.notebook.cassettes.body_forms import body_bytes
from notebook_http.notebook.cassettes.interaction import Asked

__all__ = ["differences", "is_same", "nearest"]

# Recordings that are compared in full, and characters of each: a message, not a search engine.
_MOST_COMPARED = 500
_CHARACTERS = 300
_SHOWN = 80


def is_same(recorded: Asked, asked: Asked) -> bool:
    """Return whether a recording answers what is *asked*; a streamed body fits any."""
    return (
        recorded.method == asked.method
        and recorded.url == asked.url
        and (recorded.body is None or asked.body is None or _value(recorded) == _value(asked))
    )


def nearest(asked: Asked, recorded: Sequence[Asked]) -> int | None:
    """Return the place of the recording that is most like *asked*; None without any."""
    best, place = -1.0, None
    for number, other in enumerate(recorded[-_MOST_COMPARED:]):
        matcher = SequenceMatcher(None, other.url[:_CHARACTERS], asked.url[:_CHARACTERS])
        score = matcher.quick_ratio()
        if score > 0.5:
            score = matcher.ratio()
        score += (other.method == asked.method) + (_value(other) == _value(asked)) / 2
        score += (other.url == asked.url) * 2
        if score > best:
            best, place = score, number + max(0, len(recorded) - _MOST_COMPARED)
    return place


def differences(recorded: Asked, asked: Asked) -> list[str]:
    """Return a line for each part that differs: `query page: recorded '2', asked '3'`."""
    found = []
    if recorded.method != asked.method:
        found.append(_line("method", recorded.method, asked.method))
    if recorded.url != asked.url:
        found += _url_differences(recorded.url, asked.url)
    if recorded.body is not None and asked.body is not None and _value(recorded) != _value(asked):
        found += _value_differences("body", _value(recorded), _value(asked))
    return found


def _value(asked: Asked) -> Any:
    """Return the body for comparison: JSON by its value, anything else by its bytes."""
    if asked.body is None:
        return None
    if "json" in asked.body:
        return asked.body["json"]
    raw = body_bytes(asked.body)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _url_differences(recorded: str, asked: str) -> list[str]:
    try:
        one, other = urlsplit(recorded), urlsplit(asked)
    except ValueError:
        return [_line("url", recorded, asked)]
    found = []
    for part in ("scheme", "netloc", "path"):
        if getattr(one, part) != getattr(other, part):
            name = "host" if part == "netloc" else part
            found.append(_line(name, getattr(one, part), getattr(other, part)))
    if one.query != other.query:
        left = dict(parse_qsl(one.query, keep_blank_values=True))
        right = dict(parse_qsl(other.query, keep_blank_values=True))
        names = [name for name in left | right if left.get(name) != right.get(name)]
        if names:
            found += [_line(f"query {name}", left.get(name), right.get(name)) for name in names]
        else:
            found.append(_line("query", one.query, other.query))
    return found or [_line("url", recorded, asked)]


def _value_differences(where: str, recorded: Any, asked: Any) -> list[str]:
    """Return the first places where two values differ, by their paths."""
    found: list[str] = []
    todo = [(where, recorded, asked)]
    while todo and len(found) < 5:
        place, one, other = todo.pop(0)
        if isinstance(one, dict) and isinstance(other, dict):
            todo += [
                (f"{place}.{key}", one.get(key), other.get(key))
                for key in one | other
                if key not in one or key not in other or one[key] != other[key]
            ]
        elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            pairs = zip(one, other, strict=True)
            todo += [(f"{place}[{n}]", a, b) for n, (a, b) in enumerate(pairs) if a != b]
        else:
            found.append(_line(place, one, other))
    return found


def _line(name: str, recorded: Any, asked: Any) -> str:
    return f"{name[:_SHOWN]}: recorded {_short(recorded)}, asked {_short(asked)}"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str | bytes) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
