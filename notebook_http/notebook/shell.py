"""The few things of an IPython shell that this package touches, as types."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, Protocol

__all__ = ["Events", "MagicsManager", "Shell", "running_shell"]


class Events(Protocol):
    """Where callbacks for `pre_execute` and the like are kept."""

    def register(self, event: str, function: Callable[..., Any]) -> None:
        """Call *function* at every *event* from now on."""

    def unregister(self, event: str, function: Callable[..., Any]) -> None:
        """Undo `register`; ValueError when it was not registered."""


class MagicsManager(Protocol):
    """Where magics are kept: `magics["line"]["http"]`."""

    magics: dict[str, dict[str, Any]]
    user_magics: object

    def register_function(self, func: Callable[..., Any], magic_kind: str, magic_name: str) -> None:
        """Make *func* the magic of that name; kind is `line`, `cell` or `line_cell`."""


class Shell(Protocol):
    """An `IPython.core.interactiveshell.InteractiveShell`, 7.34 or newer."""

    user_ns: dict[str, Any]
    input_transformers_cleanup: list[Callable[[list[str]], list[str]]]
    input_transformers_post: list[Callable[[list[str]], list[str]]]
    magics_manager: MagicsManager
    events: Events
    execution_count: int
    colors: str
    compile: Any
    InteractiveTB: Any
    showtraceback: Callable[..., None]

    def push(self, variables: MutableMapping[str, Any]) -> None:
        """Set *variables* in the notebook's namespace."""


def running_shell() -> Shell | None:
    """Return the shell that runs this process's cells; None outside of IPython. Imports nothing."""
    import sys

    getter = getattr(sys.modules.get("IPython.core.getipython"), "get_ipython", None)
    shell: Shell | None = getter() if getter is not None else None
    return shell
