"""The replies of a cell that sent several requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

from notebook_http.notebook.display.html import visible
from notebook_http.notebook.source_errors import nearest

__all__ = ["Replies"]


class Replies(Sequence[Any]):
    """What the requests of one cell gave, in their order; also by the names that they have there.

    `replies[0]`, `replies[-1]`, `replies["login"]`, `for reply in replies`; `names` are those.
    """

    __slots__ = ("_items", "_names")

    def __init__(self, items: Iterable[tuple[str, Any]]) -> None:
        pairs = list(items)
        self._items = tuple(item for _, item in pairs)
        self._names = tuple(name for name, _ in pairs)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the requests, in order; "" for those without."""
        return self._names

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int | str) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Replies: ...

    def __getitem__(self, index: int | str | slice) -> Any:
        if isinstance(index, slice):
            return Replies(zip(self._names[index], self._items[index], strict=True))
        if not isinstance(index, str):
            return self._items[index]
        if index and index in self._names:
            return self._items[self._names.index(index)]
        named = [name for name in self._names if name]
        near = nearest(index, named)
        told = f"did you mean {near!r}?" if near else f"named are: {', '.join(named) or 'none'}"
        message = f"no request of the cell is named {index!r}; {told}"
        raise KeyError(message)

    def __repr__(self) -> str:
        lines = [f"<{len(self)} replies of a cell>"]
        for number, (name, item) in enumerate(zip(self._names, self._items, strict=True)):
            lines.append(f"  {repr(name) if name else number}: {item!r}"[:200])
        return visible("\n".join(lines))
