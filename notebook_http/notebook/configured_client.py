"""The default client with the settings of `%config NotebookHTTP`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http.notebook.client import Client

if TYPE_CHECKING:
    from yarl import URL

    from notebook_http.client.response import ClientResponse
    from notebook_http.notebook.reply import Reply

__all__ = ["ConfiguredClient"]


class ConfiguredClient(Client):
    """A client whose requests have options of their own, where they do not say otherwise."""

    __slots__ = ("_options",)

    def __init__(self, options: dict[str, Any], **session_arguments: Any) -> None:
        super().__init__(**session_arguments)
        self._options = options

    @property
    def websocket_options(self) -> dict[str, Any]:
        """Those of its options that a WebSocket takes, too."""
        return {name: self._options[name] for name in ("ssl",) if name in self._options}

    async def fetch(self, method: str, url: str | URL, options: dict[str, Any]) -> Reply:
        """Send a request and return its reply; as `Client.fetch`."""
        return await super().fetch(method, url, {**self._options, **options})

    async def open(self, method: str, url: str | URL, options: dict[str, Any]) -> ClientResponse:
        """Send a request and return its response; as `Client.open`."""
        return await super().open(method, url, {**self._options, **options})
