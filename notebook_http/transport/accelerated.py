"""Faster sockets on any loop: aiofastnet's transports instead of asyncio's, where installed.

asyncio moves every TLS record through two memory buffers and some twenty Python calls; aiofastnet
does so in C. CPU µs that a request costs our client, with it and without: a small GET over TLS 27
and 36; over TCP 26.4 and 27.5, a POST of 10 KiB 26 and 28.

`NOTEBOOK_HTTP_NO_ACCELERATION=1` in the environment keeps to asyncio's.
"""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["HELD_READER", "SWITCH", "adopter", "connector", "forget_timers"]

SWITCH = "NOTEBOOK_HTTP_NO_ACCELERATION"
# The method of aiofastnet's TLS transports that deciphers what came before reading was paused. When
# it is resumed they look at the socket first, 1.2 at least: what they hold is then lost if the peer
# has hung up, and is not seen before the peer says more if it has not. So this goes before.
HELD_READER = "_retry_ssl_read"
_CALLBACKS = ("sni_callback", "keylog_filename", "_msg_callback")
# What aiofastnet takes and asyncio does not.
_BUFFER_SIZES = ("ssl_incoming_bio_size", "ssl_outgoing_bio_size")
# Transports of a loop that ended in this turn of it.
_lost: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[asyncio.BaseTransport | None]]
_lost = weakref.WeakKeyDictionary()
_mended: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


def connector(loop: asyncio.AbstractEventLoop) -> Callable[..., Awaitable[tuple[Any, Any]]]:
    """Return what makes connections on *loop*, called as `loop.create_connection` is."""
    return _bound_to(loop, "create_connection") or loop.create_connection


def adopter(loop: asyncio.AbstractEventLoop) -> Callable[..., Awaitable[tuple[Any, Any]]] | None:
    """Return what makes connections of accepted sockets, as `loop.connect_accepted_socket` does.

    None where asyncio had better do all of it.
    """
    return _bound_to(loop, "connect_accepted_socket")


def _bound_to(
    loop: asyncio.AbstractEventLoop, name: str
) -> Callable[..., Awaitable[tuple[Any, Any]]] | None:
    """Return aiofastnet's function of *name* for *loop*, or None where there is none."""
    # Other loops bring transports of their own: uvloop's are fast, and Windows' are no sockets.
    if not isinstance(loop, asyncio.SelectorEventLoop) or os.environ.get(SWITCH):
        return None
    module = _aiofastnet()
    if module is None:
        return None
    accelerated = getattr(module, name)
    if loop not in _mended:
        _mended.add(loop)
        _mend_reports(loop)

    async def connect(*arguments: Any, **options: Any) -> tuple[Any, Any]:
        made: tuple[Any, Any]
        if _calls_back(options.get("ssl")):
            for size in _BUFFER_SIZES:
                options.pop(size, None)
            made = await getattr(loop, name)(*arguments, **options)
            return made
        try:
            made = await accelerated(loop, *arguments, **options)
        except BaseException:
            forget_timers(loop)
            raise
        return made

    return connect


def _calls_back(context: Any) -> bool:
    """Whether a TLS context calls functions of its owner, or writes its keys to a file.

    OpenSSL then asks for Python's object of the connection. aiofastnet's connections have none, and
    the process would end there, as with ``SSLKEYLOGFILE`` in the environment.
    """
    return any(getattr(context, name, None) is not None for name in _CALLBACKS)


@cache
def _aiofastnet() -> Any:
    try:
        # 9 ms, once, when the first connection is made.
        import aiofastnet
    except ImportError:  # not installed, or it does not know this Python's OpenSSL
        return None
    tls = getattr(sys.modules.get("aiofastnet.ssl_transport"), "SSLTransportBase", None)
    if not hasattr(tls, HELD_READER):  # a version that we do not know how to resume
        return None
    return aiofastnet


def _mend_reports(loop: asyncio.AbstractEventLoop) -> None:
    """Keep what is no error from being reported, in thirty lines of another one.

    aiofastnet 1.2 reports a peer that hangs up during the handshake, which its caller is told
    anyway, to the loop: with a class in place of an exception, at which `logging` stumbles.
    """
    report = weakref.WeakMethod(loop.call_exception_handler)

    def report_errors(context: dict[str, Any]) -> None:
        whole = report()
        if whole is not None and not isinstance(context.get("exception"), type):
            whole(context)

    # Not by `vars(loop)`: from then on Python finds all of its attributes more slowly.
    setattr(loop, "call_exception_handler", report_errors)  # noqa: B010  mypy knows a method


def forget_timers(
    loop: asyncio.AbstractEventLoop, lost: asyncio.BaseTransport | None = None
) -> None:
    """Cancel the timers of *lost*, and those of transports given up during their handshake.

    aiofastnet 1.2 leaves both: such a transport would stay, with its buffers, for as long as a
    handshake or the peer's goodbye may take (60 and 30 s). All of the loop's timers are looked
    through, so once for all transports that are lost in a turn of the loop.
    """
    module = sys.modules.get("aiofastnet.ssl_transport")
    if module is None or (lost is not None and not isinstance(lost, module.SSLTransportBase)):
        return  # asyncio's own: all of the loop's timers need not be looked through
    if loop.is_closed():
        return
    waiting = _lost.get(loop)
    if waiting is None:
        waiting = _lost[loop] = []
        loop.call_soon(_forget_lost, loop, module.SSLTransportBase)
    waiting.append(lost)


def _forget_lost(loop: Any, kind: type) -> None:
    lost = {id(transport) for transport in _lost.pop(loop, ())}
    for timer in getattr(loop, "_scheduled", ()):
        owner = getattr(timer._callback, "__self__", None)
        if isinstance(owner, kind):
            during_handshake = timer._callback.__name__ == "_check_handshake_timeout"
            if id(owner) in lost or (during_handshake and owner.is_closing()):  # type: ignore[attr-defined]
                timer.cancel()
