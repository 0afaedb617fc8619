"""The error of a cookie that nobody could read; a room of its own for the sake of its import."""

from __future__ import annotations

from http.cookies import CookieError

__all__ = ["CookieNameError"]


class CookieNameError(ValueError, CookieError):
    """A cookie has no name, or one that holds what would end it. The caller erred.

    A `CookieError` too, because aiohttp raises one.
    """
