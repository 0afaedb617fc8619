"""Have a look at a cell's error before it is shown.

Stands in front of the shell's `showtraceback`, through which every error of a cell goes, and hands
it on. Whoever stood there before stays in charge of the showing, and custom exception handlers
(`set_custom_exc`) are not touched.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from notebook_http.notebook.shell import Shell

__all__ = ["Look", "look_at_errors"]

# Given an error that is about to be shown; returns another one to be shown in its place, or None.
Look = Callable[[BaseException], BaseException | None]


def look_at_errors(shell: Shell, looks: Sequence[Look]) -> Callable[[], None]:
    """Let each of *looks* see the errors of *shell*'s cells; return a function that ends it.

    A look that fails itself is passed over: the user's own error matters more.
    """
    previous = shell.showtraceback
    active = True

    def showtraceback(exc_tuple: Any = None, *args: Any, **keywords: Any) -> None:
        error = exc_tuple[1] if isinstance(exc_tuple, tuple) else sys.exc_info()[1]
        if active and isinstance(error, BaseException):
            for look in looks:
                shown = None
                with contextlib.suppress(Exception):
                    shown = look(error)
                if shown is not None:
                    exc_tuple = (type(shown), shown, error.__traceback__)
                    break
        previous(exc_tuple, *args, **keywords)

    def end() -> None:
        nonlocal active
        active = False
        # Somebody may stand in front of us by now. Then we stay in the row and only hand on.
        if vars(shell).get("showtraceback") is showtraceback:
            shell.showtraceback = previous

    shell.showtraceback = showtraceback
    return end
