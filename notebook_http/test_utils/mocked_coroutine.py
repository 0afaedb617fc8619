"""A stand-in for a coroutine function, which knows how it was called."""

from __future__ import annotations

import inspect
from typing import Any
from unittest import mock

__all__ = ["make_mocked_coro"]

_NOT_GIVEN: Any = object()


def make_mocked_coro(return_value: Any = _NOT_GIVEN, raise_exception: Any = _NOT_GIVEN) -> Any:
    """Return a `unittest.mock.Mock` whose calls are coroutines, with all of its assertions.

    Args:
        return_value: what they return; an awaitable is awaited, and None returned.
        raise_exception: what they raise instead.
    """

    async def call(*args: Any, **kwargs: Any) -> Any:
        if raise_exception is not _NOT_GIVEN:
            raise raise_exception
        if not inspect.isawaitable(return_value):
            return return_value
        await return_value
        return None

    return mock.Mock(wraps=call)
