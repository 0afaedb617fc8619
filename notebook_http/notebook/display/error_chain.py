"""Show an error that is not ours, but came through our code, without our part of its traceback.

Three of them are common in a cell: a group of what failed in a `TaskGroup`, an error of the user's
own that was raised because a request failed, and one that a callback of the user's raised, in
`on_startup` say. The lines of the user's code stay; ours, and those of libraries that ours called,
go; a request's failure is told in short.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType

from notebook_http.notebook.cell_location import is_ours, is_users, line_in_cell
from notebook_http.notebook.display.error import (
    MORE,
    advice_on,
    headline,
    is_short,
    labelled,
    short_lines,
    wants_everything,
)
from notebook_http.notebook.last_error import last_error
from notebook_http.notebook.shell import Shell, running_shell
from notebook_http.wire.secrets import mask_text

__all__ = ["without_our_part"]

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"
# A chain longer than this was made by a loop; its newest errors say enough.
_MAX_CHAIN = 6
# Different failures of a group that are told; with what is said of the first they fill 12 lines.
_MAX_KINDS = 4


def without_our_part(error: BaseException) -> BaseException | None:
    """Make IPython show *error* without our code's part in it, where there is any.

    Returns:
        What is to be shown in its place when it is a group, which IPython shows in its own way
        whatever the group says; None for all others.
    """
    shell = running_shell()
    if shell is None or wants_everything(shell):
        return None
    if isinstance(error, BaseExceptionGroup):
        return _group_in_short(error, shell)
    if hasattr(error, "_render_traceback_"):
        return None
    if any(
        is_short(each) or _trimmed(each, shell) is not each.__traceback__
        for each, _ in _chain(error)
    ):
        error._render_traceback_ = lambda: _chain_lines(error, shell)  # type: ignore[attr-defined]
    return None


# A chain of errors ------------------------------------------------------------------------------


def _chain(error: BaseException) -> list[tuple[BaseException, str]]:
    """Return *error* and what led to it, the oldest first, each with the words that lead on."""
    chain: list[tuple[BaseException, str]] = []
    each: BaseException | None = error
    words = ""
    while each is not None and len(chain) < _MAX_CHAIN:
        chain.append((each, words))
        if is_short(each):
            break  # what led to this one, its own text explains
        if each.__cause__ is not None:
            each, words = each.__cause__, _CAUSE
        elif not each.__suppress_context__:
            each, words = each.__context__, _CONTEXT
        else:
            break
    return chain[::-1]


def _chain_lines(error: BaseException, shell: Shell) -> list[str]:
    last_error.exception = error
    lines: list[str] = []
    for each, words in _chain(error):
        if is_short(each):
            lines += short_lines(each, shell)
        else:
            # In front of the cell stands the line of IPython that runs it: only in the newest.
            with _alone(each):
                lines += shell.InteractiveTB.structured_traceback(
                    type(each), each, _trimmed(each, shell), tb_offset=1 if each is error else 0
                )
        if words:
            lines += ["", words, ""]
    return lines


def _trimmed(error: BaseException, shell: Shell) -> TracebackType | None:
    """Return the traceback of *error* without our part; as it is when it ends there, or has none.

    One that ends in our code is a fault of ours, and whoever reports it needs the whole.
    """
    kept: list[TracebackType] = []
    inside = False
    entry = error.__traceback__
    count = 0
    while entry is not None:
        frame = entry.tb_frame
        inside = is_ours(frame.f_code.co_filename) or (inside and not is_users(frame, shell))
        if not inside:
            kept.append(entry)
        count += 1
        entry = entry.tb_next
    if inside or len(kept) == count:
        return error.__traceback__
    following: TracebackType | None = None
    for entry in reversed(kept):
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following


@contextmanager
def _alone(error: BaseException) -> Iterator[None]:
    """Let *error* have neither cause nor context, so that it is shown without them."""
    cause, context, suppress = error.__cause__, error.__context__, error.__suppress_context__
    error.__cause__ = error.__context__ = None
    try:
        yield
    finally:
        error.__cause__, error.__context__ = cause, context
        error.__suppress_context__ = suppress


# A group ----------------------------------------------------------------------------------------


def _group_in_short(group: BaseExceptionGroup, shell: Shell) -> BaseException | None:
    """Return what is shown for *group*; None unless all that is in it is shown in short."""
    leaves = list(_leaves(group))
    if not all(is_short(leaf) for leaf in leaves):
        return None
    # Not a group: those IPython prints whole, without asking. The name is what a cell shows.
    shown: BaseException = type(type(group).__name__, (Exception,), {})(str(group))
    shown.__traceback__ = group.__traceback__
    render = partial(_group_lines, group, shown, leaves, shell)
    shown._render_traceback_ = render  # type: ignore[attr-defined]
    return shown


def _leaves(group: BaseExceptionGroup) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def _group_lines(
    group: BaseExceptionGroup, shown: BaseException, leaves: list[BaseException], shell: Shell
) -> list[str]:
    last_error.exception = group
    kinds = Counter(headline(leaf, shell) for leaf in leaves).most_common()
    rest = sum(count for _, count in kinds[_MAX_KINDS:])
    below = advice_on(leaves[0])
    if line := line_in_cell(group.__traceback__, shell):
        below.append(("Where", mask_text(str(line))))
    return [
        headline(shown, shell),
        *[f"{count} times {line}" if count > 1 else line for line, count in kinds[:_MAX_KINDS]],
        *([f"and {rest:,} more"] if rest else []),
        *labelled([*below, MORE], shell),
    ]
