"""Handlers that send files, and what their answers say."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from notebook_http import web

__all__ = ["LARGE", "SMALL", "fields", "sending", "status"]

SMALL = b"0123456789" * 100
LARGE = os.urandom(3 * 2**20 + 17)


def sending(path: Path, **options: object) -> Callable[[web.Request], Awaitable[web.FileResponse]]:
    """Return a handler that sends *path*."""

    async def handle(request: web.Request) -> web.FileResponse:
        return web.FileResponse(path, **options)  # type: ignore[arg-type]

    return handle


def fields(head: bytes) -> dict[str, str]:
    """Return the fields of a head, names in lower case."""
    lines = head.decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def status(head: bytes) -> int:
    """Return the status of a head."""
    return int(head.split(b" ")[1])
