"""Keep the latest batch for whoever pressed Stop before its name was set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.notebook.batches.batch import Batch

__all__ = ["LastBatch", "last_batch"]


class LastBatch:
    """The batch that `nh.fetch_all` began last, whether or not it came to its end.

    `nh.last_batch` has all that a `Batch` has: `.df()`, `.ok`, `[3]`, `.resume()` and so on;
    `nh.last_batch.batch` is the batch itself, None before the first. It keeps the replies until
    the next batch begins; `nh.last_batch.batch = None` lets go of them.
    """

    __slots__ = ("batch",)

    def __init__(self) -> None:
        self.batch: Batch | None = None

    def __len__(self) -> int:
        return len(self.batch) if self.batch is not None else 0

    def __getitem__(self, place: Any) -> Any:
        return self._there()[place]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._there(), name)

    def __repr__(self) -> str:
        return "No batch has begun so far." if self.batch is None else repr(self.batch)

    def _repr_html_(self) -> str | None:
        """Return what a cell shows whose value this is."""
        return None if self.batch is None else self.batch._repr_html_()

    def _there(self) -> Batch:
        if self.batch is None:
            message = "No batch has begun so far: await nh.fetch_all(urls) makes one."
            raise AttributeError(message)
        return self.batch


last_batch = LastBatch()
