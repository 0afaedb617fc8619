"""Responses that carry JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from notebook_http.web.response import Response
from notebook_http.web.response_fields import LooseHeaders
from notebook_http.wire.json_formatter import chosen_formatter

__all__ = ["json_bytes_response", "json_response"]

_NOTHING: Any = object()


def json_response(
    data: Any = _NOTHING,
    *,
    text: str | None = None,
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    content_type: str = "application/json",
    dumps: Callable[[Any], str] = json.dumps,
) -> Response:
    """Return a response that carries *data* as JSON.

    Args:
        data: what *dumps* can serialise.
        text: JSON that is there already, in place of *data*.
        body: JSON that is encoded already, in place of *data*.
        status: three digits.
        reason: reason phrase; None for the usual one.
        headers: fields of the head.
        content_type: media type.
        dumps: what makes text of *data*.

    Raises:
        ValueError: more than one of *data*, *text* and *body* is given.
    """
    if data is not _NOTHING:
        if text or body:
            raise ValueError("only one of data, text, or body should be specified")
        text = chosen_formatter(dumps)(data)
        if body is None and status == 200 and headers is None and reason is None:
            return Response(text=text, content_type=content_type)  # each argument costs its share
    return Response(
        text=text,
        body=body,
        status=status,
        reason=reason,
        headers=headers,
        content_type=content_type,
    )


def json_bytes_response(
    data: Any = _NOTHING,
    *,
    dumps: Callable[[Any], bytes],
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: LooseHeaders | None = None,
    content_type: str = "application/json",
) -> Response:
    """Return a response that carries *data* as JSON, by a *dumps* that makes bytes (orjson).

    Raises:
        ValueError: both *data* and *body* are given.
    """
    if data is not _NOTHING:
        if body is not None:
            raise ValueError("only one of data or body should be specified")
        body = dumps(data)
    return Response(
        body=body, status=status, reason=reason, headers=headers, content_type=content_type
    )
