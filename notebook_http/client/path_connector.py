"""What connectors have in common that dial a path of this machine, whatever the URL's host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_http.client.connector import NOT_GIVEN, BaseConnector

if TYPE_CHECKING:
    import asyncio

__all__ = ["PathConnector"]


class PathConnector(BaseConnector):
    """Connections through what *path* names; derive and override `_dial`.

    Args:
        path: where it is.
        force_close, keepalive_timeout, limit, limit_per_host, loop: see `BaseConnector`.
    """

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | None = NOT_GIVEN,
        limit: int = 100,
        limit_per_host: int = 0,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(
            force_close=force_close,
            keepalive_timeout=keepalive_timeout,
            limit=limit,
            limit_per_host=limit_per_host,
            loop=loop,
        )
        self._path = path

    @property
    def path(self) -> str:
        """The path that is dialled."""
        return self._path
