"""Run one check: bounded in time, its own failure a finding, what it found masked.

Knows nothing of what is checked. Work that blocks goes to a daemon thread of its own: a resolver
that hangs then keeps neither the event loop nor the end of the process waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from notebook_http.wire.secrets import mask_text

__all__ = ["CHECK_SECONDS", "Check", "Finding", "bad", "fine", "in_thread", "neither", "run_check"]

_T = TypeVar("_T")
# What a check may take: all but the one of the loop's lag go on at once, and all in 2 s.
CHECK_SECONDS = 1.5
# What stays readable as one line; an error's text may be of any length.
_FOUND_CHARACTERS = 300


class Finding(NamedTuple):
    """What a check found. `ok` is None where there was nothing to judge."""

    ok: bool | None
    found: str
    fix: str = ""


class Check(NamedTuple):
    """One line of the report.

    Attributes:
        subject: what was looked at.
        ok: whether it is as it should be; None where there is nothing to judge.
        found: what was found, secrets masked, in one line.
        fix: the command or setting that mends it; empty where there is nothing to mend.
    """

    subject: str
    ok: bool | None
    found: str
    fix: str


def fine(found: str) -> Finding:
    """Return that all is as it should be."""
    return Finding(True, found)


def bad(found: str, fix: str) -> Finding:
    """Return that something is wrong, and the command or setting that mends it."""
    return Finding(False, found, fix)


def neither(found: str, fix: str = "") -> Finding:
    """Return something to know that is neither right nor wrong."""
    return Finding(None, found, fix)


async def run_check(subject: str, look: Callable[[], Awaitable[Finding]]) -> Check:
    """Return what *look* finds within `CHECK_SECONDS`. Only a cancel goes through."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found = await look()
    except TimeoutError:
        found = bad(
            f"no answer within {CHECK_SECONDS} s",
            "run it again with nothing else under way: await nh.doctor()",
        )
    except Exception as error:
        found = bad(
            f"the check itself failed: {type(error).__name__}: {error}",
            "%load_ext notebook_http in a restarted kernel, then again",
        )
    text = " ".join(mask_text(found.found).split())
    if len(text) > _FOUND_CHARACTERS:
        text = f"{text[:_FOUND_CHARACTERS]}…"
    return Check(subject, found.ok, text, found.fix)


async def in_thread(function: Callable[[], _T]) -> _T:
    """Return what *function* returns or raises; given up by a cancel, its thread ends alone."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, error = None, None
        try:
            result = function()
        except Exception as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            pass  # the loop was closed meanwhile: nobody waits

    threading.Thread(target=work, name="nh.doctor", daemon=True).start()
    return await future
