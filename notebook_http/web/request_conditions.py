"""What a request asks for on conditions, and what proxies say of it: decoded when looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from multidict import CIMultiDictProxy

from notebook_http.wire.entity_tag import ETag, parse_entity_tags
from notebook_http.wire.forwarded import parse_forwarded
from notebook_http.wire.http_date import parse_http_date

__all__ = ["RequestConditions"]


class RequestConditions:
    """The conditional fields (RFC 9110 §13 and §14) and Forwarded (RFC 7239)."""

    __slots__ = ()

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields as text."""
        raise NotImplementedError

    @property
    def forwarded(self) -> tuple[Mapping[str, str], ...]:
        """What each proxy on the way wrote: ``for``, ``by``, ``host``, ``proto``.

        The one next to the client first. Anybody can write this field: only what your own proxy
        added is to be trusted.
        """
        return parse_forwarded(self.headers.getall("Forwarded", ()))

    @property
    def if_modified_since(self) -> datetime | None:
        """The date (aware, UTC), or None: not asked for, or no date."""
        return parse_http_date(self.headers.get("If-Modified-Since"))

    @property
    def if_unmodified_since(self) -> datetime | None:
        """The date (aware, UTC), or None: not asked for, or no date."""
        return parse_http_date(self.headers.get("If-Unmodified-Since"))

    @property
    def if_range(self) -> datetime | None:
        """The date (aware, UTC), or None: not asked for, or no date but an entity tag."""
        return parse_http_date(self.headers.get("If-Range"))

    @property
    def if_match(self) -> tuple[ETag, ...] | None:
        """The entity tags, ``*`` as ``ETag("*")``; None when there is no such field."""
        return self._entity_tags("If-Match")

    @property
    def if_none_match(self) -> tuple[ETag, ...] | None:
        """The entity tags, ``*`` as ``ETag("*")``; None when there is no such field."""
        return self._entity_tags("If-None-Match")

    def _entity_tags(self, name: str) -> tuple[ETag, ...] | None:
        return parse_entity_tags(", ".join(self.headers.getall(name, ())) or None)

    @property
    def http_range(self) -> slice:
        """The range of bytes that is asked for, ready to cut them out; all when there is none.

        Raises:
            ValueError: it is no range that can be served as one slice: malformed, several ranges,
                or its start is behind its end. The client erred: 416.
        """
        value = self.headers.get("Range")
        if value is None:
            return slice(None, None, 1)
        match = re.fullmatch(r"bytes=([0-9]*)-([0-9]*)", value, re.IGNORECASE)
        if match is None:
            raise ValueError("range not in acceptable format")
        first, last = match.groups()
        if not first and not last:
            raise ValueError("No start or end of range specified")
        if not first:
            return slice(-int(last), None, 1)
        start = int(first)
        if not last:
            return slice(start, None, 1)
        end = int(last) + 1  # the last byte belongs to the range
        if start >= end:
            raise ValueError("start cannot be after end")
        return slice(start, end, 1)
