"""The control that shows a JSON value as a tree; the other half of it is `json_tree.js`.

The value stays in the kernel. What the page is told beforehand, and what is saved with the
notebook, is the first level, masked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from notebook_http.notebook.display.html import visible
from notebook_http.notebook.widgets.json_nodes import JsonNodes, Scope
from notebook_http.notebook.widgets.loop_calls import LoopCalls
from notebook_http.notebook.widgets.open_views import close_everything
from notebook_http.notebook.widgets.page_files import file_text, module_text

__all__ = ["json_tree"]

#: Rows of one answer; the page asks for 100.
_MOST_ROWS = 500
#: Matches of a search that are told: more than anybody steps through.
_MOST_MATCHES = 1_000
#: Bytes of their paths: some front ends drop messages of a megabyte.
_MOST_STEPS = 50_000
#: How deep a path may be; Python's JSON does not go deeper by far.
_MOST_DEPTH = 20_000

ShowRows = Callable[[JsonNodes, list[int]], Awaitable[None]]


def json_tree(value: Any, show_rows: ShowRows) -> Any:
    """Return a widget that shows *value*, as `json.loads` gives it.

    Args:
        value: it is kept, not copied.
        show_rows: awaited with a place whose list somebody wants to see as a table; what it raises
            is shown in the tree.

    Raises:
        ImportError: anywidget is not installed.
    """
    return _tree_class()(value, show_rows)


@lru_cache(maxsize=1)
def _tree_class() -> Any:
    """Return the widget's class; made when first needed, as that imports ipywidgets."""
    import anywidget
    import traitlets

    class JsonTree(anywidget.AnyWidget):
        """A JSON value as a tree."""

        _esm = module_text("json_tree.js")
        _css = file_text("json_tree.css")
        first = traitlets.Dict().tag(sync=True)

        def __init__(self, value: Any, show_rows: ShowRows) -> None:
            self._nodes = JsonNodes(value)
            self._show_rows = show_rows
            self._search: asyncio.Task[Any] | None = None
            self._searched_for: dict[str, Any] = {}  # the question that it is to answer
            rows = self._nodes.children([], 0, 100)
            super().__init__(first={"root": self._nodes.root(), "rows": rows})
            self.calls = LoopCalls(self._failed)
            self.on_msg(self._received)

        def close(self) -> None:
            """End what runs, and the connection to the page. Idempotent."""
            if hasattr(self, "calls"):
                self.calls.close()
            close_everything(self, super().close)

        def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
            # Perhaps in a thread of the kernel's that is not the loop's.
            self.calls.call(self._answer, content)

        def _failed(self, error: Exception) -> None:
            self.send({"error": _words(error)})

        def _answer(self, content: Mapping[str, Any]) -> None:
            """Answer one question of the page."""
            asked = {"id": content.get("id")}
            try:
                if content.get("type") == "children":
                    start, count = int(content["start"]), min(int(content["count"]), _MOST_ROWS)
                    rows = self._nodes.children(_path(content), start, count)
                    self.send({**asked, "rows": rows})
                elif content.get("type") == "search":
                    self._begin_search(asked, str(content["words"])[:1_000], content["scope"])
                elif content.get("type") == "rows":
                    self.calls.start(self._rows(asked, _path(content)))
            except (LookupError, ValueError, TypeError) as error:
                self.send({**asked, "error": _words(error)})

        def _begin_search(self, asked: dict[str, Any], words: str, scope: Scope) -> None:
            if self._search is not None and not self._search.done():
                self._search.cancel()
                self.send({**self._searched_for, "superseded": True})
            self._searched_for = asked
            self._search = self.calls.start(self._find(asked, words, scope)) if words else None
            if self._search is None:
                self.send({**asked, "paths": [], "whole": True})

        async def _find(self, asked: dict[str, Any], words: str, scope: Scope) -> None:
            paths: list[list[int]] = []
            steps, whole = 0, True
            for path in self._nodes.search(words, scope):
                if path is None:
                    await asyncio.sleep(0)  # a large value: others have their turn
                    continue
                if len(paths) == _MOST_MATCHES or steps > _MOST_STEPS:
                    whole = False
                    break
                paths.append(path)
                steps += len(path) + 1
            self.send({**asked, "paths": paths, "whole": whole})

        async def _rows(self, asked: dict[str, Any], path: list[int]) -> None:
            try:
                await self._show_rows(self._nodes, path)
            except Exception as error:
                self.send({**asked, "error": _words(error)})
            else:
                self.send(asked)

    return JsonTree


def _path(content: Mapping[str, Any]) -> list[int]:
    return [int(step) for step in content["path"][:_MOST_DEPTH]]


def _words(error: Exception) -> str:
    return visible(str(error) or type(error).__name__)[:1_000]
