"""An answer read whole, ready to be looked at: nothing to await, nothing to close.

`Reply` is what `await nh.get(url)` gives. It holds bytes and plain values only, no connection, so
it can be kept, shown again and used when its loop is long gone. As a cell's value it is a card.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Awaitable, Callable, Container, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, overload

from notebook_http.client.sent_body import rendered_body
from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.card import CardFacts, card_bundle, card_text
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.display.media_html import media_html, media_words
from notebook_http.notebook.display.rendered_page import RenderedPage
from notebook_http.notebook.display.size_budget import size_words
from notebook_http.notebook.display.timings_bar import duration_words
from notebook_http.notebook.reply_card import card_facts
from notebook_http.notebook.reply_errors import BodyNotJSONError, StatusError
from notebook_http.notebook.reply_head import BODY_BYTES, ReplyHead, SentRequest, head_parts
from notebook_http.notebook.shown_replies import was_shown
from notebook_http.wire.json_parser import chosen_parser
from notebook_http.wire.media_type import MediaType, parse_media_type, text_encoding

if TYPE_CHECKING:
    import pandas
    from multidict import CIMultiDictProxy
    from yarl import URL

    from notebook_http.client.response import ClientResponse
    from notebook_http.client.timings import Timings
    from notebook_http.notebook.frames.delivery import FrameKind
    from notebook_http.notebook.frames.wanted import Dtypes

__all__ = ["Reply", "ReplyHead", "SentRequest"]

# An image above this is shown as an output of its own, beside the card: base64 makes 3 bytes 4,
# and the card has to stay within its 64 KiB.
_IMAGE_IN_CARD_BYTES = 24 * 1024
_PAGE_TYPES = ("text/html", "application/xhtml+xml", "image/svg+xml")
_BYTE_ORDER_MARKS = (
    # UTF-32's begins with UTF-16's, so it is asked for first.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


class Reply(ReplyHead):
    """A response with its whole body.

    Attributes:
        content: the body's bytes, decoded from gzip and the like.
        history: the heads of the redirects that led here, first one first.
        timings: seconds a step (`.dns .connect .tls .first_byte .body .total` …), None for those
            that did not happen.
        received: when the body was whole, in UTC; None if nobody said.
        wire_size: bytes of the body as they came, before decoding; None if nobody counted.
        resender: what makes a request of a sent one, for `resend`; None if no client sent it.
    """

    __slots__ = (
        "_media_type",
        "_text",
        "content",
        "history",
        "received",
        "resender",
        "timings",
        "wire_size",
    )

    def __init__(
        self,
        *,
        status: int,
        reason: str,
        headers: CIMultiDictProxy[str],
        url: URL,
        request: SentRequest,
        content: bytes,
        history: tuple[ReplyHead, ...] = (),
        timings: Timings | None = None,
        received: datetime | None = None,
        wire_size: int | None = None,
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers, url=url, request=request)
        self.content = content
        self.history = history
        self.timings = timings
        self.received = received
        self.wire_size = wire_size
        self.resender: Callable[..., Awaitable[Reply]] | None = None
        self._media_type: MediaType | None = None
        self._text: str | None = None

    @classmethod
    async def read(cls, response: ClientResponse) -> Reply:
        """Return *response* read whole; its connection is free again.

        A cancel closes the connection, as the half body that is still on it helps nobody.

        Raises:
            ClientError, TimeoutError: as `ClientResponse.read`.
        """
        try:
            content = await response.read()
        finally:
            response.close()
        return cls(
            **head_parts(response, await rendered_body(response, BODY_BYTES)),
            content=content,
            history=tuple(ReplyHead(**head_parts(hop)) for hop in response.history),
            timings=response.timings,
            received=datetime.now(UTC),
            wire_size=response.received_size,
        )

    # Asking

    @property
    def content_type(self) -> str:
        """The media type without parameters; `application/octet-stream` when none was sent."""
        return self._type().essence or "application/octet-stream"

    @property
    def encoding(self) -> str:
        """The encoding of `text`: what the header says, else a byte order mark, else UTF-8."""
        charset = self._type().charset
        if charset:
            try:
                charset = text_encoding(charset)
            except LookupError:
                pass  # the server made it up: go on as if it had said nothing
            else:
                marked = charset == "utf-8" and self.content.startswith(codecs.BOM_UTF8)
                return "utf-8-sig" if marked else charset
        for mark, encoding in _BYTE_ORDER_MARKS:
            if self.content.startswith(mark):
                return encoding
        if self._type().is_json:
            return json.detect_encoding(self.content)
        return "utf-8"

    @property
    def text(self) -> str:
        """The body as text, in `encoding`. Bytes that are none become `\ufffd`; never raises."""
        if self._text is None:
            self._text = self.content.decode(self.encoding, "replace")
        return self._text

    @property
    def elapsed(self) -> timedelta:
        """The time from the call to the last byte of the body; zero if nobody measured."""
        total = self.timings.total if self.timings is not None else None
        return timedelta(seconds=total or 0.0)

    def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """Return the body's JSON as Python values, whatever type it was sent as.

        Args:
            loads: turns text into values; for other numbers, or another parser.

        Raises:
            BodyNotJSONError: it is none, or empty. Also a ValueError, a `json.JSONDecodeError` and
                a `ContentTypeError`. The message shows the place.
        """
        try:
            text = self.content.decode(self.encoding)
        except UnicodeDecodeError as error:
            why = f"byte {error.start:,} is no {self.encoding} ({error.reason})"
            raise BodyNotJSONError(self, why, "", 0) from None
        if not text.strip():
            raise BodyNotJSONError(self, "it is empty", "", 0)
        try:
            return chosen_parser(loads)(text)
        except json.JSONDecodeError as error:
            raise BodyNotJSONError(self, error.msg, text, error.pos) from None
        except ValueError as error:  # a number of more than 4,300 digits
            raise BodyNotJSONError(self, str(error), "", 0) from None
        except RecursionError:
            why = "its values are nested deeper than Python's parser goes"
            raise BodyNotJSONError(self, why, "", 0) from None

    @overload
    def df(
        self,
        path: str | None = None,
        flatten: bool = True,
        dtypes: Dtypes = "auto",
        index: str | Sequence[str] | None = None,
        to: Literal["pandas"] = "pandas",
    ) -> pandas.DataFrame: ...

    @overload
    def df(
        self,
        path: str | None = None,
        flatten: bool = True,
        dtypes: Dtypes = "auto",
        index: str | Sequence[str] | None = None,
        *,
        to: FrameKind,
    ) -> Any: ...

    def df(
        self,
        path: str | None = None,
        flatten: bool = True,
        dtypes: Dtypes = "auto",
        index: str | Sequence[str] | None = None,
        to: FrameKind = "pandas",
    ) -> Any:
        """Return the body's rows as a DataFrame; its `attrs` tell where it is from.

        Nested JSON objects become dotted columns (`geo.lat`), lists stay lists, columns of
        ISO 8601 texts become dates (with a zone: in UTC). `attrs` holds `url` (secrets masked),
        `time` (of the answer, ISO 8601), `etag` and `last_modified`, as far as they are known.

        Args:
            path: where the rows are inside the JSON, as in `"data.items"`; None finds them.
            flatten: False leaves nested objects in their cells.
            dtypes: None leaves values as the body has them; a dict names types by column, the
                others are found.
            index: the column, or columns, that become the index.
            to: "polars" and "arrow" need their library; these have no index.

        Raises:
            FrameError: a ValueError; there is no table in it, or more than one, or an argument
                does not fit what is there.
        """
        from notebook_http.notebook.frames import (  # which bring pandas along
            frame_from_reply_parts,
            provenance,
        )

        media_type = self._type()
        charset = media_type.charset
        if charset:
            try:
                text_encoding(charset)
            except LookupError:
                charset = None  # as for `text`: the server made it up
        return frame_from_reply_parts(
            self.content,
            media_type.essence,
            charset,
            path,
            flatten=flatten,
            dtypes=dtypes,
            index=index,
            to=to,
            attrs=provenance(self.url, self.headers, self.received),
        )

    def raise_for_status(self) -> Reply:
        """Return this reply if its status is below 400.

        Raises:
            StatusError: it is not. A `ClientResponseError` that shows what the server said.
        """
        if self.ok:
            return self
        raise StatusError(self)

    # Again

    def resend(self) -> Awaitable[Reply]:
        """Return the request that this answers, to be sent again: `r2 = await r.resend()`.

        After redirects it is the first one, as it was sent (with its headers and credentials), and
        redirects are followed again. A status of 400 or above raises nothing.

        Raises:
            RuntimeError: this reply did not come from a client.
            UnwritableRequestError: a ValueError; its body was not kept (above 1 MiB, or a stream).
        """
        if self.resender is None:
            message = "Nobody knows how this was sent: it did not come from a client."
            raise RuntimeError(message)
        first = self.history[0].request if self.history else self.request
        follow = not 300 <= self.status < 400
        return self.resender(first, allow_redirects=follow)

    # Showing

    def widget(self) -> Any:
        """Return a widget in tabs: Body (JSON as a tree), Table, Headers, Timing, Request.

        Buttons send again and save. `%unload_ext notebook_http` and its `close()` end all of it.
        """
        from notebook_http.notebook.widgets.response_view import response_view

        return response_view(self)

    def render(self, *, height: int = 400) -> RenderedPage:
        """Return the body, HTML or SVG, as the page that it is: for a cell to show.

        It is shown in a frame that runs no script and loads nothing, secrets masked; links do not
        lead anywhere. Pictures and style sheets that it names by their address are missing.

        Args:
            height: of the frame, in pixels.

        Raises:
            ValueError: the body is neither HTML nor SVG.
        """
        if self.content_type not in _PAGE_TYPES:
            message = f"only HTML and SVG can be rendered, and this is {self.content_type!r}"
            raise ValueError(message)
        words = f"{self.content_type}, {size_words(len(self.content))}"
        return RenderedPage(self.text, words, height)

    def card_facts(self) -> CardFacts:
        """Return what a card shows, as plain data, unmasked: for displays of this package."""
        return card_facts(
            self,
            Body(self.content, self._type().essence, self.encoding),
            history=self.history,
            timings=self.timings,
            wire_size=self.wire_size,
        )

    def __repr__(self) -> str:
        total = self.timings.total if self.timings is not None else None
        time = "" if total is None else f" in {duration_words(total)}"
        return f"<{type(self).__name__} {self._words()} {size_words(len(self.content))}{time}>"

    def __str__(self) -> str:
        return card_text(self.card_facts())

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        """Return the card: `text/html` and `text/plain`, 64 KiB at most together; never raises."""
        return self._bundle("", include, exclude)

    def _ipython_display_(self) -> None:
        """Show a picture or sound that is too big for the card as an output of its own, below it.

        Nothing is shown where the cell has shown the card already.

        Raises:
            NotImplementedError: it is no such body: IPython then asks for `_repr_mimebundle_`.
        """
        if was_shown(self):
            return
        body = self.card_facts().body
        shown = media_html(body) if len(self.content) > _IMAGE_IN_CARD_BYTES else None
        if shown is None:
            raise NotImplementedError
        from IPython.display import display

        display(self._bundle(f"The {body.kind.value} is shown below.", None, None), raw=True)
        display({"text/html": str(shown), "text/plain": f"({media_words(body)})"}, raw=True)

    def _bundle(
        self,
        body_note: str,
        include: Container[str] | None,
        exclude: Container[str] | None,
    ) -> dict[str, str]:
        try:
            bundle = card_bundle(self.card_facts(), body_note=body_note)
        except Exception as error:
            bundle = {"text/plain": f"{self!r}\n(no card: {visible(repr(error))[:300]})"}
        return {
            kind: shown
            for kind, shown in bundle.items()
            if (not include or kind in include) and (not exclude or kind not in exclude)
        }

    def _type(self) -> MediaType:
        if self._media_type is None:
            self._media_type = parse_media_type(self.headers.get("Content-Type"))
        return self._media_type
