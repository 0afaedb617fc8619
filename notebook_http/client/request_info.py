"""What was asked, as error messages and responses show it."""

from __future__ import annotations

from typing import NamedTuple

from multidict import CIMultiDictProxy
from yarl import URL

__all__ = ["RequestInfo"]


class RequestInfo(NamedTuple):
    """What was asked, kept for error messages.

    Attributes:
        url: as sent, without fragment.
        method: the request method.
        headers: as sent.
        real_url: as given, with fragment.
    """

    url: URL
    method: str
    headers: CIMultiDictProxy[str]
    real_url: URL
