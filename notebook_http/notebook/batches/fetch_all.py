"""`nh.fetch_all(urls)`: many requests at once, in order, none lost."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.argument_names import check_names, request_option_names
from notebook_http.notebook.batches.batch import Batch
from notebook_http.notebook.batches.fetching import Outcome, outcomes
from notebook_http.notebook.batches.last_batch import last_batch
from notebook_http.notebook.batches.meter import Tally
from notebook_http.notebook.batches.pending_batch import PendingBatch
from notebook_http.notebook.batches.planned_request import (
    checked_items,
    labels_of,
    planned,
    read_lazily,
)
from notebook_http.notebook.batches.policy import Policy, policy_of
from notebook_http.notebook.batches.progress import Progress, show_here
from notebook_http.notebook.batches.turns import Turn, Turns
from notebook_http.notebook.client import Client, default_client

if TYPE_CHECKING:
    from notebook_http.client.session import ClientSession
    from notebook_http.notebook.reply import Reply

__all__ = ["client_of", "fetch_all", "stream_all"]


def fetch_all(
    urls: Iterable[Any],
    *,
    limit: int = 20,
    per_host: int = 6,
    retry: Any = 3,
    rate: Any = None,
    errors: str = "collect",
    cache: Any = None,
    client: Client | ClientSession | None = None,
    progress: bool = True,
    **options: Any,
) -> PendingBatch[Batch]:
    """Return what sends many requests when awaited, for a `Batch` of their replies, in order.

    ```python
    batch = await nh.fetch_all(urls, rate="10/s")
    batch.df()
    ```

    Each reply is read whole. Stop, or any cancel, ends it at once and closes the connections of
    what is under way; `nh.last_batch` holds what is done, and `await nh.last_batch.resume()` goes
    on. A redirect, and each try, counts for *per_host* and *rate*.

    Args:
        urls: URLs, requests such as `nh.get(url)` without await, `(method, url, options)`, mixed;
            or a column of a DataFrame.
        limit: requests under way, all hosts together; 20, which keeps a laptop and its line busy.
            Above 100 the client needs a connector with a higher `limit`, too.
        per_host: requests under way to one host; 6, what browsers allow themselves.
        retry: how often each is sent at most, the first time included, after answers of 429, 502,
            503 and 504 and broken connections, if its method is idempotent; or a
            `RetryMiddleware`; 1 or None for once. Left out where the client has one already.
        rate: how fast they may begin: `"10/s"`, `"600/min"`, evenly, or a `RateLimitMiddleware`.
        errors: `"collect"` puts errors where the replies would be; `"raise"` stops at the first
            error and raises it. A status of 404 is none, unless `raise_for_status=True`.
        cache: a `CacheMiddleware` that may answer instead of the server.
        client: the `Client` or `ClientSession` to send with; that of `nh.get` by default.
        progress: show how far it is: in a notebook, and at a terminal.
        options: of every request, as for `nh.get`: headers, params, timeout …; an item's own win.

    Raises:
        TypeError, ValueError: an argument or an item cannot be; the message names it. Nothing is
            sent then.
    """
    _check_errors("fetch_all", errors)
    policy = policy_of(
        "fetch_all", limit=limit, per_host=per_host, retry=retry, rate=rate, cache=cache
    )
    items = checked_items(urls, "fetch_all")
    requests = planned(items, client_of(client), options, "fetch_all")
    batch = Batch(
        requests,
        policy,
        raises=errors == "raise",
        shows_progress=progress,
        labels=labels_of(urls),
    )

    async def begin() -> Batch:
        last_batch.batch = batch
        return await batch.fetch()

    words = f"{len(batch):,} request{'' if len(batch) == 1 else 's'}"
    return PendingBatch(begin, words, Batch)


def stream_all(
    urls: Iterable[Any],
    *,
    limit: int = 20,
    per_host: int = 6,
    retry: Any = 3,
    rate: Any = None,
    errors: str = "collect",
    cache: Any = None,
    client: Client | ClientSession | None = None,
    progress: bool = True,
    **options: Any,
) -> AsyncGenerator[tuple[int, Reply | Exception], None]:
    """Yield (position, reply or error) of many requests, whichever is done first.

    ```python
    async for place, reply in nh.stream_all(urls):
        ...
    ```

    For more than memory holds: nothing is kept of what was yielded, and a generator of URLs is read
    no further than *limit* ahead. The loop's body sets the pace: while it runs, what is under way
    goes on, but nothing new begins. Leaving the loop by `break` stops the rest when the generator
    is collected; `contextlib.aclosing` stops it at once.

    Args:
        urls: as for `fetch_all`; what is no list, tuple or column is read as it goes, and a wrong
            item raises when it is reached.
        limit: as for `fetch_all`, and so are all others.
        per_host: requests under way to one host.
        retry: how often each is sent at most.
        rate: how fast they may begin.
        errors: `"raise"` raises the first error instead of yielding it, and stops the rest.
        cache: a `CacheMiddleware`.
        client: what to send with.
        progress: show how far it is, as for `fetch_all`; of a generator nobody knows how many.
        options: of every request.

    Raises:
        TypeError, ValueError: an argument or an item cannot be; the message names it.
    """
    caller = "stream_all"
    _check_errors(caller, errors)
    policy = policy_of(caller, limit=limit, per_host=per_host, retry=retry, rate=rate, cache=cache)
    sender = client_of(client)
    source: Iterator[Turn]
    total: int | None
    if isinstance(urls, Iterator):
        check_names(caller, options, request_option_names())
        source, look_ahead = read_lazily(urls, sender, options), limit
        total = None
    else:
        requests = planned(checked_items(urls, caller), sender, options, caller)
        source, look_ahead = iter(enumerate(requests)), len(requests)
        total = len(requests)
    turns = Turns(source, per_host, max(look_ahead, 1))
    return _streamed(turns, policy, total, raises=errors == "raise", shows_progress=progress)


async def _streamed(
    turns: Turns, policy: Policy, total: int | None, *, raises: bool, shows_progress: bool
) -> AsyncGenerator[tuple[int, Reply | Exception], None]:
    tally = Tally()
    progress = Progress(total, show_here() if shows_progress else None, tally)

    def arrived(place: int, outcome: Outcome) -> None:
        progress.note(outcome.status)

    progress.begin()
    try:
        async with aclosing(outcomes(turns, policy, arrived, tally)) as done:
            async for place, outcome in done:
                value = outcome.value
                del outcome
                if raises and isinstance(value, Exception):
                    raise value
                yield place, value
                del value  # while the next ones are awaited, only the caller holds it
        progress.note_all()
    finally:
        progress.end()


def _check_errors(caller: str, errors: str) -> None:
    if errors not in ("collect", "raise"):
        text = f"{caller}: errors is 'collect' or 'raise', not {errors!r}"
        raise ValueError(text)


def client_of(given: Client | ClientSession | None) -> Client:
    """Return the client that *given* stands for; that of `nh.get` for None.

    Raises:
        TypeError: it is neither client nor session.
    """
    if given is None:
        return default_client()
    if isinstance(given, Client):
        return given
    if not hasattr(given, "ws_connect"):
        text = f"client is a Client or a ClientSession, not {given!r}"
        raise TypeError(text)
    return Client(session=given)
