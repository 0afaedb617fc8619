"""Read what a whole magic asks for: the line of `%http`, or the line and the body of `%%http`.

A cell is written like an `.http` file: the request line (on the magic's line, or first in the
body), headers, an empty line, the body. `#` and `//` open comments in front of the body, `###`
stands between requests. A line that opens with `{`, `[` or `<` cannot be a header, so the body may
begin there without the empty line. `< path` as the body sends a file, `<@ path` one with templates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source
from notebook_http.notebook.magics.http_blocks import (
    BODY_OPENERS,
    COMMENTS,
    Block,
    HttpText,
    split_blocks,
)
from notebook_http.notebook.magics.request_body import read_body
from notebook_http.notebook.magics.request_line import (
    RequestLine,
    check_header,
    read_request_line,
)
from notebook_http.notebook.magics.scope import Names, Scope
from notebook_http.notebook.magics.template_values import Values, fill_text
from notebook_http.notebook.magics.templates import split_templates

__all__ = [
    "ParsedRequest",
    "nothing_in_cell",
    "read_block",
    "read_cell",
    "read_line",
    "read_magic_line",
    "read_only_line",
]

_VERSION = re.compile(r"\s+HTTP/\d(\.\d)?\s*$")


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
        follow: False where redirects are not to be followed.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    fields: dict[str, object] | None = None
    body: str | bytes | None = None
    options: dict[str, object] = field(default_factory=dict)
    follow: bool = True

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
        if self.method == "HEAD" or not self.follow:
            # Of HEAD one wants the answer itself, as everywhere here.
            arguments["allow_redirects"] = False
        return arguments


def read_line(line: str, names: Names, request: RequestLine | None = None) -> ParsedRequest:
    """Return what `%http` *line* asks for, its templates evaluated with *names*.

    *request*: the line as it was read before, by `read_only_line`.

    Raises:
        MagicSyntaxError: the line cannot be read, or a template has no value (`TemplateError`).
    """
    source = Source(line, "%http ")
    if request is None:
        request = read_request_line(source, Values(names, source))
    if not request.url:
        raise _nothing_to_ask(source, "[METHOD] URL [items]")
    return _parsed_request(request)


def read_only_line(line: str, names: Names) -> RequestLine:
    """Return what the line of `%http` says, which may name a file in place of a URL."""
    source = Source(line, "%http ")
    return read_request_line(source, Values(names, source))


def read_cell(line: str, cell: str, names: Names) -> ParsedRequest:
    """Return what `%%http` *line* and the one request in the *cell* below it ask for.

    Raises:
        MagicSyntaxError: the cell cannot be read, or a template has no value (`TemplateError`).
    """
    scope = names if isinstance(names, Scope) else Scope(names)
    first = read_magic_line(line, scope)
    # Not splitlines(): U+2028 and form feeds may stand inside a body.
    text = HttpText(cell.replace("\r\n", "\n").split("\n"), 2)
    blocks = split_blocks(
        text, lambda name, value, _: scope.define(name, value), begun=bool(first.url)
    )
    if not blocks:
        raise nothing_in_cell(line)
    return read_block(blocks[0], scope, first)


def read_magic_line(line: str, names: Names) -> RequestLine:
    """Return what the own line of `%%http` says: options, and perhaps a request's line."""
    source = Source(line, "%%http ", 1)
    return read_request_line(source, Values(names, source))


def nothing_in_cell(line: str) -> MagicSyntaxError:
    """Return the error of a cell that asks for nothing."""
    source = Source(line, "%%http ", 1)
    return _nothing_to_ask(source, "[METHOD] URL [items], here or on the next line")


def read_block(block: Block, names: Names, first: RequestLine | None = None) -> ParsedRequest:
    """Return what *block* asks for; *first* is its request line if that stands on the magic's own.

    Raises:
        MagicSyntaxError: it cannot be read, or a template has no value (`TemplateError`).
    """
    text = block.text
    at = 0
    if first is None or not first.url:
        options = {} if first is None else first.options
        first, at = _request_line(text, block.start, options, names)
    headers, at = _read_headers(text, at, names)
    content_type = next(
        (value for name, value in (*headers, *first.headers) if name.lower() == "content-type"),
        "",
    )
    body, body_type = read_body(text, at, content_type, names)
    if body is not None and first.fields is not None:
        raise MagicSyntaxError(
            "There are two bodies: items of the request line, and this text",
            text.source(at),
            (0, len(text.lines[at])),
            hint="Keep one of them.",
        )
    if body_type and not content_type:
        headers.append(("Content-Type", body_type))
    return _parsed_request(first, tuple(headers), body, follow=block.follow)


def _parsed_request(
    request: RequestLine,
    headers: tuple[tuple[str, str], ...] = (),
    body: str | bytes | None = None,
    *,
    follow: bool = True,
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
        follow=follow,
    )


def _nothing_to_ask(source: Source, expected: str) -> MagicSyntaxError:
    return MagicSyntaxError(
        "There is no URL to ask",
        source,
        (len(source.text), len(source.text)),
        expected=expected,
        hint="For example: %http :3000/hello",
    )


# The lines of a request ---------------------------------------------------------------------------


def _request_line(
    text: HttpText, at: int, options: dict[str, object], names: Names
) -> tuple[RequestLine, int]:
    """Return the request line at index *at*, and the index of the line behind it."""
    # `.http` files name a version there; the connection decides which one is spoken.
    line = _VERSION.sub("", text.lines[at]).strip()
    begin = at
    at += 1
    # A long query may go on below: `?page=2` and `&size=50`, each on its line.
    while at < len(text.lines) and text.lines[at].lstrip()[:1] in ("?", "&"):
        line += _VERSION.sub("", text.lines[at]).strip()
        at += 1
    source = text.source(begin, line)
    request = read_request_line(source, Values(names, source), magic=False)
    return (
        RequestLine(
            request.method, request.url, request.headers, request.query, request.fields, options
        ),
        at,
    )


def _read_headers(text: HttpText, at: int, names: Names) -> tuple[list[tuple[str, str]], int]:
    """Return the headers that begin at line *at*, and the index of the body's first line."""
    headers: list[tuple[str, str]] = []
    while at < len(text.lines) and text.lines[at].strip():
        line = text.lines[at]
        if line.lstrip().startswith(BODY_OPENERS):
            return headers, at
        if not line.startswith(COMMENTS):
            headers.append(_read_header(text.source(at), names))
        at += 1
    return headers, at + 1


def _read_header(source: Source, names: Names) -> tuple[str, str]:
    name, colon, _ = source.text.partition(":")
    if not colon:
        raise MagicSyntaxError(
            "This line is no header",
            source,
            (0, len(source.text)),
            expected="Name: value, or an empty line in front of the body",
        )
    values = Values(names, source)
    text = fill_text(split_templates(source.text), values)
    value = text.partition(":")[2].strip()
    return check_header(name.strip(), value, source, (0, len(source.text)))
