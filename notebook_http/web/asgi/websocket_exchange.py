"""The WebSocket half of ASGI: events of one WebSocket, in both directions (ASGI WebSocket, 2.3)."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from notebook_http.transport.exceptions import ClientConnectionResetError
from notebook_http.web.asgi.exchange import Exchange
from notebook_http.web.asgi.http_exchange import HttpExchange
from notebook_http.web.asgi.interface import Message
from notebook_http.web.exceptions import HTTPForbidden
from notebook_http.web.request import BaseRequest
from notebook_http.web.websocket_handshake import agree
from notebook_http.web.websocket_response import WebSocketResponse
from notebook_http.wire.websocket_handshake import split_list
from notebook_http.wire.websocket_message import WSCloseCode, WSMsgType

__all__ = ["WebSocketExchange", "asks_for_websocket"]

# What uvicorn has: applications count on messages of that size, and on dead peers being noticed.
_MAX_MESSAGE_BYTES = 16 * 1024**2
_HEARTBEAT_SECONDS = 20.0

_DENIAL = "websocket.http.response."
# Fields of the handshake itself: what was agreed upon says them.
_OF_HANDSHAKE = ("connection", "upgrade", "transfer-encoding", "content-length", "sec-websocket-")
_NO_CODE = 1005


def asks_for_websocket(request: BaseRequest) -> bool:
    """Tell whether *request* means to become a WebSocket."""
    if not request.message.upgrade or request.method != "GET":
        return False
    wanted = split_list(",".join(request.headers.getall("Upgrade", ())).lower())
    return "websocket" in wanted


class WebSocketExchange(Exchange):
    """A request that becomes a WebSocket if the application accepts it.

    Args:
        request: the request, an opening handshake.
        denial: what sends an answer in place of a WebSocket.
        logger: see `Exchange`.

    Raises:
        HTTPException: it is no right opening handshake; that is the answer.
    """

    __slots__ = ("_denial", "_said_connect", "_socket")

    def __init__(self, request: BaseRequest, denial: HttpExchange, logger: logging.Logger) -> None:
        super().__init__(request, logger)
        agree(request, self.subprotocols, False)  # which of them is the application's to say
        self._denial = denial
        self._socket: WebSocketResponse[Any] | None = None
        self._said_connect = False

    @property
    def subprotocols(self) -> list[str]:
        """What the client would speak, the most wanted first."""
        return split_list(",".join(self.request.headers.getall("Sec-WebSocket-Protocol", ())))

    # What the application hears

    async def receive(self) -> Message:
        """Return the next event: connect, messages, disconnect. A cancel loses nothing."""
        if not self._said_connect:
            self._said_connect = True
            return {"type": "websocket.connect"}
        socket = self._socket
        if socket is None:
            await self._denial.wait_for_end()
            return self._disconnect(WSCloseCode.ABNORMAL_CLOSURE, "")
        while not self._told_of_leaving and not socket.closed:
            kind, data, extra = await socket.receive()
            if kind is WSMsgType.TEXT:
                return {"type": "websocket.receive", "text": data}
            if kind is WSMsgType.BINARY:
                return {"type": "websocket.receive", "bytes": data}
            if kind is WSMsgType.CLOSE:
                return self._disconnect(int(data) or _NO_CODE, extra or "")
            if kind is WSMsgType.CLOSING:
                await asyncio.sleep(0)  # the close that it is at goes on
            break
        return self._disconnect(socket.close_code or WSCloseCode.ABNORMAL_CLOSURE, "")

    def _disconnect(self, code: int, reason: str) -> Message:
        self._told_of_leaving = True
        return {"type": "websocket.disconnect", "code": code, "reason": reason}

    # What it says

    async def send(self, message: Message) -> None:
        """Do as *message* says, at the client's pace.

        Raises:
            RuntimeError: it is not its turn.
            ValueError: a header, a close code or a reason that may not be sent.
            TypeError: a message that is neither text nor bytes.
            ConnectionResetError: the WebSocket is closed, by whichever side.
        """
        kind: str = message["type"]
        socket = self._socket
        if self.over or (self._denial.answering and not kind.startswith(_DENIAL)):
            raise RuntimeError(f"Unexpected ASGI message {kind!r}, after the end of the WebSocket")
        if socket is None:
            await self._answer_handshake(kind, message)
        elif kind == "websocket.send":
            await self._send_message(socket, message)
        elif kind == "websocket.close":
            await self._close(socket, message)
        else:
            raise RuntimeError(
                f"Expected ASGI message 'websocket.send' or 'websocket.close', but got {kind!r}"
            )

    async def _answer_handshake(self, kind: str, message: Message) -> None:
        if kind == "websocket.accept":
            await self._accept(message)
        elif kind == "websocket.close":
            self.over = True
            self.handed_on(HTTPForbidden())
        elif kind.startswith(_DENIAL):
            await self._denial.send({**message, "type": kind.removeprefix("websocket.")})
            if self._denial.over and self._denial.response is not None:
                self.over = True
                self.handed_on(self._denial.response)
        else:
            raise RuntimeError(
                "Expected ASGI message 'websocket.accept', 'websocket.close' or "
                f"'websocket.http.response.start', but got {kind!r}"
            )

    async def _accept(self, message: Message) -> None:
        """Open the WebSocket."""
        protocol = message.get("subprotocol")
        socket: WebSocketResponse[Any] = WebSocketResponse(
            protocols=() if protocol is None else (protocol,),
            max_msg_size=_MAX_MESSAGE_BYTES,
            heartbeat=_HEARTBEAT_SECONDS,
        )
        for name, value in message.get("headers", ()):
            text = bytes(name).decode("latin-1")
            if not text.lower().startswith(_OF_HANDSHAKE):
                socket.headers.add(text, bytes(value).decode("utf-8", "surrogateescape"))
        await socket.prepare(self.request)
        self._socket = socket

    async def _close(self, socket: WebSocketResponse[Any], message: Message) -> None:
        """Close, and wait for the client to do so."""
        code = message.get("code")
        reason = message.get("reason") or ""
        self.over = True  # nobody says more while the client's close is waited for
        try:
            await socket.close(code=WSCloseCode.OK if code is None else code, message=reason)
        except (ValueError, TypeError):
            self.over = False  # nothing was sent: it may say it in another way
            raise

    @staticmethod
    async def _send_message(socket: WebSocketResponse[Any], message: Message) -> None:
        data, text = message.get("bytes"), message.get("text")
        if socket.closed:
            raise ClientConnectionResetError("the WebSocket is closed")
        if data is not None:
            await socket.send_bytes(data)
        else:
            await socket.send_str(text)  # type: ignore[arg-type]  # it refuses what is no text

    # How it ended

    def app_ended(self, error: BaseException | None) -> None:
        """Take note of how the application ended: an open WebSocket is closed then."""
        socket = self._socket
        if socket is not None and (error is None or self._is_of_leaving()):
            self.over = True
            self.handed_on(socket)
        else:
            super().app_ended(error)

    def _is_of_leaving(self) -> bool:
        if self._socket is not None:
            return self._told_of_leaving or self._socket.closed
        return super()._is_of_leaving()
