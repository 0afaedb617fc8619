"""Content-Transfer-Encoding of a part: bytes that were made fit for mail (RFC 2045 §6).

HTTP carries any byte, so few parts have one; those that have are read strictly, because what one
reader skips another may read.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable

from notebook_http.wire.errors import PayloadEncodingError, excerpt

__all__ = [
    "PLAIN_TRANSFER_ENCODINGS",
    "TransferDecoder",
    "TransferEncoder",
    "UnknownEncoding",
    "UnknownPartEncoding",
    "missing_for_decoding",
    "transfer_decode",
    "transfer_encoder_for",
]

# Those that change no byte.
PLAIN_TRANSFER_ENCODINGS = frozenset(("", "binary", "8bit", "7bit"))

_SPACE = b" \t\r\n"
# "=" is followed by two hexadecimal digits, or it hides a line break.
_BROKEN_QUOTED = rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:\r?\n|\Z))"
_UNFINISHED_QUOTED = rb"=(?:[0-9A-Fa-f]|[ \t]*\r?)?\Z"
# Bytes that may be left over between two pieces. A line of either has 76 (RFC 2045 §6).
_MAX_REST_BYTES = 1000


class UnknownPartEncoding(PayloadEncodingError, RuntimeError):
    """A part is encoded in a way that nobody here undoes. The peer erred."""


class UnknownEncoding(ValueError, RuntimeError):
    """A part is to be encoded in a way that nobody here knows. The caller erred.

    A `RuntimeError` because aiohttp raises one.
    """


class _BrokenPart(PayloadEncodingError, ValueError):
    """A part is not what its Content-Transfer-Encoding says. The peer erred."""


def transfer_decode(encoding: str, data: bytes) -> bytes:
    """Return what *data* stands for in "base64", "quoted-printable" or one that changes nothing.

    Args:
        encoding: in any case, as the header has it.
        data: all of it, or a piece that `missing_for_decoding` has made whole.

    Raises:
        UnknownPartEncoding: another encoding (a RuntimeError).
        PayloadEncodingError: the data is broken (a ValueError).
    """
    name = encoding.strip().lower()
    if name in PLAIN_TRANSFER_ENCODINGS:
        return data
    if name == "base64":
        try:
            return binascii.a2b_base64(data.translate(None, _SPACE), strict_mode=True)
        except binascii.Error as exc:
            message = f"a part is no base64: {exc}"
            raise _BrokenPart(message) from None
    if name == "quoted-printable":
        broken = re.search(_BROKEN_QUOTED, data)
        if broken is not None:
            message = f"a part is no quoted-printable: {excerpt(data[broken.start() :][:8])}"
            raise _BrokenPart(message)
        return binascii.a2b_qp(data)
    message = f"unknown content transfer encoding: {excerpt(encoding)}"
    raise UnknownPartEncoding(message)


def missing_for_decoding(encoding: str, data: bytes) -> int:
    """Return how many more bytes make *data* a piece that can be decoded alone; 0 for none.

    An estimate that is right when they are no spaces: ask again with what came.
    """
    name = encoding.strip().lower()
    if name == "base64":
        return -len(data.translate(None, _SPACE)) % 4
    if name == "quoted-printable":
        return 1 if re.search(_UNFINISHED_QUOTED, data[-80:]) else 0
    return 0


def _size_of_unfinished(data: bytes) -> int:
    """Return how many bytes at the end of quoted-printable *data* need what comes next."""
    found = re.search(_UNFINISHED_QUOTED, data[-2 * _MAX_REST_BYTES :])
    return len(found[0]) if found else 0


class TransferDecoder:
    """Encoded bytes in, as they come; decoded ones out.

    Args:
        encoding: "base64" or "quoted-printable" in any case, or one that changes nothing.

    Raises:
        UnknownPartEncoding: another one (a RuntimeError).
    """

    __slots__ = ("_ended", "_name", "_rest")

    def __init__(self, encoding: str) -> None:
        self._name = encoding.strip().lower()
        self._rest = b""
        self._ended = False  # by padding
        transfer_decode(self._name, b"")

    def decode(self, data: bytes) -> bytes:
        """Return what is ready, often a little less than *data* stands for.

        Raises:
            PayloadEncodingError: the data is broken (a ValueError).
        """
        if self._name == "base64":
            data = self._rest + data.translate(None, _SPACE)
            end = len(data) - len(data) % 4
        elif self._name == "quoted-printable":
            data = self._rest + data
            end = len(data) - _size_of_unfinished(data)
            # What stands before something unfinished has to be finished.
            if len(data) - end > _MAX_REST_BYTES or _size_of_unfinished(data[:end]):
                message = f"a part is no quoted-printable: {excerpt(data[end:][:8])}"
                raise _BrokenPart(message)
        else:
            return data
        self._rest = data[end:]
        return self._whole(data[:end])

    def finish(self) -> bytes:
        """Return what is left, at the end. Raises as `decode` does."""
        rest, self._rest = self._rest, b""
        return self._whole(rest)

    def _whole(self, data: bytes) -> bytes:
        if self._ended and data:
            message = "a part is no base64: it goes on behind its padding"
            raise _BrokenPart(message)
        self._ended = self._ended or (self._name == "base64" and data.endswith(b"="))
        return transfer_decode(self._name, data)


class TransferEncoder:
    """Bytes in, encoded bytes out; what does not fill a line yet is kept.

    Args:
        encode: from whole lines to encoded ones.
        unit: bytes that are encoded together.
    """

    __slots__ = ("_encode", "_rest", "_unit")

    def __init__(self, encode: Callable[[bytes], bytes], unit: int) -> None:
        self._encode = encode
        self._unit = unit
        self._rest = b""

    def encode(self, data: bytes) -> bytes:
        """Return the encoded bytes that are ready, often none."""
        data = self._rest + data
        size = len(data) - len(data) % self._unit
        self._rest = data[size:]
        return self._encode(data[:size]) if size else b""

    def finish(self) -> bytes:
        """Return the last bytes."""
        rest, self._rest = self._rest, b""
        return self._encode(rest) if rest else b""


def _base64(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False)


def transfer_encoder_for(encoding: str) -> TransferEncoder | None:
    """Return what encodes a part, or None for an encoding that changes nothing.

    Raises:
        UnknownEncoding: *encoding* is unknown (a ValueError).
    """
    name = encoding.strip().lower()
    if name in PLAIN_TRANSFER_ENCODINGS:
        return None
    if name == "base64":
        return TransferEncoder(_base64, 3)
    if name == "quoted-printable":
        return TransferEncoder(binascii.b2a_qp, 1)
    message = (
        f"unknown content transfer encoding: {encoding[:80]!r}; HTTP carries any byte, so leave "
        "it out, or take base64 or quoted-printable"
    )
    raise UnknownEncoding(message)
