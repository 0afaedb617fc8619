"""`ClientWebSocketResponse`: an open WebSocket in the hands of its user."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from notebook_http.transport.websocket_messages import MessageSocket
from notebook_http.wire.websocket_deflate import MIN_ZLIB_BITS
from notebook_http.wire.websocket_message import WSCloseCode

if TYPE_CHECKING:
    from types import TracebackType

    from notebook_http.client.response import ClientResponse
    from notebook_http.transport.websocket_session import WebSocketSession
    from notebook_http.transport.websocket_settings import SessionSettings

__all__ = ["ClientWebSocketResponse"]

DecodesText = TypeVar("DecodesText", bound=bool, covariant=True)


class ClientWebSocketResponse(MessageSocket, Generic[DecodesText]):
    """What `session.ws_connect` returns: send and receive messages, iterate over those that come.

    ```python
    async with session.ws_connect("wss://example.org/ws") as ws:
        await ws.send_str("hello")
        async for message in ws:
            print(message.data)
    ```

    Args:
        session: the open connection.
        response: the server's answer to the handshake.
        settings: of the connection.
        protocol: the sub-protocol that the server chose, or None.
        receive_timeout: seconds that `receive` waits if it is not told otherwise; None for ever.
    """

    def __init__(
        self,
        session: WebSocketSession,
        response: ClientResponse,
        settings: SessionSettings,
        *,
        protocol: str | None,
        receive_timeout: float | None,
    ) -> None:
        self._session = session
        self._response = response
        self._protocol = protocol
        self._receive_timeout = receive_timeout
        self._deflate = settings.deflate

    def __del__(self) -> None:
        session = getattr(self, "_session", None)
        if session is None or session.closed or session.transport is None:
            return
        # Nobody can close it any more, and it would hold its place in the pool. Perhaps another
        # thread collects it.
        try:
            session.loop.call_soon_threadsafe(session.abort)
        except RuntimeError:
            session.abort()  # the loop is closed, and whoever closed it does not ask
            return
        warnings.warn(f"Unclosed WebSocket {self!r}", ResourceWarning, source=self, stacklevel=2)

    def _opened(self) -> WebSocketSession:
        return self._session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._response.url} {self._session!r}>"

    # Asking

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent or received any more."""
        return self._session.closed

    @property
    def close_code(self) -> int | None:
        """The code that the peer closed with, or 1006 after an abrupt end; None before the end."""
        return self._session.close_code

    @property
    def protocol(self) -> str | None:
        """The sub-protocol that the server chose, or None."""
        return self._protocol

    @property
    def compress(self) -> int:
        """Bits of the window that our messages are compressed with; 0 when they are not."""
        deflate = self._deflate
        return 0 if deflate is None or deflate.client_bits < MIN_ZLIB_BITS else deflate.client_bits

    @property
    def client_notakeover(self) -> bool:
        """Whether each of our messages is compressed by itself."""
        return self._deflate is not None and self._deflate.client_no_context_takeover

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows by *name* (``peername``, ``ssl_object`` …)."""
        return self._session.get_extra_info(name, default)

    def exception(self) -> BaseException | None:
        """Return the error that ended the connection; None if none did."""
        return self._session.exception

    # Closing

    async def close(self, *, code: int = WSCloseCode.OK, message: bytes | str = b"") -> bool:
        """Close, and wait for the server to do so; return whether this call closed it.

        A cancel, or a server that is silent for `ClientWSTimeout.ws_close`, closes it at once.

        Args:
            code: why; see `WSCloseCode`. 0 gives no code, and no reason, as one received so has it.
            message: the reason, at most 123 bytes as UTF-8.

        Raises:
            ValueError: the reason is too long, or nobody may send this code.
        """
        if isinstance(message, str):
            message = message.encode("utf-8")
        return await self._session.end(code, message)

    async def __aenter__(self) -> ClientWebSocketResponse[DecodesText]:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
