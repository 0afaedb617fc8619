"""Write a request's body under the eyes of those who trace or track it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_http.client.upload_writer import UploadWriter

if TYPE_CHECKING:
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.trace_points import TracePoints
    from notebook_http.client.upload_tracker import UploadAttempt
    from notebook_http.transport.connection import Connection

__all__ = ["WatchedWriter"]


class WatchedWriter(UploadWriter):
    """Tells traces each piece before it leaves, and an upload's record how far it is.

    Args:
        connection: where to.
        request: whose head and body are written.
        head: of the request.
        traces: are told the pieces, or None.
        attempt: is told the bytes, or None.
    """

    __slots__ = ("_attempt", "_request", "_traces")

    def __init__(
        self,
        connection: Connection,
        request: ClientRequest,
        head: bytes,
        traces: TracePoints | None,
        attempt: UploadAttempt | None,
    ) -> None:
        super().__init__(connection, request, head)
        self._request = request
        self._traces = traces
        self._attempt = attempt

    async def write(self, data: bytes | bytearray | memoryview, *, drain: bool = True) -> None:
        """Send a piece of the body when the traces have been told; see `StreamWriter.write`."""
        if self._traces is not None:
            await self._traces.chunk_sent(self._request, bytes(data))
        await super().write(data, drain=drain)

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """End the body, after a last piece; see `StreamWriter.write_eof`."""
        if data and self._traces is not None:
            await self._traces.chunk_sent(self._request, bytes(data))
        await super().write_eof(data)

    def write_nowait(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body without waiting, and note how far it is."""
        super().write_nowait(data)
        if self._attempt is not None:
            self._attempt.wrote(self.body_size, self.output_size)
