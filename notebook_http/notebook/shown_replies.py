"""Replies whose card a cell has shown already: as the cell's value they are not shown twice."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from notebook_http.notebook.shell import running_shell

__all__ = ["note_shown", "was_shown"]

# By the number of the cell: the next one shows them again.
_shown: WeakKeyDictionary[object, int] = WeakKeyDictionary()


def note_shown(reply: object) -> None:
    """Note that the running cell has shown *reply*."""
    shell = running_shell()
    if shell is not None:
        _shown[reply] = shell.execution_count


def was_shown(reply: object) -> bool:
    """Return whether the running cell has shown *reply* already; once, then it is forgotten."""
    shell = running_shell()
    number = _shown.pop(reply, None)
    return shell is not None and number == shell.execution_count
