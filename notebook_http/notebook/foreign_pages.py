"""Keep pages of other origins away from servers that listen on this machine's loopback address.

Any page in the user's browser can send requests to 127.0.0.1. By a name of its own that resolves
there (DNS rebinding) it may even read the answers, and it can open WebSockets. So the `Host` of a
request has to be an address, `localhost` or this machine's own name, and who opens a WebSocket
from a page has to be one of this machine's.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from notebook_http import hdrs, web
from notebook_http.web.routing.static_resource import StaticResource
from notebook_http.wire.loopback import is_loopback_host

if TYPE_CHECKING:
    from notebook_http.web.request import Request

__all__ = ["keep_foreign_pages_away"]

_VARIABLE = "NOTEBOOK_HTTP_ALLOWED_HOSTS"
# What proxies on the way add, and no page can add to the handshake of a WebSocket.
_OF_PROXIES = ("X-ProxyContextPath", "X-Forwarded-Host", "X-Forwarded-Context", "X-Forwarded-For")

Dispatch = Callable[["Request"], Coroutine[Any, Any, Any]]


def keep_foreign_pages_away(runner: web.AppRunner, sockets: list[socket.socket]) -> None:
    """Let *runner*, which is set up, refuse requests that other origins' pages have made.

    Its static folders serve no hidden files: a notebook's folder has `.env` and `.git` in it.

    Nothing changes if one of the *sockets* can be reached from outside, which somebody has asked
    for, nor under JupyterHub: there nobody's browser runs on the kernel's machine, and `Host` is
    the hub's.
    """
    _hide_hidden_files(runner.app)
    if "JUPYTERHUB_SERVICE_PREFIX" in os.environ or not all(map(_is_loopback_socket, sockets)):
        return
    server: Any = runner.server
    dispatch: Dispatch = server.request_handler
    names = _names()  # of now: a server that is started again may go by more

    def judge(request: Request) -> Coroutine[Any, Any, Any]:
        """Answer a request, or refuse it."""
        if not _is_ours(request.headers.get(hdrs.HOST, ""), names) and _came_by_ip(request):
            return _refuse(421, f"This server goes by {', '.join(names)}, not by that name.")
        if hdrs.UPGRADE in request.headers and not _may_open(request, names):
            return _refuse(403, "Pages of other origins may not open a WebSocket here.")
        return dispatch(request)

    server.request_handler = judge


def _hide_hidden_files(app: web.Application) -> None:
    for resource in app.router.resources():
        if isinstance(resource, StaticResource):
            resource.serves_hidden = False
    for inner in app._subapps:
        _hide_hidden_files(inner)


async def _refuse(status: int, why: str) -> web.Response:
    hint = f" Add it to {_VARIABLE}, then serve again." if status == 421 else ""
    return web.Response(status=status, text=why + hint)


def _came_by_ip(request: Request) -> bool:
    """Return whether a page could have sent it: through a Unix socket, programs use any name."""
    transport = request.transport
    peer = None if transport is None else transport.get_extra_info("socket")
    return peer is None or peer.family in (socket.AF_INET, socket.AF_INET6)


def _is_loopback_socket(listening: socket.socket) -> bool:
    if listening.family not in (socket.AF_INET, socket.AF_INET6):
        return True  # a Unix socket: no page gets there
    return ip_address(str(listening.getsockname()[0]).partition("%")[0]).is_loopback


def _names() -> tuple[str, ...]:
    name = socket.gethostname().lower()
    allowed = os.environ.get(_VARIABLE, "").lower().replace(",", " ").split()
    return ("localhost", name, *allowed)


def _is_ours(authority: str, names: tuple[str, ...]) -> bool:
    """Return whether `Host` is an address, which no name server can point elsewhere, or our name.

    HTTP/1.0 may do without.
    """
    if not authority:
        return True
    if authority.startswith("["):
        return True  # an IPv6 address: the parser took no other
    host = authority.rpartition(":")[0] if ":" in authority else authority
    host = host.lower().rstrip(".")
    if "." not in host or host in names or is_loopback_host(host):
        return True  # a name without a dot is one of this network: no stranger owns it
    return _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _may_open(request: Request, names: tuple[str, ...]) -> bool:
    """Return whether the page that opens a WebSocket is one of this machine's (RFC 6455 §10.2).

    Programs say no `Origin`. What came through a proxy of the notebook has passed its log-in.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or any(name in request.headers for name in _OF_PROXIES):
        return True
    try:
        page = urlsplit(origin)
        host = (page.hostname or "").rstrip(".")
    except ValueError:
        return False
    if page.scheme not in ("http", "https"):
        # Editors have schemes of their own (`vscode-webview:`), which no page on the web can have.
        return origin != "null" and bool(page.scheme)
    if page.netloc.lower() == request.headers.get(hdrs.HOST, "").lower():
        return True
    return host in names or is_loopback_host(host)
