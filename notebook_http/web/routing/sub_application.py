"""An application mounted below a prefix of another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from yarl import URL

from notebook_http.web.routing.path_template import canonical_path
from notebook_http.web.routing.resource import AbstractResource
from notebook_http.web.routing.route import AbstractRoute

__all__ = ["MountedApplication", "MountedRouter", "PrefixedSubAppResource"]


class MountedRouter(Protocol):
    """What mounting needs of the inner application's router."""

    def add_prefix(self, prefix: str) -> None:
        """Move all resources below *prefix*."""

    def find(self, method: str, path: str) -> tuple[AbstractRoute, dict[str, str] | None]:
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

    def raw_match(self, path: str) -> bool:
        """Tell whether *path* is the prefix."""
        return path == self._prefix

    def __len__(self) -> int:
        return len(self._app.router.routes())

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(self._app.router.routes())

    def __repr__(self) -> str:
        return f"<PrefixedSubAppResource {self._prefix} -> {self._app!r}>"
