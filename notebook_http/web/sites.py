"""Sites: where a runner listens."""

from __future__ import annotations

import asyncio
import os
import socket
import warnings
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from yarl import URL

from notebook_http.transport.listener import (
    Listening,
    ListenOptions,
    listen_pipe,
    listen_socket,
    listen_tcp,
    listen_unix,
    stop_listening,
)
from notebook_http.web.runner import BaseRunner

if TYPE_CHECKING:
    import ssl

    from notebook_http.web.server import Server

__all__ = ["BaseSite", "NamedPipeSite", "SockSite", "TCPSite", "UnixSite"]


class BaseSite(ABC):
    """A place where a runner listens.

    Args:
        runner: a runner that was set up.
        shutdown_timeout: deprecated, with a warning: the runner's, which it sets.
        ssl_context: certificate and key for TLS, or None for plain text.
        backlog: connections that the kernel keeps until they are accepted.
    """

    def __init__(
        self,
        runner: BaseRunner,
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        if runner.server is None:
            raise RuntimeError("Call runner.setup() before making a site")
        if shutdown_timeout != 60.0:
            message = "shutdown_timeout should be set on BaseRunner"
            warnings.warn(message, DeprecationWarning, stacklevel=3)
            runner.shutdown_timeout = shutdown_timeout
        self._runner = runner
        self._options = ListenOptions(ssl_context=ssl_context, backlog=backlog)
        self._listener: Listening | None = None

    def __repr__(self) -> str:
        state = "listening" if self._listener is not None else "not started"
        return f"<{type(self).__name__} {self.name} {state}>"

    @property
    @abstractmethod
    def name(self) -> str:
        """Where it listens, as a URL."""

    @property
    def _scheme(self) -> str:
        return "http" if self._options.ssl_context is None else "https"

    @property
    def addresses(self) -> list[Any]:
        """The sockets' own addresses; empty when it does not listen."""
        listener = self._listener
        return [] if listener is None else [sock.getsockname() for sock in listener.sockets]

    async def start(self) -> None:
        """Listen. After an error or a cancel nothing is bound.

        Raises:
            OSError: the address cannot be had; the text says what to try.
            RuntimeError: it listens already, or the runner was cleaned up.
        """
        self._runner.register_site(self)
        try:
            server = self._runner.server
            if server is None:
                raise RuntimeError("the runner was cleaned up")
            # A handshake comes in front of a head, and may take as long.
            seconds = server.settings.head_timeout or None
            self._options = replace(self._options, handshake_timeout=seconds)
            self._listener = await self._listen(server)
        except BaseException:
            self._runner.unregister_site(self)
            raise

    @abstractmethod
    async def _listen(self, server: Server) -> Listening | None:
        """Return the listening server; None where it is none of asyncio's."""

    async def stop(self) -> None:
        """Stop listening; connections go on. A cancel stops it all the same.

        Raises:
            RuntimeError: it does not listen.
        """
        self._runner.unregister_site(self)
        listener, self._listener = self._listener, None
        if listener is not None:
            await stop_listening(listener)


class TCPSite(BaseSite):
    """A site on a TCP port.

    Args:
        runner: a runner that was set up.
        host: an address or a name; None for all interfaces.
        port: None for 8080, with TLS 8443; 0 for any free one. Digits will do, as they come from
            an environment variable.
        shutdown_timeout: deprecated, with a warning: the runner's, which it sets.
        ssl_context: certificate and key for TLS, or None for plain text.
        backlog: connections that the kernel keeps until they are accepted.
        reuse_address: see `ListenOptions`.
        reuse_port: see `ListenOptions`.
    """

    def __init__(
        self,
        runner: BaseRunner,
        host: str | None = None,
        port: int | None = None,
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
        reuse_address: bool | None = None,
        reuse_port: bool | None = None,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        self._options = replace(self._options, reuse_address=reuse_address, reuse_port=reuse_port)
        self._host = host
        if port is None:
            port = 8080 if ssl_context is None else 8443
        self._port = int(port)

    @property
    def port(self) -> int:
        """The port; the one that was found free, once it listens."""
        addresses = self.addresses
        return addresses[0][1] if not self._port and addresses else self._port

    @property
    def name(self) -> str:
        """Where it listens, as a URL."""
        return str(URL.build(scheme=self._scheme, host=self._host or "0.0.0.0", port=self.port))

    async def _listen(self, server: Server) -> Listening:
        return await listen_tcp(server, self._host, self._port, self._options)


class UnixSite(BaseSite):
    """A site on a Unix socket.

    Args:
        runner: a runner that was set up.
        path: path of the socket.
        shutdown_timeout: deprecated, with a warning: the runner's, which it sets.
        ssl_context: certificate and key for TLS, or None for plain text.
        backlog: connections that the kernel keeps until they are accepted.
    """

    def __init__(
        self,
        runner: BaseRunner,
        path: str | os.PathLike[str],
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        self._path = path

    @property
    def name(self) -> str:
        """Where it listens, as a URL."""
        return f"{self._scheme}://unix:{os.fspath(self._path)}:"

    async def _listen(self, server: Server) -> Listening:
        return await listen_unix(server, self._path, self._options)


class NamedPipeSite(BaseSite):
    r"""A site on a named pipe of Windows.

    Args:
        runner: a runner that was set up.
        path: path of the pipe, as in ``r"\\.\pipe\name"``.
        shutdown_timeout: deprecated, with a warning: the runner's, which it sets.

    Raises:
        RuntimeError: the running loop is not the proactor of Windows, which alone has pipes.
    """

    def __init__(self, runner: BaseRunner, path: str, *, shutdown_timeout: float = 60.0) -> None:
        if not hasattr(asyncio.get_running_loop(), "start_serving_pipe"):
            raise RuntimeError(
                "Named Pipes only available in proactor loop under windows: elsewhere "
                "web.UnixSite does the same"
            )
        super().__init__(runner, shutdown_timeout=shutdown_timeout)
        self._path = path
        self._pipe: Any = None

    @property
    def name(self) -> str:
        """The path of the pipe."""
        return self._path

    async def _listen(self, server: Server) -> None:
        self._pipe = await listen_pipe(server, self._path)

    async def stop(self) -> None:
        """Stop listening; connections go on.

        Raises:
            RuntimeError: it does not listen.
        """
        await super().stop()
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()


class SockSite(BaseSite):
    """A site on a socket that is there already.

    Args:
        runner: a runner that was set up.
        sock: a bound socket; the site owns it once started.
        shutdown_timeout: deprecated, with a warning: the runner's, which it sets.
        ssl_context: certificate and key for TLS, or None for plain text.
        backlog: connections that the kernel keeps until they are accepted.
    """

    def __init__(
        self,
        runner: BaseRunner,
        sock: socket.socket,
        *,
        shutdown_timeout: float = 60.0,
        ssl_context: ssl.SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        self._sock = sock
        if hasattr(socket, "AF_UNIX") and sock.family == socket.AF_UNIX:
            self._name = f"{self._scheme}://unix:{sock.getsockname()}:"
        else:
            host, port = sock.getsockname()[:2]
            self._name = str(URL.build(scheme=self._scheme, host=host, port=port))

    @property
    def name(self) -> str:
        """Where it listens, as a URL."""
        return self._name

    async def _listen(self, server: Server) -> Listening:
        return await listen_socket(server, self._sock, self._options)
