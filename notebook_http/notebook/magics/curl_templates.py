"""`{{templates}}` in a curl command: each value is one stretch of its word, whatever is in it.

The command is cut into words with a character of Unicode's private use, repeated, where a template
stands, so that a value needs no quoting and places in messages stay right. Braces whose names the
notebook does not know are the command's own: what browsers copy may be full of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, UndefinedNameError
from notebook_http.notebook.magics.reply_values import REFERENCE
from notebook_http.notebook.magics.scope import Scope
from notebook_http.notebook.magics.template_values import Values
from notebook_http.notebook.magics.templates import Expression, split_templates
from notebook_http.notebook.magics.urls import complete_url

if TYPE_CHECKING:
    from notebook_http.notebook.interchange.curl_command import CurlCommand

__all__ = ["fill_command", "mark_templates"]

# One character for each template of a command: more than anybody types.
_FIRST_MARK, _MOST = 0xE000, 1_000
_MARK = re.compile("([\ue000-\ue3e7])\\1*")
_HOST_MARK = re.compile("https?://(?=[\ue000-\ue3e7])")


def mark_templates(cell: str, scope: Scope) -> tuple[str, dict[str, str]]:
    """Return *cell* with a mark as long as each template in its place, and their values by mark.

    Raises:
        MagicSyntaxError: a template's name was meant to be another one, or it has no value.
    """
    if "{{" not in cell or _MARK.search(cell):
        return cell, {}
    source = Source(cell, first_line=2)
    values = Values(scope, source)
    pieces: list[str] = []
    texts: dict[str, str] = {}
    for part in split_templates(cell):
        if not isinstance(part, Expression) or len(texts) == _MOST or not _is_known(part, scope):
            if isinstance(part, Expression):
                _refuse_slip(part, Values(scope.looking(), source))
                part = cell[part.start : part.end]
            pieces.append(part)
            continue
        mark = chr(_FIRST_MARK + len(texts))
        texts[mark] = values.text(part)
        pieces.append(mark * (part.end - part.start))
    return "".join(pieces), texts


def _is_known(expression: Expression, scope: Scope) -> bool:
    """Tell whether the braces are the notebook's, not some that a browser copied."""
    text = expression.source
    if text.startswith("$") or REFERENCE.fullmatch(text):
        return True  # what is wrong with it, its value will say
    return scope.names_something(text) and not scope.check(text)


def _refuse_slip(expression: Expression, values: Values) -> None:
    """Raise the error of a name that is nearly one that there is."""
    try:
        values.text(expression)
    except UndefinedNameError as error:
        if error.hint.startswith("Did you mean"):
            raise
    except MagicSyntaxError:
        pass


def fill_command(command: CurlCommand, texts: dict[str, str]) -> CurlCommand:
    """Return *command* with the values in place of their marks: encoded in URL, form and JSON."""
    if not texts:
        return command

    def fill(text: str, encode: Callable[[str], str] = str) -> str:
        return _MARK.sub(lambda found: encode(texts.get(found[1], found[0])), text)

    kind = (command.header("content-type") or "").lower()
    return replace(
        command,
        url=_url(command.url, fill),
        method=fill(command.method),
        headers=[(fill(name), fill(value)) for name, value in command.headers],
        data=tuple(
            piece._replace(
                content=fill(piece.content, str if piece.encoded else _encoder(piece.content, kind))
            )
            for piece in command.data
        ),
        form=tuple(
            field._replace(name=fill(field.name), value=fill(field.value)) for field in command.form
        ),
        output=fill(command.output),
        proxy=None if command.proxy is None else fill(command.proxy),
        proxy_user=fill(command.proxy_user),
    )


def _url(url: str, fill: Callable[..., str]) -> str:
    whole = _HOST_MARK.sub("", url)
    if whole != url:  # the value brings its own scheme, or is a host
        end = re.search(r"[/?#]", whole)
        at = end.start() if end else len(whole)
        host = fill(whole[:at])
        try:
            return complete_url(host + fill(whole[at:], _quoted))
        except ValueError:
            return url
    scheme, separator, rest = url.partition("://")
    authority = re.match(r"[^/?#]*", rest)
    at = authority.end() if authority else 0
    return scheme + separator + fill(rest[:at]) + fill(rest[at:], _quoted)


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _encoder(content: str, kind: str) -> Callable[[str], str]:
    """Return how a value is written inside the body *content*, so that it stays one value."""
    if "json" in kind or content.lstrip()[:1] in ("{", "["):
        return lambda text: json.dumps(text, ensure_ascii=False)[1:-1]
    if kind.startswith("application/x-www-form-urlencoded") or not kind:
        return _quoted
    return str
