"""A middleware that leads to a path from one that differs in its slashes only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from notebook_http.web.exceptions import HTTPMove, HTTPPermanentRedirect
from notebook_http.web.pipeline import Middleware, mark_middleware
from notebook_http.web.routing.route import Handler

if TYPE_CHECKING:
    from notebook_http.web.request import Request
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["normalize_path_middleware"]


def normalize_path_middleware(
    *,
    append_slash: bool = True,
    remove_slash: bool = False,
    merge_slashes: bool = True,
    redirect_class: type[HTTPMove] = HTTPPermanentRedirect,
) -> Middleware:
    """Return a middleware that redirects where another spelling of the path has a route.

    A path that has a route is left alone. Tried in this order, until one has: slashes merged; a
    slash appended or removed at the end; both. The query stays. What is redirected to is always a
    path of this server: it begins with one slash (CVE-2021-21330) and holds no backslash, which
    browsers take for one.

    Args:
        append_slash: whether ``/a`` may lead to ``/a/``.
        remove_slash: whether ``/a/`` may lead to ``/a``.
        merge_slashes: whether ``//a//b`` may lead to ``/a/b``.
        redirect_class: what is raised; 308 keeps method and body.

    Raises:
        AssertionError: a slash is to be both appended and removed. The caller erred.
    """
    if append_slash and remove_slash:
        raise AssertionError("Cannot both remove and append slash")

    def spellings(path: str) -> Iterator[str]:
        merged = re.sub("/{2,}", "/", path)
        ends_with_slash = path.endswith("/")
        if merge_slashes:
            yield merged
        for whole in (path, merged) if merge_slashes else (path,):
            if append_slash and not ends_with_slash:
                yield f"{whole}/"
            elif remove_slash and ends_with_slash:
                yield whole[:-1]

    async def normalize(request: Request, handler: Handler) -> StreamResponse:
        if request.match_info.http_exception is not None:
            path, mark, query = request.path_qs.partition("?")
            for spelling in spellings(path):
                found = re.sub("^/{2,}", "/", spelling)
                asked = request.clone(rel_url=found)
                match_info = await request.app.router.resolve(asked)
                if match_info.http_exception is None:
                    raise redirect_class(f"{asked.raw_path}{mark}{query}")
        return await handler(request)

    mark_middleware(normalize)
    return normalize
