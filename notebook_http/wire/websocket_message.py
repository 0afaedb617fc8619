"""What is said over a WebSocket: kinds of messages, reasons to close, and what can go wrong.

Names, values and fields are aiohttp's. Knows no bytes: `websocket_frame` does.
"""

from __future__ import annotations

import json as json_module
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CLOSED_MESSAGE",
    "CLOSING_MESSAGE",
    "WSCloseCode",
    "WSMessage",
    "WSMessageTextBytes",
    "WSMessageTypeError",
    "WSMsgType",
    "WebSocketError",
    "may_be_sent",
]


class WSCloseCode(IntEnum):
    """Why a WebSocket is closed (RFC 6455 §7.4.1 and its registry)."""

    OK = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    ABNORMAL_CLOSURE = 1006
    INVALID_TEXT = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014


# 1006 says that there was no close frame, so none may say it (RFC 6455 §7.4.1).
_SENDABLE_CODES = frozenset(WSCloseCode) - {WSCloseCode.ABNORMAL_CLOSURE}


def may_be_sent(code: int) -> bool:
    """Tell whether *code* may stand in a close frame (RFC 6455 §7.4).

    3000 to 3999 are registered by libraries, 4000 to 4999 are anybody's own.
    """
    return code in _SENDABLE_CODES or 3000 <= code <= 4999


class WSMsgType(IntEnum):
    """The kind of a message: an opcode of RFC 6455 §5.2, or an event of the connection."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    PING = 0x9
    PONG = 0xA
    CLOSE = 0x8

    # No frames of these exist.
    CLOSING = 0x100
    CLOSED = 0x101
    ERROR = 0x102

    text = TEXT
    binary = BINARY
    ping = PING
    pong = PONG
    close = CLOSE
    closing = CLOSING
    closed = CLOSED
    error = ERROR


class WSMessage(NamedTuple):
    """One message, or one event, of a WebSocket.

    Attributes:
        type: what it is.
        data: `str` of TEXT, `bytes` of BINARY, PING and PONG, the code of CLOSE, the exception of
            ERROR, None of CLOSING and CLOSED.
        extra: the reason of CLOSE; else "" or None.
    """

    type: WSMsgType
    data: Any
    extra: str | None

    def json(self, *, loads: Callable[[Any], Any] = json_module.loads) -> Any:
        """Return the Python values of `data`, which *loads* turns it into."""
        return loads(self.data)


class WSMessageTextBytes(NamedTuple):
    """A TEXT message whose bytes were not decoded (`decode_text=False`); see `WSMessage`."""

    type: WSMsgType
    data: bytes
    extra: str | None

    def json(self, *, loads: Callable[[bytes], Any] = json_module.loads) -> Any:
        """Return the Python values of `data`, which *loads* turns it into."""
        return loads(self.data)


CLOSED_MESSAGE: Final = WSMessage(WSMsgType.CLOSED, None, None)
CLOSING_MESSAGE: Final = WSMessage(WSMsgType.CLOSING, None, None)


class WebSocketError(Exception):
    """The peer broke a rule of the protocol, or went over a limit of ours.

    Attributes:
        code: what we close the connection with, a `WSCloseCode`.
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(code, message)

    def __str__(self) -> str:
        return str(self.args[1])


class WSMessageTypeError(TypeError):
    """A message came that is not of the kind that was asked for."""
