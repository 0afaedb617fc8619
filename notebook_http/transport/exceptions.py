"""The errors that either side of a connection can meet.

The client's tree (`notebook_http.client.exceptions`) grows from these three, and a server's handler
that writes to a client which has left meets the same `ClientConnectionResetError`, as in aiohttp.
"""

from __future__ import annotations

__all__ = [
    "BodyLengthError",
    "ClientConnectionError",
    "ClientConnectionResetError",
    "ClientError",
]


class ClientError(Exception):
    """The base of all errors of the client, the total time-out excepted."""


class ClientConnectionError(ClientError):
    """A connection could not be made, or broke."""


class ClientConnectionResetError(ClientConnectionError, ConnectionResetError):
    """The connection was lost while something was being written to it."""


class BodyLengthError(ValueError):
    """More or fewer body bytes were written than the message's head announced.

    The message on the wire is broken then, so the connection has to close (RFC 9112 §8).

    Attributes:
        announced: bytes the head promised.
        written: bytes that were to be written.
    """

    def __init__(self, announced: int, written: int) -> None:
        super().__init__(
            f"the head announced a body of {announced} bytes, {written} were written: "
            "make Content-Length fit the body, or leave it out"
        )
        self.announced = announced
        self.written = written
