"""The notebook's client: `nh.get(url)` and its kin, and `nh.Client` with its own defaults.

Wraps the core's `ClientSession`; sends no byte itself. What it adds: replies come read whole,
nothing has to be closed, a cell can be run again, and a forgotten `await` is told.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from notebook_http.client.url_errors import NonHttpUrlClientError
from notebook_http.notebook.argument_names import (
    check_names,
    request_option_names,
    session_argument_names,
)
from notebook_http.notebook.history import note_failure, note_reply, note_response
from notebook_http.notebook.loop_session import LoopSession, close_silently
from notebook_http.notebook.pending_call import explains_itself
from notebook_http.notebook.pending_request import PendingRequest
from notebook_http.notebook.reply import Reply
from notebook_http.notebook.reply_head import head_parts
from notebook_http.notebook.sent_again import send_again
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from types import TracebackType

    from yarl import URL

    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.response import ClientResponse
    from notebook_http.client.session import ClientSession

__all__ = ["Client", "PendingRequest", "default_client", "delete", "get", "head", "let_all_pass"]
__all__ += ["make_default_by", "options", "patch", "post", "put", "request"]


class Client:
    """A client that keeps connections, cookies and defaults, and needs no closing.

    ```python
    api = nh.Client(base_url="https://api.example.org/", headers={"Accept": "application/json"})
    r = await api.get("users", params={"page": 2})
    ```

    It makes its session when the first request is awaited, on the loop that runs then: one a loop
    (the cookies go along to the next). Sessions that it made are closed with their loop, by
    `close`, or silently when the client is replaced; a *session* that was given is left open.

    Args:
        session: a `ClientSession` to send with, instead of an own one.
        session_arguments: what `ClientSession` takes: base_url, headers, cookies, auth, timeout,
            connector, raise_for_status …

    Raises:
        TypeError: both are given, or an argument is none that `ClientSession` takes.
    """

    __slots__ = (
        "__weakref__",
        "_arguments",
        "_closed",
        "_finalizer",
        "_given",
        "_resender",
        "_sent",
        "_sessions",
    )

    def __init__(self, session: ClientSession | None = None, **session_arguments: Any) -> None:
        if session is not None and session_arguments:
            names = ", ".join(sorted(session_arguments))
            message = f"the session is made already: give {names} to ClientSession(…) instead"
            raise TypeError(message)
        check_names("Client()", session_arguments, session_argument_names())
        self._given = session
        self._arguments = session_arguments
        self._sessions: dict[asyncio.AbstractEventLoop, LoopSession] = {}
        self._sent = 0
        self._closed = False
        self._resender = partial(send_again, weakref.ref(self), default_client)
        # Called when the client is collected, or at the interpreter's exit. Holding the sessions
        # from there keeps the garbage collector from finalising them, unclosed, before it.
        self._finalizer = weakref.finalize(self, close_silently, self._sessions)

    # Requests

    def request(self, method: str, url: str | URL, **options: Any) -> PendingRequest:
        """Return a request to be awaited for its `Reply`, or entered for a `ClientResponse`.

        Args:
            method: `GET` and so on.
            url: absolute, or relative to the client's `base_url`.
            options: as aiohttp: params, json, data, headers, cookies, auth, timeout (seconds or a
                `ClientTimeout`), allow_redirects, max_redirects, raise_for_status, ssl and more.

        Raises:
            TypeError: an option that there is not; the message names the nearest one.
        """
        check_names("A request", options, request_option_names())
        return PendingRequest(self, method, url, options)

    def get(self, url: str | URL, **options: Any) -> PendingRequest:
        """Return a GET request; see `request`."""
        return self.request("GET", url, **options)

    def post(self, url: str | URL, **options: Any) -> PendingRequest:
        """Return a POST request; see `request`. `json=` or `data=` is its body."""
        return self.request("POST", url, **options)

    def put(self, url: str | URL, **options: Any) -> PendingRequest:
        """Return a PUT request; see `request`. `json=` or `data=` is its body."""
        return self.request("PUT", url, **options)

    def patch(self, url: str | URL, **options: Any) -> PendingRequest:
        """Return a PATCH request; see `request`. `json=` or `data=` is its body."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str | URL, **options: Any) -> PendingRequest:
        """Return a DELETE request; see `request`."""
        return self.request("DELETE", url, **options)

    def head(self, url: str | URL, **options: Any) -> PendingRequest:
        """Return a HEAD request, which follows no redirects unless told to; see `request`."""
        options.setdefault("allow_redirects", False)
        return self.request("HEAD", url, **options)

    def options(self, url: str | URL, **options: Any) -> PendingRequest:
        """Return an OPTIONS request; see `request`."""
        return self.request("OPTIONS", url, **options)

    # Sending, called by `PendingRequest`

    async def fetch(self, method: str, url: str | URL, options: dict[str, Any]) -> Reply:
        """Send a request and return its reply. A cancel closes its connection.

        Raises:
            ClientError, TimeoutError, RuntimeError: as `ClientSession.request`.
            NonHttpUrlClientError: and for a `ws://` URL, which a session would take.
        """
        session = await self.session()
        judge = options.get("raise_for_status")
        if judge is None:
            judge = session.raise_for_status
        if judge is True:
            # Judged here, after the body was read: it mostly says what was wrong.
            options = {**options, "raise_for_status": False}
        began = time.time()
        try:
            response = await self._send(session, method, url, options)
            reply = await Reply.read(response)
        except Exception as error:
            note_failure(method, url, began, error)
            raise
        reply.resender = self._resender
        note_reply(reply)
        return reply.raise_for_status() if judge is True else reply

    async def open(self, method: str, url: str | URL, options: dict[str, Any]) -> ClientResponse:
        """Send a request and return its response, the body still to come; errors as `fetch`."""
        session = await self.session()
        began = time.time()
        try:
            response = await self._send(session, method, url, options)
        except Exception as error:
            note_failure(method, url, began, error)
            raise
        note_response(response, head_parts(response)["request"])
        return response

    async def middlewares(self, options: dict[str, Any]) -> tuple[ClientMiddlewareType, ...]:
        """Return those that a request with *options* goes through: its own, or the session's.

        Raises:
            RuntimeError: the client is closed.
        """
        own = options.get("middlewares")
        return tuple(own) if own is not None else (await self.session()).middlewares

    async def done(self) -> None:
        """Do nothing: connections are kept for the next request."""

    def pass_through(self, middlewares: tuple[ClientMiddlewareType, ...]) -> None:
        """Let the requests that begin from now on go through *middlewares*."""
        self._arguments = {**self._arguments, "middlewares": middlewares}
        for opened in self._sessions.values():
            settings = opened.session._settings
            opened.session._settings = settings._replace(middlewares=middlewares)

    def sends_with(self, session: object) -> bool:
        """Return whether *session* is one that this client made."""
        return any(opened.session is session for opened in self._sessions.values())

    # Closing

    @property
    def has_base_url(self) -> bool:
        """Whether it takes URLs that are only a path."""
        if self._given is not None:
            return self._given.base_url is not None
        return self._arguments.get("base_url") is not None

    @property
    def has_auth(self) -> bool:
        """Whether its session adds an Authorization of its own to each request."""
        if self._given is not None:
            return self._given.auth is not None
        return self._arguments.get("auth") is not None

    @property
    def closed(self) -> bool:
        """Whether it sends no more requests."""
        return self._closed or (self._given is not None and self._given.closed)

    @explains_itself("client.close()", "nothing was closed")
    async def close(self) -> None:
        """Close the sessions that this client made. Idempotent; nobody has to call it."""
        self._closed = True
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        close_silently(self._sessions)
        if session is not None:
            await session.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "ready"
        base_url = self._arguments.get("base_url")
        where = f"{mask_url(base_url)} " if base_url else ""
        given = " on a session of yours" if self._given is not None else ""
        count = f"{self._sent:,} request{'' if self._sent == 1 else 's'} sent"
        return f"<{type(self).__name__} {where}{state}{given}, {count}>"

    # Privates

    async def _send(
        self, session: ClientSession, method: str, url: str | URL, options: dict[str, Any]
    ) -> ClientResponse:
        if str(url).startswith(("ws:", "wss:")):
            # The core sends it as HTTP, as aiohttp does; the reply would puzzle whoever typed it.
            text = f"{url} is no http or https URL."
            raise NonHttpUrlClientError(text)
        self._sent += 1
        return await session.request(method, url, **options)

    async def session(self) -> ClientSession:
        """Return the session of the running loop, made now if there is none.

        Raises:
            RuntimeError: the client is closed.
        """
        if self._closed:
            message = "This client is closed. Make a new one: client = nh.Client(…)."
            raise RuntimeError(message)
        if self._given is not None:
            return self._given
        here = self._sessions.get(asyncio.get_running_loop())
        if here is None or not here.is_usable:
            here = await self._open_session()
        return here.session

    async def _open_session(self) -> LoopSession:
        from notebook_http.client.cookie_jar import CookieJar

        # aiohttp's jar refuses the cookies of bare addresses; here they are those of the server
        # in the next cell, `http://127.0.0.1:PORT/`. Browsers keep them, too.
        arguments = {"cookie_jar": CookieJar(unsafe=True), **self._arguments}
        for loop, old in list(self._sessions.items()):
            if not old.is_usable:
                # The next `asyncio.run` of a script is still logged in.
                arguments["cookie_jar"] = old.session.cookie_jar
                arguments.pop("cookies", None)
                self._sessions.pop(loop).close_now()
        # Nothing in `open` waits for the loop, so no other request comes in between.
        opened = await LoopSession.open(arguments)
        self._sessions[opened.loop] = opened
        return opened


class _OneShotClient(Client):
    """A client for one request that brings arguments of a session along."""

    __slots__ = ()

    async def done(self) -> None:
        """Close the session of the one request."""
        await self.close()


# The default client ---------------------------------------------------------------------------

_default: Client | None = None
_make_default: Callable[..., Client] = Client
_default_middlewares: tuple[ClientMiddlewareType, ...] = ()


def default_client() -> Client:
    """Return the client behind `nh.get` and its kin.

    One for the process; it has a session for each event loop that it is used on, made when the
    first request is awaited there and closed with that loop.
    """
    global _default
    if _default is None or _default.closed:
        _default = _make_default(middlewares=_default_middlewares)
    return _default


def let_all_pass(middlewares: tuple[ClientMiddlewareType, ...]) -> None:
    """Let what `nh.get` and its kin send from now on go through *middlewares*."""
    global _default_middlewares
    _default_middlewares = middlewares
    if _default is not None:
        _default.pass_through(middlewares)


def make_default_by(make: Callable[..., Client]) -> None:
    """Let *make* give the default client from now on; it takes what `Client` does."""
    global _default, _make_default
    if make is _make_default:
        return  # its cookies stay
    _make_default = make
    _default = None  # its sessions are closed silently, when nobody uses it any more


def request(method: str, url: str | URL, **options: Any) -> PendingRequest:
    """Return a request to be awaited for its `Reply`: `r = await nh.request("GET", url)`.

    `async with nh.request(…) as response` gives the core's `ClientResponse` instead, as aiohttp's
    function of this name does. Arguments as `Client.request`; those of `ClientSession` are taken,
    too, and then the request has a session of its own.

    Raises:
        TypeError: an option that there is not; the message names the nearest one.
    """
    session_names = session_argument_names() - request_option_names()
    for_session = {name: options.pop(name) for name in session_names if name in options}
    options.pop("loop", None)  # aiohttp's, of old: it is the running one
    if not for_session:
        return default_client().request(method, url, **options)
    if for_session.get("connector") is not None:
        for_session.setdefault("connector_owner", False)
    return _OneShotClient(**for_session).request(method, url, **options)


def get(url: str | URL, **options: Any) -> PendingRequest:
    """Return a GET request to be awaited for its `Reply`: `r = await nh.get(url)`.

    Options as `Client.request`: params, headers, auth, timeout and more.
    """
    return request("GET", url, **options)


def post(url: str | URL, **options: Any) -> PendingRequest:
    """Return a POST request to be awaited: `r = await nh.post(url, json={"a": 1})`."""
    return request("POST", url, **options)


def put(url: str | URL, **options: Any) -> PendingRequest:
    """Return a PUT request to be awaited: `r = await nh.put(url, json={"a": 1})`."""
    return request("PUT", url, **options)


def patch(url: str | URL, **options: Any) -> PendingRequest:
    """Return a PATCH request to be awaited; see `request`. `json=` or `data=` is its body."""
    return request("PATCH", url, **options)


def delete(url: str | URL, **options: Any) -> PendingRequest:
    """Return a DELETE request to be awaited: `r = await nh.delete(url)`; see `request`."""
    return request("DELETE", url, **options)


def head(url: str | URL, **options: Any) -> PendingRequest:
    """Return a HEAD request to be awaited, which follows no redirects unless told to."""
    options.setdefault("allow_redirects", False)
    return request("HEAD", url, **options)


def options(url: str | URL, **options: Any) -> PendingRequest:
    """Return an OPTIONS request to be awaited; see `request`."""
    return request("OPTIONS", url, **options)
