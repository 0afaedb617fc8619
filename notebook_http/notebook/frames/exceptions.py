"""What goes wrong when a body is to become a table."""

from __future__ import annotations

__all__ = ["FrameError", "needs"]


class FrameError(ValueError):
    """The body cannot become a DataFrame, or it is not clear which part of it should.

    The message has at most 12 lines: what failed, why, and the next thing to try.
    """


def needs(library: str, what: str) -> str:
    """Return the message for *what* needing a *library* that is not installed."""
    return f"{what} needs {library}, which is not installed.\nTry: pip install {library}"
