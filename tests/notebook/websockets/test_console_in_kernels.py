"""A WebSocket in a real kernel: shown, watched, stopped, gone on with, explained."""

from __future__ import annotations

import pytest

KERNEL = """
%load_ext notebook_http
import asyncio
import notebook_http as nh
from notebook_http import web
codes = []
async def ticks(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async def tick():
        n = 0
        while True:
            n += 1
            await socket.send_str(f"tick {n}")
            await asyncio.sleep(0.02)
    ticking = asyncio.create_task(tick())
    async for message in socket:
        pass
    ticking.cancel()
    codes.append(socket.close_code)
    return socket
srv = await nh.serve({"GET /ticks": ticks}, name="ticks")
ws = await nh.ws(srv.url + "ticks")
"""


@pytest.mark.kernel
def test_stop_ends_the_watching_and_keeps_the_connection(kernel):
    """One display, five updates a second at most; nothing lost, and unloading closes."""
    kernel.run(KERNEL)
    stopped = kernel.run("await ws.watch()", stop_after=1.5)
    assert stopped.error_name == "KeyboardInterrupt"
    assert len(stopped.values) == 1
    assert 1 <= len(stopped.updates) <= 5 * stopped.seconds
    assert "open; " in stopped.updates[-1]["text/plain"]
    assert "stopped, await ws.watch() goes on" in stopped.updates[-1]["text/plain"]
    again = kernel.run("await ws.watch(0.6)")
    assert len(again.values) == 1  # the cell's value is not shown a second time
    table = kernel.run(
        "got = ws.df().text.str.split().str[1].astype(int).tolist()\n"
        "print(got == list(range(1, len(got) + 1)), len(got) > 10)"
    )
    assert table.stdout == "True True\n"
    shown = kernel.run("ws")
    assert "<table" in shown.values[0]["text/html"]
    assert ": open; " in shown.text
    refused = kernel.run("await nh.ws(srv.url)")
    assert refused.error_name == "WSServerHandshakeError"
    assert "did not open a WebSocket" in refused.error
    assert len(refused.error.splitlines()) <= 12
    ended = kernel.run(
        "%unload_ext notebook_http\n"
        "async with asyncio.timeout(30):\n"
        "    while not codes:\n"
        "        await asyncio.sleep(0.01)\n"
        "print(codes)"
    )
    assert ended.stdout == "[1001]\n"
