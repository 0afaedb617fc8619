"""Read a cell of `%%http` that holds a curl command, as it was copied."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from notebook_http.notebook.magics.curl_templates import fill_command, mark_templates
from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source
from notebook_http.notebook.magics.request_line import read_request_line
from notebook_http.notebook.magics.scope import Names, Scope
from notebook_http.notebook.magics.template_values import Values

if TYPE_CHECKING:
    from notebook_http.notebook.interchange.curl_command import CurlCommand

__all__ = ["is_curl_cell", "read_curl_cell"]

# The first word, behind comments, a shell's prompt, and what we write for bodies with NULs.
_CURL = re.compile(
    r"(?:[ \t]*+(?:#.*+)?+\r?\n)*+[ \t]*+(?:[$%>&][ \t]+)?"
    r"(?:printf '[^']*+' \| )?curl(?:\.exe)?(?=\s|$)"
)


def is_curl_cell(cell: str) -> bool:
    """Return whether the first word of *cell* is `curl`."""
    return _CURL.match(cell) is not None


def read_curl_cell(line: str, cell: str, names: Names) -> tuple[dict[str, object], CurlCommand]:
    """Return the options on the magic's *line*, and the command in the *cell* below it.

    Raises:
        MagicSyntaxError: one of them cannot be read, or the line asks for something itself.
    """
    # Most cells hold none: loading the extension does not pay for it.
    from notebook_http.notebook.interchange.curl_command import read_curl
    from notebook_http.notebook.interchange.exceptions import CurlSyntaxError

    scope = names if isinstance(names, Scope) else Scope(names)
    source = Source(line, "%%http ", 1)
    request = read_request_line(source, Values(names, source))
    if request.url or "file" in request.options:
        raise MagicSyntaxError(
            "There are two requests: this one, and the curl command below it",
            source,
            request.url_span,
            hint="Keep one of them.",
        )
    try:
        marked, templates = mark_templates(cell, scope)
        command = read_curl(marked)
    except CurlSyntaxError as error:
        below = Source(cell.replace("\r\n", "\n").replace("\r", "\n"), first_line=2)
        raise MagicSyntaxError(
            error.problem, below, error.span, expected=error.expected, hint=error.hint
        ) from None
    return request.options, fill_command(command, templates)
