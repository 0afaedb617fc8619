"""Several mappings seen as one, such as an application and the applications around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

from notebook_http.web.app_key import AppKey

__all__ = ["ChainMapProxy"]

T = TypeVar("T")


class ChainMapProxy(Mapping["str | AppKey[Any]", Any]):
    """What the first of several mappings holds, then what the next ones do; to be read only.

    Args:
        maps: the strongest first: for `request.config_dict` the innermost application.
    """

    __slots__ = ("_maps",)

    def __init__(self, maps: Iterable[Mapping[str | AppKey[Any], Any]]) -> None:
        self._maps = tuple(maps)

    @overload
    def __getitem__(self, key: AppKey[T]) -> T: ...

    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | AppKey[T]) -> Any:
        for held in self._maps:
            if key in held:
                return held[key]
        raise KeyError(key)

    def __len__(self) -> int:
        return len({key for held in self._maps for key in held})

    def __iter__(self) -> Iterator[str | AppKey[Any]]:
        return iter(dict.fromkeys(key for held in self._maps for key in held))
