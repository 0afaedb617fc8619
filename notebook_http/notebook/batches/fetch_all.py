"""`nh.fetch_all(urls)`: many requests at once, in order, none lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.batches.batch import Batch
from notebook_http.notebook.batches.last_batch import last_batch
from notebook_http.notebook.batches.pending_batch import PendingBatch
from notebook_http.notebook.batches.planned_request import checked_items, labels_of, planned
from notebook_http.notebook.batches.policy import policy_of
from notebook_http.notebook.client import Client, default_client

if TYPE_CHECKING:
    from notebook_http.client.session import ClientSession

__all__ = ["client_of", "fetch_all"]


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
    if errors not in ("collect", "raise"):
        text = f"fetch_all: errors is 'collect' or 'raise', not {errors!r}"
        raise ValueError(text)
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
