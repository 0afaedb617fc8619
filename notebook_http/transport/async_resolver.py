"""Look names up without threads, through aiodns (c-ares), where that is installed."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from importlib import import_module
from typing import Any

from notebook_http.transport.resolver import (
    ADDRESS_FLAGS,
    ANSWER_FLAGS,
    AbstractResolver,
    ResolveResult,
)

__all__ = ["AsyncResolver"]


class AsyncResolver(AbstractResolver):
    """Asks name servers itself, without a thread for each look-up; needs `aiodns`.

    `TCPConnector` uses it when told to: ``TCPConnector(resolver=AsyncResolver())``. Who makes it
    closes it.

    Args:
        loop: accepted as aiohttp has it; the running loop is used.
        args, kwargs: `aiodns.DNSResolver`'s, such as `nameservers=["192.0.2.1"]`.

    Raises:
        RuntimeError: aiodns is not installed, or no event loop is running.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, *args: Any, **kwargs: Any
    ) -> None:
        try:
            # No import statement: type checkers need not have it.
            aiodns: Any = import_module("aiodns")
        except ImportError:
            text = "Resolver requires aiodns library: pip install aiodns, or use ThreadedResolver"
            raise RuntimeError(text) from None
        self._error: type[Exception] = aiodns.error.DNSError
        # aiodns itself would take, or make, a loop that does not run.
        self._loop = asyncio.get_running_loop()
        self._make = partial(aiodns.DNSResolver, *args, **kwargs)
        self._resolver: Any = self._make()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of *host*.

        A cancel gives the look-up up.

        Raises:
            OSError: the name does not resolve, nobody answered, or the resolver is closed.
        """
        resolver = self._resolver
        if resolver is None:
            text = "the AsyncResolver is closed: make a new one"
            raise OSError(None, text)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # Its connector may outlive a loop, too: what was under way there ended with it.
            self._loop = loop
            resolver = self._resolver = self._make()
        try:
            answer = await resolver.getaddrinfo(
                host, port=port, type=socket.SOCK_STREAM, family=family, flags=ADDRESS_FLAGS
            )
            return [await _result(resolver, host, port, node) for node in answer.nodes]
        except self._error as error:
            raise OSError(None, str(error.args[-1])) from error

    async def close(self) -> None:
        """Give up the look-ups under way and close the sockets."""
        resolver, self._resolver = self._resolver, None
        if resolver is None:
            return
        if hasattr(resolver, "close"):
            await resolver.close()
        else:  # aiodns before 3.5
            resolver.cancel()


async def _result(resolver: Any, host: str, port: int, node: Any) -> ResolveResult:
    address = node.addr
    shown = address[0].decode("ascii")
    if node.family == socket.AF_INET6 and len(address) > 3 and address[3]:
        # A link-local address means nothing without its zone (RFC 4007 §11).
        named = await resolver.getnameinfo(
            (shown, *address[1:]), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        )
        shown = named.node
    return ResolveResult(
        hostname=host, host=shown, port=port, family=node.family, proto=0, flags=ANSWER_FLAGS
    )
