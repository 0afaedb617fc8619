"""What requests and responses share before their body: fields as they came, decoded on demand.

Knows how field bytes become text (UTF-8, other bytes kept as surrogates so that they survive
being sent on). Knows no rule about any particular field.
"""

from __future__ import annotations

from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http.wire.errors import LineTooLong
from notebook_http.wire.limits import MessageLimits

__all__ = ["RawHeaders", "check_field_limits", "decode_fields", "first_field", "has_token"]

RawHeaders = list[tuple[bytes, bytes]]


def decode_fields(fields: RawHeaders) -> CIMultiDictProxy[str]:
    """Return *fields* as a read-only multi-dict of text, in the order they were sent.

    Names are ASCII (the parser saw to that). Values are UTF-8; bytes that are not are kept with
    ``surrogateescape``. Optional white space around a value is no part of it (RFC 9110 §5.5).
    """
    return CIMultiDictProxy(
        CIMultiDict(
            [
                (name.decode("latin-1"), value.strip(b" \t").decode("utf-8", "surrogateescape"))
                for name, value in fields
            ]
        )
    )


def first_field(fields: RawHeaders, name: bytes) -> str | None:
    """Return the first value of *name* (in lower case) as `decode_fields` would, or None."""
    length = len(name)
    for given, value in fields:
        if len(given) == length and given.lower() == name:
            return value.strip(b" \t").decode("utf-8", "surrogateescape")
    return None


def check_field_limits(fields: RawHeaders, limits: MessageLimits) -> None:
    """Raise `LineTooLong` when *fields* has too many fields, or one that is too long."""
    if len(fields) > limits.max_headers:
        raise LineTooLong("number of header fields", limits.max_headers)
    most = limits.max_field_size
    for name, value in fields:
        if len(name) + len(value) > most:
            what = f"header field {name[:40].decode('latin-1')!r}, in bytes,"
            raise LineTooLong(what, most)


def has_token(value: bytes, token: bytes) -> bool:
    """Tell whether the comma-separated list *value* holds *token* (lower case), whole.

    ``Connection: notupgrade`` holds no ``upgrade`` (RFC 9110 §5.6.1).
    """
    value = value.lower()
    return token in value and token in [item.strip(b" \t") for item in value.split(b",")]
