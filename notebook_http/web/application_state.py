"""What the handlers of an application share: a mapping, by typed keys or by text."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, MutableMapping
from typing import Any, TypeVar, overload

from notebook_http.web.app_key import AppKey, NotAppKeyWarning

__all__ = ["ApplicationState", "deprecated"]

T = TypeVar("T")


def deprecated(what: str) -> None:
    """Warn whoever called our caller that *what* is deprecated, as it is in aiohttp."""
    warnings.warn(f"{what} is deprecated", DeprecationWarning, stacklevel=3)


class ApplicationState(MutableMapping["str | AppKey[Any]", Any]):
    """The mapping that an application is; equal to itself alone, and never false."""

    def __init_subclass__(cls) -> None:
        if not cls.__module__.startswith("notebook_http."):
            warnings.warn(
                f"Deriving {cls.__name__} from web.Application is discouraged: keep what it is to "
                "know under keys (web.AppKey)",
                DeprecationWarning,
                stacklevel=3,
            )

    def __init__(self) -> None:
        self._state: dict[str | AppKey[Any], Any] = {}
        self._frozen = False

    @property
    def frozen(self) -> bool:
        """Whether nothing can be changed any more."""
        return self._frozen

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return True

    @overload
    def __getitem__(self, key: AppKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[T]) -> Any:
        return self._state[key]

    def _check_change(self) -> None:
        if self._frozen:
            warnings.warn(
                "Changing state of started or joined application is deprecated",
                DeprecationWarning,
                stacklevel=3,
            )

    @overload
    def __setitem__(self, key: AppKey[T], value: T) -> None: ...

    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...

    def __setitem__(self, key: str | AppKey[T], value: Any) -> None:
        self._check_change()
        if not isinstance(key, AppKey):
            warnings.warn(
                "It is recommended to use web.AppKey instances for keys: they cannot collide, "
                "and type checkers know what is behind them",
                NotAppKeyWarning,
                stacklevel=2,
            )
        self._state[key] = value

    def __delitem__(self, key: str | AppKey[T]) -> None:
        self._check_change()
        del self._state[key]

    def __len__(self) -> int:
        return len(self._state)

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(self._state)

    @overload  # type: ignore[override]
    def get(self, key: AppKey[T], default: None = None) -> T | None: ...

    @overload
    def get(self, key: AppKey[T], default: T) -> T: ...

    @overload
    def get(self, key: str, default: Any = None) -> Any: ...

    def get(self, key: str | AppKey[T], default: Any = None) -> Any:
        """Return what is kept under *key*, or *default*."""
        return self._state.get(key, default)
