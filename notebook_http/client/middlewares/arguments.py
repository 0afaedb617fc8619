"""Refuse arguments of middlewares that could only fail later, or never end."""

from __future__ import annotations

from math import isfinite

__all__ = ["check_count", "check_seconds"]


def check_count(middleware: str, name: str, value: object) -> None:
    """Return if *value* is a whole number of at least 1.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below 1.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        text = f"{middleware}: {name} is a whole number, not {value!r}"
        raise TypeError(text)
    if value < 1:
        text = f"{middleware}: {name} must be at least 1, not {value}: nothing could be done"
        raise ValueError(text)


def check_seconds(middleware: str, name: str, value: object, *, zero: bool = False) -> None:
    """Return if *value* is a finite number of seconds above 0, or 0 if *zero* is allowed.

    Raises:
        TypeError: it is no number.
        ValueError: it is negative, infinite or no number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = f"{middleware}: {name} is a number of seconds, not {value!r}"
        raise TypeError(text)
    if not isfinite(value) or value < 0 or (value == 0 and not zero):
        least = "0 or more" if zero else "more than 0"
        text = f"{middleware}: {name} must be {least} seconds, and finite, not {value!r}"
        raise ValueError(text)
