"""Let pages of other origins read answers: the CORS protocol of the Fetch standard."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from yarl import URL

from notebook_http.web.exceptions import HTTPForbidden
from notebook_http.web.middlewares.arguments import check_count, check_names
from notebook_http.web.middlewares.outgoing_head import add_vary, before_head
from notebook_http.web.response import Response
from notebook_http.wire.head_writer import check_header, check_method

if TYPE_CHECKING:
    from notebook_http.web.request import Request
    from notebook_http.web.routing.route import Handler
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["CORSMiddleware"]

_ORIGIN = re.compile(r"[a-z][a-z0-9+.\-]*://[^/?#@\s,]+")
_SAFE_METHODS = ("GET", "HEAD", "POST")


class CORSMiddleware:
    """Says which origins may read answers, and answers preflight requests for all routes.

    Errors and streams carry the fields, too; a page could not tell what failed without them. It
    protects nothing by itself: requests of other origins reach their handlers all the same, as they
    do without it. Put it outside of an authentication, since a preflight carries no credentials.

    Args:
        origins: exact origins, ``https://app.example`` or ``http://localhost:3000``, without a
            slash at the end; ``"null"`` is one that any sandboxed page has. Or ``"*"`` for all.
        methods: that a preflight may ask for; in capitals, as routes have them.
        headers: fields of requests that a preflight may ask for, beyond those that need none.
            ``"*"`` among them is all but `Authorization`.
        expose: fields of answers that pages may read, beyond those that they always may.
        credentials: whether cookies and passwords may be sent along, and the answers read.
        max_age: seconds for which a browser may keep the answer to a preflight. 10 minutes:
            Chromium keeps none for longer than two hours, and a mistake should not last.

    Raises:
        TypeError: a text stands where a list should.
        ValueError: ``"*"`` with *credentials*: as the origins it would give every page what its
            visitor may see, elsewhere it would allow nothing. Or an origin that no browser would
            send, or what is no method and no name of a field.
    """

    def __init__(
        self,
        origins: Iterable[str],
        *,
        methods: Iterable[str] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        headers: Iterable[str] = (),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int = 600,
    ) -> None:
        self._any = origins == "*"
        if self._any and credentials:
            raise ValueError(
                "CORSMiddleware: origins='*' with credentials=True would let every page read "
                "what its visitor may see: list the origins"
            )
        if not self._any:
            check_names("CORSMiddleware", "origins", origins)
        for name, value in (("methods", methods), ("headers", headers), ("expose", expose)):
            check_names("CORSMiddleware", name, value)
        methods, headers, expose = tuple(methods), tuple(headers), tuple(expose)
        if credentials and "*" in (*methods, *headers, *expose):
            raise ValueError(
                "CORSMiddleware: with credentials=True browsers take '*' for a name like any "
                "other, and allow nothing: list the methods, headers and fields to expose"
            )
        check_count("CORSMiddleware", "max_age", max_age, least=0)
        self.origins = frozenset(() if self._any else map(_checked_origin, origins))
        self.credentials = credentials
        self._methods = ", ".join(check_method(method).upper() for method in methods)
        self._headers = ", ".join(_checked_field(name) for name in headers)
        self._expose = ", ".join(_checked_field(name) for name in expose)
        self._max_age = str(max_age)
        self._watch = before_head(self, self._add)

    def _is_allowed(self, request: Request) -> bool:
        found = request.headers.getall("Origin", ())
        return len(found) == 1 and (self._any or found[0] in self.origins)

    async def __call__(self, request: Request, handler: Handler) -> StreamResponse:
        """Answer a preflight, or let the handler answer and add the fields."""
        self._watch(request)
        headers = request.headers
        if (
            request.method != "OPTIONS"
            or "Origin" not in headers
            or "Access-Control-Request-Method" not in headers
        ):
            return await handler(request)
        if not self._is_allowed(request):
            raise HTTPForbidden(text="This origin may not ask for anything here (CORS)")
        answer = Response(status=204)
        answer.headers["Access-Control-Allow-Methods"] = self._methods
        if self._headers:
            answer.headers["Access-Control-Allow-Headers"] = self._headers
        answer.headers["Access-Control-Max-Age"] = self._max_age
        return answer

    async def _add(self, request: Request, response: StreamResponse) -> None:
        """Add what each answer says; what a handler said by itself stays."""
        fields = response.headers
        if not self._any:
            add_vary(response, "Origin")  # also without one: a cache must not mix them up
        if not self._is_allowed(request) or "Access-Control-Allow-Origin" in fields:
            return
        fields["Access-Control-Allow-Origin"] = "*" if self._any else request.headers["Origin"]
        if self.credentials:
            fields["Access-Control-Allow-Credentials"] = "true"
        if self._expose:
            fields["Access-Control-Expose-Headers"] = self._expose


def _checked_origin(origin: str) -> str:
    """Return *origin* if a browser could send it.

    Raises:
        ValueError: it could not.
    """
    wanted = origin
    if origin != "null" and _ORIGIN.fullmatch(origin) and origin.startswith("http"):
        wanted = str(URL(origin).origin())
    if wanted != origin or (origin != "null" and not _ORIGIN.fullmatch(origin)):
        raise ValueError(
            f"CORSMiddleware: no browser sends the origin {origin!r}: it is scheme and host in "
            "lower case, a port if it is not the scheme's own, and no slash at the end"
        )
    return origin


def _checked_field(name: str) -> str:
    check_header(name, "")
    return name
