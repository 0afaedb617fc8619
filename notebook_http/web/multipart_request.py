"""A request's parts, one at a time as they arrive."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from notebook_http.transport.multipart_stream import MultipartReader
from notebook_http.web.exceptions import (
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
    RequestPayloadError,
)
from notebook_http.wire.errors import UnknownCharset

if TYPE_CHECKING:
    from notebook_http.web.form import FormRequest
    from notebook_http.wire.errors import HttpProcessingError

__all__ = ["MalformedMultipart", "UnknownPartCharset", "multipart_reader"]


class MalformedMultipart(RequestPayloadError, ValueError, AssertionError):
    """The parts of a request's body cannot be read. The client erred: 400.

    A ValueError and an AssertionError too, because aiohttp raises those.
    """


class UnknownPartCharset(HTTPUnsupportedMediaType, LookupError):
    """A part of a request's body is in a charset that nobody here knows. The client erred: 415.

    A LookupError too, because aiohttp raises one.
    """


def _malformed(error: HttpProcessingError) -> Exception:
    if isinstance(error, UnknownCharset):
        return UnknownPartCharset(text=str(error))
    return MalformedMultipart(str(error))


def multipart_reader(request: FormRequest) -> MultipartReader:
    """Return a reader of the parts of *request*'s body.

    Reading a part whole takes as many bytes as the request accepts in all, before decoding and
    after; a part that is read by chunks may have any size.

    Raises:
        RequestPayloadError: the body is no multipart. The client erred.
    """
    return MultipartReader(
        request.headers,
        request.body_again(),
        client_max_size=request.client_max_size or sys.maxsize,
        max_size_error_cls=HTTPRequestEntityTooLarge,
        translate=_malformed,
    )
