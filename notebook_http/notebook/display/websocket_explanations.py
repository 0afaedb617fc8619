"""Say why a server did not open a WebSocket (RFC 6455 §4.1)."""

from __future__ import annotations

from notebook_http.client import exceptions as failures
from notebook_http.notebook.display.explanation import Explanation
from notebook_http.notebook.display.status_advice import advice_for_status
from notebook_http.wire.secrets import mask_url

__all__ = ["no_websocket"]

_NOT_ONE = "Check the path; a proxy in between that does not know WebSockets answers so, too"


def no_websocket(error: failures.WSServerHandshakeError) -> Explanation:
    """Return what the refused handshake *error* means."""
    what = f"{mask_url(error.request_info.real_url)} did not open a WebSocket"
    status = error.status
    if status == 101:
        why = "It agreed, but its answer breaks the rules of the handshake"
        if error.message == "Invalid challenge response":
            why = "It agreed, but its Sec-WebSocket-Accept does not answer our key"
        return Explanation(what, f"{why}: {error.message}", _NOT_ONE)
    if 200 <= status < 300:
        why = f"It answered {status}, an ordinary answer: this is no WebSocket"
        return Explanation(what, why, f"Look at it with nh.get. {_NOT_ONE}")
    if status == 426:
        return Explanation(
            what, "It answered 426: it wants another version of the protocol", _NOT_ONE
        )
    if status in (401, 403, 404) or status >= 429:
        why, next_step = advice_for_status(status, error.headers)
        if status == 403:
            next_step += " Some servers want origin='https://their.site'"
        return Explanation(what, f"It answered {status}: {why}", next_step)
    why = f"It answered {status} {error.message}".rstrip()
    return Explanation(what, why, "Is this the path of the WebSocket, and does it want a login?")
