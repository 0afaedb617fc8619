"""`nh.cache("folder")`: keep what `nh.get` and its kin fetch, as far as HTTP allows it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from notebook_http.client.middlewares.cache import CacheMiddleware
from notebook_http.notebook.client import let_all_pass

if TYPE_CHECKING:
    import os
    from types import TracebackType

__all__ = ["NotebookCache", "cache"]

_FILE = "answers.sqlite"
_MAX_BODY_BYTES = 8 * 1024 * 1024
_MAX_BYTES = 256 * 1024 * 1024

# What is on; the one before is closed when another takes its place, as when its cell runs again.
_on: NotebookCache | None = None


class NotebookCache:
    """A cache that is on until `off`; see `nh.cache`.

    Attributes:
        folder: where the answers are; None in memory.
    """

    def __init__(self, folder: Path | None, max_body_bytes: int, max_bytes: int) -> None:
        self.folder = folder
        path = None
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / _FILE
        self._middleware = CacheMiddleware(path, max_body_bytes=max_body_bytes, max_bytes=max_bytes)

    def __repr__(self) -> str:
        where = "in memory" if self.folder is None else f"in {self.folder}"
        return f"<NotebookCache {where}, {'on' if _on is self else 'off'}>"

    async def clear(self) -> None:
        """Forget all that is kept."""
        await self._middleware.clear()

    def off(self) -> None:
        """Let requests pass by from now on; what is in a folder stays there. Idempotent."""
        global _on
        if _on is self:
            _on = None
            let_all_pass(())
        self._middleware.close_now()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.off()


def cache(
    folder: str | os.PathLike[str] | None = None,
    *,
    max_body_bytes: int = _MAX_BODY_BYTES,
    max_bytes: int = _MAX_BYTES,
) -> NotebookCache:
    """Keep answers to `nh.get` and its kin from now on, and use them again while they are fresh.

    The rules are those of RFC 9111, see `CacheMiddleware`: what servers do not allow to keep is not
    kept, and answers to requests with credentials only if they are for everybody. Cards say
    "from the cache". Clients and sessions of your own have caches of their own
    (`middlewares=[CacheMiddleware(…)]`).

    ```python
    kept = nh.cache("~/.cache/my-analysis")  # or: with nh.cache(…):
    await kept.clear()
    kept.off()
    ```

    Args:
        folder: where to keep them, for other kernels, too; it is made, and only you can read it.
            None keeps them in memory until the kernel ends.
        max_body_bytes: a longer body is not kept; 8 MiB, since what is kept is read whole.
        max_bytes: of all that is kept; 256 MiB, what a browser takes.

    Raises:
        ModuleNotFoundError: hishel is not installed: ``pip install 'notebook-http[cache]'``.
        ValueError: the folder cannot be used, or a limit is below 1.
    """
    global _on
    place = None if folder is None else Path(folder).expanduser().absolute()
    try:
        made = NotebookCache(place, max_body_bytes, max_bytes)
    except OSError as error:
        text = f"The cache cannot be kept in {place}: {error.strerror}"
        raise ValueError(text) from error
    if _on is not None:
        _on.off()
    _on = made
    let_all_pass((made._middleware,))
    return made
