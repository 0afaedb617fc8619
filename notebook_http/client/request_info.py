"""What was asked, as error messages and responses show it."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from multidict import CIMultiDictProxy
from yarl import URL

__all__ = ["RequestInfo"]


class _NotGiven(Enum):
    TOKEN = 0


_NOT_GIVEN: Final = _NotGiven.TOKEN


class _Asked(NamedTuple):
    url: URL
    method: str
    headers: CIMultiDictProxy[str]
    real_url: URL


class RequestInfo(_Asked):
    """What was asked, kept for error messages.

    Attributes:
        url: as sent, without fragment.
        method: the request method.
        headers: as sent.
        real_url: as given, with fragment; *url* by default.
    """

    __slots__ = ()

    def __new__(
        cls,
        url: URL,
        method: str,
        headers: CIMultiDictProxy[str],
        real_url: URL | _NotGiven = _NOT_GIVEN,
    ) -> RequestInfo:
        """Return the four together."""
        return super().__new__(
            cls, url, method, headers, url if real_url is _NOT_GIVEN else real_url
        )
