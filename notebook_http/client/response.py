"""The answer to a request, as its reader sees it."""

from __future__ import annotations

import json as json_module
import warnings
from typing import TYPE_CHECKING, Any

from notebook_http.client.exceptions import (
    ClientConnectionError,
    ClientPayloadError,
    ClientResponseError,
    ContentTypeError,
)
from notebook_http.client.response_head_view import ResponseHeadView
from notebook_http.wire.errors import BodyTooLarge, excerpt
from notebook_http.wire.json_parser import chosen_parser
from notebook_http.wire.media_type import MediaType, text_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from yarl import URL

    from notebook_http.client.exceptions import RequestInfo
    from notebook_http.client.exchange import Exchange, ExchangeConnection
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.timings import Timings
    from notebook_http.transport.stream_reader import StreamReader

__all__ = ["ClientResponse"]

_SHOWN_BYTES = 60


class _Released:
    """What `release` returns: it can be awaited, or left, as in aiohttp."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_RELEASED = _Released()


class ClientResponse(ResponseHeadView):
    """A response whose head is there; its body may still be on its way.

    Read the body once with `read`, `text` or `json`, or piece by piece from `content`. Leave the
    `async with` block, or call `release`, to give back what was not read.

    Attributes:
        method: of the request that it answers.
        status: the status code.
        timings: how long each step took, in seconds.
    """

    __slots__ = (
        "__weakref__",
        "_body",
        "_closed",
        "_fallback_charset",
        "_history",
        "_in_context",
        "_max_decoded_size",
        "_session",
        "method",
        "timings",
    )

    def __init__(
        self,
        request: ClientRequest,
        exchange: Exchange,
        *,
        session: object = None,
        history: tuple[ClientResponse, ...] = (),
        fallback_charset: Callable[[ClientResponse, bytes], str] | None = None,
        max_decoded_size: int | None = None,
    ) -> None:
        self._exchange = exchange  # first: __del__ looks for it
        self.method = request.method
        self.status: int = self._head().status
        self.timings: Timings = exchange.timings
        self._request = request
        self._session = session  # held on to, since a session that goes closes its connections
        self._history = history
        self._fallback_charset = fallback_charset
        self._max_decoded_size = max_decoded_size
        self._body: bytes | None = None
        self._media_type: MediaType | None = None
        self._closed = False
        self._in_context = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.url}) [{self.status} {self.reason}]>"

    def __del__(self) -> None:
        exchange = getattr(self, "_exchange", None)
        if exchange is None or exchange.connection is None:
            return
        exchange.forget()
        warnings.warn(f"Unclosed response {self!r}", ResourceWarning, source=self, stacklevel=2)

    # The head

    @property
    def real_url(self) -> URL:
        """The same with its fragment."""
        return self._request.real_url

    @property
    def host(self) -> str:
        """The host of `url`."""
        return self._request.url.host or ""

    @property
    def request_info(self) -> RequestInfo:
        """What was asked."""
        return self._request.request_info

    @property
    def history(self) -> tuple[ClientResponse, ...]:
        """The redirects that led here, first one first."""
        return self._history

    # The body

    @property
    def received_size(self) -> int:
        """Bytes of the body that have come so far, as they came: before decoding."""
        body = self._body
        if body is not None and not self._exchange.is_coded:
            return len(body)  # taken whole: the exchange has nothing left to count
        return self._exchange.received_size

    @property
    def content(self) -> StreamReader:
        """The body as a stream, decoded as it is read."""
        return self._exchange.open_reader()

    async def read(self) -> bytes:
        """Return the whole body, decoded. A second call returns the same bytes.

        A cancel closes the connection: a half-read body cannot be taken up again.

        Raises:
            ClientPayloadError: it broke off, cannot be decoded, or decodes to more bytes than
                the session's `max_decoded_size`.
            ClientConnectionError: the response was closed before its body was read.
            TimeoutError: a limit of `ClientTimeout` has passed.
        """
        if self._body is None:
            if self._closed:
                raise self._closed_error()
            body = self._exchange.take_whole_body()
            if body is None:
                try:
                    body = await self._read_stream()
                except BaseException:
                    self.close()
                    raise
            self._body = body
            if self.timings.traces is not None:
                await self.timings.traces.chunk_received(self, body)
        return self._body

    def get_encoding(self) -> str:
        """Return the encoding of the text: what the server says, else UTF-8.

        Raises:
            RuntimeError: a `fallback_charset_resolver` needs the body, which was not read yet.
        """
        charset = self.charset
        if charset:
            try:
                return text_encoding(charset)
            except LookupError:
                pass  # the server made it up: go on as if it had said nothing
        if self.media_type.is_json or self._fallback_charset is None:
            return "utf-8"  # RFC 8259 §8.1; and most of the web
        if self._body is None:
            text = "Cannot compute fallback encoding of a not yet read body"
            raise RuntimeError(text)
        return self._fallback_charset(self, self._body)

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """Return the whole body as text. Cancel and errors as in `read`.

        Args:
            encoding: to use instead of `get_encoding()`.
            errors: what to do with bytes that are no text in it, as in `bytes.decode`.

        Raises:
            UnicodeDecodeError: a byte is no text, and *errors* is "strict".
        """
        body = await self.read()
        return body.decode(encoding or self.get_encoding(), errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[[str], Any] = json_module.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """Return the body's JSON as Python values; None for an empty body. Cancel as in `read`.

        Args:
            encoding: to use instead of `get_encoding()`.
            loads: turns text into values.
            content_type: what the body must be; None takes anything.

        Raises:
            ContentTypeError: the server says that it is something else.
            json.JSONDecodeError: a ValueError; the body is no JSON.
        """
        body = await self.read()
        if content_type and not self._is_type(content_type):
            text = (
                f"Attempt to decode JSON with unexpected mimetype: {self.content_type}. Look at "
                ".text(), or pass content_type=None to decode it all the same"
            )
            raise ContentTypeError(
                self.request_info,
                self._history,
                status=self.status,
                message=text,
                headers=self.headers,
            )
        text = body.strip().decode(encoding or self.get_encoding())
        if not text:
            return None
        try:
            return chosen_parser(loads)(text)
        except json_module.JSONDecodeError as error:
            begins = excerpt(text[:_SHOWN_BYTES])
            asked = f"{self.method} {self.url}"
            why = f"{error.msg} (the body of {asked} begins with {begins}; look at .text())"
            raise json_module.JSONDecodeError(why, error.doc, error.pos) from None

    def raise_for_status(self) -> None:
        """Return if the status is below 400.

        Raises:
            ClientResponseError: it is not. Outside of `async with` the body is given up.
        """
        if self.ok:
            return
        if not self._in_context:
            self.close()
        raise ClientResponseError(
            self.request_info,
            self._history,
            status=self.status,
            message=self.reason or "",
            headers=self.headers,
        )

    # The end

    @property
    def connection(self) -> ExchangeConnection | None:
        """The connection that the body is arriving on; None when it is whole."""
        return self._exchange.connection

    @property
    def closed(self) -> bool:
        """Whether nothing more of it arrives: it is whole, or was closed or released."""
        return self._closed or self._exchange.connection is None

    def close(self) -> None:
        """Give up what was not read; a connection with half a body on it is closed."""
        self._closed = True
        self._exchange.abandon()
        if self._body is None:
            self._exchange.refuse_reading(self._closed_error)

    def release(self) -> _Released:
        """Give back what was not read, as `close` does; may be awaited."""
        self.close()
        return _RELEASED

    async def wait_for_close(self) -> None:
        """Return when the request's body is no longer being sent."""
        await self._exchange.upload_ended()

    async def __aenter__(self) -> ClientResponse:
        self._in_context = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._in_context = False
        self.close()
        if self._exchange.upload is not None:
            await self.wait_for_close()

    # Privates

    def _is_type(self, expected: str) -> bool:
        expected = expected.lower()
        if expected == "application/json":
            return self.media_type.is_json
        return expected in self.content_type

    async def _read_stream(self) -> bytes:
        most = self._max_decoded_size if self._exchange.is_coded else None
        try:
            return await self._exchange.open_reader().read_all(most)
        except BodyTooLarge as error:
            text = (
                f"The body of {self.method} {self.url} unpacks to more than "
                f"{error.max_size:,} bytes. Read it in pieces from response.content, or raise "
                "ClientSession(max_decoded_size=…)."
            )
            raise ClientPayloadError(text) from error

    def _closed_error(self) -> ClientConnectionError:
        return ClientConnectionError(
            f"Connection closed: the response to {self.method} {self.url} was released before its "
            "body was read. Read it inside the `async with` block."
        )
