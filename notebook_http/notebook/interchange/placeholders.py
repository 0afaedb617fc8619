"""Names in the place of secrets, in texts that somebody runs: `$TOKEN`, `nh.secret("TOKEN")`.

A request's parts get a mark where a registered secret stands as it is: letters and digits only,
which every way of quoting leaves alone. The writers then put their own words in its place.
"""

from __future__ import annotations

import re

from notebook_http.notebook.interchange.bash_quoting import quote_bash
from notebook_http.notebook.interchange.request_parts import RequestParts
from notebook_http.wire.registered_secrets import mask_registered, registered_names
from notebook_http.wire.secret_names import PLACEHOLDER, placeholder

__all__ = ["in_bash", "in_cell", "in_python", "marked"]

_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
_LITERAL = re.compile(r"(b?)('(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\")", re.DOTALL)


def marked(parts: RequestParts) -> RequestParts:
    """Return *parts* with a mark for each registered secret that stands there as it is.

    Those that are coded (`Basic`, percent-encoded) are masked; so are all whose name is none that
    a shell has.
    """
    names = [name for name in registered_names() if _SHELL_NAME.fullmatch(name)]
    if not names:
        return parts
    marks = {name: placeholder(name) for name in names}

    def mark(text: str) -> str:
        return mask_registered(text, marks)

    body = parts.body
    if body is not None:
        body = mark(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    headers = tuple([(name, mark(value)) for name, value in parts.headers])
    return parts._replace(url=mark(parts.url), headers=headers, body=body)


def in_bash(text: str) -> str:
    """Return *text* as one word of bash, `"$NAME"` in the place of marks."""
    pieces = PLACEHOLDER.split(text)
    if len(pieces) == 1:
        return quote_bash(text)
    return "".join(
        [
            f'"${_name(piece)}"' if number % 2 else quote_bash(piece) if piece else ""
            for number, piece in enumerate(pieces)
        ]
    )


def in_cell(text: str) -> str:
    """Return *text* of an `%%http` cell, `{{nh.secret("NAME")}}` in the place of marks."""
    return PLACEHOLDER.sub(lambda found: f'{{{{nh.secret("{_name(found[1])}")}}}}', text)


def in_python(code: str) -> str:
    """Return *code* with `nh.secret("NAME")` added to literals in the place of marks."""
    return _LITERAL.sub(_as_sum, code) if PLACEHOLDER.search(code) else code


def _as_sum(literal: re.Match[str]) -> str:
    prefix, quoted = literal.groups()
    quote = quoted[0]
    terms = []
    for number, piece in enumerate(PLACEHOLDER.split(quoted[1:-1])):
        if number % 2:
            terms.append(f'nh.secret("{_name(piece)}")' + (".encode()" if prefix else ""))
        elif piece:
            terms.append(f"{prefix}{quote}{piece}{quote}")
    return " + ".join(terms) or literal[0]


def _name(digits: str) -> str:
    return bytes.fromhex(digits).decode()
