"""Write one line for each request, with no secret in it."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING

from notebook_http.client.middlewares.answer_end import on_answer_end
from notebook_http.wire.secrets import mask_text, mask_url

if TYPE_CHECKING:
    from notebook_http.client.exchange import Exchange
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["LoggingMiddleware"]


class LoggingMiddleware:
    """Logs each request when it has ended: ``GET http://host/path 200 in 12.3 ms, 2,048 bytes``.

    The time runs from the middleware to the last byte of the body, and the bytes are those that
    came, before decoding. So the line is written when the answer is whole, or was given back
    (``… bytes, not whole``). A request that failed is logged at WARNING with its error, one that
    was cancelled as such. Redirects are requests, and have lines of their own.

    In URLs and error texts, passwords, tokens and the like are shown by their length only:
    ``?token=•••• (len 40)``. Headers and bodies are never logged.

    Args:
        logger: where the lines go; default is `notebook_http.client`.
        level: of the lines about answers; `logging.INFO`.
    """

    def __init__(self, logger: logging.Logger | None = None, *, level: int = logging.INFO) -> None:
        self.logger = logging.getLogger("notebook_http.client") if logger is None else logger
        self.level = level

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Ask, and see to the line."""
        began = perf_counter()
        # Now: whoever comes behind may send it elsewhere.
        asked = f"{request.method} {mask_url(request.url)}"
        try:
            response = await handler(request)
        except BaseException as error:
            self._log_failure(asked, error, began)
            raise
        if self.logger.isEnabledFor(self.level):
            status = response.status
            on_answer_end(response, lambda exchange: self._log(asked, status, exchange, began))
        return response

    def _log(self, asked: str, status: int, exchange: Exchange, began: float) -> None:
        self.logger.log(
            self.level,
            "%s %d in %.1f ms, %s bytes%s",
            asked,
            status,
            (perf_counter() - began) * 1000,
            f"{exchange.received_size:,}",
            "" if exchange.completed else ", not whole",
        )

    def _log_failure(self, asked: str, error: BaseException, began: float) -> None:
        milliseconds = (perf_counter() - began) * 1000
        if isinstance(error, asyncio.CancelledError):
            self.logger.log(self.level, "%s cancelled after %.1f ms", asked, milliseconds)
            return
        # One line, whatever the error says.
        text = " ".join(mask_text(str(error)).split())
        name = type(error).__name__
        self.logger.warning("%s failed after %.1f ms: %s: %s", asked, milliseconds, name, text)
