"""Who serves an application when `run_app` is called where an event loop is running already.

A script has no loop yet, and `run_app` blocks. In a notebook's cell a loop is running, and somebody
above us knows how to serve on it: that somebody puts itself here.
"""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Host", "host", "set_host"]


class Host(Protocol):
    """Serves on the running loop, in the background."""

    def __call__(self, app: Any, /, **arguments: Any) -> Any:
        """Serve *app* with the arguments of `run_app`, and return a handle on the server.

        Not a coroutine: whether the port could be had is known when it returns.
        """


_host: Host | None = None


def set_host(host: Host | None) -> None:
    """Let *host* serve from now on; None for nobody."""
    global _host
    _host = host


def host() -> Host | None:
    """Return who serves on a running loop, or None."""
    return _host
