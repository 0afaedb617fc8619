"""Child process: a server of many applications, each with another number of dynamic routes.

    python scaled_server.py aiohttp|notebook_http

It begins by saying the port of each, and answers as server_under_test does.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from server_applications import ROUTES_BY_SERIES, add_routes
from server_under_test import serve

COUNTS = (1, 10, 100, 1000)


def key(count: int, series: str) -> str:
    """Return what an application is called."""
    return f"{count} {series}"


def applications(web: Any) -> dict[str, Any]:
    """Return the applications."""
    found = {}
    for count in COUNTS:
        for series in ROUTES_BY_SERIES:
            app = found[key(count, series)] = web.Application()
            add_routes(app, web, count, series)
    return found


if __name__ == "__main__":
    bytes(4 << 20)  # a heap that freed a large object, as server_under_test has it
    asyncio.run(serve(sys.argv[1], applications, None))
