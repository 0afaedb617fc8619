"""What an ASGI application is told of a request: the connection scope (ASGI HTTP, 2.3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_to_bytes

from notebook_http.web.asgi.interface import ASGI_VERSIONS, Scope
from notebook_http.web.request import BaseRequest
from notebook_http.wire.http_version import HttpVersion11

__all__ = ["request_scope"]

# What the headers say of a body that was decoded on its way to the application.
_OF_THE_CODED_BODY = (b"content-encoding", b"content-length")


def request_scope(
    kind: str,
    scheme: str,
    request: BaseRequest,
    own_root: str,
    mounted_at: str,
    state: dict[str, Any],
) -> Scope:
    """Return the scope of *request*.

    Args:
        kind: ``http`` or ``websocket``.
        scheme: of the URL.
        request: the request.
        own_root: where a proxy in front of us has put the application: not in the path as it came,
            and put in front of it.
        mounted_at: the prefix below which it is mounted here: in the path as it came.
        state: what lifespan left for the requests; each gets a copy.
    """
    head = request.message
    path = request.sent_path  # its bytes one by one, as they were read
    raw_path = path.encode("latin-1")
    if "%" in path or not path.isascii():
        path = unquote_to_bytes(raw_path).decode("utf-8", "replace")
    if own_root:
        path = own_root + path
        raw_path = own_root.encode() + raw_path
    headers = [(name.lower(), value) for name, value in head.raw_headers]
    if request.content.total_compressed_bytes is not None:
        headers = [pair for pair in headers if pair[0] not in _OF_THE_CODED_BODY]
    connection: Any = request.protocol
    client, server = connection.peername, connection.get_extra_info("sockname")
    scope: Scope = {
        "type": kind,
        "asgi": ASGI_VERSIONS.copy(),
        "http_version": "1.1" if head.version is HttpVersion11 else "1.0",
        "server": _address(server),
        "client": (client[0], client[1]) if isinstance(client, tuple) else None,
        "scheme": scheme,
        "root_path": own_root + mounted_at,
        "headers": headers,
        "method": request.method,
        "path": path,
        "raw_path": raw_path,
        "query_string": head.target.partition("?")[2].encode("latin-1"),
        "state": state.copy(),
    }
    return scope


def _address(sockname: Any) -> tuple[str, int | None] | None:
    """Return host and port; of a Unix socket its path and None."""
    if isinstance(sockname, tuple):
        return sockname[0], sockname[1]
    return (sockname, None) if isinstance(sockname, str) and sockname else None
