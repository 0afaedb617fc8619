"""Arguments of sessions that aiohttp keeps from earlier days, and what they mean now."""

from __future__ import annotations

import warnings
from dataclasses import replace

from notebook_http.client.call import as_timeout
from notebook_http.client.client_timeout import DEFAULT_TIMEOUT, ClientTimeout
from notebook_http.client.connector import NOT_GIVEN
from notebook_http.client.tcp_connector import TCPConnector

__all__ = ["new_connector", "session_timeout"]

# The caller of `ClientSession(…)`, seen from here.
_TO_CALLER = 3


def session_timeout(
    timeout: ClientTimeout | float | None, read_timeout: float | None, conn_timeout: float | None
) -> ClientTimeout:
    """Return the limits of a session.

    Args:
        timeout: a `ClientTimeout` or seconds for the whole; None for the default.
        read_timeout: older name for the seconds of the whole, or `NOT_GIVEN`.
        conn_timeout: older name for the seconds until a connection is there, or None.

    Raises:
        ValueError: *timeout* is something else, or given together with an older name.
    """
    older = {
        "read_timeout": read_timeout is not NOT_GIVEN,
        "conn_timeout": conn_timeout is not None,
    }
    if timeout is None or timeout is NOT_GIVEN:
        limits = DEFAULT_TIMEOUT
    else:
        for name, is_given in older.items():
            if is_given:
                text = f"{name} and timeout parameters conflict: say it in timeout=ClientTimeout(…)"
                raise ValueError(text)
        try:
            return as_timeout(timeout)
        except TypeError:
            text = (
                f"timeout parameter cannot be of {type(timeout)} type, "
                "please use timeout=ClientTimeout(…), or seconds"
            )
            raise ValueError(text) from None
    if older["read_timeout"]:
        text = "read_timeout is deprecated, use timeout=ClientTimeout(total=…) instead"
        warnings.warn(text, DeprecationWarning, stacklevel=_TO_CALLER)
        limits = replace(limits, total=read_timeout)
    if older["conn_timeout"]:
        text = "conn_timeout is deprecated, use timeout=ClientTimeout(connect=…) instead"
        warnings.warn(text, DeprecationWarning, stacklevel=_TO_CALLER)
        limits = replace(limits, connect=conn_timeout)
    return limits


def new_connector(ssl_shutdown_timeout: float | None) -> TCPConnector:
    """Return the connector of a session that was given none; see `TCPConnector`."""
    if ssl_shutdown_timeout is NOT_GIVEN:
        return TCPConnector()
    text = "ssl_shutdown_timeout is deprecated, as in aiohttp: leave it out"
    warnings.warn(text, DeprecationWarning, stacklevel=_TO_CALLER)
    with warnings.catch_warnings():  # once is enough
        warnings.simplefilter("ignore", DeprecationWarning)
        return TCPConnector(ssl_shutdown_timeout=ssl_shutdown_timeout)
