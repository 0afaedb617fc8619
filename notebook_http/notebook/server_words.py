"""Put into words what a server's card tells: what it answers, and why it could not start."""

from __future__ import annotations

from traceback import format_exception_only

from notebook_http import web
from notebook_http.notebook.cell_location import line_in_cell
from notebook_http.notebook.foreign_application import foreign_routes
from notebook_http.notebook.shell import running_shell

__all__ = ["failure_words", "routes_of"]


def routes_of(app: web.Application | None) -> list[tuple[str, str]]:
    """Return the (method, path) pairs that *app* answers; not the HEAD that comes with a GET."""
    if app is None:
        return []
    foreign = foreign_routes(app)
    if foreign is not None:
        return foreign
    pairs = []
    for route in app.router.routes():
        info = route.get_info()
        pairs.append((route.method, str(info.get("path") or info.get("formatter") or "")))
    known = set(pairs)
    return [pair for pair in pairs if pair[0] != "HEAD" or ("GET", pair[1]) not in known]


def failure_words(error: BaseException) -> str:
    """Return what *error* says, and the line of a cell that it came out of."""
    told = "".join(format_exception_only(error)).strip()
    shell = running_shell()
    line = line_in_cell(error.__traceback__, shell) if shell is not None else None
    return f"{told}\n{line}" if line is not None else told
