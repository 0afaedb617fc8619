"""Typed keys for what applications, requests and responses carry.

A key is found by identity, so two modules that both say ``"db"`` never meet by accident.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any, Generic, TypeVar

__all__ = ["AppKey", "NotAppKeyWarning", "RequestKey", "ResponseKey", "SeenKeys"]

T = TypeVar("T")


class NotAppKeyWarning(UserWarning):
    """A plain string was used as a key of an `Application`, a `Request` or a `StreamResponse`."""


class _TypedKey(Generic[T]):
    """A key that is equal to itself alone, and that tells type checkers what lies behind it."""

    __slots__ = ("__orig_class__", "_name", "_t")

    # Set by `Generic` when the key is made as AppKey[int]("name").
    __orig_class__: type[object]

    def __init__(self, name: str, t: type[T] | None = None) -> None:
        # The module that made the key is part of its name: it is what one wants to see in a repr.
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__") == "typing":
            frame = frame.f_back  # AppKey[int]("name") comes through there
        self._name = f"{frame.f_globals.get('__name__', '?')}.{name}"
        self._t = t

    def __lt__(self, other: object) -> bool:
        if isinstance(other, _TypedKey):
            return self._name < other._name
        return True  # string keys sort behind

    def __repr__(self) -> str:
        t: Any = self._t
        if t is None:
            arguments = getattr(getattr(self, "__orig_class__", None), "__args__", ())
            t = arguments[0] if arguments else None
        if t is None:
            shown = "<<Unknown>>"
        elif not isinstance(t, type):
            shown = repr(t)
        elif t.__module__ == "builtins":
            shown = t.__qualname__
        else:
            shown = f"{t.__module__}.{t.__qualname__}"
        return f"<{type(self).__name__}({self._name}, type={shown})>"


class AppKey(_TypedKey[T]):
    """A key of `Application`: ``DB = web.AppKey("db", Database)``, then ``app[DB]``."""

    __slots__ = ()


class RequestKey(_TypedKey[T]):
    """A key of `Request`: ``USER = web.RequestKey("user", User)``, then ``request[USER]``."""

    __slots__ = ()


class ResponseKey(_TypedKey[T]):
    """A key of `StreamResponse`, for what middlewares tell each other about an answer."""

    __slots__ = ()


class SeenKeys(set[object]):
    """The keys of no type that requests, or responses, were given so far: one warning for each.

    Args:
        recommended: name of the class to make keys of.
    """

    # A program has a handful. The bound is for those that make up keys.
    most = 256

    def __init__(self, recommended: str) -> None:
        super().__init__()
        self._recommended = recommended

    def warn(self, key: object) -> None:
        """Warn of a key that was not seen yet. Called by a ``__setitem__``."""
        if len(self) >= self.most:
            return
        self.add(key)
        warnings.warn(
            f"It is recommended to use web.{self._recommended} instances for keys: they cannot "
            "collide, and type checkers know what is behind them",
            NotAppKeyWarning,
            stacklevel=3,
        )
