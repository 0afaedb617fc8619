"""The fields of a request that the engine itself needs, and those that may not be repeated.

Two recipients that each believe another one of two equal fields read one message in two ways: a
repetition is refused where RFC 9110 allows one field only (RFC 9112 §11.2).
"""

from __future__ import annotations

from notebook_http.wire.errors import InvalidHeader
from notebook_http.wire.message_head import RawHeaders
from notebook_http.wire.spellings import Spellings

__all__ = ["framing_fields", "matters", "only_lengths"]

_SINGLETONS = frozenset(
    (
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"content-type",
        b"content-range",
        b"content-location",
        b"max-forwards",
        b"etag",
    )
)
_LISTS = frozenset((b"connection", b"upgrade", b"expect", b"content-encoding"))
# Of these, only a length says how to go on behind a head.
_LENGTHS = frozenset((b"host", b"connection", b"content-type", b"content-length"))
_spellings = Spellings(_SINGLETONS | _LISTS)


def framing_fields(fields: RawHeaders) -> dict[bytes, bytes]:
    """Return the values of *fields* that matter here, by name in lower case, lists joined.

    Raises:
        InvalidHeader: a field is repeated that may not be. The client erred.
    """
    noted: dict[bytes, bytes] = {}
    for name, value in fields:
        lower = _spellings[name]
        if lower is not None:
            if lower in noted:
                if lower in _SINGLETONS:
                    raise InvalidHeader(f"{name.decode('latin-1')} is given more than once")
                value = noted[lower] + b"," + value
            noted[lower] = value
    return noted


def matters(name: bytes) -> bool:
    """Tell whether `framing_fields` looks at the field *name*."""
    return _spellings[name] is not None


def only_lengths(noted: dict[bytes, bytes]) -> bool:
    """Tell whether nothing but a length says how to go on behind a head of HTTP/1.1."""
    kept_alive = noted.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    return kept_alive and noted.keys() <= _LENGTHS
