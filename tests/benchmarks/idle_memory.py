"""What an idle WebSocket costs a server in memory: ours and aiohttp's, in processes of their own.

``python tests/benchmarks/idle_memory.py [COUNT]`` prints KiB a socket for each.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVERS = {"notebook_http": "notebook_http.web", "aiohttp": "aiohttp.web"}
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
# Opened and closed before the count begins: what a process takes once is no matter of sockets.
WARM_UP = 50


def resident_kib() -> int:
    """Return what is in RAM of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError("/proc/self/status has no VmRSS")


async def serve(module: str) -> None:
    """Serve in this process; tell the port, then for each line of input what is resident."""
    web: Any = import_module(module)

    async def handler(request: Any) -> Any:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(message.data)
        return ws

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    print(runner.addresses[0][1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(resident_kib(), flush=True)
    await runner.cleanup()


async def opened(port: int, count: int) -> list[asyncio.StreamWriter]:
    """Return *count* open WebSockets."""
    writers = []
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE)
        await reader.readuntil(b"\r\n\r\n")
        writers.append(writer)
    return writers


async def measured(port: int, count: int, server: Any) -> float:
    def resident() -> int:
        server.stdin.write("\n")
        server.stdin.flush()
        return int(server.stdout.readline())

    for writer in await opened(port, WARM_UP):
        writer.transport.abort()
    await asyncio.sleep(0.2)
    before = await asyncio.to_thread(resident)
    writers = await opened(port, count)
    await asyncio.sleep(0.2)
    after = await asyncio.to_thread(resident)
    for writer in writers:
        writer.transport.abort()
    return (after - before) / count


def idle_websocket_kib(name: str, count: int = 1000) -> float:
    """Return the KiB that an idle WebSocket costs the server *name*, a key of `SERVERS`."""
    code = (
        "import asyncio, sys; sys.path.insert(0, sys.argv[1]); "
        "from tests.benchmarks.idle_memory import serve; asyncio.run(serve(sys.argv[2]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(ROOT), SERVERS[name]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        port = int(server.stdout.readline())
        try:
            return asyncio.run(measured(port, count, server))
        finally:
            server.stdin.close()


def main() -> None:
    """Print a line for each server."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for name in SERVERS:
        print(f"{name}: {idle_websocket_kib(name, count):.1f} KiB per idle WebSocket ({count})")


if __name__ == "__main__":
    main()
