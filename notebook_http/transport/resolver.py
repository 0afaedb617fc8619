"""Turn a host name into addresses, and remember the answer for a while.

`ThreadedResolver` asks the operating system in a thread; anything with `resolve` and `close` can
take its place. `DnsCache` stands in front of either.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections import OrderedDict
from time import monotonic
from typing import TypedDict

from notebook_http.transport.exceptions import ClientConnectionError

__all__ = [
    "ADDRESS_FLAGS",
    "ANSWER_FLAGS",
    "AbstractResolver",
    "DefaultResolver",
    "DnsCache",
    "ResolveResult",
    "ThreadedResolver",
    "literal_address",
]

# Only addresses of families that this machine can reach, and port numbers as they are.
ADDRESS_FLAGS = socket.AI_ADDRCONFIG
ANSWER_FLAGS = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class ResolveResult(TypedDict):
    """One address of a host, in the shape that aiohttp's resolvers return.

    Keys:
        hostname: the name that was asked for.
        host: the address, as text.
        port: the port that was asked for.
        family: `socket.AF_INET` or `socket.AF_INET6`.
        proto: protocol number, 0 for any.
        flags: `getaddrinfo` flags that make the entry safe to resolve again without a look-up.
    """

    hostname: str
    host: str
    port: int
    family: int
    proto: int
    flags: int


class AbstractResolver(ABC):
    """What a connector asks for addresses."""

    @abstractmethod
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of *host*, best first.

        Raises:
            OSError: the name does not resolve, or nobody answered.
        """

    @abstractmethod
    async def close(self) -> None:
        """Free what the resolver holds."""


class ThreadedResolver(AbstractResolver):
    """The operating system's `getaddrinfo`, run in the loop's thread pool.

    A cancelled look-up leaves its thread to finish on its own; there is no way to stop one.

    Args:
        loop: accepted as aiohttp has it; the running loop is asked.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        pass

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of *host*, in the system's order of preference (RFC 6724).

        Raises:
            socket.gaierror: an `OSError`; the name does not resolve, or nobody answered.
        """
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family, flags=ADDRESS_FLAGS
        )
        results: list[ResolveResult] = []
        for address_family, _, proto, _, address in infos:
            # Without IPv6 in the build the address is a (family, bytes) pair: nothing to dial.
            if address_family == socket.AF_INET6 and len(address) < 4:
                continue
            shown = str(address[0])
            if address_family == socket.AF_INET6 and address[3]:  # type: ignore[misc]
                # A link-local address means nothing without its zone (RFC 4007 §11).
                shown, _ = socket.getnameinfo(
                    address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
                )
            results.append(
                ResolveResult(
                    hostname=host,
                    host=shown,
                    port=int(address[1]),
                    family=address_family,
                    proto=proto,
                    flags=ANSWER_FLAGS,
                )
            )
        return results

    async def close(self) -> None:
        """Do nothing: the threads are the loop's."""


DefaultResolver = ThreadedResolver


class DnsCache:
    """A resolver's answers, kept for *ttl_seconds*, at most *max_names* of them.

    Callers that ask for the same name at once share one look-up; it goes on as long as one of
    them is interested. Each hit starts one address further on, so that the load spreads over a
    name's addresses.
    """

    def __init__(
        self, resolver: AbstractResolver, *, ttl_seconds: float | None, max_names: int
    ) -> None:
        if max_names < 1:
            text = f"dns_cache_max_size is a count of at least 1, not {max_names}"
            raise ValueError(text)
        self._resolver = resolver
        self._ttl_seconds = ttl_seconds
        self._max_names = max_names
        # Oldest first. Value: the moment of the answer, its addresses, where the next hit starts.
        self._answers: OrderedDict[tuple[str, int, int], tuple[float, list[ResolveResult], int]] = (
            OrderedDict()
        )
        self._under_way: dict[tuple[str, int, int], _SharedLookup] = {}

    def __len__(self) -> int:
        return len(self._answers)

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily
    ) -> list[ResolveResult]:
        """Return the addresses of *host*, from the cache when its answer is young enough.

        A cancel gives up this caller's interest; the last one to leave stops the look-up.

        Raises:
            OSError: the name does not resolve. Failures are not kept.
            ClientConnectionError: the cache was closed meanwhile.
        """
        key = (host, port, family)
        addresses = self._fresh_answer(key)
        if addresses is not None:
            return addresses
        lookup = self._under_way.get(key)
        if lookup is None or not lookup.can_be_joined():
            task = asyncio.get_running_loop().create_task(
                self._resolver.resolve(host, port, family)
            )
            lookup = self._under_way[key] = _SharedLookup(task)
            task.add_done_callback(lambda task: self._remember(key, task))
        try:
            return list(await lookup.wait())
        except _Stopped:
            text = f"The connector was closed during the look-up of {host}"
            raise ClientConnectionError(text) from None

    def knows(self, host: str, port: int, family: socket.AddressFamily) -> bool:
        """Whether `resolve` has an answer, or waits for a look-up that another caller began."""
        key = (host, port, family)
        lookup = self._under_way.get(key)
        return self._fresh_answer(key, turn=0) is not None or (
            lookup is not None and lookup.can_be_joined()
        )

    def clear(self, host: str | None = None, port: int | None = None) -> None:
        """Forget everything, or only the answers for *host* and *port*."""
        if host is None:
            self._answers.clear()
            return
        for key in [key for key in self._answers if key[0] == host and port in (None, key[1])]:
            del self._answers[key]

    def close(self) -> None:
        """Forget everything and stop the look-ups under way."""
        self._answers.clear()
        for lookup in self._under_way.values():
            lookup.task.cancel()

    def _fresh_answer(
        self, key: tuple[str, int, int], *, turn: int = 1
    ) -> list[ResolveResult] | None:
        answer = self._answers.get(key)
        if answer is None:
            return None
        answered_at, addresses, start = answer
        if self._ttl_seconds is not None and monotonic() - answered_at > self._ttl_seconds:
            del self._answers[key]
            return None
        self._answers[key] = (answered_at, addresses, (start + turn) % len(addresses))
        return addresses[start:] + addresses[:start]

    def _remember(self, key: tuple[str, int, int], task: asyncio.Task[list[ResolveResult]]) -> None:
        lookup = self._under_way.get(key)
        if lookup is not None and lookup.task is task:
            del self._under_way[key]
        if task.cancelled() or task.exception() is not None:
            return
        addresses = task.result()
        if not addresses:
            return
        self._answers.pop(key, None)
        while len(self._answers) >= self._max_names:
            self._answers.popitem(last=False)
        self._answers[key] = (monotonic(), addresses, 1 % len(addresses))


class _SharedLookup:
    """One look-up that several callers wait for."""

    __slots__ = ("interested", "task")

    def __init__(self, task: asyncio.Task[list[ResolveResult]]) -> None:
        self.task = task
        self.interested = 0

    def can_be_joined(self) -> bool:
        """Whether it goes on: the last caller has not just stopped it, nor its loop been lost."""
        return not self.task.cancelling() and self.task.get_loop() is asyncio.get_running_loop()

    async def wait(self) -> list[ResolveResult]:
        self.interested += 1
        try:
            # Not a shield: of that one, the look-up's cancel would look like the caller's own.
            await asyncio.wait([self.task])
        finally:
            self.interested -= 1
            if not self.interested and not self.task.done():
                self.task.cancel()
        if self.task.cancelled():
            raise _Stopped
        return self.task.result()


class _Stopped(Exception):
    """A look-up was stopped under those who wait for it."""


def literal_address(host: str, port: int) -> ResolveResult | None:
    """Return *host* as an address if it is one already, else None: a name has to be looked up."""
    if ":" in host:
        family = socket.AF_INET6
    elif host[-1:].isdigit() and host.count(".") == 3 and host.replace(".", "").isdigit():
        family = socket.AF_INET
    else:
        return None
    return ResolveResult(
        hostname=host, host=host, port=port, family=family, proto=0, flags=ANSWER_FLAGS
    )
