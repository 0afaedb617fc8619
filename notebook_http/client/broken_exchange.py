"""What to tell the caller of an exchange that did not come to its end."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from notebook_http.client.exceptions import (
    ClientOSError,
    ServerDisconnectedError,
    SocketTimeoutError,
    TotalTimeoutError,
)
from notebook_http.wire.errors import BadHttpMessage, ContentLengthError, TransferEncodingError

if TYPE_CHECKING:
    from notebook_http.client.exchange import Exchange
    from notebook_http.wire.http1_response import ResponseParser

__all__ = ["lost_error", "timeout_error"]


def lost_error(
    parser: ResponseParser | None, exchange: Exchange, exc: BaseException | None
) -> Exception | None:
    """Return what to tell *exchange* of a lost connection; None if its answer is whole.

    Args:
        parser: has read what came so far; None if nothing did.
        exchange: was under way.
        exc: why the connection was lost; None if the server closed it.
    """
    what = f"{exchange.method} {exchange.url}"
    if exc is None:
        if parser is None:
            return _no_answer(what)
        try:
            parser.feed_eof()
        except (ContentLengthError, TransferEncodingError) as error:
            return exchange.broken_off(error)
        except BadHttpMessage:
            if exchange.answered:
                return ServerDisconnectedError(
                    f"The server closed the connection in the middle of its answer to {what}"
                )
            return _no_answer(what)
        return None
    if exchange.head is not None:
        return exchange.broken_off(exc)
    cause = exc if isinstance(exc, OSError) else OSError(str(exc))
    text = f"Connection lost while waiting for an answer to {what}: {cause.strerror or cause}"
    failure = ClientOSError(cause.errno, text)
    failure.__cause__ = exc
    return failure


def _no_answer(what: str) -> ServerDisconnectedError:
    return ServerDisconnectedError(f"The server closed the connection without an answer to {what}")


def timeout_error(
    exchange: Exchange, *, total_passed: bool, read_seconds: float
) -> TotalTimeoutError | SocketTimeoutError:
    """Return what to tell *exchange* when one of its limits has passed.

    Args:
        exchange: was under way.
        total_passed: whether it was `ClientTimeout.total`; else it was `sock_read`.
        read_seconds: the latter, in seconds.
    """
    what = "the response's body" if exchange.head is not None else "a response"
    asked = f"{exchange.method} {exchange.url}"
    if total_passed:
        seconds = perf_counter() - exchange.timings.started_at
        return TotalTimeoutError(
            f"{asked}: still waiting for {what} after {seconds:.3g} s, all that "
            "ClientTimeout.total allows. To wait longer, pass timeout=ClientTimeout(total=…)."
        )
    return SocketTimeoutError(
        f"Timeout on reading data from socket: {asked} waited {read_seconds:.3g} s "
        f"for the next byte of {what}. To wait longer, raise ClientTimeout(sock_read=…)."
    )
