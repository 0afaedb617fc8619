"""Compression libraries behind one shape: bytes in, a bounded number of bytes out.

Knows how zlib, brotli and zstd each hold back input and output, and which versions can bound
their output at all. Knows nothing of header fields, members, chains or limits on bodies:
`content_coding` does.

Libraries beyond zlib are imported when a body first needs them.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Protocol

from notebook_http.wire.errors import ContentEncodingError

__all__ = [
    "Compressor",
    "Decompressor",
    "brotli_module",
    "codec_errors",
    "has_zstd",
    "new_compressor",
    "new_decompressor",
]

# RFC 9659: a zstd window in HTTP is at most 8 MiB, so that nobody has to hold more per response.
ZSTD_MAX_WINDOW_LOG = 23

# Window bits of zlib: 31 reads and writes a gzip wrapper, 15 a zlib one, -15 none.
_GZIP_WBITS = 31
_ZLIB_WBITS = 15
_RAW_WBITS = -15


class Decompressor(Protocol):
    """One compressed stream (a gzip member, a zstd frame, a brotli stream).

    Attributes:
        needs_input: nothing more comes out until more goes in.
        eof: the stream has ended and its checksum, where it has one, was right.
        unused_data: bytes behind the end, once *eof* is set.
    """

    needs_input: bool
    eof: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_output: int) -> bytes:
        """Return at most *max_output* (>= 1) bytes; *data* is b"" unless `needs_input` is set.

        Raises:
            Exception: one of `codec_errors()` when the data is broken.
        """


class Compressor(Protocol):
    """One compressed stream in the making."""

    def compress(self, data: bytes) -> bytes:
        """Return the bytes that are ready after *data* was added, often none."""

    def flush(self) -> bytes:
        """Return bytes that let the reader decode all that was added so far."""

    def finish(self) -> bytes:
        """Return the last bytes of the stream."""


class _ZlibDecompressor:
    """gzip, zlib-wrapped or raw deflate."""

    __slots__ = ("_stream", "eof", "needs_input", "unused_data")

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits)
        self.needs_input = True
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_output: int) -> bytes:
        stream = self._stream
        out = stream.decompress(data or stream.unconsumed_tail, max_output)
        if stream.eof:
            self.eof = True
            self.unused_data = stream.unused_data
        # A full buffer may hide more output inside zlib, even when all input is gone.
        self.needs_input = len(out) < max_output and not stream.unconsumed_tail
        return out


class _DeflateDecompressor:
    """What servers call deflate: the zlib format, or (wrongly, but often) raw deflate.

    RFC 9110 §8.4.1.2 notes both. Two bytes tell them apart: a zlib header has method 8 and is a
    multiple of 31, and no encoder starts raw deflate with those bits.
    """

    __slots__ = ("_first", "_stream", "eof", "needs_input", "unused_data")

    def __init__(self) -> None:
        self._stream: _ZlibDecompressor | None = None
        self._first = b""
        self.needs_input = True
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_output: int) -> bytes:
        stream = self._stream
        if stream is None:
            data = self._first + data
            if len(data) < 2:
                self._first = data
                return b""
            wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            stream = self._stream = _ZlibDecompressor(_ZLIB_WBITS if wrapped else _RAW_WBITS)
        out = stream.decompress(data, max_output)
        self.needs_input = stream.needs_input
        if stream.eof:
            self.eof = True
            self.unused_data = stream.unused_data
        return out


class _BrotliDecompressor:
    """A brotli stream. The library overshoots its output limit by up to a block: kept here."""

    __slots__ = ("_stream", "_surplus", "_surplus_at", "eof", "needs_input", "unused_data")

    def __init__(self) -> None:
        self._stream = brotli_module().Decompressor()
        self._surplus = b""
        self._surplus_at = 0
        self.needs_input = True
        self.eof = False
        # The library raises on bytes behind the end, so there are never any to hand back.
        self.unused_data = b""

    def decompress(self, data: bytes, max_output: int) -> bytes:
        at = self._surplus_at
        if at < len(self._surplus):
            out = self._surplus[at : at + max_output]
            self._surplus_at = at + len(out)
        else:
            produced: bytes = self._stream.process(data, output_buffer_limit=max_output)
            out = produced[:max_output]
            self._surplus = produced
            self._surplus_at = len(out)
        drained = self._surplus_at >= len(self._surplus)
        self.eof = drained and self._stream.is_finished()
        # `can_accept_more_data` turns true while output still waits: only silence means dry.
        self.needs_input = self.eof or (not out and self._stream.can_accept_more_data())
        return out


class _ZstdDecompressor:
    """One zstd frame."""

    __slots__ = ("_stream", "eof", "needs_input", "unused_data")

    def __init__(self) -> None:
        zstd = _zstd_module()
        window = {zstd.DecompressionParameter.window_log_max: ZSTD_MAX_WINDOW_LOG}
        self._stream = zstd.ZstdDecompressor(options=window)
        self.needs_input = True
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, max_output: int) -> bytes:
        out: bytes = self._stream.decompress(data, max_output)
        if self._stream.eof:
            self.eof = True
            self.unused_data = self._stream.unused_data
        self.needs_input = self._stream.needs_input
        return out


class _ZlibCompressor:
    __slots__ = ("_stream",)

    def __init__(self, wbits: int, level: int) -> None:
        self._stream = zlib.compressobj(level, zlib.DEFLATED, wbits)

    def compress(self, data: bytes) -> bytes:
        return self._stream.compress(data)

    def flush(self) -> bytes:
        return self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush(zlib.Z_FINISH)


class _BrotliCompressor:
    __slots__ = ("_stream",)

    def __init__(self, level: int) -> None:
        if not 0 <= level <= 11:
            msg = f"brotli levels go from 0 to 11, not {level}"
            raise ValueError(msg)
        self._stream = brotli_module().Compressor(quality=level)

    def compress(self, data: bytes) -> bytes:
        out: bytes = self._stream.process(data)
        return out

    def flush(self) -> bytes:
        out: bytes = self._stream.flush()
        return out

    def finish(self) -> bytes:
        out: bytes = self._stream.finish()
        return out


class _ZstdCompressor:
    __slots__ = ("_stream", "_zstd")

    def __init__(self, level: int) -> None:
        self._zstd = _zstd_module()
        self._stream = self._zstd.ZstdCompressor(level=level)

    def compress(self, data: bytes) -> bytes:
        out: bytes = self._stream.compress(data)
        return out

    def flush(self) -> bytes:
        out: bytes = self._stream.flush(self._zstd.ZstdCompressor.FLUSH_BLOCK)
        return out

    def finish(self) -> bytes:
        out: bytes = self._stream.flush(self._zstd.ZstdCompressor.FLUSH_FRAME)
        return out


def brotli_module() -> Any:
    """Return the brotli library.

    Raises:
        ContentEncodingError: it is not installed, or older than 1.2 and so cannot stop at a
            number of output bytes: a few bytes could then fill the memory.
    """
    try:
        import brotli
    except ImportError:
        msg = "content coding 'br' needs the brotli library: pip install 'brotli>=1.2'"
        raise ContentEncodingError(msg) from None
    if not hasattr(brotli.Decompressor, "can_accept_more_data"):
        msg = (
            "content coding 'br' needs a brotli library that can bound its output, and the one "
            "installed is too old: pip install --upgrade 'brotli>=1.2'"
        )
        raise ContentEncodingError(msg)
    return brotli


def has_zstd() -> bool:
    """Tell whether a zstd library is installed, without loading it (milliseconds of imports)."""
    if sys.version_info >= (3, 14):
        # `compression` itself is always there; the C module is what a build may lack.
        return find_spec("_zstd") is not None
    try:
        return find_spec("backports.zstd") is not None
    except ModuleNotFoundError:
        return False


def _zstd_module() -> Any:
    """Return the zstd library: the standard one from Python 3.14 on, its backport before.

    Raises:
        ContentEncodingError: it is not installed.
    """
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        msg = "content coding 'zstd' needs a library: pip install backports.zstd"
        raise ContentEncodingError(msg) from None
    return zstd


# level None in `new_compressor`: fast enough for answers made on the fly.
_COMPRESSORS: dict[str, tuple[int, Callable[[int], Compressor]]] = {
    "gzip": (6, lambda level: _ZlibCompressor(_GZIP_WBITS, level)),
    "deflate": (6, lambda level: _ZlibCompressor(_ZLIB_WBITS, level)),
    "br": (5, _BrotliCompressor),
    "zstd": (3, _ZstdCompressor),
}
_DECOMPRESSORS: dict[str, Callable[[], Decompressor]] = {
    "gzip": lambda: _ZlibDecompressor(_GZIP_WBITS),
    "deflate": _DeflateDecompressor,
    "br": _BrotliDecompressor,
    "zstd": _ZstdDecompressor,
}


def new_decompressor(coding: str) -> Decompressor:
    """Return a fresh decompressor for one of "gzip", "deflate", "br", "zstd".

    Raises:
        KeyError: another name.
        ContentEncodingError: its library is missing or too old.
    """
    return _DECOMPRESSORS[coding]()


def new_compressor(coding: str, level: int | None = None) -> Compressor:
    """Return a fresh compressor for one of "gzip", "deflate", "br", "zstd".

    Raises:
        KeyError: another name.
        ContentEncodingError: its library is missing or too old.
    """
    default, make = _COMPRESSORS[coding]
    return make(default if level is None else level)


def codec_errors() -> tuple[type[Exception], ...]:
    """Return the libraries' own error classes, of those that are loaded."""
    errors: list[type[Exception]] = [zlib.error]
    for module, name in (
        ("brotli", "error"),
        ("backports.zstd", "ZstdError"),
        ("compression.zstd", "ZstdError"),
    ):
        loaded = sys.modules.get(module)
        if loaded is not None:
            errors.append(getattr(loaded, name))
    return tuple(errors)
