"""Send requests, so many at once, and tell each outcome as it comes.

As many tasks as requests are under way, never one a request of the list. Whoever goes through the
outcomes sets the pace: the next request begins when an outcome was taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import NamedTuple

from notebook_http.notebook.batches.meter import Meter, Tally
from notebook_http.notebook.batches.planned_request import PlannedRequest
from notebook_http.notebook.batches.policy import Policy
from notebook_http.notebook.batches.turns import Turns
from notebook_http.notebook.reply import Reply

__all__ = ["Arrived", "Outcome", "outcomes"]


class Outcome(NamedTuple):
    """What came of one request.

    Attributes:
        value: its reply, or why there is none.
        seconds: how long servers had it, our own waiting left out; None if none ever did.
        attempts: how often it was sent, redirects apart.
    """

    value: Reply | Exception
    seconds: float | None
    attempts: int

    @property
    def status(self) -> int | None:
        """The status of the reply; None for an error."""
        return self.value.status if isinstance(self.value, Reply) else None


# Given the position and outcome of a request in the moment it is there.
Arrived = Callable[[int, Outcome], None]


async def outcomes(
    turns: Turns, policy: Policy, arrived: Arrived, tally: Tally
) -> AsyncGenerator[tuple[int, Outcome], None]:
    """Yield (position, outcome) in the order of completion; end with the last one.

    When it is closed or cancelled, what is under way is, too, and its connections are closed by
    the time that it returns. *arrived* hears of all outcomes, those included that came in the
    moment of a cancel and could not be yielded any more.
    """
    finished: asyncio.Queue[asyncio.Task[Outcome]] = asyncio.Queue()
    running: dict[asyncio.Task[Outcome], tuple[int, PlannedRequest]] = {}
    try:
        while True:
            while len(running) < policy.limit and (turn := turns.next()) is not None:
                task = asyncio.create_task(_send(*turn, policy, arrived, tally))
                running[task] = turn
                task.add_done_callback(finished.put_nowait)
            if not running:
                return
            task = await finished.get()
            place, request = running.pop(task)
            turns.done(request)
            if not task.cancelled():  # by somebody else: then it stays missing
                yield place, task.result()
            del task
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _send(
    place: int, request: PlannedRequest, policy: Policy, arrived: Arrived, tally: Tally
) -> Outcome:
    meter = Meter(tally)
    outcome = await _fetch(request, policy, meter)
    arrived(place, outcome)
    # Not after a cancel: what goes on with the batch later needs its sender still.
    await request.sender.done()
    return outcome


async def _fetch(request: PlannedRequest, policy: Policy, meter: Meter) -> Outcome:
    sender, method, url, options = request
    try:
        theirs = await sender.middlewares(options)
        around = (meter.hop, *policy.around(theirs), meter.sent)
        reply = await sender.fetch(method, url, {**options, "middlewares": around})
    except Exception as error:
        # Returned from here, so that no local variable makes a circle with its traceback.
        return Outcome(error, meter.seconds(), meter.attempts)
    return Outcome(reply, meter.seconds(), meter.attempts)
