"""Write a request as the cell that `%%http` reads."""

from __future__ import annotations

import json
import re

from notebook_http.notebook.interchange.exceptions import UnwritableRequestError
from notebook_http.notebook.interchange.placeholders import in_cell, marked
from notebook_http.notebook.interchange.request_parts import MASKED_NOTE, RequestParts, masked

__all__ = ["http_text"]

# Methods that a request line may open with as they are; others are quoted.
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"})
# The longest expression that a cell takes.
_EXPRESSION_CHARACTERS = 1_000
_MARKER = re.compile(r"^###", re.MULTILINE)


def http_text(parts: RequestParts, *, reveal: bool = False) -> str:
    """Return the cell, its first line `%%http`.

    `Host` and `Content-Length` are left out: they follow from the rest.

    Raises:
        UnwritableRequestError: the body is not known any more, or is no text and too long for an
            expression.
    """
    parts.check_whole()
    shown = parts if reveal else masked(marked(parts))
    lines = ["%%http"] if shown == parts else ["%%http", f"# {MASKED_NOTE}"]
    method = shown.method if shown.method in _METHODS else f'"{shown.method}"'
    lines.append(f"{method} {_url(shown.url)}")
    for name, value in shown.given_headers:
        if name.startswith("#"):  # a name in every right, but here a comment
            raise UnwritableRequestError(f"A header of the name {name} cannot stand in a cell.")
        if (name.lower(), value) != ("content-length", "0"):
            lines.append(f"{name}: {_escaped(value)}")
    if shown.body:
        lines += ["", _body(shown)]
    return in_cell("\n".join(lines))


def _url(url: str) -> str:
    # Behind = a quote would open a word; inside of one, only a backslash means something.
    quoted = '"' + url.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return quoted if "'" in url or " " in url or '"' in url else url


def _escaped(text: str) -> str:
    return text.replace("{{", '{{"{{"}}')


def _body(parts: RequestParts) -> str:
    body = parts.body or b""
    content_type = parts.header("content-type") or ""
    text = body.decode("utf-8", "surrogateescape")
    is_plain = (
        text.isprintable()
        if "\n" not in text and "\t" not in text
        else text.replace("\n", " ").replace("\t", " ").isprintable()
    )
    if (
        is_plain
        and "{{" not in text
        and text.strip()
        and not text.endswith("\n")
        and not _MARKER.search(text)
        and (content_type or not _is_json(text))
    ):
        return text
    value = repr(text) if text.isprintable() else repr(body)
    if "\n" in value or len(value) > _EXPRESSION_CHARACTERS - 50:
        message = (
            f"This body ({len(body):,} bytes) cannot stand in a cell as it is. "
            "Use to_python() or to_curl()."
        )
        raise UnwritableRequestError(message)
    return f"{{{{{value}}}}}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
