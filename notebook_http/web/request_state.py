"""What middlewares and handlers tell each other about a request: a mapping."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, TypeVar, overload

from notebook_http.web.app_key import RequestKey, SeenKeys

__all__ = ["RequestState"]

T = TypeVar("T")

_seen_keys = SeenKeys("RequestKey")


class RequestState(MutableMapping["str | RequestKey[Any]", Any]):
    """The mapping that a request is; equal to itself alone, and never false."""

    __slots__ = ()

    # Made when something is put into it, which few requests see.
    _state: dict[str | RequestKey[Any], Any] | None

    @overload
    def __getitem__(self, key: RequestKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | RequestKey[T]) -> Any:
        return (self._state or {})[key]

    @overload
    def __setitem__(self, key: RequestKey[T], value: T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | RequestKey[T], value: Any) -> None:
        if key.__class__ is not RequestKey and key not in _seen_keys:
            _seen_keys.warn(key)
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str | RequestKey[Any]) -> None:
        del (self._state or {})[key]

    def __len__(self) -> int:
        return len(self._state or ())

    def __iter__(self) -> Iterator[str | RequestKey[Any]]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        return True

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other
