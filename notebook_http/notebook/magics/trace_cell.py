"""`%%httptrace`: run a cell as ever, and show one table of what it sent.

The magic's line becomes a call that begins the trace, so that the cell below it is a cell like any:
it may await, its last value is shown, its errors name its lines. The table comes when the cell
ends, however it ends.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source

if TYPE_CHECKING:
    from notebook_http.notebook.shell import Shell

__all__ = ["NAME", "Trace", "await_trace", "begin_trace", "register_trace"]

NAME = "httptrace"
_FIRST_LINE = re.compile(r"%%httptrace(?![\w?])[ \t]*([^\r\n]*)")
_BEGIN = f"__import__({__name__!r}, fromlist=['_']).begin_trace()"

_HELP = """Run the cell, and show one table of all requests that it sent.

    %%httptrace
    r = await nh.get(url)

Each attempt is counted, redirects are requests of their own. Requests of `nh`, of `nh.Client` and
of `ClientSession` are in it, with errors, and what background tasks of this cell sent by its end.
What a cache or a recording answered counts as sent to it. It is shown also if the cell fails or is
stopped.
"""


class Trace(Protocol):
    """What notes requests from when it is made (`notebook.traced_requests.Trace`)."""

    def end(self) -> None:
        """Note no more."""

    def bundle(self) -> dict[str, str]:
        """Return the table to be shown."""
        ...


# Makes what notes the requests. The cell calls `begin_trace` by its name, without arguments.
_makers: list[Callable[[], Trace]] = []


def register_trace(shell: Shell, new_trace: Callable[[], Trace]) -> Callable[[], None]:
    """Put the magic into *shell*, and return what takes it out again."""

    def httptrace(line: str, cell: str | None = None) -> None:
        text = "%%httptrace stands in a cell's first line, with the code to trace below it"
        raise MagicSyntaxError(text, Source(f"%%{NAME} {line}"), (0, len(NAME) + 2))

    httptrace.__doc__ = _HELP
    manager = shell.magics_manager
    before = manager.magics["cell"].get(NAME)
    manager.register_function(httptrace, "cell", NAME)
    shell.input_transformers_cleanup.append(await_trace)
    _makers.append(new_trace)

    def undo() -> None:
        with contextlib.suppress(ValueError):
            shell.input_transformers_cleanup.remove(await_trace)
            _makers.remove(new_trace)
        if before is None:
            manager.magics["cell"].pop(NAME, None)
        else:
            manager.magics["cell"][NAME] = before
        vars(manager.user_magics).pop(NAME, None)

    return undo


def await_trace(lines: list[str]) -> list[str]:
    """Return a cell's *lines* with the magic's own turned into the call that begins a trace.

    Raises:
        MagicSyntaxError: something stands behind its name, or another cell magic below it.
    """
    found = _FIRST_LINE.match(lines[0]) if lines else None
    if found is None:
        return lines
    source = Source(lines[0].rstrip("\r\n"))
    if found[1].strip():
        raise MagicSyntaxError(
            "%%httptrace takes nothing on its line",
            source,
            found.span(1),
            hint="The code to trace stands in the lines below.",
        )
    below = next((line for line in lines[1:] if line.strip()), "")
    if below.startswith("%%"):
        raise MagicSyntaxError(
            "%%httptrace takes code below it, no other cell magic",
            Source(below.rstrip("\r\n"), first_line=2),
            (0, len(below.split()[0])),
            hint="%http GET url, and await nh.get(url), are code.",
        )
    return [f"{_BEGIN}\n", *lines[1:]]


def begin_trace() -> None:
    """Trace the running cell until it ends; called by the cell itself."""
    from notebook_http.notebook.shell import running_shell

    shell: Any = running_shell()
    if shell is None or not _makers:
        return
    trace = _makers[-1]()

    def show(*_: object) -> None:
        with contextlib.suppress(ValueError):
            shell.events.unregister("post_run_cell", show)
        trace.end()
        from IPython.display import display

        display(trace.bundle(), raw=True)

    shell.events.register("post_run_cell", show)
