"""Decode and encode message bodies by their Content-Encoding (RFC 9110 §8.4).

Knows the codings' names, how they nest, and how much work and memory a body may cause. How each
library is driven is in `content_codec`.

Decoding is by steps of bounded size: what nobody reads is not decoded, and a small body that
unpacks to gigabytes costs its reader one step at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from notebook_http.wire.content_codec import (
    Compressor,
    Decompressor,
    brotli_module,
    codec_errors,
    has_zstd,
    new_compressor,
    new_decompressor,
)
from notebook_http.wire.errors import ContentEncodingError, excerpt

__all__ = [
    "ACCEPT_ENCODING",
    "MAX_CODINGS",
    "ContentDecoder",
    "ContentEncoder",
    "accept_encoding",
    "decoder_for",
    "encoder_for",
]

# Two is already rare; each further coding multiplies what a few bytes can cause.
MAX_CODINGS = 5

# gzip members or zstd frames that a body may have for free, and bytes that each further one must
# bring. Files made of many members (bgzip: 64 KiB each) pass; streams of empty ones do not.
FREE_MEMBERS = 1000
MEMBER_BYTES = 1024

# Bytes that a coding may swallow beyond twice what it gives out: headers, empty blocks, padding.
# Without this bound, empty blocks packed by an outer coding would keep us busy and yield nothing.
MAX_FRUITLESS_BYTES = 1024 * 1024

# Bytes handed to a library at once. Libraries copy what they do not consume in a step, so large
# pieces would make small steps quadratic.
_PIECE_BYTES = 16 * 1024
# Bytes that go from one coding to the next at once.
_RELAY_BYTES = 64 * 1024

_ALIASES = {"x-gzip": "gzip"}
_CODINGS = ("gzip", "deflate", "br", "zstd")


class ContentDecoder(Protocol):
    """Undoes the codings of one body, step by step.

    Attributes:
        needs_input: all that the bytes given so far can yield has been returned. While it is
            False, call `decode(b"", max_output)` for more.
    """

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out until more bytes go in."""

    def decode(self, data: bytes, max_output: int) -> bytes:
        """Return the next decoded bytes, at most *max_output* of them.

        *data* is added to the input; what is not needed yet is kept. The result is b"" only
        when `needs_input` is then True: each step makes progress, ends or raises.

        Raises:
            ContentEncodingError: the data is broken, or made to waste time. The peer erred.
            ValueError: *max_output* is below 1.
        """

    def finish(self) -> None:
        """Check that the body ended where its codings end; an empty body is fine.

        Raises:
            ContentEncodingError: it was cut short. The peer erred.
            RuntimeError: decoded bytes still wait (`needs_input` is False). The caller erred.
        """


class ContentEncoder(Protocol):
    """Applies one coding to a body.

    Attributes:
        coding: its name, as it stands in Content-Encoding.
    """

    coding: str

    def encode(self, data: bytes) -> bytes:
        """Return the encoded bytes that are ready, often none."""

    def flush(self) -> bytes:
        """Return bytes after which the reader has all that was encoded so far."""

    def finish(self) -> bytes:
        """Return the last bytes. The encoder is of no use afterwards."""


class _Decoder:
    """One coding: its members one after the other, within the bounds above."""

    __slots__ = (
        "_at",
        "_codec",
        "_coding",
        "_input",
        "_members",
        "_skipping",
        "bytes_in",
        "bytes_out",
        "needs_input",
    )

    def __init__(self, coding: str) -> None:
        self._coding = coding
        # Opened at once: a missing library is an error of this moment, not of the first read.
        self._codec: Decompressor | None = new_decompressor(coding)
        self._members = 1
        self._input = b""
        self._at = 0
        self._skipping = False
        self.bytes_in = 0
        self.bytes_out = 0
        self.needs_input = True

    def decode(self, data: bytes, max_output: int) -> bytes:
        if max_output < 1:
            msg = f"max_output is at least 1, not {max_output}"
            raise ValueError(msg)
        if data:
            at = self._at
            self._input = self._input[at:] + data if at < len(self._input) else data
            self._at = 0
            self.needs_input = False
        while not self.needs_input:
            out = self._step(max_output)
            if out:
                return out
        return b""

    def finish(self) -> None:
        if not self.needs_input:
            msg = "decode what is still pending before finish()"
            raise RuntimeError(msg)
        if self._codec is not None and self.bytes_in:
            msg = f"{self._coding} data is cut short after {self.bytes_in} bytes"
            raise ContentEncodingError(msg)

    def _step(self, max_output: int) -> bytes:
        codec = self._codec
        if codec is None:
            codec = self._next_member()
            if codec is None:
                return b""
        piece = b""
        if codec.needs_input:
            piece = self._input[self._at : self._at + _PIECE_BYTES]
            self._at += len(piece)
            self.bytes_in += len(piece)
        try:
            out = codec.decompress(piece, max_output)
        except codec_errors() as exc:
            msg = f"{self._coding} data is broken near byte {self.bytes_in}: {excerpt(str(exc))}"
            raise ContentEncodingError(msg) from exc
        self.bytes_out += len(out)
        if codec.eof:
            self._codec = None
            self._give_back(codec.unused_data)
        elif not piece and not out and not codec.needs_input:
            msg = f"{self._coding} data makes no progress at byte {self.bytes_in}"
            raise ContentEncodingError(msg)
        if self._at >= len(self._input) and (self._codec is None or codec.needs_input):
            self._exhausted()
        if self.bytes_in > 2 * self.bytes_out + MAX_FRUITLESS_BYTES:
            msg = f"{self._coding} data holds next to nothing: {self.bytes_in} bytes in"
            raise ContentEncodingError(msg)
        return out

    def _exhausted(self) -> None:
        self._input = b""
        self._at = 0
        self.needs_input = True

    def _give_back(self, unused: bytes) -> None:
        self.bytes_in -= len(unused)
        if len(unused) <= self._at:
            self._at -= len(unused)
        else:
            self._input = unused + self._input[self._at :]
            self._at = 0

    def _next_member(self) -> Decompressor | None:
        """Open what follows a finished member, or skip what is none."""
        rest = len(self._input) - self._at
        if self._coding == "gzip" and (self._skipping or self._input[self._at] != 0x1F):
            # Padding and rubbish behind the last member: gzip(1), browsers and urllib3 ignore
            # it, and there are servers that send it. The member's checksum was right.
            self._skipping = True
            self.bytes_in += rest
            self._exhausted()
            if self.bytes_in > 2 * self.bytes_out + MAX_FRUITLESS_BYTES:
                msg = "gzip data is followed by too many bytes that are none"
                raise ContentEncodingError(msg)
            return None
        if self._coding not in ("gzip", "zstd"):
            msg = f"bytes follow the end of {self._coding} data"
            raise ContentEncodingError(msg)
        self._members += 1
        if self._members > FREE_MEMBERS + self.bytes_out // MEMBER_BYTES:
            msg = f"{self._coding} data has too many small members ({self._members})"
            raise ContentEncodingError(msg)
        self._codec = new_decompressor(self._coding)
        return self._codec


class _ChainDecoder:
    """Several codings, the one applied last undone first."""

    __slots__ = ("_stages",)

    def __init__(self, codings: list[str]) -> None:
        self._stages = [_Decoder(coding) for coding in reversed(codings)]

    @property
    def needs_input(self) -> bool:
        return all(stage.needs_input for stage in self._stages)

    def decode(self, data: bytes, max_output: int) -> bytes:
        if max_output < 1:
            msg = f"max_output is at least 1, not {max_output}"
            raise ValueError(msg)
        stages = self._stages
        last = len(stages) - 1
        # Pull from the innermost coding; step outwards while it is dry, inwards with what comes.
        # Each stage's appetite is bounded by its own yield, so this loop ends.
        at = last
        relayed = data
        if data:
            at = 0
        while at >= 0:
            stage = stages[at]
            if not relayed and stage.needs_input:
                at -= 1
                continue
            out = stage.decode(relayed, max_output if at == last else _RELAY_BYTES)
            relayed = b""
            if out:
                if at == last:
                    return out
                relayed = out
                at += 1
        return b""

    def finish(self) -> None:
        for stage in self._stages:
            stage.finish()


class _Encoder:
    __slots__ = ("_codec", "coding")

    def __init__(self, coding: str, level: int | None) -> None:
        self.coding = coding
        self._codec: Compressor = new_compressor(coding, level)

    def encode(self, data: bytes) -> bytes:
        return self._codec.compress(data)

    def flush(self) -> bytes:
        return self._codec.flush()

    def finish(self) -> bytes:
        return self._codec.finish()


def decoder_for(content_encoding: str | None) -> ContentDecoder | None:
    """Return a decoder for a Content-Encoding value, or None when nothing is to be decoded.

    Several fields of that name are joined with commas first. "identity" and empty elements
    mean nothing; names are ASCII and their case does not matter (RFC 9110 §8.4.1).

    Raises:
        ContentEncodingError: a coding is unknown, its library is missing (the text says what to
            install), or there are more than `MAX_CODINGS`.
    """
    if not content_encoding:
        return None
    codings = []
    for element in content_encoding.split(",", MAX_CODINGS + 8):
        name = element.strip(" \t").lower()
        if name in ("", "identity"):
            continue
        coding = _ALIASES.get(name, name)
        if coding not in _CODINGS:
            msg = (
                f"content coding {excerpt(name)} is unknown; known are {', '.join(_CODINGS)} "
                "(br needs brotli, zstd needs backports.zstd before Python 3.14)"
            )
            raise ContentEncodingError(msg)
        codings.append(coding)
    if len(codings) > MAX_CODINGS:
        msg = f"{len(codings)} content codings on one body; at most {MAX_CODINGS} are undone"
        raise ContentEncodingError(msg)
    if not codings:
        return None
    return _Decoder(codings[0]) if len(codings) == 1 else _ChainDecoder(codings)


def encoder_for(coding: str | None, level: int | None = None) -> ContentEncoder | None:
    """Return an encoder for one coding, or None for "identity", "" and None.

    Args:
        coding: "gzip", "deflate" (zlib format), "br" or "zstd".
        level: the library's own scale; None for a default that suits answers made on the fly.

    Raises:
        ContentEncodingError: the coding is unknown or its library is missing.
        ValueError: the library does not know *level*.
    """
    name = (coding or "").strip(" \t").lower()
    if name in ("", "identity"):
        return None
    name = _ALIASES.get(name, name)
    if name not in _CODINGS:
        msg = f"content coding {excerpt(name)} is unknown; known are {', '.join(_CODINGS)}"
        raise ContentEncodingError(msg)
    return _Encoder(name, level)


_accepted = ""


def accept_encoding() -> str:
    """Return the Accept-Encoding value that names what this process can decode.

    The first call looks for the optional libraries (about a millisecond); later ones are free.
    """
    global _accepted
    if not _accepted:
        names = ["gzip", "deflate"]
        try:
            brotli_module()
        except ContentEncodingError:
            pass
        else:
            names.append("br")
        if has_zstd():
            names.append("zstd")
        _accepted = ", ".join(names)
    return _accepted


if TYPE_CHECKING:
    # Found by the function below when first asked for: the libraries are not imported with us.
    ACCEPT_ENCODING: str
else:

    def __getattr__(name: str) -> str:
        if name == "ACCEPT_ENCODING":
            return accept_encoding()
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
