"""Refuse arguments of middlewares that could only fail later, or do nothing."""

from __future__ import annotations

from math import isfinite

__all__ = ["check_count", "check_names", "check_seconds"]


def check_count(middleware: str, name: str, value: object, *, least: int = 1) -> None:
    """Return if *value* is a whole number of at least *least*.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{middleware}: {name} is a whole number, not {value!r}")
    if value < least:
        raise ValueError(f"{middleware}: {name} must be at least {least}, not {value}")


def check_seconds(middleware: str, name: str, value: object) -> None:
    """Return if *value* is a finite number of seconds above 0.

    Raises:
        TypeError: it is no number.
        ValueError: it is not above 0, or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{middleware}: {name} is a number of seconds, not {value!r}")
    if not isfinite(value) or value <= 0:
        raise ValueError(f"{middleware}: {name} must be more than 0 seconds, not {value!r}")


def check_names(middleware: str, name: str, value: object) -> None:
    """Return if *value* is a collection of texts, and not one text, whose letters it would be.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise TypeError(f"{middleware}: {name} is a list of texts, not {value!r}: put it into one")
