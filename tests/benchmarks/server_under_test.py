"""Child process: one library's server with the benchmark's routes, until standard input closes.

    python server_under_test.py aiohttp|notebook_http

Both libraries run the very same handlers below. `/cpu` tells the CPU seconds spent so far, so that
a request's price is read where it is paid.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from typing import Any

from payloads import CARS, HELLO


def application(web: Any) -> Any:
    """Return the application, made of *web*'s parts."""
    hello_text = HELLO.decode()

    async def hello(request: Any) -> Any:
        return web.Response(text=hello_text)

    async def car(request: Any) -> Any:
        return web.json_response(CARS[request.match_info["name"]])

    async def upload(request: Any) -> Any:
        return web.Response(text=str(len(await request.read())))

    async def cpu(request: Any) -> Any:
        return web.Response(text=repr(time.process_time()))

    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/cars/{name}", car)
    app.router.add_post("/upload", upload)
    app.router.add_get("/cpu", cpu)
    return app


async def serve(library: str) -> None:
    """Serve on a free port, say which, and go on until standard input closes."""
    web = importlib.import_module(f"{library}.web")
    runner = web.AppRunner(application(web), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
