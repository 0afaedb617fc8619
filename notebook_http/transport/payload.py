"""From any value that may be a body to the payload that sends it.

Knows which kind of payload takes which type; `register` adds types of one's own.
"""

from __future__ import annotations

import builtins
import io
from collections.abc import AsyncIterable, Callable
from enum import Enum
from typing import Any

from notebook_http.transport.file_payload import (
    BufferedReaderPayload,
    BytesIOPayload,
    IOBasePayload,
    StringIOPayload,
    TextIOPayload,
)
from notebook_http.transport.memory_payload import (
    AsyncIterablePayload,
    BytesPayload,
    JsonBytesPayload,
    JsonPayload,
    StreamReaderPayload,
    StringPayload,
)
from notebook_http.transport.payload_shape import Payload, PayloadWriter
from notebook_http.transport.stream_reader import StreamReader

__all__ = [
    "PAYLOAD_REGISTRY",
    "AsyncIterablePayload",
    "BufferedReaderPayload",
    "BytesIOPayload",
    "BytesPayload",
    "IOBasePayload",
    "JsonBytesPayload",
    "JsonPayload",
    "LookupError",
    "Order",
    "Payload",
    "PayloadRegistry",
    "PayloadWriter",
    "StreamReaderPayload",
    "StringIOPayload",
    "StringPayload",
    "TextIOPayload",
    "get_payload",
    "payload_type",
    "register_payload",
]

PayloadFactory = Callable[..., Payload]


class LookupError(builtins.LookupError):
    """No kind of payload takes a value of this type (aiohttp's name for it)."""


class Order(Enum):
    """When a registered type is tried: before, among or after the built-in ones."""

    normal = "normal"
    try_first = "try_first"
    try_last = "try_last"


class PayloadRegistry:
    """Which payload class sends values of which type."""

    __slots__ = ("_exact", "_first", "_last", "_normal")

    def __init__(self) -> None:
        self._first: list[tuple[PayloadFactory, Any]] = []
        self._normal: list[tuple[PayloadFactory, Any]] = []
        self._last: list[tuple[PayloadFactory, Any]] = []
        self._exact: dict[type, PayloadFactory] = {}

    def get(self, data: Any, *args: Any, **kwargs: Any) -> Payload:
        """Return a payload for *data*; a payload is returned as it is.

        Raises:
            LookupError: nothing takes its type.
        """
        for factory, types in self._first:
            if isinstance(data, types):
                return factory(data, *args, **kwargs)
        exact = self._exact.get(type(data))
        if exact is not None:
            return exact(data, *args, **kwargs)
        if isinstance(data, Payload):
            return data
        for factory, types in (*self._normal, *self._last):
            if isinstance(data, types):
                return factory(data, *args, **kwargs)
        if callable(getattr(data, "read", None)) and callable(getattr(data, "readable", None)):
            # A wrapper around a file, such as tempfile's, which is no io class.
            return IOBasePayload(data, *args, **kwargs)
        msg = (
            f"a body cannot be made from {type(data).__name__}; bytes, str, a file, an "
            "asynchronous iterable, or a dict through `data=` (a form) or `json=` are bodies"
        )
        raise LookupError(msg)

    def register(self, factory: PayloadFactory, type: Any, *, order: Order = Order.normal) -> None:
        """Let *factory* make the payloads of a type, or of each in a tuple of types."""
        if order is Order.try_first:
            self._first.append((factory, type))
        elif order is Order.try_last:
            self._last.append((factory, type))
        else:
            self._normal.append((factory, type))
            for each in type if isinstance(type, tuple) else (type,):
                self._exact[each] = factory


PAYLOAD_REGISTRY = PayloadRegistry()
PAYLOAD_REGISTRY.register(BytesPayload, (bytes, bytearray, memoryview))
PAYLOAD_REGISTRY.register(StringPayload, str)
PAYLOAD_REGISTRY.register(StringIOPayload, io.StringIO)
PAYLOAD_REGISTRY.register(TextIOPayload, io.TextIOBase)
PAYLOAD_REGISTRY.register(BytesIOPayload, io.BytesIO)
PAYLOAD_REGISTRY.register(BufferedReaderPayload, (io.BufferedReader, io.BufferedRandom))
PAYLOAD_REGISTRY.register(IOBasePayload, io.IOBase)
PAYLOAD_REGISTRY.register(StreamReaderPayload, StreamReader)
PAYLOAD_REGISTRY.register(AsyncIterablePayload, AsyncIterable, order=Order.try_last)


def get_payload(data: Any, *args: Any, **kwargs: Any) -> Payload:
    """Return a payload for *data*; further arguments go to the payload's class.

    Raises:
        LookupError: nothing takes its type.
    """
    return PAYLOAD_REGISTRY.get(data, *args, **kwargs)


def register_payload(factory: PayloadFactory, type: Any, *, order: Order = Order.normal) -> None:
    """Let *factory* make the payloads of a type, or of each in a tuple of types."""
    PAYLOAD_REGISTRY.register(factory, type, order=order)


class payload_type:
    """Class decorator: the decorated payload class sends values of *type*."""

    def __init__(self, type: Any, *, order: Order = Order.normal) -> None:
        self.type = type
        self.order = order

    def __call__(self, factory: type[Payload]) -> type[Payload]:
        """Register the class and return it."""
        register_payload(factory, self.type, order=self.order)
        return factory
