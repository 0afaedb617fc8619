"""What an application holds, and then what the applications around it hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, overload

from notebook_http.web.app_key import AppKey
from notebook_http.web.application import Application

__all__ = ["ConfigDict"]

T = TypeVar("T")


class ConfigDict(Mapping["str | AppKey[Any]", Any]):
    """What an application holds, and then what the ones around it hold."""

    __slots__ = ("_apps",)

    def __init__(self, apps: tuple[Application, ...]) -> None:
        self._apps = apps  # the innermost first

    @overload
    def __getitem__(self, key: AppKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[T]) -> Any:
        for app in self._apps:
            if key in app:
                return app[key]
        raise KeyError(key)

    def __len__(self) -> int:
        return len({key for app in self._apps for key in app})

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(dict.fromkeys(key for app in self._apps for key in app))
