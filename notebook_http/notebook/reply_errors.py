"""What can be wrong with an answer that came: its status, or a body that is not JSON.

Both are classes that people who come from aiohttp already catch. Their messages have at most
twelve lines, are masked, show what the server sent, and end with the next thing to try.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from notebook_http.client.exceptions import ClientResponseError, ContentTypeError, RequestInfo
from notebook_http.notebook.display.card import status_words
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.display.malformed import lines_around
from notebook_http.notebook.display.size_budget import size_words
from notebook_http.notebook.display.status_advice import advice_for_status
from notebook_http.wire.secrets import mask_text, mask_url

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

__all__ = ["BodyNotJSONError", "FailedReply", "StatusError"]

_LINE = 100  # characters of a line of the body that are shown


class _Sent(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def url(self) -> URL: ...
    @property
    def headers(self) -> CIMultiDictProxy[str]: ...


class FailedReply(Protocol):
    """What these errors need of a reply (`notebook.reply.Reply` is one)."""

    @property
    def status(self) -> int:
        """The status code."""
        ...

    @property
    def reason(self) -> str:
        """The reason phrase."""
        ...

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers of the response."""
        ...

    @property
    def url(self) -> URL:
        """What was asked."""
        ...

    @property
    def request(self) -> _Sent:
        """What was sent."""
        ...

    @property
    def history(self) -> tuple[Any, ...]:
        """The redirects that led here."""
        ...

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def text(self) -> str:
        """The body as text."""
        ...


def _request_info(reply: FailedReply) -> RequestInfo:
    sent = reply.request
    return RequestInfo(sent.url, sent.method, sent.headers, sent.url)


class StatusError(ClientResponseError):
    """The status of a reply is 400 or above; `.reply` is that reply, read whole."""

    def __init__(self, reply: FailedReply) -> None:
        self.reply = reply
        super().__init__(
            _request_info(reply),
            reply.history,
            status=reply.status,
            message=reply.reason,
            headers=reply.headers,
        )

    def __str__(self) -> str:
        why, next_step = advice_for_status(self.status, self.reply.headers)
        advice = _short(_one_line(f"{why}. {next_step}."), 200)
        return "\n".join([_asked(self.reply), *_head_of(self.reply.text), advice])

    # aiohttp's would print the Authorization header that was sent.
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {_asked(self.reply)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reply,)


class BodyNotJSONError(json.JSONDecodeError, ContentTypeError):
    """The body of a reply is no JSON; `.reply` is that reply, `.pos` where reading stopped.

    Caught by `except ValueError`, `except json.JSONDecodeError` and aiohttp's
    `except ContentTypeError` alike.
    """

    def __init__(self, reply: FailedReply, why: str, text: str, position: int) -> None:
        json.JSONDecodeError.__init__(self, why, text, position)
        ContentTypeError.__init__(
            self,
            _request_info(reply),
            reply.history,
            status=reply.status,
            message=why,
            headers=reply.headers,
        )
        self.reply = reply

    def __str__(self) -> str:
        reply = self.reply
        sent_as = visible(reply.headers.get("Content-Type", "no type"))[:80]
        where = f" at line {self.lineno}, column {self.colno}" if self.doc else ""
        return "\n".join(
            [
                f"The body is not JSON: {_one_line(self.msg)[:200]}{where}.",
                f"It came as {sent_as}, {size_words(len(reply.content))}, in answer to",
                _asked(reply),
                *("    " + line for line in lines_around(self.doc, self.pos)),
                _next_step(reply),
            ]
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.msg!r} {_asked(self.reply)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.reply, self.msg, self.doc, self.pos)


def _asked(reply: FailedReply) -> str:
    sent = reply.request
    status = status_words(reply.status, reply.reason)[:80]
    return _one_line(f"{status}: {sent.method[:20]} {_short(mask_url(reply.url), 300)}")


def _head_of(text: str) -> list[str]:
    """Return the first lines of a body, masked, for an error's message; most say why there."""
    lines = [line for line in mask_text(text[:4096]).splitlines() if line.strip()]
    return ["    " + _short(visible(line), _LINE) for line in lines[:6]]


def _next_step(reply: FailedReply) -> str:
    text = reply.text.lstrip()
    if not text:
        return "There is no body at all: look at the status, r.status."
    if reply.status >= 400:
        return "The answer is an error: r.raise_for_status() says more, r.text has all of it."
    if text.startswith("<"):
        return "It is a page, not data: check the URL, and whether one has to log in. See r.text."
    first, _, rest = text.partition("\n")
    if first.rstrip().endswith("}") and rest.lstrip().startswith("{"):
        return "It looks like one JSON value a line: r.df() reads that."
    return "r.text has the whole body, r.content its bytes."


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
