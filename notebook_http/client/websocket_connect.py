"""`ClientSession.ws_connect`: ask a server for a WebSocket, and check what it answers."""

from __future__ import annotations

import warnings
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from multidict import CIMultiDict

from notebook_http import hdrs

if TYPE_CHECKING:
    from collections.abc import Generator
    from ssl import SSLContext
    from types import TracebackType

    from yarl import URL

    from notebook_http.client.request_options import LooseHeaders, Query
    from notebook_http.client.response import ClientResponse
    from notebook_http.client.response_errors import WSServerHandshakeError
    from notebook_http.client.websocket_response import ClientWebSocketResponse
    from notebook_http.transport.tls import TlsSetting
    from notebook_http.transport.websocket_settings import SessionSettings
    from notebook_http.wire.credentials import BasicAuth
    from notebook_http.wire.websocket_deflate import DeflateSettings

__all__ = ["ClientWSTimeout", "WebSocketConnecting", "WebSocketContextManager"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ClientWSTimeout:
    """Seconds that a WebSocket waits; None for no limit.

    Attributes:
        ws_receive: for the next message.
        ws_close: for the server to answer a close.
    """

    ws_receive: float | None = None
    ws_close: float | None = None


# A server that is alive answers a close at once. aiohttp waits as long.
DEFAULT_WS_TIMEOUT = ClientWSTimeout(ws_receive=None, ws_close=10.0)
DEFAULT_MAX_MSG_SIZE = 4 * 1024 * 1024


class WebSocketContextManager(Coroutine[Any, Any, "ClientWebSocketResponse[bool]"]):
    """What `ws_connect` returns: `await` it, or use it in `async with`, which closes it."""

    __slots__ = ("_coroutine", "_socket")

    def __init__(self, coroutine: Coroutine[Any, Any, ClientWebSocketResponse[bool]]) -> None:
        self._coroutine = coroutine
        self._socket: ClientWebSocketResponse[bool] | None = None

    def send(self, value: Any) -> Any:
        """Run the next step. Called by the event loop."""
        return self._coroutine.send(value)

    def throw(self, *exception: Any) -> Any:
        """Raise an exception in it. Called by the event loop."""
        return self._coroutine.throw(*exception)

    def close(self) -> None:
        """Give it up."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, ClientWebSocketResponse[bool]]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> ClientWebSocketResponse[bool]:
        self._socket = await self._coroutine
        return self._socket

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()


class WebSocketConnecting:
    """The WebSockets of a session; derive and override `_call`."""

    _ws_response_class: type[ClientWebSocketResponse[bool]] | None = None

    def _call(
        self, method: str, url: str | URL, given: dict[str, Any]
    ) -> Coroutine[Any, Any, ClientResponse]:
        raise NotImplementedError

    def ws_connect(
        self,
        url: str | URL,
        *,
        method: str = "GET",
        protocols: Iterable[str] = (),
        timeout: ClientWSTimeout | float | None = DEFAULT_WS_TIMEOUT,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        auth: BasicAuth | None = None,
        origin: str | None = None,
        params: Query | None = None,
        headers: LooseHeaders | None = None,
        proxy: str | URL | None = None,
        proxy_auth: BasicAuth | None = None,
        ssl: TlsSetting = True,
        verify_ssl: bool | None = None,
        fingerprint: bytes | None = None,
        ssl_context: SSLContext | None = None,
        server_hostname: str | None = None,
        proxy_headers: LooseHeaders | None = None,
        compress: int = 0,
        max_msg_size: int = DEFAULT_MAX_MSG_SIZE,
        decode_text: bool = True,
    ) -> WebSocketContextManager:
        """Return a WebSocket to be awaited or entered with `async with`.

        A cancel before it is open closes the connection.

        Args:
            url: ws, wss, http or https; absolute, or relative to the session's `base_url`.
            method: of the handshake's request.
            protocols: sub-protocols to offer, the preferred one first.
            timeout: a `ClientWSTimeout`; 10 s for the server to answer a close by default. A
                number, or None, is an older way to say `ClientWSTimeout(ws_close=…)`.
            receive_timeout: older name for `ClientWSTimeout(ws_receive=…)`.
            autoclose: answer the server's close when it is received.
            autoping: answer PINGs as they come; PING and PONG are not received then.
            heartbeat: seconds of silence after which the server is pinged; half as many later
                the connection is given up.
            auth: sent as Basic credentials.
            origin: the value of `Origin`.
            params: added to the URL's query.
            headers: on top of the session's.
            proxy: URL of the proxy to go through.
            proxy_auth: credentials for the proxy.
            ssl: how the server is verified; see `RequestOptions`.
            verify_ssl: older name for `ssl=False`.
            fingerprint: older name for `ssl=Fingerprint(…)`.
            ssl_context: older name for a context in *ssl*.
            server_hostname: the name that the certificate must show instead of the URL's host.
            proxy_headers: sent to the proxy when it is asked for a tunnel.
            compress: 0, or the bits of the window to offer compression with: 15, or 9 to 14.
            max_msg_size: bytes of a message that is received, after inflating; 0 for no limit.
            decode_text: False leaves TEXT messages as bytes, unchecked.

        Raises, when awaited:
            WSServerHandshakeError: the server does not open a WebSocket. Its status is there.
            ClientError: or a subclass, as for `request`.
            ValueError: *compress* is no size of a window, or *max_msg_size* is negative.
            TypeError: an argument is of the wrong type.
        """
        given = {
            "auth": auth,
            "params": params,
            "proxy": proxy,
            "proxy_auth": proxy_auth,
            "proxy_headers": proxy_headers,
            "ssl": ssl,
            "verify_ssl": verify_ssl,
            "fingerprint": fingerprint,
            "ssl_context": ssl_context,
            "server_hostname": server_hostname,
            # Also what makes the connection wait, after a 101, for somebody to take it over.
            "read_until_eof": False,
        }
        return WebSocketContextManager(
            _connect(
                self,
                method.upper(),
                url,
                {name: value for name, value in given.items() if value is not None},
                headers=headers,
                origin=origin,
                protocols=tuple(protocols),
                timeout=_as_ws_timeout(timeout, receive_timeout),
                compress=compress,
                behaviour={
                    "autoping": autoping,
                    "autoclose": autoclose,
                    "heartbeat": heartbeat,
                    "max_msg_size": max_msg_size,
                    "decode_text": decode_text,
                },
            )
        )


def _as_ws_timeout(
    timeout: ClientWSTimeout | float | None, receive_timeout: float | None
) -> ClientWSTimeout:
    if not isinstance(timeout, ClientWSTimeout):
        warnings.warn(
            "parameter 'timeout' of type 'float' is deprecated, please use "
            "'timeout=ClientWSTimeout(ws_close=...)'",
            DeprecationWarning,
            stacklevel=3,
        )
        timeout = ClientWSTimeout(ws_close=timeout)
    if receive_timeout is not None:
        warnings.warn(
            "float parameter 'receive_timeout' is deprecated, please use parameter "
            "'timeout=ClientWSTimeout(ws_receive=...)'",
            DeprecationWarning,
            stacklevel=3,
        )
        timeout = ClientWSTimeout(receive_timeout, timeout.ws_close)
    for name in ("ws_receive", "ws_close"):
        seconds = getattr(timeout, name)
        if not isinstance(seconds, (int, float, type(None))):
            text = f"ClientWSTimeout.{name} is seconds or None, not {type(seconds).__name__}"
            raise TypeError(text)
    return timeout


async def _connect(
    client: WebSocketConnecting,
    method: str,
    url: str | URL,
    given: dict[str, Any],
    *,
    headers: LooseHeaders | None,
    origin: str | None,
    protocols: tuple[str, ...],
    timeout: ClientWSTimeout,
    compress: int,
    behaviour: dict[str, Any],
) -> ClientWebSocketResponse[bool]:
    """Ask, check the answer, and take the connection over."""
    from notebook_http.client.exceptions import ServerTimeoutError
    from notebook_http.client.websocket_response import ClientWebSocketResponse
    from notebook_http.transport.websocket_settings import SessionSettings, check_behaviour
    from notebook_http.wire.websocket_handshake import choose_protocol, split_list

    check_behaviour(**behaviour)
    sent = _handshake_headers(headers, origin, protocols, compress)
    response = await client._call(method, url, {**given, "headers": sent})
    try:
        agreed = _checked(response, sent)
        settings = SessionSettings(
            is_client=True,
            deflate=agreed,
            close_seconds=timeout.ws_close,
            no_pong=ServerTimeoutError,
            **behaviour,
        )
        chosen = split_list(response.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, ""))
        session = _take_over(response, settings)
    except BaseException:
        response.close()
        raise
    made = client._ws_response_class or ClientWebSocketResponse
    try:
        return made(
            session,
            response,
            settings,
            protocol=choose_protocol(chosen, protocols),
            receive_timeout=timeout.ws_receive,
        )
    except BaseException:  # of a `ws_response_class`
        session.abort()
        raise


def _handshake_headers(
    given: LooseHeaders | None, origin: str | None, protocols: tuple[str, ...], compress: int
) -> CIMultiDict[str]:
    """Return the headers of the request (RFC 6455 §4.1)."""
    from notebook_http.wire.websocket_deflate import deflate_offer
    from notebook_http.wire.websocket_handshake import VERSION, format_extension, new_key

    headers: CIMultiDict[str] = CIMultiDict(given or ())
    headers.setdefault(hdrs.UPGRADE, "websocket")
    headers.setdefault(hdrs.CONNECTION, "Upgrade")
    headers.setdefault(hdrs.SEC_WEBSOCKET_VERSION, VERSION)
    headers[hdrs.SEC_WEBSOCKET_KEY] = new_key()
    if protocols:
        headers[hdrs.SEC_WEBSOCKET_PROTOCOL] = ",".join(protocols)
    if origin is not None:
        headers[hdrs.ORIGIN] = origin
    if compress:
        headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = format_extension(deflate_offer(int(compress)))
    return headers


def _checked(response: ClientResponse, sent: CIMultiDict[str]) -> DeflateSettings | None:
    """Return what was agreed on compression.

    Raises:
        WSServerHandshakeError: the answer opens no WebSocket (RFC 6455 §4.1).
    """
    from notebook_http.wire.websocket_deflate import read_deflate_answer
    from notebook_http.wire.websocket_handshake import (
        HandshakeError,
        accept_key,
        parse_extensions,
        split_list,
    )

    got = response.headers
    if response.status != 101:
        raise _refused(response, "Invalid response status")
    if got.get(hdrs.UPGRADE, "").lower() != "websocket":
        raise _refused(response, "Invalid upgrade header")
    tokens = split_list(",".join(got.getall(hdrs.CONNECTION, ())).lower())
    if "upgrade" not in tokens:
        raise _refused(response, "Invalid connection header")
    if got.get(hdrs.SEC_WEBSOCKET_ACCEPT, "") != accept_key(sent[hdrs.SEC_WEBSOCKET_KEY]):
        raise _refused(response, "Invalid challenge response")
    answer = ", ".join(got.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, ()))
    offered = "permessage-deflate" in sent.get(hdrs.SEC_WEBSOCKET_EXTENSIONS, "")
    try:
        return read_deflate_answer(parse_extensions(answer), offered)
    except HandshakeError as error:
        raise _refused(response, str(error)) from error


def _take_over(response: ClientResponse, settings: SessionSettings) -> Any:
    """Return the session that goes on with the connection of *response*."""
    import asyncio

    from notebook_http.client.connection import ClientConnection
    from notebook_http.client.exceptions import ServerDisconnectedError
    from notebook_http.transport.websocket_session import WebSocketSession

    connection = response.connection
    if not isinstance(connection, ClientConnection):
        text = f"The server closed the connection right after the handshake of {response.url}"
        raise ServerDisconnectedError(text)
    loop = asyncio.get_running_loop()
    session = WebSocketSession(loop, settings, connection.connection_lost)
    try:
        connection.hand_over(response._exchange, session)
    except BaseException:
        connection.abort()
        raise
    return session


def _refused(response: ClientResponse, why: str) -> WSServerHandshakeError:
    from notebook_http.client.response_errors import WSServerHandshakeError

    return WSServerHandshakeError(
        response.request_info,
        response.history,
        message=why,
        status=response.status,
        headers=response.headers,
    )
