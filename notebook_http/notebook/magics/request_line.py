"""Read the request line of a magic: `METHOD URL [items]`.

Items are `Header:value`, `query==value`, `key=value` and `key:=json`; the last two make the JSON
body. They follow the URL in any order; `--options` may stand anywhere on the magic's own line. The
method may be left out (GET, or POST when there is something to send), and so may the scheme.

Plain functions on plain data: nothing here sends, and nothing asks IPython.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, nearest
from notebook_http.notebook.magics.options import OPTIONS, take_options
from notebook_http.notebook.magics.template_values import Values, fill_json, fill_text
from notebook_http.notebook.magics.templates import Part
from notebook_http.notebook.magics.tokens import Token, split_line
from notebook_http.notebook.magics.urls import complete_url, fill_url
from notebook_http.wire.secrets import mask_text

__all__ = ["METHODS", "RequestLine", "check_header", "read_request_line"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
# Understood, but rarely meant, so no message proposes them: WebDAV's, and what caches share.
_RARE_METHODS = frozenset(
    {"TRACE", "QUERY", "SEARCH", "REPORT", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE"}
    | {"LOCK", "UNLOCK", "PURGE"}
)
_WORD = re.compile(r"[A-Za-z][A-Za-z-]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2: a token
_ITEMS = "Header:value, query==value, key=value or key:=json"


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What a request line says.

    Attributes:
        method: as it is to be sent; empty when it was left out.
        url: whole, with scheme and host; empty when the line has none.
        headers: (name, value) pairs in their order.
        query: (name, value) pairs that are added to those of the URL.
        fields: the members of the JSON object that is sent; None without any.
        options: the values of the `--options`, by name.
        url_span: where the URL stands in the line.
        chosen: the name of the one request of a file that is meant; "" for all.
    """

    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    fields: dict[str, object] | None = None
    options: dict[str, object] = field(default_factory=dict)
    url_span: tuple[int, int] = (0, 0)
    chosen: str = ""


def read_request_line(source: Source, values: Values, *, magic: bool = True) -> RequestLine:
    """Return what the one-line *source* asks for; *values* gives its templates their values.

    *magic*: whether it is the magic's own line, which may hold options, `{expr}`, and nothing.
    On the first line of a cell's body only `{{expr}}` counts.

    Raises:
        MagicSyntaxError: the line cannot be read.
        TemplateError: an expression in it has no value that can be sent.
    """
    tokens = split_line(source, single=magic)
    options: dict[str, object] = {}
    if magic:
        options, tokens = take_options(tokens, source, values)
        if "client" in options:
            values.scope.choose_client(str(options["client"]), source)
        if "file" in options:
            return RequestLine(options=options, chosen=_chosen(tokens, source, values))
    if not tokens:
        return RequestLine(options=options)
    method, rest = _take_method(tokens, source, values)
    if not rest:
        raise MagicSyntaxError(
            "The URL is missing", source, (len(source.text),) * 2, expected=f"{method} URL [items]"
        )
    url = _read_url(rest[0], source, values)
    headers: list[tuple[str, str]] = []
    query: list[tuple[str, str]] = []
    fields: dict[str, object] = {}
    for before, token in pairwise(rest):
        name, separator, parts = _divide(token, before, source, values)
        if separator == ":":
            value = fill_text(parts, values)
            headers.append(check_header(name, value.strip(" \t"), source, token.span))
        elif separator == "==":
            query.append((name, fill_text(parts, values)))
        elif name in fields:
            message = f"{name!r} is given twice"
            raise MagicSyntaxError(message, source, token.span, hint="Take one of them away.")
        elif separator == "=":
            fields[name] = fill_text(parts, values)
        else:
            fields[name] = _read_json(parts, token, source, values)
    return RequestLine(
        method=method,
        url=url,
        headers=tuple(headers),
        query=tuple(query),
        fields=fields or None,
        options=options,
        url_span=rest[0].span,
    )


def _chosen(tokens: Sequence[Token], source: Source, values: Values) -> str:
    if len(tokens) > 1:
        message = "Behind the file stands the name of one request"
        raise MagicSyntaxError(message, source, tokens[1].span, expected="--file PATH [NAME]")
    return tokens[0].text(values) if tokens else ""


# The method -------------------------------------------------------------------------------------


def _take_method(
    tokens: Sequence[Token], source: Source, values: Values
) -> tuple[str, Sequence[Token]]:
    """Return the method, empty when the line begins with the URL, and the tokens behind it."""
    first = tokens[0]
    if first.divided() is not None:
        return "", tokens
    word = first.text(values)
    if not _WORD.fullmatch(word):
        return "", tokens
    if word.upper() in METHODS or word.upper() in _RARE_METHODS:
        return word.upper(), tokens[1:]
    if word.casefold() == "localhost" or len(tokens) == 1 or _is_item(tokens[1]):
        near = nearest(word, METHODS) if len(tokens) == 1 and word.isupper() else ""
        if not near:
            return "", tokens
        raise MagicSyntaxError(
            f"{word} is no method, and no host that can be meant",
            source,
            first.span,
            expected="METHOD URL",
            hint=f"Did you mean {near}? Then put a URL behind it.",
        )
    if not first.bare:  # quoted, or the value of a template: it is meant
        return word, tokens[1:]
    near = nearest(word, METHODS)
    raise MagicSyntaxError(
        f"{word} is not a method",
        source,
        first.span,
        expected=", ".join(METHODS),
        hint=f"Did you mean {near}?"
        if near
        else f'A host is written {word}/ here, and a method of your own "{word}"',
    )


def _is_item(token: Token) -> bool:
    """Return whether *token* can only be an item: the word before it is the URL then."""
    divided = token.divided()
    if divided is None:
        return False
    name, separator, _ = divided
    return separator != ":" and not any(isinstance(part, str) and "/" in part for part in name)


# The URL and the items --------------------------------------------------------------------------


def _read_url(token: Token, source: Source, values: Values) -> str:
    text = fill_url(token.parts, values)
    if values.scope.takes_paths and text.startswith("/") and not text.startswith("//"):
        return text  # the client has a base URL
    try:
        return complete_url(text)
    except ValueError as error:
        message = "This URL cannot be asked for"
        expected = mask_text(str(error))
        raise MagicSyntaxError(message, source, token.span, expected=expected) from error


def _divide(
    token: Token, before: Token, source: Source, values: Values
) -> tuple[str, str, list[Part]]:
    """Return the name, separator and value of an item."""
    divided = token.divided()
    if divided is None:
        raise _not_an_item(token, before, source)
    name_parts, separator, parts = divided
    name = fill_text(name_parts, values)
    first = parts[0] if parts else ""
    if separator == ":" and isinstance(first, str) and first.startswith("//"):
        raise MagicSyntaxError(
            "This is a second URL",
            source,
            token.span,
            expected=_ITEMS,
            hint="A request goes to one URL. Is there a blank in it? Then put quotes around it.",
        )
    if not name:
        message = f"There is no name in front of {separator}"
        raise MagicSyntaxError(message, source, token.span, expected=_ITEMS)
    if separator == ":" and not parts:
        raise MagicSyntaxError(
            f"The header {name} has no value",
            source,
            token.span,
            expected=f'{name}:value without a blank; with one: "{name}: some value"',
            hint=f'To send it empty, write {name}:""',
        )
    return name, separator, parts


def _not_an_item(token: Token, before: Token, source: Source) -> MagicSyntaxError:
    near = nearest(token.bare, OPTIONS) if token.bare else ""
    if near:
        hint = f"Did you mean --{near}?"
    elif divided := before.divided():
        # Only the name: what stands behind `Authorization:` is not to be shown.
        name = "".join([str(part) for part in divided[0]])
        hint = f'A value with a blank in it needs quotes: "{name}{divided[1]}… …"'
    else:
        hint = "A URL with a blank in it needs quotes."
    message = "This is no item of a request"
    return MagicSyntaxError(message, source, token.span, expected=_ITEMS, hint=hint)


def _read_json(parts: Sequence[Part], token: Token, source: Source, values: Values) -> object:
    if len(parts) == 1 and not isinstance(parts[0], str):
        return values.json(parts[0])
    text = fill_json(parts, values)
    try:
        return json.loads(text)
    except ValueError as error:
        raise MagicSyntaxError(
            f"What stands behind := is not JSON: {error}",
            source,
            token.span,
            expected='5, true, null, "text", [1, 2] or {"k": 1}',
            hint="For plain text write = in place of :=",
        ) from error


def check_header(name: str, value: str, source: Source, span: tuple[int, int]) -> tuple[str, str]:
    """Return (name, value) of a header that may be sent.

    Raises:
        MagicSyntaxError: the name is none (RFC 9110 §5.1), or the value would break the line.
    """
    if not _HEADER_NAME.fullmatch(name):
        raise MagicSyntaxError(
            f"{name!r} cannot be the name of a header",
            source,
            span,
            expected="letters, digits and hyphens, such as Content-Type",
        )
    if any(char in value for char in "\r\n\0"):
        raise MagicSyntaxError(
            f"The value of {name} holds a line end or a NUL, which no header can",
            source,
            span,
            hint="Is there a line end behind it? Use value.strip().",
        )
    return name, value
