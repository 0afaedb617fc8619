"""Add fields to whatever answers a request, streams, errors and files included."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiosignal import Signal

from notebook_http.web.request import Request
from notebook_http.web.stream_response import StreamResponse

__all__ = ["add_vary", "before_head"]


def before_head(
    owner: object, call: Callable[[Request, StreamResponse], Awaitable[None]]
) -> Callable[[Request], None]:
    """Return a function that has *call* run when the head of a request's answer is about to leave.

    A response that a handler has begun by itself cannot be changed when it is returned.
    """
    signal: Signal[Any, StreamResponse] = Signal(owner)
    signal.append(call)
    signal.freeze()

    def watch(request: Request) -> None:
        request.signals = (*request.signals, signal)
        for original in request.originals():  # which a plain answer to the clone is sent for
            late: Signal[Any, StreamResponse] = Signal(owner)
            late.append(lambda _, response: call(request, response))
            late.freeze()
            original.signals = (*original.signals, late)

    return watch


def add_vary(response: StreamResponse, name: str) -> None:
    """Say that the answer depends on the field *name* of the request (RFC 9110 §12.5.5)."""
    present = ", ".join(response.headers.getall("Vary", ()))
    names = {each.strip().lower() for each in present.split(",")}
    if "*" not in names and name.lower() not in names:
        response.headers["Vary"] = f"{present}, {name}" if present else name
