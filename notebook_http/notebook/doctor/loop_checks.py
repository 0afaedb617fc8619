"""Check the event loop that runs the cell: its kind, patches, lag, clocks, and the Stop button."""

from __future__ import annotations

import asyncio
import time

from notebook_http.notebook.doctor.check import Finding, bad, fine, neither
from notebook_http.notebook.environment import running_kernel
from notebook_http.notebook.stop_button import BEAT_SECONDS, has_beat, signal_of, wakes_up

__all__ = ["clock", "lag", "loop_kind", "nest_asyncio", "stop_button"]

# The lag is looked for during this time, in steps that a screen's refresh takes.
_LAG_SECONDS = 0.1
_STEP_SECONDS = 0.01
# What people begin to feel, and what a garbage collection does not take.
_MOST_LAG_SECONDS = 0.1
# A system's clock is set in smaller steps than this one while it runs well.
_MOST_JUMP_SECONDS = 1.0
_CLOCK_SECONDS = 0.05
# 2024-01-01: before it no certificate that is used today was valid.
_EARLIEST = 1_704_067_200


async def loop_kind() -> Finding:
    """Tell which loop runs."""
    loop = asyncio.get_running_loop()
    kind = type(loop)
    mode = ", debug mode: slower" if loop.get_debug() else ""
    return fine(f"{kind.__module__}.{kind.__qualname__}{mode}")


async def nest_asyncio() -> Finding:
    """Tell whether asyncio was patched so that loops run inside loops."""
    loop = asyncio.get_running_loop()
    if getattr(asyncio, "_nest_patched", False) or getattr(loop, "_nest_patched", False):
        return neither("asyncio is patched by it", "not needed here: cells may `await`")
    return fine("asyncio is not patched")


async def lag() -> Finding:
    """Measure how late the loop comes back to those who wait."""
    began = time.perf_counter()
    longest = 0.0
    while (now := time.perf_counter()) - began < _LAG_SECONDS:
        await asyncio.sleep(_STEP_SECONDS)
        longest = max(longest, time.perf_counter() - now - _STEP_SECONDS)
    words = f"late by at most {longest * 1000:.0f} ms"
    if longest > _MOST_LAG_SECONDS:
        return bad(
            f"{words}: something blocks the loop",
            "await asyncio.to_thread(function, …) for what computes or waits without `await`",
        )
    return fine(words)


async def clock() -> Finding:
    """Judge the wall clock: its date, and that it goes as fast as the monotonic one."""
    steady, wall = time.monotonic(), time.time()
    await asyncio.sleep(_CLOCK_SECONDS)
    jump = abs((time.time() - wall) - (time.monotonic() - steady))
    fix = "set the system's clock: timedatectl set-ntp true"
    day = time.strftime("%Y-%m-%d %H:%M", time.gmtime(wall))
    if wall < _EARLIEST:
        return bad(f"{day} UTC: certificates of today are not valid yet", fix)
    if jump > _MOST_JUMP_SECONDS:
        return bad(f"{day} UTC, and it jumped by {jump:.1f} s", fix)
    return fine(f"{day} UTC")


async def stop_button() -> Finding:
    """Raise the spare signal that wakes the loop, which means nothing, and see whether it does."""
    loop = asyncio.get_running_loop()
    number = signal_of(loop)
    if number is not None:
        if await wakes_up(loop, number):
            return fine(f"{number.name} woke the loop, as Stop does")
        return bad(
            f"{number.name} did not wake the loop: Stop may take seconds",
            "%reload_ext notebook_http",
        )
    if has_beat(loop):
        return fine(f"the loop looks every {BEAT_SECONDS} s while a cell runs")
    if running_kernel() is None:
        return neither("no kernel: Ctrl-C ends what the loop waits for")
    return bad("the loop is not woken: Stop may take seconds", "%load_ext notebook_http")
