"""Write a request as a line of Python that sends it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from multidict import CIMultiDict
from yarl import URL

from notebook_http.client.automatic_headers import with_automatic
from notebook_http.notebook.interchange.placeholders import in_python, marked
from notebook_http.notebook.interchange.request_parts import MASKED_NOTE, RequestParts, masked
from notebook_http.wire.urlencoded_form import format_urlencoded

__all__ = ["python_text"]

_FUNCTIONS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_LINE_CHARACTERS = 88
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_TEXT = "text/plain; charset=utf-8"


def python_text(parts: RequestParts, *, reveal: bool = False) -> str:
    """Return the code that sends *parts*: an import, and a call to be awaited in a cell.

    Raises:
        UnwritableRequestError: the body is not known any more.
    """
    parts.check_whole()
    shown = parts if reveal else masked(marked(parts))
    lines = [] if shown == parts else [f"# {MASKED_NOTE}"]
    arguments = [_url(shown.url), *_arguments(shown)]
    if "URL(" in arguments[0]:
        lines.append("from yarl import URL\n")
    lines.append("import notebook_http as nh\n")
    if shown.method in _FUNCTIONS:
        call = f"nh.{shown.method.lower()}"
    else:
        call = "nh.request"
        arguments.insert(0, repr(shown.method))
    arguments = [in_python(argument) for argument in arguments]
    line = f"r = await {call}({', '.join(arguments)})"
    if len(line) > _LINE_CHARACTERS:
        line = f"r = await {call}(\n" + "".join([f"    {text},\n" for text in arguments]) + ")"
    return "\n".join([*lines, line])


def _url(text: str) -> str:
    try:
        changed = str(URL(text)) != text
    except ValueError:  # masked: it is no URL any more, only looked at
        return repr(text)
    return f"URL({text!r}, encoded=True)" if changed else repr(text)


def _arguments(parts: RequestParts) -> list[str]:
    """Return the keyword arguments that make *parts*, all that is automatic left to itself."""
    headers = parts.given_headers
    if parts.body is None:  # it says so by itself
        headers = [
            pair for pair in headers if (pair[0].lower(), pair[1]) != ("content-length", "0")
        ]
    automatic = with_automatic(CIMultiDict())
    body, body_type = _body(parts)
    if body_type:
        automatic["Content-Type"] = body_type
    left = [pair for pair in headers if automatic.get(pair[0]) != pair[1]]
    kept = {name.lower() for name, _ in left}
    sent = [name.lower() for name, _ in headers]
    order = [name.lower() for name, _ in left] + [
        name.lower() for name in automatic if name.lower() in sent and name.lower() not in kept
    ]
    if order != sent:  # said in another order, which may matter to somebody: all of it then
        left = headers
    arguments = []
    if left:
        names = {name.lower() for name, _ in left}
        arguments.append(f"headers={dict(left) if len(names) == len(left) else left!r}")
    if body:
        arguments.append(body)
    skipped = [name for name in automatic if name.lower() not in sent]
    if parts.body is not None and "content-type" not in (*sent, *map(str.lower, skipped)):
        skipped.append("Content-Type")
    if skipped:
        arguments.append(f"skip_auto_headers={skipped!r}")
    return arguments


def _body(parts: RequestParts) -> tuple[str, str]:
    """Return the argument that sends the body, and the type that comes with it by itself."""
    body = parts.body
    if body is None:
        return "", ""
    content_type = parts.header("content-type")
    if content_type == _JSON and (value := _json_value(body)) is not None:
        return f"json={value!r}", _JSON
    if content_type == _FORM and (form := _form_value(body)):
        return f"data={form!r}", _FORM
    if content_type == _TEXT:
        try:
            return f"data={body.decode()!r}", _TEXT
        except UnicodeDecodeError:
            pass
    return f"data={body!r}", "application/octet-stream" if content_type else ""


def _form_value(body: bytes) -> dict[str, str] | None:
    """Return the fields that `data=` sends as exactly *body*; None if there are none."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) and format_urlencoded(pairs) == body else None


def _json_value(body: bytes) -> Any:
    """Return the value that `json=` sends as exactly *body*; None if there is none."""
    try:
        value = json.loads(body)
        same = json.dumps(value).encode() == body and "nan" not in repr(value)
    except (ValueError, RecursionError):
        return None
    return value if same and "inf" not in repr(value) else None
