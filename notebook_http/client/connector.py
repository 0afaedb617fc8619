"""Lend out connections, within limits and in turn.

Knows who may have a connection and how long that may take; how one is made is for the derived
connectors to know. Knows nothing of requests but where they go.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any

from notebook_http.client.connection_pool import ConnectionPool
from notebook_http.client.exceptions import (
    ClientConnectionError,
    ConnectionTimeoutError,
    TotalTimeoutError,
)
from notebook_http.transport.connection import runs_elsewhere

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator
    from types import TracebackType

    from notebook_http.client.client_timeout import ClientTimeout
    from notebook_http.client.connection import ClientConnection
    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.timings import Timings
    from notebook_http.client.trace_points import TracePoints

__all__ = ["NOT_GIVEN", "BaseConnector", "DialStep"]

# Seconds an idle connection is kept. Most servers keep theirs longer (nginx: 75), and the cells
# of a notebook send their requests in bursts.
_KEEPALIVE_SECONDS = 15.0
# Seconds that closing waits for TLS peers to say goodbye, too, unless somebody says otherwise.
_GOODBYE_SECONDS = 0.25
# Pythons in which a TLS transport whose peer is silent goes by itself (cpython#118960).
_ASYNCIO_CLEANS_UP = sys.version_info >= (3, 13, 1) or (3, 12, 8) <= sys.version_info < (3, 13)


class _NotGiven:
    """Stands for "not given" where None means something."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NotGiven"


NOT_GIVEN: Any = _NotGiven()


class DialStep:
    """What a request waits for just now, in words for an error message."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what


class BaseConnector:
    """Lends out connections; derive and override `_dial`.

    Args:
        keepalive_timeout: seconds that an idle connection is kept, 15 unless it is given; None
            keeps it until the server closes it.
        force_close: close each connection after its request.
        limit: connections in all; 0 for no limit.
        limit_per_host: connections to one host, port and TLS setting; 0 for no limit.
        enable_cleanup_closed: accepted as aiohttp has it: TLS connections whose peer does not say
            goodbye are always aborted after a while.
        loop: the event loop of the first connections; the running one, when they are made.
        timeout_ceil_threshold: accepted as aiohttp has it: our time-outs are never rounded.
    """

    allowed_protocol_schema_set = frozenset({"", "http", "https", "ws", "wss"})

    def __init__(
        self,
        *,
        keepalive_timeout: float | None = NOT_GIVEN,
        force_close: bool = False,
        limit: int = 100,
        limit_per_host: int = 0,
        enable_cleanup_closed: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        timeout_ceil_threshold: float = 5,
    ) -> None:
        if enable_cleanup_closed and _ASYNCIO_CLEANS_UP:
            text = "enable_cleanup_closed is not needed: this Python's asyncio closes what is left"
            warnings.warn(text, DeprecationWarning, stacklevel=3)
        if force_close:
            if keepalive_timeout not in (None, NOT_GIVEN):
                text = "keepalive_timeout cannot be set if force_close is True"
                raise ValueError(text)
            keepalive_timeout = 0.0
        elif keepalive_timeout is NOT_GIVEN:
            keepalive_timeout = _KEEPALIVE_SECONDS
        elif keepalive_timeout is None:
            keepalive_timeout = inf
        self._force_close = force_close
        self._pool: ConnectionPool[ClientConnection] = ConnectionPool(
            limit=limit, limit_per_host=limit_per_host, keepalive_seconds=keepalive_timeout
        )
        self._goodbye_seconds: float = _GOODBYE_SECONDS
        self._loop = loop
        self._dialling: set[asyncio.Timeout] = set()

    def __repr__(self) -> str:
        pool = self._pool
        state = "closed" if pool.closed else f"{pool.busy_count} in use, {pool.idle_count} idle"
        return f"<{type(self).__name__} {state}>"

    def __del__(self) -> None:
        pool = getattr(self, "_pool", None)
        if pool is None or pool.closed or not any(pool.connections()):
            return
        loop = self._loop
        connections = self._close_pool()
        if loop is None or loop.is_closed():
            return
        warnings.warn(f"Unclosed connector {self!r}", ResourceWarning, source=self, stacklevel=2)
        loop.call_exception_handler(
            {
                "connector": self,
                "connections": [repr(connection) for connection in connections],
                "message": "Unclosed connector",
            }
        )

    # Asking

    @property
    def force_close(self) -> bool:
        """Whether each connection is closed after its request."""
        return self._force_close

    @property
    def limit(self) -> int:
        """Connections in all; 0 for no limit."""
        return self._pool.limit

    @property
    def limit_per_host(self) -> int:
        """Connections to one host, port and TLS setting; 0 for no limit."""
        return self._pool.limit_per_host

    @property
    def closed(self) -> bool:
        """Whether it lends out no connections any more."""
        return self._pool.closed

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop of the connections; None before the first one."""
        return self._loop

    # Lending

    def reuse(
        self, key: ConnectionKey, now: float, loop: asyncio.AbstractEventLoop
    ) -> ClientConnection | None:
        """Return an idle connection for *key*, or None; never waits.

        Connections of another loop than *loop*, the running one, are of no use: see `_bind`.
        """
        return self._pool.reuse(key, now) if loop is self._loop else None

    async def connect(
        self,
        key: ConnectionKey,
        *,
        timeout: ClientTimeout,
        total_at: float,
        timings: Timings,
        fresh: bool = False,
    ) -> ClientConnection:
        """Return a connection for *key*: an idle one, or a new one when its turn has come.

        A cancel gives the place in the queue or the slot back and closes what was being opened.

        Args:
            key: where to.
            timeout: its `connect` and `sock_connect` apply.
            total_at: the loop's time at which the request's total time is up, or `inf`.
            timings: gets the steps' times.
            fresh: never an idle one.

        Raises:
            ClientConnectorError: or one of its subclasses: there is no way to connect.
            ConnectionTimeoutError: `connect` or `sock_connect` has passed.
            TotalTimeoutError: the request's total time is up.
        """
        loop = self._bind()
        connect_at = loop.time() + timeout.connect if timeout.connect else inf
        limit_at = min(total_at, connect_at)
        step = DialStep(f"a free connection to {key.where}")
        scope = asyncio.timeout_at(limit_at if limit_at < inf else None)
        try:
            async with scope:
                return await self._reuse_or_dial(key, timeout, timings, step, fresh)
        except ConnectionTimeoutError:
            raise
        except TimeoutError:
            if not scope.expired():  # somebody else's, such as a listener's
                raise
            seconds = perf_counter() - timings.started_at
            if total_at <= connect_at:
                text = (
                    f"Still waiting for {step.what} after {seconds:.3g} s, all that "
                    "ClientTimeout.total allows. To wait longer, pass "
                    "timeout=ClientTimeout(total=…)."
                )
                raise TotalTimeoutError(text) from None
            text = (
                f"Connection timeout to host {key.where}: still waiting for {step.what} after "
                f"{timeout.connect:.3g} s. To wait longer, raise ClientTimeout(connect=…)."
            )
            raise ConnectionTimeoutError(text) from None

    # Closing

    def close(self, *, abort_ssl: bool = False) -> Awaitable[None]:
        """Close all connections, also those in use. Await the result to see them gone.

        Args:
            abort_ssl: do not say goodbye to TLS peers.
        """
        connections = self._close_pool()
        if abort_ssl or not self._goodbye_seconds:
            for connection in connections:
                if connection.key.speaks_tls:
                    connection.abort()
        return _Closing(connections, self._goodbye_seconds)

    def close_now(self) -> None:
        """Close all connections without waiting to see them gone."""
        self._close_pool()

    async def __aenter__(self) -> BaseConnector:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # Privates

    async def _dial(self, key: ConnectionKey, timings: Timings, step: DialStep) -> ClientConnection:
        raise NotImplementedError

    async def _reuse_or_dial(
        self,
        key: ConnectionKey,
        timeout: ClientTimeout,
        timings: Timings,
        step: DialStep,
        fresh: bool,
    ) -> ClientConnection:
        pool = self._pool
        pool.check_open()
        traces = timings.traces
        began = perf_counter()
        queued = not pool.take_slot(key)
        if queued:
            if traces is not None:
                await traces.connection_queued_start()
            await pool.wait_for_slot(key)
            timings.queued = perf_counter() - began
        kept = None
        try:
            if queued and traces is not None:
                await traces.connection_queued_end()
            if not fresh:
                kept = pool.take_idle(key, self._bind().time())
                if kept is not None:
                    if traces is not None:
                        await traces.connection_reuseconn()
                    return kept
            pool.make_room()
            if traces is not None:
                await traces.connection_create_start()
            seconds = timeout.sock_connect or None
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    self._dialling.add(limit)
                    try:
                        connection = await self._dial(key, timings, step)
                    finally:
                        self._dialling.discard(limit)
            except TimeoutError:
                if not limit.expired():
                    raise
                if pool.closed:
                    text = f"The connector was closed while it waited for {step.what}"
                    raise ClientConnectionError(text) from None
                text = (
                    f"Connection timeout to host {key.where}: still waiting for {step.what} "
                    f"after {seconds:.3g} s. Check host and port, or raise "
                    "ClientTimeout(sock_connect=…)."
                )
                raise ConnectionTimeoutError(text) from None
            if traces is not None:
                await _told(traces, connection)
            pool.adopt(connection)
        except BaseException:
            if kept is not None:  # with its slot
                kept.abort()
                pool.give_back(kept, None)
            else:
                pool.free_slot(key)
            raise
        return connection

    def _bind(self) -> asyncio.AbstractEventLoop:
        """Return the running loop, the only one that this connector's connections can live on.

        A connector may outlive a loop (`asyncio.run` twice): what the first one left is dropped.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and not self._loop.is_closed() and self._pool.busy_count:
                text = "this session is in use on another event loop: make one for each loop"
                raise RuntimeError(text)
            if self._loop is not None:
                for connection in self._pool.drop_all():
                    connection.discard()
            self._loop = loop
        return loop

    def _close_pool(self) -> list[ClientConnection]:
        if self._pool.closed:
            return []
        connections = self._pool.close()
        if self._loop is None or self._loop.is_closed():
            for connection in connections:
                connection.discard()
            return []
        if runs_elsewhere(self._loop):
            self._loop.call_soon_threadsafe(_shut_down, self._loop, connections, self._dialling)
            return []
        _shut_down(self._loop, connections, self._dialling)
        return connections


def _shut_down(
    loop: asyncio.AbstractEventLoop,
    connections: list[ClientConnection],
    dialling: set[asyncio.Timeout],
) -> None:
    for connection in connections:
        connection.shut_down()
    for limit in dialling:
        if not limit.expired():
            limit.reschedule(loop.time())  # ends the wait at once


async def _told(traces: TracePoints, connection: ClientConnection) -> None:
    """Tell *traces* that *connection* is there; close it if that fails."""
    try:
        await traces.connection_create_end()
    except BaseException:
        connection.abort()
        raise


class _Closing:
    """Connections that are closing; await it to see them gone, or leave it."""

    __slots__ = ("_connections", "_seconds")

    def __init__(self, connections: list[ClientConnection], seconds: float) -> None:
        self._connections = connections
        self._seconds = seconds

    def __await__(self) -> Generator[object, None, None]:
        return self._gone().__await__()

    async def _gone(self) -> None:
        """Return when every connection is lost; abort those that take too long."""
        waiting = [waiter for connection in self._connections if (waiter := connection.lost())]
        if not waiting:
            return
        try:
            await asyncio.wait(waiting, timeout=self._seconds)
        finally:
            for connection in self._connections:
                connection.abort()
        # An aborted transport tells its protocol in the loop's next turn.
        await asyncio.wait(waiting, timeout=_GOODBYE_SECONDS)
