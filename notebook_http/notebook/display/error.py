"""Show an error in a cell: at most twelve lines that say what failed, why, and what to try.

`show_errors_short` gives error classes the method that IPython asks for their text,
`_render_traceback_`. Class, message and traceback of an error stay as they are, so code that
catches it sees no difference; one that is only the cause of another error is shown as ever. The
whole traceback is in `nh.last_error`, and `%xmode Verbose` shows it at once.
"""

from __future__ import annotations

import os
import traceback
from asyncio import CancelledError
from collections.abc import Callable, Iterable
from pathlib import Path

from notebook_http.notebook.cell_location import line_in_cell
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.last_error import last_error
from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from notebook_http.notebook.secrets import mask_text
from notebook_http.notebook.shell import Shell, running_shell

__all__ = ["MAX_LINES", "render", "short_if_ours", "short_if_refused", "show_errors_short"]

MAX_LINES = 12
# One line of a message; longer ones would wrap into many lines of a cell.
_MAX_LINE_CHARS = 300
_OUR_CODE = str(Path(__file__).resolve().parents[2]) + os.sep
_STANDARD_LIBRARY = str(Path(os.__file__).parent)
# What our own checks of arguments and states raise, beside the classes that are always short.
_PLAIN_CLASSES = (TypeError, ValueError, RuntimeError, OSError)


def show_errors_short(classes: Iterable[type[BaseException]]) -> Callable[[], None]:
    """Let IPython show errors of *classes* in short; return a function that undoes it."""
    changed = [cls for cls in classes if "_render_traceback_" not in vars(cls)]
    for cls in changed:
        cls._render_traceback_ = render  # type: ignore[attr-defined]

    def undo() -> None:
        for cls in changed:
            if vars(cls).get("_render_traceback_") is render:
                del cls._render_traceback_  # type: ignore[attr-defined]

    return undo


def short_if_ours(error: BaseException) -> BaseException:
    """Return *error*, made to be shown in short if its traceback goes through our own code."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith(_OUR_CODE):
            error._render_traceback_ = lambda: render(error)  # type: ignore[attr-defined]
            break
    return error


def short_if_refused(error: BaseException) -> None:
    """Make *error* be shown in short if our code refused what the cell asked for.

    That is: a plain TypeError, ValueError, RuntimeError or OSError, raised by our code or by a
    library that it called. Where code of the user's own lies in between, a callback say, the
    whole traceback is wanted.
    """
    if not isinstance(error, _PLAIN_CLASSES) or hasattr(error, "_render_traceback_"):
        return
    shell = running_shell()
    namespace = shell.user_ns if shell is not None else None
    ours = False  # whether we come after the last line of the user's
    # `asyncio.timeout` and `wait_for` turn the cancel of what they limit into a TimeoutError.
    origin = error.__cause__ if isinstance(error.__cause__, CancelledError) else error
    for frame, _ in traceback.walk_tb(origin.__traceback__):
        filename = frame.f_code.co_filename
        if filename.startswith(_OUR_CODE):
            ours = True
        elif frame.f_globals is namespace or not _is_library(filename):
            ours = False
    if ours:
        error._render_traceback_ = lambda: render(error)  # type: ignore[union-attr]


def _is_library(filename: str) -> bool:
    return filename.startswith((_STANDARD_LIBRARY, "<")) or any(
        folder in filename for folder in ("site-packages", "dist-packages")
    )


def render(error: BaseException) -> list[str]:
    """Return the lines that a cell shows for *error*, and keep it as `nh.last_error`.

    Never raises: where the short text cannot be made, it is the full traceback.
    """
    last_error.exception = error
    shell = running_shell()
    try:
        if shell is not None and _wants_everything(shell):
            everything: list[str] = shell.InteractiveTB.structured_traceback(
                type(error), error, error.__traceback__
            )
            return everything
        return _short_lines(error, shell)
    except Exception:
        return last_error.traceback.splitlines()


def _wants_everything(shell: Shell) -> bool:
    mode: object = getattr(shell.InteractiveTB, "mode", "")
    return mode == "Verbose"  # set by `%xmode Verbose`, or for once by `%tb Verbose`


def _short_lines(error: BaseException, shell: Shell | None) -> list[str]:
    from notebook_http.notebook.display.explanations import explain

    coloured = shell is not None and str(shell.colors).lower() != "nocolor"
    message = [_shown(line) for line in str(error).splitlines()]
    # A message of several lines explains itself.
    explanation = explain(error) if len(message) < 2 else None
    below: list[tuple[str, str]] = []
    if explanation is not None:
        below += [
            ("What", _shown(explanation.what)),
            ("Why", _shown(explanation.why)),
            # Not masked: our own text, where `auth=…` is what to write.
            ("Next", _one_line(explanation.next)),
        ]
    if shell is not None and (line := line_in_cell(error.__traceback__, shell)):
        below.append(("Where", _shown(str(line))))
    if not isinstance(error, MagicSyntaxError):  # there the way through our code tells nothing
        below.append(("More", "nh.last_error shows the full traceback"))
    below = [(label, text) for label, text in below if text]
    first = message[0] if message else ""
    name = _coloured(type(error).__name__, "31", coloured)
    return [
        f"{name}: {first}" if first else name,
        *message[1 : MAX_LINES - len(below)],
        *[f"{_coloured(f'{label:<6}', '1', coloured)} {text}" for label, text in below],
    ]


def _shown(text: str) -> str:
    """Return *text* fit for a line of a cell: one line, no secrets, no control characters."""
    return _one_line(mask_text(text))


def _one_line(text: str) -> str:
    text = visible(" ".join(text.splitlines()))
    return text if len(text) <= _MAX_LINE_CHARS else text[: _MAX_LINE_CHARS - 1] + "…"


def _coloured(text: str, code: str, coloured: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if coloured else text
