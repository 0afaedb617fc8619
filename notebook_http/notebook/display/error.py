"""Show an error in a cell: at most twelve lines that say what failed, why, and what to try.

`show_errors_short` gives error classes the method that IPython asks for their text,
`_render_traceback_`. Class, message and traceback of an error stay as they are, so code that
catches it sees no difference. What an error of another class owes to ours is `error_chain`'s. The
whole traceback is in `nh.last_error`, and `%xmode Verbose` shows it at once.
"""

from __future__ import annotations

import traceback
from asyncio import CancelledError
from collections.abc import Callable, Iterable

from notebook_http.notebook.cell_location import is_ours, is_users, line_in_cell
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.last_error import last_error
from notebook_http.notebook.shell import Shell, running_shell
from notebook_http.notebook.source_errors import SourceSyntaxError
from notebook_http.wire.secrets import mask_text

__all__ = [
    "MAX_LINES",
    "MORE",
    "advice_on",
    "headline",
    "is_short",
    "labelled",
    "render",
    "short_if_ours",
    "short_if_refused",
    "short_lines",
    "show_errors_short",
    "wants_everything",
]

MAX_LINES = 12
MORE = ("More", "nh.last_error shows the full traceback")
# One line of a message; longer ones would wrap into many lines of a cell.
_MAX_LINE_CHARS = 300
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
        if is_ours(frame.f_code.co_filename):
            error._render_traceback_ = lambda: render(error)  # type: ignore[attr-defined]
            break
    return error


def short_if_refused(error: BaseException) -> None:
    """Make *error* be shown in short if our code refused what the cell asked for."""
    if not hasattr(error, "_render_traceback_") and _was_refused(error):
        error._render_traceback_ = lambda: render(error)  # type: ignore[attr-defined]


def is_short(error: BaseException) -> bool:
    """Return whether a cell shows *error* in short: it is of our classes, or our code refused."""
    return getattr(type(error), "_render_traceback_", None) is render or _was_refused(error)


def _was_refused(error: BaseException) -> bool:
    """Return whether *error* is a refusal of our code.

    That is: a plain TypeError, ValueError, RuntimeError or OSError, raised by our code or by a
    library that it called. Where code of the user's own lies in between, a callback say, the
    whole traceback is wanted.
    """
    if not isinstance(error, _PLAIN_CLASSES):
        return False
    shell = running_shell()
    ours = False  # whether we come after the last line of the user's
    # `asyncio.timeout` and `wait_for` turn the cancel of what they limit into a TimeoutError.
    origin = error.__cause__ if isinstance(error.__cause__, CancelledError) else error
    for frame, _ in traceback.walk_tb(origin.__traceback__):
        if is_ours(frame.f_code.co_filename):
            ours = True
        elif is_users(frame, shell):
            ours = False
    return ours


def render(error: BaseException) -> list[str]:
    """Return the lines that a cell shows for *error*, and keep it as `nh.last_error`.

    Never raises: where the short text cannot be made, it is the full traceback.
    """
    last_error.exception = error
    shell = running_shell()
    try:
        if shell is not None and wants_everything(shell):
            everything: list[str] = shell.InteractiveTB.structured_traceback(
                type(error), error, error.__traceback__
            )
            return everything
        return short_lines(error, shell)
    except Exception:
        return last_error.traceback.splitlines()


def wants_everything(shell: Shell) -> bool:
    """Return whether the user has asked for whole tracebacks."""
    mode: object = getattr(shell.InteractiveTB, "mode", "")
    return mode == "Verbose"  # set by `%xmode Verbose`, or for once by `%tb Verbose`


def short_lines(error: BaseException, shell: Shell | None) -> list[str]:
    """Return the twelve lines at most that say what *error* is, why it came, and what to try."""
    below = advice_on(error)
    if shell is not None and (line := line_in_cell(error.__traceback__, shell)):
        below.append(("Where", _shown(str(line))))
    below += [("Note", _shown(note)) for note in getattr(error, "__notes__", ())[:2]]
    if not isinstance(error, SourceSyntaxError):  # there the way through our code tells nothing
        below.append(MORE)
    _, *others = _message(error)
    return [
        headline(error, shell),
        *others[: MAX_LINES - 1 - len(below)],
        *labelled(below, shell),
    ]


def headline(error: BaseException, shell: Shell | None) -> str:
    """Return the class of *error* and the first line of its message."""
    name = _coloured(type(error).__name__, "31", shell)
    first = _message(error)[0]
    return f"{name}: {first}" if first else name


def advice_on(error: BaseException) -> list[tuple[str, str]]:
    """Return (label, text) pairs: what failed, why, and what to try; as far as it can be told."""
    from notebook_http.notebook.display.explanations import explain

    # A message of several lines explains itself.
    explanation = explain(error) if len(_message(error)) < 2 else None
    if explanation is None:
        return []
    pairs = [
        ("What", _shown(explanation.what)),
        ("Why", _shown(explanation.why)),
        # Not masked: our own text, where `auth=…` is what to write.
        ("Next", _one_line(explanation.next)),
    ]
    return [(label, text) for label, text in pairs if text]


def labelled(pairs: Iterable[tuple[str, str]], shell: Shell | None) -> list[str]:
    """Return the lines of (label, text) *pairs*."""
    return [f"{_coloured(f'{label:<6}', '1', shell)} {text}" for label, text in pairs]


def _message(error: BaseException) -> list[str]:
    # A magic's error hides secrets itself, and has help in it that must stay as it is.
    shown = _one_line if isinstance(error, SourceSyntaxError) else _shown
    return [shown(line) for line in str(error).splitlines()] or [""]


def _shown(text: str) -> str:
    """Return *text* fit for a line of a cell: one line, no secrets, no control characters."""
    return _one_line(mask_text(text))


def _one_line(text: str) -> str:
    text = visible(" ".join(text.splitlines()))
    return text if len(text) <= _MAX_LINE_CHARS else text[: _MAX_LINE_CHARS - 1] + "…"


def _coloured(text: str, code: str, shell: Shell | None) -> str:
    plain = shell is None or str(shell.colors).lower() == "nocolor"
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"
