"""`{{login.response.body.$.token}}`: what a request that was named, or its reply, holds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.magics.dynamic_variables import VariableError
from notebook_http.notebook.source_errors import nearest

if TYPE_CHECKING:
    from notebook_http.notebook.magics.answer import Answer

__all__ = ["REFERENCE", "json_at", "reply_value"]

REFERENCE = re.compile(
    r"(?P<name>[A-Za-z_][\w-]*)\.(?P<side>request|response)"
    r"\.(?P<part>[A-Za-z]+)(?:\.?(?P<rest>(?<=\.)\S.*|\[.*))?"
)
_PARTS = {
    "response": ("body", "headers", "status", "reason", "url"),
    "request": ("body", "headers", "method", "url"),
}
_STEP = re.compile(r"\.?(?:([^.\[\]'\"]+)|\[(-?\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\])")
_SHOWN_KEYS = 8


def reply_value(reply: Answer, reference: re.Match[str]) -> object:
    """Return what a match of `REFERENCE` names in *reply*.

    Raises:
        VariableError: it has no such thing; the message says what there is.
    """
    side, part, rest = reference["side"], reference["part"], reference["rest"] or ""
    if part not in _PARTS[side]:
        near = nearest(part, _PARTS[side])
        message = f"a {side} has no {part}; it has {', '.join(_PARTS[side])}"
        raise VariableError(message, f"Did you mean {near}?" if near else "")
    whole = reply if side == "response" else reply.request
    if part == "headers":
        return _header(dict(whole.headers), whole.headers.get(rest), rest)
    if part != "body":
        value = getattr(whole, part)
        return value if isinstance(value, int) else str(value)
    content = reply.content if side == "response" else (reply.request.body or b"")
    if rest in ("", "*"):
        return reply.text if side == "response" else content.decode("utf-8", "replace")
    return json_at(_json(reply, content, side), rest)


def json_at(value: Any, path: str) -> object:
    """Return what *path*, such as `$.items[0].name`, leads to in a JSON *value*.

    Keys behind dots, or quoted in brackets; entries of lists by number, from the end if negative.

    Raises:
        VariableError: it leads nowhere; the message names the step and the nearest right one.
    """
    at = 1 if path.startswith("$") else 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or step.end() == at:
            message = f"the path {path!r} cannot be read from {path[at : at + 20]!r} on"
            raise VariableError(message, "A path looks like $.items[0].name or $['a key'].x")
        walked, at = path[:at] or "$", step.end()
        if step[2] is not None or (isinstance(value, list) and (step[1] or "").isdecimal()):
            value = _entry(value, (step[2] or step[1])[:18], walked)
        else:
            value = _member(value, next(each for each in step.groups() if each is not None), walked)
    return value


def _entry(value: Any, number: str, walked: str) -> Any:
    if not isinstance(value, list):
        message = f"{walked} is {_kind(value)}, so it has no entry [{number}]"
        raise VariableError(message)
    try:
        return value[int(number)]
    except IndexError:
        message = f"{walked} has {len(value):,} entries, counted from 0: no [{number}]"
        raise VariableError(message) from None


def _member(value: Any, key: str, walked: str) -> Any:
    if not isinstance(value, dict):
        message = f"{walked} is {_kind(value)}, so it has no {key[:60]!r}"
        hint = f"Pick an entry of it: {walked}[0]" if isinstance(value, list) else ""
        raise VariableError(message, hint)
    if key in value:
        return value[key]
    near = nearest(key, list(value)[:5000])
    shown = ", ".join([repr(each[:40]) for each in list(value)[:_SHOWN_KEYS]]) or "nothing"
    message = f"{walked} has no {key[:60]!r}; it has {shown}"
    raise VariableError(message, f"Did you mean {near[:60]}?" if near else "")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for kind, words in ((list, "a list"), (dict, "an object"), (str, "a text")):
        if isinstance(value, kind):
            return words
    return "a number"


def _json(reply: Answer, content: bytes, side: str) -> Any:
    try:
        return reply.json() if side == "response" else json.loads(content)
    except (ValueError, RecursionError):
        message = f"the body of the {side} is not JSON, so a path leads nowhere in it"
        raise VariableError(message, "The whole body is .body.*") from None


def _header(headers: dict[str, str], value: str | None, name: str) -> str:
    if value is not None:
        return value
    near = nearest(name, headers)
    message = f"there is no header {name[:60]}" if name else "the name of a header is missing"
    raise VariableError(message, f"Did you mean {near}?" if near else "")
