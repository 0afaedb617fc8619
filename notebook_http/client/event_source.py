"""Server-sent events over a session: connect, read, and connect again (WHATWG HTML §9.2)."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

from notebook_http import hdrs
from notebook_http.client.call import as_timeout
from notebook_http.client.event_source_arguments import check_arguments
from notebook_http.client.event_stream_answer import (
    EVENT_STREAM,
    PASSING_STATUSES,
    check_event_stream,
    wait_asked_for,
)
from notebook_http.client.exceptions import (
    ClientConnectionError,
    ClientPayloadError,
    ClientResponseError,
    TotalTimeoutError,
)
from notebook_http.wire.event_stream import (
    MAX_EVENT_BYTES,
    MAX_LINE_BYTES,
    EventStreamParser,
    EventTooLarge,
    ServerSentEvent,
)

if TYPE_CHECKING:
    from types import TracebackType

    from yarl import URL

    from notebook_http.client.event_source_arguments import EventSession
    from notebook_http.client.response import ClientResponse

__all__ = ["EventSource"]

# What comes of asking these twice is the same; a POST would be done twice.
_REPEATED_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Seconds before connecting again where the server names none: browsers wait three to five.
_RECONNECT_AFTER = 3.0
# Failures in a row after which the last one is raised: with the waits between, a minute and a half,
# which is longer than a server takes to restart, and not so long that a cell seems to hang.
_MAX_FAILURES = 6
# Seconds that waits grow to, by doubling, while failure follows failure.
_MAX_BACKOFF = 30.0
# The longest wait that a server may ask for: an hour. More is a mistake of units.
_MAX_WAIT = 3600.0
# The shortest after a connection that brought no event: `retry: 0` would spin otherwise.
_MIN_WAIT = 0.1
# Seconds between two looks whether the session was closed, which does not tell its sources.
_LOOK_EVERY = 1.0
_NOT_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NO_EVENTS: tuple[ServerSentEvent, ...] = ()


class EventSource:
    """What `session.sse(url)` returns: an endless, reconnecting iterator of events.

    ```python
    async with session.sse("https://example.org/prices") as events:
        async for event in events:
            print(event.event, event.json())
    ```

    The first connection has to succeed: a wrong address is an error at once. Later, when the stream
    ends or breaks off, it connects again after the server's `retry` time, naming the last event
    in `Last-Event-ID`. Broken connections, time-outs and 408, 425, 429 and 5xx are tried again
    until there were *max_failures* in a row without a byte of a stream between them. The answer 204
    ends the iteration; so does the end of the stream if *reconnect* is off.

    A time-out's `total` limits each connecting, until the head of the answer is there, and not the
    stream. To notice a dead one, set `sock_read` to more than the server's heartbeat: then it
    connects again.

    One task reads at a time. A cancelled read loses no event and the next one goes on; leaving the
    block, `close`, an error, or dropping the source closes the connection.

    Args:
        session: sends the requests.
        url: absolute, or relative to the session's `base_url`.
        method: for services that stream their answer to a POST.
        reconnect: whether to connect again; by default for GET only, since a POST is not to be
            done twice.
        reconnect_after: seconds to wait before that until the server names its own.
        max_failures: in a row; None never gives up.
        last_event_id: where to take up a stream that was read before.
        max_line_bytes: of one line, 8 MiB.
        max_event_bytes: of the data of one event, 16 MiB.
        options: those of `ClientSession.request`.

    Raises:
        TypeError: or ValueError: a number, or the id, is none.

    Attributes:
        response: the answer that the events come from; None while there is none.
    """

    def __init__(
        self,
        session: EventSession,
        url: str | URL,
        *,
        method: str = "GET",
        reconnect: bool | None = None,
        reconnect_after: float = _RECONNECT_AFTER,
        max_failures: int | None = _MAX_FAILURES,
        last_event_id: str = "",
        max_line_bytes: int = MAX_LINE_BYTES,
        max_event_bytes: int = MAX_EVENT_BYTES,
        **options: Any,
    ) -> None:
        self.response: ClientResponse | None = None  # first: __del__ looks for it
        check_arguments(
            reconnect_after, max_failures, max_line_bytes, max_event_bytes, last_event_id
        )
        self._session = session
        self._url = url
        self._method = method.upper()
        self._reconnect = self._method in _REPEATED_METHODS if reconnect is None else reconnect
        self._retry_seconds = reconnect_after
        self._max_failures = max_failures
        self._limits = (max_line_bytes, max_event_bytes)
        given = options.pop("timeout", None)
        self._timeout = session.timeout if given is None else as_timeout(given)
        self._headers = CIMultiDict(options.pop("headers", None) or ())
        self._headers.setdefault(hdrs.ACCEPT, EVENT_STREAM)
        self._headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        self._options = options
        self._parser = self._new_parser(last_event_id)
        self._ready: Iterator[ServerSentEvent] = iter(_NO_EVENTS)
        self._begun = False
        self._closed = False
        self._got_bytes = False
        self._got_event = False
        self._failures = 0
        self._connect_at = 0.0
        self._wait_scope: asyncio.Timeout | None = None  # of what `close` has to end

    def __repr__(self) -> str:
        if self._closed:
            state = "closed"
        elif self.response is not None:
            state = "open"
        else:
            state = f"connecting, {self._failures} failures" if self._begun else "not begun"
        return f"<EventSource {self._url} {state}>"

    def __del__(self) -> None:
        # `break` out of a loop leaves nobody else to close it.
        response = getattr(self, "response", None)
        if response is not None:
            try:
                response.close()
            except RuntimeError:
                pass  # the loop is closed, and has closed its sockets

    # Asking

    @property
    def last_event_id(self) -> str:
        """The id that the last event had or kept; "" before any."""
        return self._parser.last_event_id

    @property
    def retry_seconds(self) -> float:
        """How long it waits before connecting again after a stream that brought something."""
        if self._parser.retry is None:
            return self._retry_seconds
        return min(self._parser.retry / 1000, _MAX_WAIT)

    @property
    def closed(self) -> bool:
        """Whether no more events come."""
        return self._closed

    # Reading

    def __aiter__(self) -> EventSource:
        return self

    async def __anext__(self) -> ServerSentEvent:
        """Return the next event. A cancel loses none; the next call goes on.

        Raises:
            ContentTypeError: the answer is no event stream.
            ClientResponseError: its status is neither 200 nor 204, and will not pass.
            ClientError: the first connection failed, or too many in a row did.
            ClientPayloadError: an event is over a limit; or the stream broke off and *reconnect*
                is off.
            TimeoutError: as either of these, a limit of `ClientTimeout` has passed.
            RuntimeError: the session is closed.
        """
        try:
            while not self._closed:
                event = self._next_ready()
                if event is not None:
                    return event
                if self.response is not None:
                    await self._read_more(self.response)
                elif not self._begun:
                    await self._connect()
                else:
                    await self._connect_again()
        except Exception:
            self.close()
            raise
        raise StopAsyncIteration

    async def __aenter__(self) -> EventSource:
        """Connect. A cancel stops that."""
        if not (self._begun or self._closed):
            try:
                await self._connect()
            except Exception:
                self.close()
                raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # The end

    def close(self) -> None:
        """Close the connection; no more events come. Idempotent."""
        self._closed = True
        self._ready = iter(_NO_EVENTS)
        self._drop_response()
        scope = self._wait_scope
        if scope is not None and not scope.expired():
            scope.reschedule(0)  # long past: it ends at once

    async def aclose(self) -> None:
        """Do as `close`, for `contextlib.aclosing`."""
        self.close()

    # How it works

    def _new_parser(self, last_event_id: str) -> EventStreamParser:
        line, event = self._limits
        return EventStreamParser(
            last_event_id=last_event_id, max_line_bytes=line, max_event_bytes=event
        )

    def _drop_response(self) -> None:
        response, self.response = self.response, None
        if response is not None:
            response.close()

    def _next_ready(self) -> ServerSentEvent | None:
        try:
            event = next(self._ready, None)
        except EventTooLarge as error:
            text = (
                f"{self._method} {self._url}: {error}. If that is how large its events are, pass "
                "max_line_bytes= and max_event_bytes= to sse()."
            )
            raise ClientPayloadError(text) from error
        self._got_event = self._got_event or event is not None
        return event

    async def _read_more(self, response: ClientResponse) -> None:
        """Take what has arrived; at the end, see to it that it is connected again."""
        try:
            data = await response.content.readany()
        except (ClientConnectionError, ClientPayloadError, TimeoutError) as error:
            self._stream_ended(error)
            return
        if not data:
            self._stream_ended(None)
            return
        self._got_bytes = True
        self._failures = 0
        self._ready = self._parser.feed(data)

    def _stream_ended(self, error: Exception | None) -> None:
        if self._closed:  # by somebody else, while this waited
            return
        self._drop_response()
        if error is not None and (not self._reconnect or self._session.closed):
            raise error
        if not self._reconnect:
            self.close()
            return
        if error is not None and not self._got_bytes:
            self._failed(error)
        else:
            self._failures = 0
            wait = self.retry_seconds
            self._wait(wait if self._got_event else max(wait, _MIN_WAIT))

    def _failed(self, error: Exception) -> None:
        """Count a failure and raise the last one."""
        self._failures += 1
        if self._max_failures is not None and self._failures >= self._max_failures:
            error.add_note(
                f"Gave {self._url} up after {self._failures} failures in a row; "
                "sse(max_failures=…) allows more, last_event_id= goes on where this one ended."
            )
            raise error
        wait = max(self.retry_seconds, _MIN_WAIT)
        if self._failures > 1:
            grown = min(wait * 2 ** min(self._failures - 1, 30), _MAX_BACKOFF)
            # Never sooner than the server asked; and not all clients in one moment.
            wait = max(wait, grown) * random.uniform(1, 1.25)
        self._wait(max(wait, min(wait_asked_for(error), _MAX_WAIT)))

    def _wait(self, seconds: float) -> None:
        self._connect_at = asyncio.get_running_loop().time() + seconds

    async def _connect_again(self) -> None:
        """Wait until it is time, and try once."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(None) as self._wait_scope:
                while (left := self._connect_at - loop.time()) > 0 and not self._session.closed:
                    await asyncio.sleep(min(left, _LOOK_EVERY))
        except TimeoutError:  # `close` has ended it
            return
        finally:
            self._wait_scope = None
        if self._closed:
            return
        try:
            await self._connect()
        except ClientResponseError as error:
            if error.status not in PASSING_STATUSES:
                raise
            self._failed(error)
        except (ClientConnectionError, ClientPayloadError, TimeoutError) as error:
            self._failed(error)

    async def _connect(self) -> None:
        """Ask for the stream; afterwards there is a response, or the source is closed."""
        response = await self._ask()
        if response is None:
            return
        if self._closed or response.status == 204:  # closed meanwhile, by somebody else
            response.close()
            self.close()
            return
        check_event_stream(response)
        parser = self._new_parser(self.last_event_id)
        parser.retry = self._parser.retry
        self._parser = parser
        self._got_bytes = self._got_event = False
        self._begun = True
        self.response = response

    async def _ask(self) -> ClientResponse | None:
        """Return the answer; None if `close` has ended the waiting for it."""
        headers = CIMultiDict(self._headers)
        last = self.last_event_id
        # One that cannot stand in a header is left out: the server then begins where it likes.
        if last and not _NOT_IN_HEADER.search(last):
            headers[hdrs.LAST_EVENT_ID] = last
        limits = replace(self._timeout, total=None)
        # The session's own verdict would raise before it is known whether the status passes.
        options = {"raise_for_status": False, **self._options, "timeout": limits}
        scope = asyncio.timeout(self._timeout.total or None)
        try:
            async with scope as self._wait_scope:
                return await self._session.request(
                    self._method, self._url, headers=headers, **options
                )
        except TimeoutError as error:
            if self._closed and scope.expired():
                return None
            if not scope.expired() or isinstance(error, ClientConnectionError):
                raise
            text = (
                f"{self._method} {self._url} took longer to answer than the {self._timeout.total:g}"
                " s that ClientTimeout.total allows. To wait longer, pass "
                "timeout=ClientTimeout(total=…); it does not limit the stream."
            )
            raise TotalTimeoutError(text) from error
        finally:
            self._wait_scope = None
