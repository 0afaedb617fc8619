"""An application mounted in another one: below a prefix, or for a domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, cast

from yarl import URL

from notebook_http.web.routing.abstract_router import AbstractRouter
from notebook_http.web.routing.domain import AbstractRuleMatching
from notebook_http.web.routing.match_info import UrlMappingMatchInfo
from notebook_http.web.routing.path_template import canonical_path
from notebook_http.web.routing.resource import AbstractResource, Resolved
from notebook_http.web.routing.route import AbstractRoute

__all__ = ["MatchedSubAppResource", "MountedApplication", "MountedRouter", "PrefixedSubAppResource"]


class MountedRouter(Protocol):
    """What mounting needs of the inner application's router."""

    @property
    def must_await(self) -> bool:
        """Whether `find` cannot tell, and `resolve` has to be awaited."""

    def add_prefix(self, prefix: str) -> None:
        """Move all resources below *prefix*."""

    def find(
        self, method: str, path: str, request: Any = None
    ) -> tuple[AbstractRoute, dict[str, str] | None]:
        """Return the route for *method* and *path*, and the path's variables."""

    def routes(self) -> Any:
        """All routes."""


class MountedApplication(Protocol):
    """What mounting needs of the inner application."""

    @property
    def router(self) -> MountedRouter:
        """The inner application's router."""


class PrefixedSubAppResource(AbstractResource):
    """Everything below *prefix* is *app*'s, also what it has no route for."""

    def __init__(self, prefix: str, app: MountedApplication) -> None:
        super().__init__()
        self._prefix = canonical_path(prefix)
        self._app = app
        app.router.add_prefix(self._prefix)

    @property
    def app(self) -> MountedApplication:
        """The mounted application."""
        return self._app

    @property
    def canonical(self) -> str:
        """The prefix, without a slash at its end."""
        return self._prefix

    def add_prefix(self, prefix: str) -> None:
        """Move the whole application below *prefix*."""
        self._prefix = prefix + self._prefix
        self._app.router.add_prefix(prefix)

    def url_for(self, *args: str, **kwargs: str) -> URL:
        """Raise RuntimeError: ask the resources of the mounted application."""
        raise RuntimeError(".url_for() is not supported by sub-application root")

    def get_info(self) -> dict[str, Any]:
        """Return ``{"app": …, "prefix": …}``."""
        return {"app": self._app, "prefix": self._prefix}

    async def resolve(self, request: Any) -> Resolved:
        """Return what the mounted application's router finds, an error too."""
        router = cast("AbstractRouter", self._app.router)
        match = cast("UrlMappingMatchInfo", await router.resolve(request))
        match.add_app(self._app)
        return match, set(getattr(match.http_exception, "allowed_methods", ()))

    def raw_match(self, prefix: str) -> bool:
        """Return False: nothing is added to it as to the resource of a path."""
        return False

    def __len__(self) -> int:
        return len(self._app.router.routes())

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(self._app.router.routes())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._prefix} -> {self._app!r}>"


class MatchedSubAppResource(PrefixedSubAppResource):
    """Every request for which *rule* holds is *app*'s, also what it has no route for."""

    def __init__(self, rule: AbstractRuleMatching, app: MountedApplication) -> None:
        AbstractResource.__init__(self)
        self._prefix = ""
        self._app = app
        self._rule = rule

    @property
    def rule(self) -> AbstractRuleMatching:
        """What has to hold."""
        return self._rule

    @property
    def canonical(self) -> str:
        """The rule as text."""
        return self._rule.canonical

    def get_info(self) -> dict[str, Any]:
        """Return ``{"app": …, "rule": …}``."""
        return {"app": self._app, "rule": self._rule}

    async def resolve(self, request: Any) -> Resolved:
        """Return what the mounted application's router finds, if the rule holds."""
        if not await self._rule.match(request):
            return None, set()
        return await super().resolve(request)

    def __repr__(self) -> str:
        return f"<MatchedSubAppResource -> {self._app!r}>"
