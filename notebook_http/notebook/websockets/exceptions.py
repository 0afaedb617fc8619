"""What can go wrong with an open WebSocket in a cell."""

from __future__ import annotations

from notebook_http.client.exceptions import ClientError

__all__ = ["WebSocketClosedError"]


class WebSocketClosedError(ClientError):
    """Nothing can be sent or received: the WebSocket is closed. Not necessarily anybody's fault.

    Attributes:
        code: why it was closed (RFC 6455 §7.4.1), 1006 after an abrupt end.
        reason: what the closing side gave as its reason; often empty.
    """

    def __init__(self, message: str, code: int, reason: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
