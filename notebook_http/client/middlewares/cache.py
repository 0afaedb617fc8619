"""Keep answers and use them again, as far as RFC 9111 allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_http import hdrs
from notebook_http.client.middlewares.arguments import check_count
from notebook_http.client.middlewares.cached_answer import directives

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["CacheMiddleware"]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110 §9.2.1
_MAX_BODY_BYTES = 8 * 1024 * 1024
_MAX_BYTES = 256 * 1024 * 1024
# A caller who asks for a part, sets conditions or changes protocols wants the server's own word.
_OWN_BUSINESS = (
    *(hdrs.RANGE, hdrs.UPGRADE, hdrs.IF_MATCH, hdrs.IF_NONE_MATCH, hdrs.IF_MODIFIED_SINCE),
    *(hdrs.IF_UNMODIFIED_SINCE, hdrs.IF_RANGE),
)


class CacheMiddleware:
    """Answers GET and HEAD from what it has kept, while RFC 9111 calls that fresh.

    What is stale is asked about with its `ETag` or `Last-Modified`, and used again if the server
    says 304. `Vary`, `no-store`, `no-cache`, `private`, `max-age`, `Expires` and `Age` are heeded,
    and so are `no-store`, `no-cache`, `max-age` and `only-if-cached` of requests (the latter gives
    a 504 where nothing is kept). Without a word of the server, a tenth of the time since
    `Last-Modified` counts as fresh, a week at most. POST, PUT, DELETE and PATCH make the cache
    forget what it knew of their URL, if they succeed.

    An answer from the cache is a `ClientResponse` as any: its `Age` header says how old it is. One
    that is going to be kept is read whole before it is returned; all others are streamed as ever.

    What proves who somebody is never gets into the store: `Set-Cookie` and other fields with the
    names of secrets are left out, of requests only the fields that `Vary` names are kept (an
    answer that varies with a secret is not), and of URLs only a hash. Answers to requests with
    `Authorization`, `X-Api-Key` or the like are only kept where the server allows it for everybody
    (`public`, `s-maxage`, `must-revalidate`). Bodies are kept as they are.

    ```python
    async with CacheMiddleware("cache.sqlite") as cache, ClientSession(middlewares=[cache]) as s:
        ...
    ```

    Args:
        path: of a SQLite file, which several sessions, kernels and programs may share; it is made
            if need be, and only its owner may read it. None (default) keeps all in memory.
        shared: whether it serves several users, so that `private` answers are not kept. Default
            True: a session may speak for several, and a file outlives it.
        max_body_bytes: a body that is longer is not kept; 8 MiB, since what is kept is read whole
            first, and larger ones are mostly meant to be streamed.
        max_bytes: of all that is kept; 256 MiB, what a browser takes. The least recently used go.

    Raises:
        ModuleNotFoundError: hishel is not installed: ``pip install 'notebook-http[cache]'``.
        ValueError: *path* cannot be used, or a limit is below 1.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        shared: bool = True,
        max_body_bytes: int = _MAX_BODY_BYTES,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        check_count(type(self).__name__, "max_body_bytes", max_body_bytes)
        check_count(type(self).__name__, "max_bytes", max_bytes)
        # The store's and the rules' rooms are only loaded by those who keep answers.
        from notebook_http.client.middlewares.cache_store import CacheStore

        try:
            from notebook_http.client.middlewares.cache_lookup import CacheLookup, CacheSettings
        except ModuleNotFoundError as missing:
            if missing.name != "hishel":
                raise
            text = (
                "CacheMiddleware needs hishel, which knows the rules of HTTP caching (RFC 9111) "
                "and is not installed: pip install 'notebook-http[cache]'"
            )
            raise ModuleNotFoundError(text, name="hishel") from missing
        self._lookup = CacheLookup
        self._store = CacheStore(path, max_bytes)
        self._settings = CacheSettings(self._store, shared, max_body_bytes)

    async def close(self) -> None:
        """Close the store: requests pass by unseen from now on. Idempotent."""
        self._store.close()

    def close_now(self) -> None:
        """Do as `close`, for those who cannot await."""
        self._store.close()

    async def clear(self) -> None:
        """Forget all that is kept."""
        await self._store.clear()

    async def __aenter__(self) -> CacheMiddleware:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Return what is kept, or ask and perhaps keep the answer."""
        headers = request.headers
        wishes = directives(headers.getall(hdrs.CACHE_CONTROL, ()))
        if request.method in _SAFE_METHODS and (
            request.method not in ("GET", "HEAD")
            or request.outgoing is not None
            or "no-store" in wishes
            or any(name in headers for name in _OWN_BUSINESS)
        ):
            return await handler(request)
        return await self._lookup(self._settings, request, handler, wishes).answer()
