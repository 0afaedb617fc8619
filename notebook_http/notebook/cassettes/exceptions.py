"""What goes wrong with recordings."""

from __future__ import annotations

from pathlib import Path

from notebook_http.client.exceptions import ClientError

__all__ = ["CassetteFileError", "NotRecordedError", "OfflineError"]


class NotRecordedError(ClientError):
    """A request that no recording answers, and that may not be sent. Nothing was sent.

    The message says in which part the nearest recording differs.
    """


class OfflineError(NotRecordedError):
    """The same, because of `NOTEBOOK_HTTP_OFFLINE=1`."""


class CassetteFileError(ValueError):
    """A file of recordings cannot be read; the message names the file, the place and the reason."""

    def __init__(self, path: Path, where: str, why: str) -> None:
        super().__init__(f"{path}{f', {where}' if where else ''}: {why}")
