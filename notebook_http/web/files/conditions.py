"""Whether a file is to be sent, and which part of it: what the request's fields make of it.

RFC 9110 §13.2.2 has the order: If-Match, else If-Unmodified-Since; If-None-Match, else
If-Modified-Since; then Range, unless If-Range says otherwise.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from multidict import CIMultiDictProxy

from notebook_http.wire.byte_range import parse_range
from notebook_http.wire.entity_tag import (
    ETag,
    matches_entity_tag,
    parse_entity_tag,
    parse_entity_tags,
)
from notebook_http.wire.http_date import parse_http_date

__all__ = ["Representation", "Verdict", "judge"]


class Representation(NamedTuple):
    """What would be sent if nothing else was asked for.

    Attributes:
        etag: its entity tag.
        modified: seconds since the epoch, whole ones, as `Last-Modified` says them.
        size: bytes.
    """

    etag: ETag
    modified: int
    size: int


class Verdict(NamedTuple):
    """What is sent instead.

    Attributes:
        status: 200, 206, 304, 412 or 416.
        start: position of the first byte.
        stop: position behind the last one; no byte is sent with 304, 412 and 416.
    """

    status: int
    start: int
    stop: int


def judge(
    method: str, fields: CIMultiDictProxy[str], file: Representation, *, ranges: bool = True
) -> Verdict:
    """Return what becomes of a request for *file*.

    Args:
        method: of the request; other methods than GET and HEAD get no 304 and no part.
        fields: of the request.
        file: what would be sent.
        ranges: whether parts can be sent; not of a body that is coded on its way.
    """
    reads = method in ("GET", "HEAD")
    status = _precondition(fields, file, reads)
    if status is not None:
        return Verdict(status, 0, 0)
    value = fields.get("Range")
    if value is None or not ranges or not reads or not _may_be_joined(fields, file):
        return Verdict(200, 0, file.size)
    try:
        asked = parse_range(value)
    except ValueError:
        return Verdict(416, 0, 0)
    if asked is None:
        return Verdict(200, 0, file.size)
    span = asked.within(file.size)
    return Verdict(416, 0, 0) if span is None else Verdict(206, *span)


def _precondition(fields: CIMultiDictProxy[str], file: Representation, reads: bool) -> int | None:
    """Return the status that the preconditions lead to; None when they hold."""
    tags = parse_entity_tags(_list(fields, "If-Match"))
    if tags is not None:
        if not matches_entity_tag(file.etag, tags, weak=False):
            return 412
    else:
        since = _seconds(fields.get("If-Unmodified-Since"))
        if since is not None and file.modified > since:
            return 412
    tags = parse_entity_tags(_list(fields, "If-None-Match"))
    if tags is not None:
        if matches_entity_tag(file.etag, tags, weak=True):
            return 304 if reads else 412
    elif reads:
        since = _seconds(fields.get("If-Modified-Since"))
        if since is not None and file.modified <= since:
            return 304
    return None


def _may_be_joined(fields: CIMultiDictProxy[str], file: Representation) -> bool:
    """Tell whether the part that the client has, by its If-Range, is one of this very file."""
    value = fields.get("If-Range")
    if value is None:
        return True
    tag = parse_entity_tag(value)
    if tag is not None:
        return matches_entity_tag(file.etag, (tag,), weak=False) and tag.value != "*"
    return _seconds(value) == file.modified  # not "not later": RFC 9110 §13.1.5


def _list(fields: CIMultiDictProxy[str], name: str) -> str | None:
    """Return a list that may have come in several fields (RFC 9110 §5.3); None for none."""
    return ", ".join(fields.getall(name)) if name in fields else None


def _seconds(value: str | None) -> int | None:
    moment: datetime | None = parse_http_date(value)
    return None if moment is None else int(moment.timestamp())
