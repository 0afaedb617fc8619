"""What can go wrong with a download beside the request itself."""

from __future__ import annotations

__all__ = ["ChecksumError", "DownloadError"]


class DownloadError(RuntimeError):
    """A body did not get into its file. The message says what is there, and how to go on."""


class ChecksumError(DownloadError):
    """All bytes came, and they are not those that were asked for. The message has both sums."""
