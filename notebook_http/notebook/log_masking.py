"""Hide secrets in what servers of this process log.

A kernel shows log records below a cell, and the cell is saved: `GET /items?token=…` would be, too.
"""

from __future__ import annotations

import logging
from functools import cache

from notebook_http.wire.secrets import mask_text

__all__ = ["mask_logs"]

_LOGGERS = (
    "notebook_http.access",
    "notebook_http.notebook",
    "notebook_http.server",
    "notebook_http.web",
)
_formatter = logging.Formatter()


class _Masking(logging.Filter):
    """Lets all records through, their message and traceback masked."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask *record*; what it holds beside the text stays as it is."""
        try:
            message = record.getMessage()
        except Exception:  # the arguments do not fit: handlers say so, without disturbing anybody
            message = ""
        masked = mask_text(message)
        if masked != message:
            record.msg, record.args = masked, None
        if record.exc_info and not record.exc_text:
            # Formatters take this text where it is there.
            record.exc_text = mask_text(_formatter.formatException(record.exc_info))
        return True


@cache
def mask_logs() -> None:
    """Mask the records of this package's loggers from now on. Idempotent."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_Masking())
