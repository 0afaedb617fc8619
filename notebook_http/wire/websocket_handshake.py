"""The words of the opening handshake (RFC 6455 §4): keys, sub-protocols, extension lists."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from typing import NamedTuple

from notebook_http.wire.errors import excerpt

__all__ = [
    "VERSION",
    "Extension",
    "HandshakeError",
    "accept_key",
    "choose_protocol",
    "format_extension",
    "new_key",
    "parse_extensions",
    "split_list",
]

VERSION = "13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# RFC 6455 §9.1: a quoted value must be a token when its quotes are taken away.
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*({_TOKEN})[ \t]*(?:=[ \t]*(?:"({_TOKEN})"|({_TOKEN})))?')
_NAME = re.compile(rf"[ \t,]*({_TOKEN})")
_NEXT = re.compile(r"[ \t]*(?:,|$)")


class HandshakeError(ValueError):
    """The peer's part of the handshake is not what RFC 6455 or RFC 7692 asks for."""


class Extension(NamedTuple):
    """One element of `Sec-WebSocket-Extensions`.

    Attributes:
        name: as it was sent.
        parameters: (name, value) in order; None as value where there is none.
    """

    name: str
    parameters: tuple[tuple[str, str | None], ...]


def new_key() -> str:
    """Return a fresh value for `Sec-WebSocket-Key`: 16 random bytes in base64."""
    return base64.b64encode(os.urandom(16)).decode("ascii")


def accept_key(key: str) -> str:
    """Return the `Sec-WebSocket-Accept` that answers *key* (RFC 6455 §4.2.2)."""
    digest = hashlib.sha1(key.encode("utf-8", "surrogateescape") + _GUID, usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode("ascii")


def split_list(value: str) -> list[str]:
    """Return the elements of a comma-separated header value, without the empty ones."""
    return [item for part in value.split(",") if (item := part.strip(" \t"))]


def choose_protocol(preferred: list[str], known: list[str] | tuple[str, ...]) -> str | None:
    """Return the first of *preferred* that is *known*, too; None if none is."""
    for name in preferred:
        if name in known:
            return name
    return None


def parse_extensions(value: str) -> list[Extension]:
    """Return the elements of `Sec-WebSocket-Extensions`.

    Raises:
        HandshakeError: it does not follow the grammar of RFC 6455 §9.1.
    """
    found: list[Extension] = []
    position = 0
    end = len(value.rstrip(" \t,"))
    while position < end:
        name = _NAME.match(value, position)
        if name is None:
            raise HandshakeError(f"malformed extension list {excerpt(value)}")
        position = name.end()
        parameters: list[tuple[str, str | None]] = []
        while (parameter := _PARAMETER.match(value, position)) is not None:
            parameters.append((parameter[1], parameter[2] or parameter[3]))
            position = parameter.end()
        following = _NEXT.match(value, position)
        if following is None:
            raise HandshakeError(f"malformed extension list {excerpt(value)}")
        position = following.end()
        found.append(Extension(name[1], tuple(parameters)))
    return found


def format_extension(extension: Extension) -> str:
    """Return *extension* as it stands in the header."""
    words = [extension.name]
    words += [name if value is None else f"{name}={value}" for name, value in extension.parameters]
    return "; ".join(words)
