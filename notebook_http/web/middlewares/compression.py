"""Compress answers for those clients that take them compressed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from notebook_http.web.middlewares.arguments import check_count
from notebook_http.web.middlewares.outgoing_head import add_vary
from notebook_http.web.response import Response
from notebook_http.wire.accepted_codings import choose_coding
from notebook_http.wire.content_coding import accept_encoding, encoder_for
from notebook_http.wire.media_type import parse_media_type

if TYPE_CHECKING:
    from notebook_http.web.request import Request
    from notebook_http.web.routing.route import Handler
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["CompressionMiddleware"]

# In the order of preference, where a client takes several as gladly.
_CODINGS = ("zstd", "br", "gzip", "deflate")
# Beyond types of text and JSON. Images, videos and archives are compressed already.
_TYPES = frozenset(
    (
        *("application/javascript", "application/xml", "application/wasm", "application/x-ndjson"),
        *("application/manifest+json", "image/bmp", "font/ttf", "font/otf"),
    )
)
# Digests of the bytes as they are: they would be wrong behind a coding.
_DIGESTS = ("Content-Digest", "Repr-Digest", "Digest", "Content-MD5")
# Bytes from which compressing takes more than a millisecond: done in a thread, not on the loop.
_THREAD_BYTES = 32 * 1024


class CompressionMiddleware:
    """Compresses the bodies of answers that are text of some kind and large enough.

    zstd and br where their libraries are installed, gzip and deflate always, by what the client
    prefers. Never an answer that is coded already, is no whole one (206, 304 and the like), has
    ``Cache-Control: no-transform`` or a digest of its bytes, nor a stream or a file: their handlers
    know better (`enable_compression`; precompressed files). A strong entity tag becomes a weak one.

    A page that shows a secret beside what a stranger can choose should not be compressed: over TLS
    its length tells the secret, letter by letter (BREACH). Answer it with ``Cache-Control:
    no-transform``, or keep the middleware off such routes.

    Args:
        min_size: bytes of a body from which it is worth it. 1 KiB: what is smaller fits into the
            packet of its head.

    Raises:
        TypeError: *min_size* is no whole number.
        ValueError: it is negative.
    """

    def __init__(self, min_size: int = 1024) -> None:
        check_count("CompressionMiddleware", "min_size", min_size, least=0)
        self.min_size = min_size

    async def __call__(self, request: Request, handler: Handler) -> StreamResponse:
        """Let the handler answer, and compress that."""
        response = await handler(request)
        if not isinstance(response, Response) or response.prepared:
            return response
        body = response.body
        if not isinstance(body, bytes | bytearray) or not self._is_eligible(response, len(body)):
            return response
        add_vary(response, "Accept-Encoding")  # also where it is not compressed for this client
        known = accept_encoding()
        codings = [coding for coding in _CODINGS if coding in known]
        coding = choose_coding(request.headers.get("Accept-Encoding"), codings)
        if coding is None:
            return response
        # Also for HEAD, whose head has to be that of GET: its Content-Length above all (RFC 9110
        # §8.6), and nobody knows that without compressing.
        if len(body) < _THREAD_BYTES:
            coded = _compress(coding, bytes(body))
        else:
            coded = await asyncio.to_thread(_compress, coding, bytes(body))
        if len(coded) < len(body):
            response.body = coded
            response.headers["Content-Encoding"] = coding
            tag = response.etag
            if tag is not None and not tag.is_weak:
                response.etag = replace(tag, is_weak=True)
        return response

    def _is_eligible(self, response: Response, size: int) -> bool:
        fields = response.headers
        return (
            size >= self.min_size
            and response.status not in (204, 205, 206, 304)
            and response.status >= 200
            and not response.compression
            and "Content-Encoding" not in fields
            and "Content-Range" not in fields
            and "Content-Length" not in fields
            and "no-transform" not in fields.get("Cache-Control", "").lower()
            and not any(name in fields for name in _DIGESTS)
            and _is_compressible(fields.get("Content-Type"))
        )


def _is_compressible(content_type: str | None) -> bool:
    media = parse_media_type(content_type)
    essence = media.essence
    return essence != "text/event-stream" and (
        media.is_text or media.is_json or essence.endswith("+xml") or essence in _TYPES
    )


def _compress(coding: str, body: bytes) -> bytes:
    encoder = encoder_for(coding)
    if encoder is None:
        return body
    return encoder.encode(body) + encoder.finish()
