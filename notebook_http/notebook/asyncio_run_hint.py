"""Tell who calls `asyncio.run(…)` in a cell what to write in its place.

The event loop of a notebook runs already, so `asyncio.run(make_request())`, right in a script,
raises RuntimeError in a cell. The error is shown as ever, with one line more that names the
caller's own call: write `await make_request()`. The coroutine that was made for nothing is closed,
so that Python does not complain, in some later cell, that nobody awaited it.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import linecache
import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType

from notebook_http.notebook.cell_location import is_users
from notebook_http.notebook.pending_call import PendingCall
from notebook_http.notebook.shell import Shell, running_shell

__all__ = ["add_hint", "hint_for"]

_ASYNCIO = str(Path(asyncio.__file__).parent)
_IPYTHON = f"{os.sep}IPython{os.sep}"
_LOOP_RUNS = re.compile(
    r"cannot be called from a running event loop|loop is already running"
    r"|while another loop is running"
)
# Where asyncio keeps what it was asked to run: `run`, `Runner.run`, `run_until_complete`.
_ARGUMENT_NAMES = ("main", "coro", "future")
_MAX_CALL_CHARS = 100


@dataclass(frozen=True, slots=True)
class _Call:
    """A call of asyncio that cannot work: its text, its argument's, and where it stands."""

    text: str
    argument: str
    temporary: bool  # the argument is made in the call: nobody else holds it
    function: str  # the plain `def` that it stands in; empty at a cell's top level


def add_hint(error: BaseException) -> None:
    """Make IPython show the hint below *error*, if it is asyncio's complaint of a running loop."""
    shell = running_shell()
    hint = hint_for(error)
    if shell is None or not hint:
        return
    error._render_traceback_ = lambda: _with_hint(error, hint, shell)  # type: ignore[attr-defined]


def _with_hint(error: BaseException, hint: str, shell: Shell) -> list[str]:
    lines: list[str] = shell.InteractiveTB.structured_traceback(
        type(error), error, error.__traceback__
    )
    return [*lines, hint]


def hint_for(error: BaseException) -> str:
    """Return the line that helps with *error*; empty when it is none of a loop that runs already.

    Closes the coroutine that the failed call was given, unless a variable of the caller holds it.
    """
    if not isinstance(error, RuntimeError) or not _LOOP_RUNS.search(str(error)):
        return ""
    if isinstance(error.__context__, RuntimeError) and (hint := hint_for(error.__context__)):
        return hint  # `with asyncio.Runner()`: it failed, then its clean-up failed, too
    caller, inside = _caller_and_callee(error.__traceback__)
    if caller is None:
        return ""
    filename = caller.tb_frame.f_code.co_filename
    if _IPYTHON in filename:  # `%%capture` and the like run their cell as if nothing were running
        _close_argument(inside)
        return (
            "The event loop of this notebook runs already, and a magic like %%capture runs its "
            "cell without it: leave the magic out where the cell awaits."
        )
    call = _call_at(caller)
    if call is not None and call.temporary:
        _close_argument(inside)
    if not is_users(caller.tb_frame, running_shell()):
        function = caller.tb_frame.f_code.co_name
        return (
            f"The event loop of this notebook runs already, and {function}() of a library starts "
            "another: use what the library has to await, or a thread: await asyncio.to_thread(…)."
        )
    if call is None:
        return (
            "The event loop of this notebook runs already: write await in front of the coroutine."
        )
    if call.function:
        advice = f"make it `async def {call.function}` and write `await {call.argument}` in it"
    else:
        advice = f"write `await {call.argument}`"
    return f"The event loop of this notebook runs already: {advice} in place of `{call.text}`."


def _caller_and_callee(
    traceback: TracebackType | None,
) -> tuple[TracebackType | None, TracebackType | None]:
    """Return the innermost entry outside of asyncio, and the one it called."""
    caller = None
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_ASYNCIO):
            caller = traceback
        traceback = traceback.tb_next
    return caller, caller.tb_next if caller is not None else None


def _close_argument(entry: TracebackType | None) -> None:
    if entry is None:
        return
    for name in _ARGUMENT_NAMES:
        coroutine = entry.tb_frame.f_locals.get(name)
        if isinstance(coroutine, PendingCall) or (
            inspect.iscoroutine(coroutine)
            and inspect.getcoroutinestate(coroutine) == "CORO_CREATED"
        ):
            coroutine.close()


def _call_at(entry: TracebackType) -> _Call | None:
    """Return the call that *entry* stands at, from its source; None when that is not to be had."""
    code = entry.tb_frame.f_code
    position = next(islice(code.co_positions(), entry.tb_lasti // 2, None), None)
    first, last, start, end = position or (None, None, None, None)
    if first is None or last is None or start is None or end is None:
        return None
    lines = linecache.getlines(code.co_filename, entry.tb_frame.f_globals)[first - 1 : last]
    if not lines:
        return None
    encoded = [line.encode() for line in lines]
    encoded[-1] = encoded[-1][:end]  # before the start: they may be the same line
    encoded[0] = encoded[0][start:]
    try:
        node = ast.parse(b"".join(encoded).decode().strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if not isinstance(node, ast.Call) or not node.args:
        return None
    argument = node.args[0]
    return _Call(
        text=_shortened(ast.unparse(node)),
        argument=_shortened(ast.unparse(argument)),
        temporary=isinstance(argument, ast.Call),
        function=_plain_function(entry),
    )


def _plain_function(entry: TracebackType) -> str:
    code = entry.tb_frame.f_code
    if code.co_flags & inspect.CO_COROUTINE or code.co_name.startswith("<"):
        return ""
    return code.co_name


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_CALL_CHARS else text[: _MAX_CALL_CHARS - 1] + "…"
