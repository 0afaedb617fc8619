"""What a router found for a request: the values of the path's variables, and the route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.web.routing.abstract_router import AbstractMatchInfo
from notebook_http.web.routing.route import (
    AbstractRoute,
    ExpectHandler,
    Handler,
    ResourceRoute,
    SystemRoute,
)

if TYPE_CHECKING:
    from notebook_http.web.exceptions import HTTPException

__all__ = ["MatchInfoError", "UrlMappingMatchInfo", "match_info_of"]


class UrlMappingMatchInfo(dict[str, str], AbstractMatchInfo):
    """The path's variables as a dictionary, with the route that matched.

    Args:
        match_dict: decoded values, by name.
        route: what matched; a `SystemRoute` when nothing did.
        apps: the applications from the outermost to the one that owns the route. They are typed
            loosely because applications are built from routes, not the other way round.
    """

    __slots__ = ("_apps", "_current_app", "_frozen", "_route")

    def __init__(
        self, match_dict: dict[str, str], route: AbstractRoute, apps: tuple[Any, ...] = ()
    ) -> None:
        self.update(match_dict)
        self._route = route
        self._apps = apps
        self._current_app: Any = apps[-1] if apps else None
        self._frozen = False

    def __repr__(self) -> str:
        return f"<MatchInfo {super().__repr__()}: {self._route}>"

    @property
    def handler(self) -> Handler:
        """The coroutine function that answers, without middlewares."""
        return self._route.handler

    @property
    def route(self) -> AbstractRoute:
        """The route that matched."""
        return self._route

    @property
    def expect_handler(self) -> ExpectHandler:
        """Who answers an ``Expect`` field."""
        return self._route.handle_expect_header

    @property
    def http_exception(self) -> HTTPException | None:
        """The error when nothing matched (404, 405), else None."""
        return None

    def get_info(self) -> dict[str, Any]:
        """Return the description of the route."""
        return self._route.get_info()

    @property
    def apps(self) -> tuple[Any, ...]:
        """The applications, from the outermost to the one that owns the route."""
        return self._apps

    def add_app(self, app: Any) -> None:
        """Put *app* around those that are there.

        Raises:
            RuntimeError: the match is frozen.
        """
        if self._frozen:
            raise RuntimeError("Cannot change apps stack after .freeze() call")
        if self._current_app is None:
            self._current_app = app
        self._apps = (app, *self._apps)

    @property
    def current_app(self) -> Any:
        """The application whose middlewares or handler run now."""
        return self._current_app

    @current_app.setter
    def current_app(self, app: Any) -> None:
        if app not in self._apps:
            raise RuntimeError(f"Expected one of the following apps {[*self._apps]}, got {app!r}")
        self._current_app = app

    def freeze(self) -> None:
        """Forbid further `add_app` calls."""
        self._frozen = True


class MatchInfoError(UrlMappingMatchInfo):
    """No match: its handler raises the error that says so.

    Args:
        http_exception: 404 or 405.
        apps: see `UrlMappingMatchInfo`.
    """

    __slots__ = ("_exception",)

    def __init__(self, http_exception: HTTPException, apps: tuple[Any, ...] = ()) -> None:
        super().__init__({}, SystemRoute(http_exception), apps)
        self._exception = http_exception

    @property
    def http_exception(self) -> HTTPException:
        """The error."""
        return self._exception

    def __repr__(self) -> str:
        return f"<MatchInfoError {self._exception.status}: {self._exception.reason}>"


def match_info_of(
    values: dict[str, str] | None, route: AbstractRoute, apps: tuple[Any, ...], current_app: Any
) -> UrlMappingMatchInfo:
    """Return what `UrlDispatcher.find` found as a match, frozen."""
    match_info: UrlMappingMatchInfo
    # Of an abstract class it takes 0.3 µs to say that something is no instance.
    if route.__class__ is not ResourceRoute and isinstance(route, SystemRoute):
        match_info = MatchInfoError(route.http_exception, apps)
    else:
        match_info = UrlMappingMatchInfo(values or {}, route, apps)
    match_info._current_app = current_app
    match_info._frozen = True
    return match_info
