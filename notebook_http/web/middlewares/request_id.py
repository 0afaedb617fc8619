"""Give each request an id: in its answer, for its handler, and in what is logged meanwhile."""

from __future__ import annotations

import re
from contextvars import ContextVar
from logging import Filter, LogRecord
from secrets import token_hex
from typing import TYPE_CHECKING

from notebook_http.web.app_key import RequestKey
from notebook_http.web.middlewares.outgoing_head import before_head
from notebook_http.wire.head_writer import check_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_http.web.request import Request
    from notebook_http.web.routing.route import Handler
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["REQUEST_ID", "RequestIdFilter", "RequestIdMiddleware", "current_request_id"]

REQUEST_ID: RequestKey[str] = RequestKey("request_id", str)

# What UUIDs, ULIDs, trace ids and the like are made of. Nothing in it ends a log line, closes a
# quote or names a file elsewhere, and no client fills the log with it.
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,127}")

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the id of the request that is being answered here, or None outside of one."""
    return _current.get()


class RequestIdFilter(Filter):
    """Gives each log record a `request_id`, ``-`` outside of a request; it lets all of them pass.

    ```python
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(logging.Formatter("%(request_id)s %(message)s"))
    ```
    """

    def filter(self, record: LogRecord) -> bool:
        """Add the id."""
        record.request_id = _current.get() or "-"
        return True


class RequestIdMiddleware:
    """Puts an id under `request[REQUEST_ID]`, `current_request_id()` and a field of the answer.

    Args:
        header: where the client's, or a proxy's, own id is looked for, and the answer's is put.
        trust: take what came there, if it is at most 128 letters, digits, dots, dashes and
            underscores. Otherwise, and without *trust*, the id is made here.
        make: returns a new id; 128 random bits in hexadecimal by default.

    Raises:
        ValueError: *header* is no name of a field.
    """

    def __init__(
        self,
        header: str = "X-Request-ID",
        *,
        trust: bool = True,
        make: Callable[[], str] = lambda: token_hex(16),
    ) -> None:
        check_header(header, "")
        self.header = header
        self.trust = trust
        self.make = make
        self._watch = before_head(self, self._add)

    async def __call__(self, request: Request, handler: Handler) -> StreamResponse:
        """Settle the id, and let the handler answer."""
        given = request.headers.get(self.header, "") if self.trust else ""
        name = given if _SANE.fullmatch(given) else self.make()
        request[REQUEST_ID] = name
        # Not reset: the context is this request's own, and its access log line comes later.
        _current.set(name)
        self._watch(request)
        return await handler(request)

    async def _add(self, request: Request, response: StreamResponse) -> None:
        response.headers[self.header] = request[REQUEST_ID]
