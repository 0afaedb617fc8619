"""The client's error classes, under aiohttp's name for the module; see `client.exceptions`."""

from __future__ import annotations

from notebook_http.client import exceptions as _exceptions
from notebook_http.client.exceptions import *  # noqa: F403
from notebook_http.wire.websocket_message import WSMessageTypeError

__all__ = [*_exceptions.__all__, "WSMessageTypeError"]
