"""Listening for TLS with aiofastnet's transports: half the CPU time of asyncio's a small request.

asyncio binds the sockets; accepting is done here, because what asyncio accepts gets asyncio's own
transports. CPU µs of a hello over TLS: 11 to 14, with asyncio's transports 21, aiohttp's server 33
to 40.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

__all__ = ["Adopter", "ProtocolFactory", "SecureListener"]

logger = logging.getLogger("notebook_http.server")

ProtocolFactory = Callable[[], asyncio.Protocol]
Adopter = Callable[..., Awaitable[tuple[Any, Any]]]

# Bytes of each of a connection's two buffers for what is encrypted. aiofastnet's own 257 KiB are
# half a MiB a connection; these hold four records of TLS each, and cost a large body nothing.
_BUFFER_BYTES = 4 * (16 * 1024 + 64)
# Out of file descriptors: connections wait in the kernel for this long until the next try.
_PAUSE_SECONDS = 1.0
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class SecureListener:
    """Accepts connections on bound sockets and makes TLS connections of them.

    Args:
        bound: asyncio's server with the sockets; it does not serve, and is closed with this one.
        factory: makes the protocol of a connection.
        adopt: makes a connection of an accepted socket: `accelerated.adopter`.
        context: certificate and key.
        backlog: connections that the kernel keeps until they are accepted.
        handshake_timeout: seconds that a client may take over its handshake; None for 60, as
            asyncio and nginx have it.
    """

    def __init__(
        self,
        bound: asyncio.Server,
        factory: ProtocolFactory,
        adopt: Adopter,
        *,
        context: ssl.SSLContext,
        backlog: int,
        handshake_timeout: float | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._bound = bound
        self._factory = factory
        self._adopt = adopt
        self._context = context
        self._backlog = backlog
        self._handshake_timeout = handshake_timeout
        self._pauses: dict[int, asyncio.TimerHandle] = {}
        self._handshakes: set[asyncio.Task[None]] = set()
        self._listening: dict[int, socket.socket] = {}

    def __repr__(self) -> str:
        return f"<SecureListener sockets={self.sockets!r}>"

    @property
    def sockets(self) -> tuple[Any, ...]:
        """The listening sockets; none when closed."""
        return tuple(self._bound.sockets)

    def is_serving(self) -> bool:
        """Whether connections are accepted."""
        return bool(self._listening)

    async def start_serving(self) -> None:
        """Listen, and accept from now on."""
        for sock in self._bound.sockets:
            # The listening socket itself belongs to asyncio; `accept` needs one that is ours.
            own = socket.socket(fileno=sock.dup().detach())
            own.setblocking(False)
            self._listening[own.fileno()] = own
            own.listen(self._backlog)
            self._loop.add_reader(own.fileno(), self._accept, own)

    def stop_accepting(self) -> None:
        """Accept nothing any more; what was accepted goes on."""
        for number, sock in self._listening.items():
            self._loop.remove_reader(number)
            sock.close()
        self._listening.clear()
        for pause in self._pauses.values():
            pause.cancel()
        self._pauses.clear()

    def close(self) -> None:
        """Stop listening. Connections go on, handshakes too."""
        self.stop_accepting()
        self._bound.close()

    def _accept(self, listening: socket.socket) -> None:
        """Accept what waits, all of it: a turn of the loop for each would take too long."""
        for _ in range(self._backlog + 1):
            try:
                accepted, _ = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue  # gone before its turn came
            except OSError as error:
                if error.errno not in _OUT_OF_RESOURCES:
                    raise
                self._pause(listening, error)
                return
            accepted.setblocking(False)
            task = self._loop.create_task(self._shake_hands(accepted))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """Accept nothing for a while: the socket stays readable, and the loop would spin."""
        number = listening.fileno()
        self._loop.remove_reader(number)

        def resume() -> None:
            self._pauses.pop(number, None)
            self._loop.add_reader(number, self._accept, listening)

        self._pauses[number] = self._loop.call_later(_PAUSE_SECONDS, resume)
        logger.error("Cannot accept a connection: %s; trying again in a second", error)

    async def _shake_hands(self, accepted: socket.socket) -> None:
        try:
            await self._adopt(
                self._factory,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake_timeout,
                ssl_incoming_bio_size=_BUFFER_BYTES,
                ssl_outgoing_bio_size=_BUFFER_BYTES,
            )
        except OSError as error:  # an SSLError and a TimeoutError, too
            # The client's fault, or it has left: it was told as far as TLS can tell.
            accepted.close()
            logger.debug("A TLS handshake failed: %s", error)
        except BaseException:
            accepted.close()
            raise
