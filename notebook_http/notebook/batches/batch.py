"""The outcomes of many requests, in the order they were asked, done or not yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from time import perf_counter
from typing import TYPE_CHECKING, Any, overload

from notebook_http.notebook.batches.batch_text import batch_lines
from notebook_http.notebook.batches.fetching import Outcome, outcomes
from notebook_http.notebook.batches.meter import Tally
from notebook_http.notebook.batches.pending_batch import PendingBatch
from notebook_http.notebook.batches.progress import Progress, show_here
from notebook_http.notebook.batches.summary import Summary, batch_html
from notebook_http.notebook.batches.turns import Turns
from notebook_http.notebook.reply import Reply

if TYPE_CHECKING:
    import pandas

    from notebook_http.notebook.batches.planned_request import PlannedRequest
    from notebook_http.notebook.batches.policy import Policy

__all__ = ["Batch", "NotFetchedError"]

_HOW_TO_GO_ON = "Go on: batch = await nh.last_batch.resume()"


class NotFetchedError(Exception):
    """Stands in a batch for a request that was not done when the batch was stopped."""


class Batch(Sequence[Reply | Exception]):
    """What came of many requests: `batch[3]` is the reply of the fourth, or why it has none.

    A cell shows it as a summary. It holds the replies' bodies, but no connection.

    Attributes:
        seconds: how long it took, from the first request on; the times of `resume` are added.
    """

    __slots__ = (
        "__weakref__",
        "_labels",
        "_outcomes",
        "_policy",
        "_raises",
        "_requests",
        "_running",
        "_shows_progress",
        "seconds",
    )

    def __init__(
        self,
        requests: list[PlannedRequest],
        policy: Policy,
        *,
        raises: bool = False,
        shows_progress: bool = False,
        labels: Any = None,
    ) -> None:
        self._requests = requests
        self._policy = policy
        self._raises = raises
        self._shows_progress = shows_progress
        self._labels = labels
        self._outcomes: list[Outcome | None] = [None] * len(requests)
        self._running = False
        self.seconds = 0.0

    # As a sequence

    def __len__(self) -> int:
        return len(self._requests)

    @overload
    def __getitem__(self, place: int) -> Reply | Exception: ...
    @overload
    def __getitem__(self, place: slice) -> list[Reply | Exception]: ...
    def __getitem__(self, place: int | slice) -> Reply | Exception | list[Reply | Exception]:
        if isinstance(place, slice):
            return [self._value(at) for at in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            text = f"there is no request {place} in a batch of {len(self)}"
            raise IndexError(text)
        return self._value(place % len(self))

    def _value(self, place: int) -> Reply | Exception:
        outcome = self._outcomes[place]
        if outcome is None:
            text = f"request {place} is not done: await batch.resume() sends what is missing"
            return NotFetchedError(text)
        return outcome.value

    # Looking

    @property
    def ok(self) -> list[Reply]:
        """The replies with a status below 400, in order."""
        return [reply for reply in self.replies if reply.ok]

    @property
    def replies(self) -> list[Reply]:
        """All replies, whatever their status, in order."""
        return [each.value for each in self._outcomes if each and isinstance(each.value, Reply)]

    @property
    def errors(self) -> dict[int, Exception]:
        """Why requests have no reply, by their position. A status of 404 is a reply."""
        return {
            place: each.value
            for place, each in enumerate(self._outcomes)
            if each is not None and not isinstance(each.value, Reply)
        }

    @property
    def missing(self) -> list[int]:
        """The positions of requests that are not done."""
        return [place for place, each in enumerate(self._outcomes) if each is None]

    def df(self) -> pandas.DataFrame:
        """Return one row a request: url, status, ms, bytes, attempts, error.

        The URL is masked. `ms` is how long servers had the request, all tries together; our own
        waiting for a place, the rate or another try is left out. `bytes` are those of the decoded
        body, `attempts` is 0 if a cache answered. What there is not is missing (`<NA>`).
        The index is the position, or that of the Series which the URLs came in.
        """
        from notebook_http.notebook.batches.batch_frames import frame_of_requests

        return frame_of_requests(self._requests, self._outcomes, self._labels)

    def rows(self, path: str | None = None) -> pandas.DataFrame:
        """Return the records of all bodies in one frame, in order, each with its `source`.

        `source` is the masked URL, the first column (`source_url` where records have a `source`).
        Bodies are read as `Reply.df` reads them. Requests without a reply, and replies with a
        status of 400 or above, have no records; `attrs["without_rows"]` lists their positions.

        Args:
            path: where the rows are inside each JSON, as in `"data.items"`; None finds them.

        Raises:
            FrameError: a ValueError; a body has no table in it, and the message names its request,
                or there is no body at all.
        """
        from notebook_http.notebook.batches.batch_frames import frame_of_records

        return frame_of_records(self._requests, self._outcomes, path)

    def summary(self) -> Summary:
        """Return counts by status, percentiles of the times, and a histogram, as of now."""
        return Summary(self._outcomes, self.seconds)

    # Going on

    def resume(self, *, failed: bool = False) -> PendingBatch[Batch]:
        """Return what sends the requests that are missing when awaited; its batch is this one.

        Args:
            failed: send those again, too, that have an error instead of a reply.

        Raises:
            RuntimeError: when awaited: this batch is under way.
        """

        async def go_on() -> Batch:
            return await self.fetch(again=self.errors if failed else ())

        count = len(self.missing) + (len(self.errors) if failed else 0)
        return PendingBatch(go_on, f"{count:,} of {len(self):,} requests", Batch)

    async def fetch(self, again: Any = ()) -> Batch:
        """Send what is missing, and the positions *again*; return this batch. For `fetch_all`.

        Raises:
            RuntimeError: it is under way.
            Exception: the first error, if errors are to be raised.
        """
        if self._running:
            text = "This batch is under way: wait until it is done."
            raise RuntimeError(text)
        for place in list(again):
            self._outcomes[place] = None
        source = ((place, self._requests[place]) for place in self.missing)
        turns = Turns(source, self._policy.per_host, look_ahead=len(self))
        tally = Tally()
        show = show_here() if self._shows_progress else None
        progress = Progress(len(self), show, tally, _HOW_TO_GO_ON)
        for outcome in self._outcomes:
            if outcome is not None:
                progress.note(outcome.status)

        def arrived(place: int, outcome: Outcome) -> None:
            self._outcomes[place] = outcome
            progress.note(outcome.status)

        self._running = True
        began = perf_counter()
        progress.begin()
        try:
            async with aclosing(outcomes(turns, self._policy, arrived, tally)) as done:
                async for _, outcome in done:
                    if self._raises and isinstance(outcome.value, Exception):
                        raise outcome.value
        finally:
            progress.end()
            self.seconds += perf_counter() - began
            self._running = False
        return self

    # Showing

    def __repr__(self) -> str:
        return "\n".join(batch_lines(self._requests, self._outcomes, self.seconds))

    def _repr_html_(self) -> str:
        """Return what a cell shows whose value this is."""
        return batch_html(self._requests, self._outcomes, self.seconds)
