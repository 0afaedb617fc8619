"""What others may ask a connection about: its socket and its settings, in aiohttp's words."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from notebook_http.web.answering_connection import AnsweringConnection

if TYPE_CHECKING:
    import ssl

__all__ = ["HandlerAttributes"]


class HandlerAttributes(AnsweringConnection):
    """A connection that tells of itself. All of it is looked up when asked for."""

    __slots__ = ()

    @property
    def connected(self) -> bool:
        """Whether the client is there, as far as is known."""
        return self.transport is not None

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context of the connection, or None for plain text and once it is lost."""
        context: ssl.SSLContext | None = self.get_extra_info("sslcontext")
        return context

    @property
    def sockname(self) -> Any:
        """The server's own address on this connection, or None once it is lost."""
        return self.get_extra_info("sockname")

    @property
    def keepalive_timeout(self) -> float:
        """Seconds that the connection may idle."""
        return self.settings.keepalive_timeout

    @property
    def max_line_size(self) -> int:
        """Bytes that a request target may have."""
        return self.settings.max_line_size

    @property
    def max_field_size(self) -> int:
        """Bytes that a header field may have."""
        return self.settings.max_field_size

    @property
    def max_headers(self) -> int:
        """Header fields that a request may have."""
        return self.settings.max_headers

    @property
    def debug(self) -> bool:
        """Whether answers may tell what failed."""
        return self.settings.debug

    @property
    def logger(self) -> logging.Logger:
        """Where failures of handlers are written."""
        return self.settings.logger

    @property
    def access_log(self) -> logging.Logger | None:
        """Where the access log goes; None for no access log."""
        return self.settings.access_log

    def log_debug(self, *args: Any, **kw: Any) -> None:
        """Write to the server's log at level DEBUG, if the server is in debug mode."""
        if self.debug:
            self.logger.debug(*args, **kw)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Write to the server's log at level ERROR, with the exception that is being handled."""
        self.logger.exception(*args, **kw)
