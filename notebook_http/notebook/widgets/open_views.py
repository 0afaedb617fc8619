"""The widgets that are open, to be closed when the extension is unloaded; imports no ipywidgets."""

from __future__ import annotations

from typing import Any, Protocol
from weakref import WeakSet

__all__ = ["close_everything", "close_views", "note_view", "open_views"]


class View(Protocol):
    """A widget that can be closed."""

    def close(self) -> None:
        """End its tasks, and its connection to the page."""


# Weak: ipywidgets itself holds every widget until it is closed.
_open: WeakSet[View] = WeakSet()


def note_view(view: View) -> None:
    """Remember that *view* is open."""
    _open.add(view)


def open_views() -> list[View]:
    """Return the views that are open."""
    return list(_open)


def close_views() -> None:
    """Close all views of this process."""
    for view in open_views():
        view.close()
    _open.clear()


def close_everything(widget: Any, close: Any) -> None:
    """Close the widgets inside of *widget*, then *widget* itself by calling *close*.

    ipywidgets closes one at a time: those inside, with their layouts and styles, would stay.
    """
    _open.discard(widget)
    for inner in _inside(widget):
        inner.close() if hasattr(inner, "calls") else close_everything(inner, inner.close)
    close()


def _inside(widget: Any) -> list[Any]:
    values = [getattr(widget, name, None) for name in widget.keys]
    each = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    return [one for one in each if hasattr(one, "comm") and hasattr(one, "close")]
