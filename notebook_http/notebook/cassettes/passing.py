"""What each request passes while a recording is open, or while there is to be no network."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from notebook_http.notebook.cassettes.exceptions import OfflineError
from notebook_http.wire.loopback import is_loopback_host
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["Tape", "close_tape", "is_offline", "is_watching", "open_tape", "watch_for_offline"]

_VARIABLE = "NOTEBOOK_HTTP_OFFLINE"


class Tape(Protocol):
    """A recording that is open."""

    @property
    def is_recording(self) -> bool:
        """Whether requests are sent, and their answers noted."""

    async def record(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send a request and note what comes back."""
        ...

    def replay(self, request: ClientRequest) -> ClientResponse:
        """Return what was recorded for a request."""
        ...


# The one opened last is asked.
_open: list[Tape] = []
_undo: Callable[[], None] | None = None


def is_offline() -> bool:
    """Return whether `NOTEBOOK_HTTP_OFFLINE` says that there is no network; `0` and "" do not."""
    return os.environ.get(_VARIABLE, "").strip().lower() not in ("", "0", "false", "no")


def watch_for_offline() -> None:
    """Refuse requests from now on, as long as `NOTEBOOK_HTTP_OFFLINE` is set. Idempotent."""
    if is_offline():
        _begin()


def is_watching() -> bool:
    """Return whether requests pass here at all, so that the variable counts."""
    return _undo is not None


def open_tape(tape: Tape) -> None:
    """Let *tape* have all requests from now on."""
    _open.append(tape)
    _begin()


def close_tape(tape: Tape) -> None:
    """Let the one opened before it have them again, or the network. Idempotent."""
    global _undo
    if tape in _open:
        _open.remove(tape)
    if not _open and _undo is not None and not is_offline():
        _undo()
        _undo = None


def _begin() -> None:
    global _undo
    if _undo is not None:
        return
    from notebook_http.client.interception import intercept
    from notebook_http.notebook.cassettes.recorded_exchange import RecordedExchange

    _undo = intercept(_pass, RecordedExchange)


async def _pass(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    tape = _open[-1] if _open else None
    if tape is not None and not tape.is_recording:
        return tape.replay(request)
    if is_offline() and not _is_here(request):
        raise OfflineError(_refusal(request, tape))
    return await handler(request) if tape is None else await tape.record(request, handler)


def _is_here(request: ClientRequest) -> bool:
    """Return whether a request stays on this machine: loopback is no network.

    Servers of the notebook itself are reached that way. Through a proxy nothing stays here.
    """
    key = request.origin.key
    if key.proxy is not None:
        return False
    if key.port is None:
        return True  # a Unix socket
    return is_loopback_host(key.host)


def _refusal(request: ClientRequest, tape: Tape | None) -> str:
    what = f"{request.method} {mask_url(request.url)[:300]}"
    text = f"{what} was not sent: {_VARIABLE} says that there is no network"
    if tape is None:
        return (
            f"{text}, and no recording is open. Open one, nh.cassette(path, mode='none'), or unset "
            "the variable. Servers on this machine (127.0.0.1) can be reached."
        )
    return f"{text}, so that nothing can be recorded. Unset the variable to record."
