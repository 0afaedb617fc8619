"""Child process: one library's client, asking whatever its standard input says.

    python client_under_test.py aiohttp|notebook_http

Each line in is `{"row": index, "requests": n, "port": p}`; each line out the price of these. Every
round has a session of its own, warmed by one request on each connection before the clock starts.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from typing import Any

from payloads import CLIENT_ROWS, ClientRow


async def ask(session: Any, url: str, row: ClientRow, requests: int, wanted: Any) -> None:
    """Ask *requests* times, one after the other, and check each answer."""
    for _ in range(requests):
        async with session.get(url) as response:
            body = await (response.json() if row.as_json else response.read())
            if response.status != 200 or body != wanted:
                raise SystemExit(f"{row.name}: wrong answer {response.status} {body!r:.200}")


async def measure(library: Any, url: str, row: ClientRow, requests: int) -> dict[str, float]:
    """Return the CPU and wall seconds of *requests* requests."""
    wanted = json.loads(row.body) if row.as_json else row.body
    share = requests // row.connections
    async with library.ClientSession() as session:

        async def all_workers(each: int) -> None:
            workers = (ask(session, url, row, each, wanted) for _ in range(row.connections))
            await asyncio.gather(*workers)

        await all_workers(1)
        started, cpu_before = time.perf_counter(), time.process_time()
        await all_workers(share)
        return {
            "cpu_seconds": time.process_time() - cpu_before,
            "wall_seconds": time.perf_counter() - started,
            "requests": share * row.connections,
        }


def main(library_name: str) -> None:
    """Answer lines until there are no more."""
    library = importlib.import_module(library_name)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        row = CLIENT_ROWS[question["row"]]
        url = f"http://127.0.0.1:{question['port']}{row.path}"
        print(json.dumps(asyncio.run(measure(library, url, row, question["requests"]))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
