"""Read what a whole magic asks for: the line of `%http`, or the line and the body of `%%http`.

A cell is written like an `.http` file: the request line (on the magic's line, or first in the
body), headers, an empty line, the body. `#` and `//` open comments in front of the body, `###`
ends the request. A line that opens with `{`, `[` or `<` cannot be a header, so the body may begin
there without the empty line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source
from notebook_http.notebook.magics.request_line import (
    RequestLine,
    check_header,
    read_request_line,
)
from notebook_http.notebook.magics.template_values import (
    Values,
    fill_form,
    fill_json,
    fill_text,
)
from notebook_http.notebook.magics.templates import Part, split_templates

__all__ = ["ParsedRequest", "read_cell", "read_line"]

_COMMENTS = ("#", "//")
_BODY_OPENERS = ("{", "[", "<")
_VERSION = re.compile(r"\s+HTTP/\d(\.\d)?\s*$")
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What a magic asks for, ready to be sent.

    Attributes:
        method: in upper case, unless it was quoted.
        url: whole, with scheme and host.
        headers: (name, value) pairs in their order.
        query: (name, value) pairs that are added to those of the URL.
        fields: the JSON object to be sent; None without items of it.
        body: the body to be sent as it is; None without one. Never both.
        options: the values of the `--options`, by name.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    fields: dict[str, object] | None = None
    body: str | bytes | None = None
    options: dict[str, object] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments that a client's `request` takes behind method and URL."""
        arguments: dict[str, Any] = {}
        if self.headers:
            arguments["headers"] = list(self.headers)
        if self.query:
            arguments["params"] = list(self.query)
        if self.fields is not None:
            arguments["json"] = self.fields
        if self.body is not None:
            arguments["data"] = self.body
        return arguments


def read_line(line: str, namespace: dict[str, Any]) -> ParsedRequest:
    """Return what `%http` *line* asks for, its templates evaluated in *namespace*.

    Raises:
        MagicSyntaxError: the line cannot be read, or a template has no value (`TemplateError`).
    """
    source = Source(line, "%http ")
    request = read_request_line(source, Values(namespace, source))
    if not request.url:
        raise _nothing_to_ask(source, "[METHOD] URL [items]")
    return _parsed_request(request)


def read_cell(line: str, cell: str, namespace: dict[str, Any]) -> ParsedRequest:
    """Return what `%%http` *line* and the *cell* below it ask for.

    Raises:
        MagicSyntaxError: the cell cannot be read, or a template has no value (`TemplateError`).
    """
    source = Source(line, "%%http ", 1)
    request = read_request_line(source, Values(namespace, source))
    # Not splitlines(): U+2028 and form feeds may stand inside a body.
    lines = _one_request(cell.replace("\r\n", "\n").split("\n"))
    at = 0
    if not request.url:
        request, at = _request_in_body(lines, request.options, namespace)
        if not request.url:
            raise _nothing_to_ask(source, "[METHOD] URL [items], here or on the next line")
    headers, at = _read_headers(lines, at, namespace)
    content_type = next(
        (value for name, value in (*headers, *request.headers) if name.lower() == "content-type"),
        "",
    )
    body, body_type = _read_body(lines[at:], at + 2, content_type, namespace)
    if body is not None and request.fields is not None:
        text_source = Source(lines[at], first_line=at + 2)
        raise MagicSyntaxError(
            "There are two bodies: items of the request line, and this text",
            text_source,
            (0, len(lines[at])),
            hint="Keep one of them.",
        )
    if body_type and not content_type:
        headers.append(("Content-Type", body_type))
    return _parsed_request(request, tuple(headers), body)


def _parsed_request(
    request: RequestLine,
    headers: tuple[tuple[str, str], ...] = (),
    body: str | bytes | None = None,
) -> ParsedRequest:
    sends = body is not None or request.fields is not None
    return ParsedRequest(
        method=request.method or ("POST" if sends else "GET"),
        url=request.url,
        headers=request.headers + headers,
        query=request.query,
        fields=request.fields,
        body=body,
        options=request.options,
    )


def _nothing_to_ask(source: Source, expected: str) -> MagicSyntaxError:
    return MagicSyntaxError(
        "There is no URL to ask",
        source,
        (len(source.text), len(source.text)),
        expected=expected,
        hint="For example: %http :3000/hello",
    )


# The lines of a cell ----------------------------------------------------------------------------


def _one_request(lines: list[str]) -> list[str]:
    """Return the lines up to the `###` that ends the request; one that opens it is blanked."""
    begun = False
    for at, line in enumerate(lines):
        if line.startswith("###"):
            if not begun:
                lines[at] = "#"
                continue
            for later, text in enumerate(lines[at + 1 :], at + 1):
                if text.strip() and not text.startswith(_COMMENTS):
                    raise MagicSyntaxError(
                        "A second request begins here",
                        Source(text, first_line=later + 2),
                        (0, len(text)),
                        expected="one request in a cell: ### ends it",
                        hint='Move it to a cell of its own. To send a ### write {{"###"}}',
                    )
            return lines[:at]
        begun = begun or bool(line.strip() and not line.startswith(_COMMENTS))
    return lines


def _request_in_body(
    lines: Sequence[str], options: dict[str, object], namespace: dict[str, Any]
) -> tuple[RequestLine, int]:
    """Return the request line in the body, and the index of the line behind it."""
    at = 0
    while at < len(lines) and (not lines[at].strip() or lines[at].startswith(_COMMENTS)):
        at += 1
    if at == len(lines):
        return RequestLine(options=options), at
    # `.http` files name a version there; the connection decides which one is spoken.
    text = _VERSION.sub("", lines[at]).strip()
    number = at + 2
    at += 1
    # A long query may go on below, indented: `?page=2` and `&size=50`, each on its line.
    while at < len(lines) and lines[at][:1].isspace() and lines[at].lstrip()[:1] in ("?", "&"):
        text += lines[at].strip()
        at += 1
    source = Source(text, first_line=number)
    request = read_request_line(source, Values(namespace, source), magic=False)
    return (
        RequestLine(
            request.method, request.url, request.headers, request.query, request.fields, options
        ),
        at,
    )


def _read_headers(
    lines: Sequence[str], at: int, namespace: dict[str, Any]
) -> tuple[list[tuple[str, str]], int]:
    """Return the headers that begin at line *at*, and the index of the body's first line."""
    headers: list[tuple[str, str]] = []
    while at < len(lines) and lines[at].strip():
        line = lines[at]
        if line.lstrip().startswith(_BODY_OPENERS):
            return headers, at
        if not line.startswith(_COMMENTS):
            headers.append(_read_header(Source(line, first_line=at + 2), namespace))
        at += 1
    return headers, at + 1


def _read_header(source: Source, namespace: dict[str, Any]) -> tuple[str, str]:
    name, colon, _ = source.text.partition(":")
    if not colon:
        raise MagicSyntaxError(
            "This line is no header",
            source,
            (0, len(source.text)),
            expected="Name: value, or an empty line in front of the body",
        )
    values = Values(namespace, source)
    text = fill_text(split_templates(source.text), values)
    value = text.partition(":")[2].strip()
    return check_header(name.strip(), value, source, (0, len(source.text)))


# The body ---------------------------------------------------------------------------------------


def _read_body(
    lines: Sequence[str], first_line: int, content_type: str, namespace: dict[str, Any]
) -> tuple[str | bytes | None, str]:
    """Return the body (None without one), and the type that it shows to have when none is given."""
    text = "\n".join(lines).rstrip("\n")
    if not text.strip():
        return None, ""
    parts = split_templates(text)
    values = Values(namespace, Source(text, first_line=first_line))
    if len(parts) == 1 and not isinstance(parts[0], str):
        value = values.value(parts[0])
        if isinstance(value, bytes | str):
            return value, ""
        if not content_type:
            content_type = _JSON
    if "json" in content_type.lower() or (not content_type and _opens_json(parts[0])):
        text = fill_json(parts, values)
        return text, content_type or (_JSON if _is_json(text) else "")
    if content_type.lower().startswith("application/x-www-form-urlencoded"):
        return fill_form(parts, values), ""
    return fill_text(parts, values), ""


def _opens_json(part: Part) -> bool:
    return isinstance(part, str) and part.lstrip().startswith(("{", "["))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
