"""A request that can be awaited, or entered with `async with`."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from yarl import URL

    from notebook_http.client.response import ClientResponse

__all__ = ["RequestContextManager", "SessionRequestContextManager"]


class RequestContextManager(Coroutine[Any, Any, "ClientResponse"]):
    """What `session.get(…)` returns: `await` it, or use it in `async with`.

    Nothing is sent before that.
    """

    __slots__ = ("_coroutine", "_response")

    def __init__(self, coroutine: Coroutine[Any, Any, ClientResponse]) -> None:
        self._coroutine = coroutine
        self._response: ClientResponse | None = None

    def send(self, value: Any) -> Any:
        """Run the request's next step. Called by the event loop."""
        return self._coroutine.send(value)

    def throw(self, *exception: Any) -> Any:
        """Raise an exception in the request. Called by the event loop."""
        return self._coroutine.throw(*exception)

    def close(self) -> None:
        """Give the request up."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, ClientResponse]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> ClientResponse:
        self._response = response = await self._coroutine
        return await response.__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        response = self._response
        if response is not None:
            self._response = None
            await response.__aexit__(exc_type, exc_value, traceback)


class OwnedSession(Protocol):
    """What `SessionRequestContextManager` needs of a session."""

    def request(self, method: str, url: str | URL, **options: Any) -> RequestContextManager:
        """Return the request."""

    async def close(self) -> None:
        """Close the session."""


class SessionRequestContextManager(RequestContextManager):
    """A request with a session of its own, which closes when the block is left.

    Awaited without a block, the response is read whole first, since its connection closes then.
    """

    __slots__ = ("_session",)

    def __init__(
        self, method: str, url: str | URL, options: dict[str, Any], session: OwnedSession
    ) -> None:
        super().__init__(session.request(method, url, **options))
        self._session = session

    def __await__(self) -> Generator[Any, Any, ClientResponse]:
        return self._read_whole().__await__()

    async def __aenter__(self) -> ClientResponse:
        try:
            return await super().__aenter__()
        except BaseException:
            await self._session.close()
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(exc_type, exc_value, traceback)
        finally:
            await self._session.close()

    async def _read_whole(self) -> ClientResponse:
        try:
            response = await self._coroutine
            await response.read()
        finally:
            await self._session.close()
        return response
