"""Event loops for tests that run their own."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

__all__ = ["chosen_factories", "loop_context", "setup_test_loop", "teardown_test_loop"]

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


@contextmanager
def loop_context(
    loop_factory: LoopFactory = asyncio.new_event_loop, fast: bool = False
) -> Iterator[asyncio.AbstractEventLoop]:
    """Give an event loop to a `with` block, and close it behind the block, whatever happens there.

    Args:
        loop_factory: makes the loop.
        fast: see `teardown_test_loop`.
    """
    loop = setup_test_loop(loop_factory)
    try:
        yield loop
    finally:
        teardown_test_loop(loop, fast=fast)


def setup_test_loop(
    loop_factory: LoopFactory = asyncio.new_event_loop,
) -> asyncio.AbstractEventLoop:
    """Return a new event loop, set as the current one; `teardown_test_loop` closes it."""
    loop = loop_factory()
    asyncio.set_event_loop(loop)
    return loop


def teardown_test_loop(loop: asyncio.AbstractEventLoop, fast: bool = False) -> None:
    """Close *loop* and leave none to be the current one.

    Unless *fast*, garbage is collected, so that what was left open is told of in this test.
    """
    if not loop.is_closed():
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
    if not fast:
        gc.collect()
    asyncio.set_event_loop(None)


def chosen_factories(names: str) -> dict[str, LoopFactory]:
    """Return what makes the loops that *names* asks for: ``pyloop``, ``uvloop?,pyloop``, ``all``.

    Raises:
        ValueError: a loop is unknown, or not installed and has no question mark.
    """
    known: dict[str, LoopFactory] = {"pyloop": asyncio.new_event_loop}
    try:
        uvloop = import_module("uvloop")
    except ImportError:
        pass
    else:
        known["uvloop"] = uvloop.new_event_loop
    chosen = {}
    for name in ("pyloop,uvloop?" if names == "all" else names).split(","):
        key = name.strip(" ?")
        if key in known:
            chosen[key] = known[key]
        elif "?" not in name:
            raise ValueError(f"Unknown loop {key!r}, available loops: {', '.join(known)}")
    return chosen
