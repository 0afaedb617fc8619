"""`nh.ws(url)`: ask for a WebSocket."""

from __future__ import annotations

import asyncio
import inspect
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from notebook_http.client.exceptions import ConnectionTimeoutError
from notebook_http.client.middlewares.arguments import check_count
from notebook_http.notebook.argument_names import check_names
from notebook_http.notebook.batches.fetch_all import client_of
from notebook_http.notebook.configured_client import ConfiguredClient
from notebook_http.notebook.pending_call import PendingCall
from notebook_http.notebook.websockets.console import WebSocketConsole
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from types import TracebackType

    from yarl import URL

    from notebook_http.client.session import ClientSession
    from notebook_http.notebook.client import Client

__all__ = ["PendingWebSocket", "ws"]

# What the console decides itself: text is str, PINGs and goodbyes are answered.
_OWN = frozenset({"self", "url", "autoclose", "autoping", "decode_text", "receive_timeout"})
_PORT_ALONE = re.compile(r":(\d+)(?=[/?#]|$)")


def ws(
    url: str | URL,
    *,
    rows: int = 10,
    keep: int = 10_000,
    client: Client | ClientSession | None = None,
    **options: Any,
) -> PendingWebSocket:
    """Return a WebSocket to be awaited, or entered with `async with`, which closes it.

    ```python
    ws = await nh.ws("wss://example.org/prices")
    await ws.send({"subscribe": "tea"})
    await ws.receive()
    await ws.watch()    # the last messages, until Stop
    ```

    A cancel before it is open closes the connection.

    Args:
        url: ws, wss, http or https; `:3000/path` is this machine, and a path alone belongs to
            the client's `base_url`.
        rows: how many of the last messages are shown.
        keep: how many messages are kept for `.df()`, the last ones; 10,000, some MB.
        client: the `Client` or `ClientSession` to connect with; that of `nh.get` by default.
        options: those of `ClientSession.ws_connect`: headers, auth, params, protocols, origin,
            heartbeat (seconds), max_msg_size (bytes; 4 MiB), ssl … `timeout` may be seconds for
            the opening.

    Raises:
        TypeError, ValueError: an argument cannot be.
        WSServerHandshakeError: when awaited: the server opens no WebSocket.
        ClientError: or a subclass, when awaited, as for `nh.get`.
    """
    check_names("ws", options, _option_names())
    check_count("ws", "rows", rows)
    check_count("ws", "keep", keep)
    chosen = client_of(client)
    begin = partial(_open, _whole(url), rows, keep, chosen, options)
    return PendingWebSocket(begin, "nh.ws(…)", "no WebSocket was opened", WebSocketConsole)


class PendingWebSocket(PendingCall[WebSocketConsole]):
    """A WebSocket that is opened when it is awaited or entered."""

    __slots__ = ("_console",)

    def send(self, value: Any) -> Any:
        """Go on; called by asyncio, with None. `nh.ws(url).send("hello")` forgot the `await`."""
        return self.__getattr__("send") if value is not None else super().send(None)

    async def __aenter__(self) -> WebSocketConsole:
        self._console = await self
        return self._console

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._console.close()


@lru_cache(maxsize=1)
def _option_names() -> frozenset[str]:
    from notebook_http.client.session import ClientSession

    return frozenset(inspect.signature(ClientSession.ws_connect).parameters) - _OWN


def _whole(url: str | URL) -> str | URL:
    if isinstance(url, str) and _PORT_ALONE.match(url):
        return f"ws://localhost{url}"
    return url


async def _open(
    url: str | URL, rows: int, keep: int, client: Client, options: dict[str, Any]
) -> WebSocketConsole:
    session = await client.session()
    if isinstance(client, ConfiguredClient):
        options = {**client.websocket_options, **options}
    seconds = options.get("timeout")
    if not isinstance(seconds, int | float):
        return WebSocketConsole(await session.ws_connect(url, **options), url, rows, keep)
    options = {name: value for name, value in options.items() if name != "timeout"}
    try:
        async with asyncio.timeout(seconds):
            socket = await session.ws_connect(url, **options)
    except TimeoutError as error:
        text = f"No WebSocket was opened within {seconds:g} s: {mask_url(url)}"
        raise ConnectionTimeoutError(text) from error
    return WebSocketConsole(socket, url, rows, keep)
