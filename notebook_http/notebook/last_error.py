"""Keep the error that a cell showed in short, for whoever wants the whole of it."""

from __future__ import annotations

import traceback

from notebook_http.wire.secrets import mask_text

__all__ = ["LastError", "last_error"]


class LastError:
    """The last error that was shown in short.

    `nh.last_error` as a cell's value shows the full traceback, with secrets masked;
    `nh.last_error.exception` is the exception itself, with all that it carries.
    """

    __slots__ = ("exception",)

    def __init__(self) -> None:
        self.exception: BaseException | None = None

    @property
    def traceback(self) -> str:
        """The full traceback, causes included, secrets masked; empty when nothing has failed."""
        if self.exception is None:
            return ""
        return mask_text("".join(traceback.format_exception(self.exception)))

    def __repr__(self) -> str:
        return self.traceback or "No error has been shown in short so far."


last_error = LastError()
