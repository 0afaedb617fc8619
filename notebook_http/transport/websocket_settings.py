"""How an open WebSocket behaves, and the codecs that follow from what was agreed upon."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from notebook_http.wire.websocket_deflate import DeflateSettings, MessageDeflater, MessageInflater

__all__ = ["SessionSettings", "check_behaviour", "codecs"]


class SessionSettings(NamedTuple):
    """How a session behaves.

    Attributes:
        is_client: whether we mask, and the peer must not (RFC 6455 §5.1); a server the reverse.
        max_msg_size: bytes of a message that is taken, after inflating; 0 for no limit.
        decode_text: whether TEXT messages become `str`.
        deflate: what was agreed upon; None for no compression.
        autoping: answer PING, and keep PING and PONG from the reader.
        autoclose: answer CLOSE.
        heartbeat: seconds of silence after which we ping; half of that later the peer is given
            up. None for never.
        close_seconds: for the peer to answer our close frame; None for no limit.
        no_pong: makes the error of a peer that was given up.
    """

    is_client: bool
    max_msg_size: int = 4 * 1024 * 1024
    decode_text: bool = True
    deflate: DeflateSettings | None = None
    autoping: bool = True
    autoclose: bool = True
    heartbeat: float | None = None
    close_seconds: float | None = 10.0
    no_pong: Callable[[str], Exception] = TimeoutError


def codecs(settings: SessionSettings) -> tuple[MessageInflater | None, MessageDeflater | None]:
    """Return what undoes the peer's compression, and what does ours; None where there is none."""
    agreed = settings.deflate
    if agreed is None:
        return None, None
    if settings.is_client:
        bits, fresh = agreed.client_bits, agreed.client_no_context_takeover
        theirs = agreed.server_no_context_takeover
    else:
        bits, fresh = agreed.server_bits, agreed.server_no_context_takeover
        theirs = agreed.client_no_context_takeover
    deflater = MessageDeflater(bits, no_context_takeover=fresh)
    inflater = MessageInflater(no_context_takeover=theirs)
    return inflater, deflater if deflater.can_compress else None


def check_behaviour(*, heartbeat: object, max_msg_size: object, **_: object) -> None:
    """Refuse what would only show when the connection is open.

    Raises:
        TypeError: *max_msg_size* or *heartbeat* is no number. The caller erred.
        ValueError: one of them is negative. The caller erred.
    """
    if not isinstance(max_msg_size, int):
        kind = type(max_msg_size).__name__
        raise TypeError(f"max_msg_size is a number of bytes, 0 for no limit, not {kind}")
    if max_msg_size < 0:
        text = f"max_msg_size is 0 (no limit) or more bytes, not {max_msg_size}"
        raise ValueError(text)
    if heartbeat is None:
        return
    if not isinstance(heartbeat, (int, float)):
        raise TypeError(f"heartbeat is seconds or None, not {type(heartbeat).__name__}")
    if heartbeat < 0:
        text = f"heartbeat is 0 (never) or more seconds, not {heartbeat}"
        raise ValueError(text)
