"""What an application asks of a router, and of what that found: to be derived from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.web.exceptions import HTTPException
    from notebook_http.web.routing.route import ExpectHandler, Handler

__all__ = ["AbstractMatchInfo", "AbstractRouter"]


class AbstractRouter(ABC):
    """A router: finds the handler of a request."""

    def __init__(self) -> None:
        self._frozen = False

    def post_init(self, app: object) -> None:  # noqa: B027 - a hook, not a duty
        """Nothing calls it, as nothing does in aiohttp: for routers that call it on each other."""

    @property
    def frozen(self) -> bool:
        """Whether nothing can be added any more."""
        return self._frozen

    def freeze(self) -> None:
        """Forbid further changes; called when the application starts."""
        self._frozen = True

    @abstractmethod
    async def resolve(self, request: Any) -> AbstractMatchInfo:
        """Return the match of *request*: with an `http_exception` when there is none."""


class AbstractMatchInfo(ABC):
    """What a router found for a request."""

    __slots__ = ()

    @property
    @abstractmethod
    def handler(self) -> Handler:
        """The coroutine function that answers, without middlewares."""

    @property
    @abstractmethod
    def expect_handler(self) -> ExpectHandler:
        """Who answers an ``Expect`` field."""

    @property
    @abstractmethod
    def http_exception(self) -> HTTPException | None:
        """The error when nothing matched (404, 405), else None."""

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """Return a description for people and debuggers."""

    @property
    @abstractmethod
    def apps(self) -> tuple[Any, ...]:
        """The applications, from the outermost to the one that owns the route."""

    @abstractmethod
    def add_app(self, app: Any) -> None:
        """Put *app* around those that are there."""

    @abstractmethod
    def freeze(self) -> None:
        """Forbid further `add_app` calls."""
