"""Whether a request may become a WebSocket, and what is agreed upon (RFC 6455 §4.2)."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Iterable
from typing import NamedTuple

from notebook_http import hdrs
from notebook_http.web.exceptions import (
    HTTPBadRequest,
    HTTPMethodNotAllowed,
    HTTPUpgradeRequired,
)
from notebook_http.web.stream_response import PreparingRequest
from notebook_http.wire.errors import excerpt, plain
from notebook_http.wire.http_version import HttpVersion11
from notebook_http.wire.websocket_deflate import DeflateSettings, accept_deflate_offer
from notebook_http.wire.websocket_handshake import (
    VERSION,
    HandshakeError,
    accept_key,
    choose_protocol,
    format_extension,
    parse_extensions,
    split_list,
)

__all__ = ["Agreement", "agree"]

websocket_logger = logging.getLogger("notebook_http.websocket")

# 7 and 8 are drafts of the same wire format; aiohttp takes them, too.
_VERSIONS = frozenset((VERSION, "8", "7"))
_KEY_BYTES = 16


class Agreement(NamedTuple):
    """What a handshake ends in.

    Attributes:
        fields: of the 101's head.
        protocol: the sub-protocol, or None.
        deflate: how messages are compressed, or None.
    """

    fields: dict[str, str]
    protocol: str | None
    deflate: DeflateSettings | None


def agree(request: PreparingRequest, protocols: Iterable[str], compress: bool) -> Agreement:
    """Return what is agreed upon with the client that sent *request*.

    Args:
        request: a GET without a body, over HTTP/1.1.
        protocols: sub-protocols that the server speaks. The first that the client wants is taken.
        compress: whether messages may be compressed.

    Raises:
        HTTPMethodNotAllowed: it is no GET.
        HTTPUpgradeRequired: another version of the WebSocket protocol than 13.
        HTTPBadRequest: no opening handshake (RFC 6455 §4.2.1).
    """
    headers = request.headers
    if request.method != "GET":
        raise HTTPMethodNotAllowed(request.method, ["GET"])
    upgrade = headers.get(hdrs.UPGRADE)
    if (upgrade or "").lower().strip() != "websocket":
        text = f'No WebSocket UPGRADE hdr: {_shown(upgrade)}\n Can "Upgrade" only to "WebSocket".'
        raise HTTPBadRequest(text=text)
    if not request.message.upgrade:
        raise HTTPBadRequest(
            text=f"No CONNECTION upgrade hdr: {_shown(headers.get(hdrs.CONNECTION))}"
        )
    if request.version < HttpVersion11:
        raise HTTPBadRequest(text="A WebSocket begins with a request of HTTP/1.1")
    if request.message.has_body:
        # The 101 would be in the middle of it, for everybody who counts its bytes.
        raise HTTPBadRequest(text="A WebSocket begins with a request without a body")
    protocol = _chosen(request, tuple(protocols))
    version = headers.get(hdrs.SEC_WEBSOCKET_VERSION, "")
    if version not in _VERSIONS:
        needed = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": VERSION}
        raise HTTPUpgradeRequired(text=f"Unsupported version: {plain(version)}", headers=needed)
    fields: dict[str, str] = {
        hdrs.UPGRADE: "websocket",
        hdrs.CONNECTION: "upgrade",
        hdrs.SEC_WEBSOCKET_ACCEPT: accept_key(
            _checked_key(headers.getall(hdrs.SEC_WEBSOCKET_KEY, []))
        ),
    }
    deflate = None
    if compress:
        deflate = _compression(headers.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, []), fields)
    if protocol is not None:
        fields[hdrs.SEC_WEBSOCKET_PROTOCOL] = protocol
    return Agreement(fields, protocol, deflate)


def _checked_key(keys: list[str]) -> str:
    if len(keys) == 1:
        try:
            if len(base64.b64decode(keys[0], validate=True)) == _KEY_BYTES:
                return keys[0]
        except (binascii.Error, ValueError):
            pass
    raise HTTPBadRequest(text=f"Handshake error: {plain(repr(keys[0] if keys else None))}")


def _shown(value: str | None) -> str:
    return "None" if value is None else plain(value)


def _chosen(request: PreparingRequest, known: tuple[str, ...]) -> str | None:
    """Return the sub-protocol; None, and a word in the log, if both sides have none in common."""
    offered = request.headers.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, [])
    if not offered:
        return None
    wanted = split_list(",".join(offered))
    protocol = choose_protocol(wanted, known)
    if protocol is None:
        websocket_logger.warning(
            "%s: Client protocols %s don't overlap server-known ones %r",
            request.protocol.get_extra_info("peername"),
            excerpt(", ".join(wanted)),
            known,
        )
    return protocol


def _compression(offered: list[str], fields: dict[str, str]) -> DeflateSettings | None:
    """Return how to compress, and say so in *fields*; None without an offer that can be met."""
    if not offered:
        return None
    try:
        accepted = accept_deflate_offer(parse_extensions(", ".join(offered)))
    except HandshakeError:
        return None
    if accepted is None:
        return None
    deflate, answer = accepted
    fields[hdrs.SEC_WEBSOCKET_EXTENSIONS] = format_extension(answer)
    return deflate
