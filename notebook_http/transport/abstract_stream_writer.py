"""The shape of what writes a message's body: for payloads and writers of your own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from asyncio import WriteTransport
from collections.abc import Callable

from multidict import CIMultiDict

__all__ = ["AbstractStreamWriter"]


class AbstractStreamWriter(ABC):
    """Writes the body of one message.

    Attributes:
        buffer_size: bytes that wait to be sent.
        output_size: bytes that were sent.
        length: bytes that are announced, or None.
        on_body_write: called with the size of each piece and `output_size` behind it, or None.
    """

    buffer_size: int = 0
    output_size: int = 0
    length: int | None = 0
    on_body_write: Callable[[int, int], None] | None = None

    @property
    def transport(self) -> WriteTransport | None:
        """Where the bytes go, if that is a transport."""
        return None

    @abstractmethod
    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body."""

    @abstractmethod
    async def write_eof(self, chunk: bytes = b"") -> None:
        """End the body, after a last piece."""

    @abstractmethod
    async def drain(self) -> None:
        """Return when more can be written."""

    @abstractmethod
    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Compress what is written from now on."""

    @abstractmethod
    def enable_chunking(self) -> None:
        """Frame what is written from now on with chunks."""

    @abstractmethod
    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Send the head of the message, or keep it for the first piece of the body."""

    def send_headers(self) -> None:  # noqa: B027 - for writers that keep it back
        """Send the head now, if `write_headers` kept it."""
