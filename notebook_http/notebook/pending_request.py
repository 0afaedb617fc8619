"""A request that is sent when it is awaited, and that says so when somebody forgets to.

What `nh.get(url)` returns. It is a coroutine to all of asyncio (`await`, `create_task`,
`TaskGroup`, `gather`, `asyncio.run`), but one that costs nothing and complains of nothing when it
is dropped: until it is awaited there is no coroutine inside, no session and no socket.
"""

from __future__ import annotations

from collections.abc import Container, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Protocol

from notebook_http.notebook.display.html import join, tag, visible
from notebook_http.notebook.reply import Reply
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from types import TracebackType

    from yarl import URL

    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.response import ClientResponse

__all__ = ["NotSentYetError", "PendingRequest", "Sender"]

_URL_CHARACTERS = 200
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
# Beside `Reply`'s own: what people who know aiohttp and requests reach for.
_FOREIGN_NAMES = frozenset({"read", "release", "closed", "cookies", "links", "iter_content"})


class Sender(Protocol):
    """What sends requests for a `PendingRequest` (`notebook.client.Client` is one)."""

    async def fetch(self, method: str, url: str | URL, options: dict[str, Any]) -> Reply:
        """Send the request and return its reply, read whole."""
        ...

    async def open(self, method: str, url: str | URL, options: dict[str, Any]) -> ClientResponse:
        """Send the request and return its response, the body still to be read."""
        ...

    async def middlewares(self, options: dict[str, Any]) -> tuple[ClientMiddlewareType, ...]:
        """Return those that a request with *options* goes through."""
        ...

    async def done(self) -> None:
        """Let go of what was opened for this one request."""
        ...


class NotSentYetError(AttributeError, RuntimeError):
    """A request was asked for what only its reply has. The caller forgot an `await`.

    Also a RuntimeError: the name is right, the moment is not.
    """


class PendingRequest(Coroutine[Any, Any, Reply]):
    """A request that was not sent yet.

    `await` it for a `Reply`, read whole; `async with` it for the core's `ClientResponse`, whose
    body can be read in pieces and which is closed at the end of the block. Once only, either way.

    A cancel closes the connection, unless the reply was read whole by then.
    """

    __slots__ = (
        "__weakref__",
        "_inner",
        "_method",
        "_options",
        "_response",
        "_sender",
        "_state",
        "_url",
    )

    def __init__(
        self, sender: Sender, method: str, url: str | URL, options: dict[str, Any]
    ) -> None:
        self._sender = sender
        self._method = method
        self._url = url
        self._options = options
        self._state = "not sent"
        self._inner: Coroutine[Any, Any, Reply] | None = None
        self._response: ClientResponse | None = None

    # As a coroutine

    def __await__(self) -> Generator[Any, None, Reply]:
        return self._begin().__await__()

    def send(self, value: Any) -> Any:
        """Begin or go on; called by asyncio. `coroutine.send`."""
        if self._inner is None:
            self._inner = self._begin()
        return self._inner.send(value)

    def throw(self, *error: Any) -> Any:
        """Raise an error inside, a cancel for one; called by asyncio. `coroutine.throw`."""
        if self._inner is None:
            self._inner = self._begin()
        return self._inner.throw(*error)

    def close(self) -> None:
        """Give up: a request that was not sent never will be. `coroutine.close`."""
        if self._inner is not None:
            self._inner.close()
        elif self._state == "not sent":
            self._state = "given up"

    # As a context

    async def __aenter__(self) -> ClientResponse:
        self._claim()
        try:
            self._response = await self._sender.open(self._method, self._url, self._options)
        except BaseException:
            await self._sender.done()
            raise
        return await self._response.__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        response, self._response = self._response, None
        try:
            if response is not None:
                await response.__aexit__(exc_type, exc_value, traceback)
        finally:
            self._inner = None  # so that who sends it again gets our message
            await self._sender.done()

    # As one of many

    @property
    def is_unsent(self) -> bool:
        """Whether it can still be sent."""
        return self._state == "not sent"

    @property
    def asked_url(self) -> str | URL:
        """The URL as it was given, to be checked before it is sent."""
        return self._url

    def take_over(self) -> tuple[Sender, str, str | URL, dict[str, Any]]:
        """Return what is to be sent, and by whom; it counts as sent from now on.

        Raises:
            RuntimeError: it was sent before.
        """
        self._claim()
        return self._sender, self._method, self._url, self._options

    # As something to look at

    @property
    def __name__(self) -> str:
        # What asyncio calls a task of this request: `<Task pending coro=<GET http://…()>>`.
        return self._words()

    def __repr__(self) -> str:
        if self._state == "not sent":
            return f"{self._words()}: not sent yet. Put `await` in front."
        return f"{self._words()}: already {self._state}. Its reply is what `await` gave."

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        """Return what a cell shows whose value this is."""
        if self._state == "not sent":
            code = tag("code", "await")
            html = tag("div", join(self._words(), ": not sent yet. Put ", code, " in front."))
        else:
            html = tag("div", repr(self))
        return {"text/html": str(html), "text/plain": repr(self)}

    def __getattr__(self, name: str) -> Any:
        # Only names that are not there get here.
        if hasattr(Reply, name) or name in _FOREIGN_NAMES:
            message = (
                f"{self._words()}: not sent yet, so there is no .{name}. Put `await` in front, in "
                f"brackets: (await …).{name}"
            )
            raise NotSentYetError(message)
        message = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=self)

    # Privates

    def _begin(self) -> Coroutine[Any, Any, Reply]:
        self._claim()
        return self._fetch()

    def _claim(self) -> None:
        """Mark it as sent.

        Raises:
            RuntimeError: it was before.
        """
        if self._state != "not sent":
            again = self._method.lower()
            if again not in _VERBS:
                again = "request"
            message = (
                f"{self._words()}: already {self._state}, and a request is sent once. Keep its "
                f"reply, `r = await nh.{again}(…)`, and use r; or call nh.{again}(…) again."
            )
            raise RuntimeError(message)
        self._state = "sent"

    async def _fetch(self) -> Reply:
        try:
            return await self._sender.fetch(self._method, self._url, self._options)
        finally:
            self._inner = None  # so that who sends it again gets our message
            await self._sender.done()

    def _words(self) -> str:
        url = mask_url(self._url)
        url = url if len(url) <= _URL_CHARACTERS else url[: _URL_CHARACTERS - 1] + "…"
        return visible(f"{self._method[:20]} {url}")
