"""What the magics ask of replies and of what sends: the shapes, not the classes."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Protocol

__all__ = ["Answer", "Request"]


class Answer(Protocol):
    """What came back, read whole (`notebook.reply.Reply` is one)."""

    status: int
    reason: str
    headers: Any
    url: Any
    request: Any
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        ...

    @property
    def elapsed(self) -> timedelta:
        """The time that it took."""
        ...

    def json(self) -> Any:
        """Return the body's JSON; ValueError without any."""
        ...

    def df(self, path: str | None = None) -> Any:
        """Return the body's rows, which are at *path*, as a DataFrame."""
        ...


class Request(Protocol):
    """What sends for the magics: the `request` of a client (`notebook.client.Client`)."""

    def __call__(self, method: str, url: str, **options: Any) -> Awaitable[Answer]:
        """Return what is awaited for the reply."""
        ...
