"""One request on its way through the cache. The rules (RFC 9111) are hishel's, without its I/O."""

from __future__ import annotations

import hashlib
import logging
from ssl import CERT_NONE
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import hishel

from notebook_http import hdrs
from notebook_http.client.exceptions import ClientError
from notebook_http.client.middlewares.cached_answer import (
    CachedAnswer,
    directives,
    strictest,
    variant_of,
)
from notebook_http.wire.http_version import HttpVersion11
from notebook_http.wire.response_head import ResponseHead
from notebook_http.wire.secret_names import is_secret_name
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebook_http.client.connection_key import ConnectionKey
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.middlewares.cache_store import CacheStore
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["CACHED_METHODS", "CacheLookup", "CacheSettings"]

CACHED_METHODS = ("GET", "HEAD")

_log = logging.getLogger("notebook_http.client.cache")
_CONDITIONS = (hdrs.IF_NONE_MATCH, hdrs.IF_MODIFIED_SINCE)


class CacheSettings(NamedTuple):
    """What all requests through one cache have in common; see `CacheMiddleware`."""

    store: CacheStore
    shared: bool
    max_body_bytes: int


class CacheLookup:
    """One request on its way through the cache."""

    def __init__(
        self,
        settings: CacheSettings,
        request: ClientRequest,
        handler: ClientHandlerType,
        wishes: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._store = settings.store
        self._request = request
        self._handler = handler
        self._wishes = wishes
        self._decoded = request.responder.settings.auto_decompress
        self._key = _key_of(request)
        self._found: dict[int, CachedAnswer] = {}
        self._response: ClientResponse | None = None
        self._asked_at = self._received_at = time()

    async def answer(self) -> ClientResponse:
        """Follow the rules' states to the answer."""
        self._found = dict(await self._store.find(self._key))
        try:
            return await self._follow()
        except BaseException:
            if self._response is not None:
                self._response.close()
            raise

    async def _follow(self) -> ClientResponse:
        request = self._request
        judged = hishel.Request(request.method, str(request.url), self._judged_headers())
        entries = [self._entry(number, judged) for number in self._usable()]
        state: Any = hishel.IdleClient(options=self._options()).next(judged, entries)
        while True:
            response = self._response
            if isinstance(state, hishel.FromCache):
                kept = await self._from_store(state.entry.id.int)
                if kept is not None:
                    if response is not None:
                        response.close()  # the 304
                    return kept
                state = hishel.CacheMiss(request=judged, options=self._options())
            elif isinstance(state, (hishel.CacheMiss, hishel.NeedRevalidation)):
                if "only-if-cached" in self._wishes:
                    return self._not_kept()
                if response is not None:
                    response.close()  # a 304 that fits nothing: ask again, without conditions
                response = self._response = await self._ask(state)
                state = state.next(_judged_response(response))
            elif isinstance(state, hishel.InvalidateEntries):
                await self._store.remove(number.int for number in state.entry_ids)
                state = state.next()
            elif response is None:
                text = f"the rules of caching lead from nothing to {type(state).__name__}"
                raise RuntimeError(text)
            elif isinstance(state, hishel.NeedToBeUpdated):
                await self._freshen(state, response)
                state = state.next()
            else:
                if isinstance(state, hishel.StoreAndUse):
                    await self._keep(response, state.response.headers)
                return response

    # What the rules are asked with

    def _usable(self) -> list[int]:
        request = self._request
        if request.method not in CACHED_METHODS:
            return list(self._found)  # to be forgotten
        return [
            number
            for number, answer in self._found.items()
            if answer.answers(request.method, request.headers, decoded=self._decoded)
        ]

    def _options(self) -> hishel.CacheOptions:
        # Whoever may be meant by the credentials: only what is for everybody is kept.
        shared = self._settings.shared or _has_credentials(self._request.headers)
        return {"shared": shared, "supported_methods": list(CACHED_METHODS), "allow_stale": False}

    def _judged_headers(self) -> hishel.Headers:
        """Return the request's fields for the rules, with `max-age` as one that they know."""
        headers = self._request.headers
        fields = {name: headers.getall(name) for name in {name.lower() for name in headers}}
        if _has_credentials(headers):
            fields.setdefault("authorization", [""])  # whatever it goes by
        now = time()
        seconds = self._wishes.get("max-age", "")
        if seconds.isascii() and seconds.isdecimal():
            ages = [self._found[number].age(now) for number in self._usable()]
            if not ages or min(ages) >= float(seconds[:10]):
                fields["cache-control"] = ["no-cache"]
        return hishel.Headers(fields)

    def _entry(self, number: int, judged: hishel.Request) -> hishel.Entry:
        answer = self._found[number]
        fields = hishel.Headers(dict(answer.reckoned_fields()))
        # `answers` has compared what `Vary` names: for the rules, it is the same request.
        return hishel.Entry(UUID(int=number), judged, hishel.Response(answer.status, fields))

    # What the rules ask for

    async def _ask(self, state: Any) -> ClientResponse:
        """Ask the server, with the conditions that *state* has, if any."""
        headers = self._request.headers
        added: list[str] = []
        if isinstance(state, hishel.NeedRevalidation):
            added = [name for name in _CONDITIONS if name in state.request.headers]
            for name in added:
                headers[name] = state.request.headers[name]
        self._asked_at = time()
        try:
            response = await self._handler(self._request)
        finally:
            for name in added:
                headers.popall(name, None)
        self._received_at = time()
        # A middleware behind this one may have added credentials.
        state.options = self._options()
        if _has_credentials(headers):
            for judged in (state.request, getattr(state, "original_request", None)):
                if judged is not None and "authorization" not in judged.headers:
                    judged.headers["authorization"] = ""
        return response

    async def _freshen(self, state: Any, response: ClientResponse) -> None:
        pairs = [(str(name), value) for name, value in response.headers.items()]
        for entry in state.updating_entries:
            number = entry.id.int
            merged = {
                name: entry.response.headers.get_list(name) for name in entry.response.headers
            }
            times = (self._asked_at, self._received_at)
            answer = self._found[number].freshened(merged, pairs, *times)
            self._found[number] = answer
            await self._store.update(number, answer)

    async def _from_store(self, number: int) -> ClientResponse | None:
        body = await self._store.body(number)
        if body is None:
            return None
        self._note("answered from the cache")
        return self._respond(self._found[number].head(time()), body)

    def _not_kept(self) -> ClientResponse:
        raw = [(b"Content-Length", b"0")]
        head = ResponseHead(HttpVersion11, 504, "Gateway Timeout", raw, True)
        head.content_length = 0
        return self._respond(head, b"")

    def _respond(self, head: ResponseHead, body: bytes) -> ClientResponse:
        response: ClientResponse = self._request.responder.respond(self._request, head, body)
        return response

    # Keeping

    async def _keep(self, response: ClientResponse, allowed: Mapping[str, str]) -> None:
        request = self._request
        variant = variant_of(response.headers.getall(hdrs.VARY, ()), request.headers)
        why = self._why_not(response, variant)
        body = None
        if not why and variant is not None:
            body = await _read_ahead(response, self._settings.max_body_bytes)
            why = f"its body is over {self._settings.max_body_bytes:,} bytes, or broke off"
        if body is None or variant is None:
            self._note(f"is not kept: {why}")
            return
        answer = CachedAnswer.of(
            response,
            allowed,
            variant,
            decoded=self._decoded,
            asked_at=self._asked_at,
            received_at=self._received_at,
        )
        await self._store.put(self._key, answer, body)

    def _note(self, what: str) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s %s %s", self._request.method, mask_url(self._request.url), what)

    def _why_not(self, response: ClientResponse, variant: object) -> str:
        """Return why a response is not kept though the rules allow it; "" if it is."""
        headers = response.headers
        if variant is None:
            return "it varies with a secret, or with more than headers"
        if response.content_type == "text/event-stream":
            return "it is a stream of events"
        said = directives(headers.getall(hdrs.CACHE_CONTROL, ()))
        useful = (hdrs.ETAG, hdrs.LAST_MODIFIED, hdrs.EXPIRES)
        if not said.keys() & {"max-age", "s-maxage"} and not any(n in headers for n in useful):
            return "nothing says how long it holds, nor how to ask about it"
        if (
            response.content_length or 0
        ) > self._settings.max_body_bytes and response.method != "HEAD":
            return f"its body is over {self._settings.max_body_bytes:,} bytes"
        return ""


def _has_credentials(headers: Mapping[str, str]) -> bool:
    """Return whether a request says whose it is, by `Authorization`, `X-Api-Key` or the like.

    Cookies do not count (RFC 9111 §7.3): nearly all requests have some.
    """
    return any(is_secret_name(name) and name.lower() != "cookie" for name in headers)


def _judged_response(response: ClientResponse) -> hishel.Response:
    headers = response.headers
    fields = {name: headers.getall(name) for name in {name.lower() for name in headers}}
    if "cache-control" in fields:
        fields["cache-control"] = [strictest(fields["cache-control"])]
    return hishel.Response(response.status, hishel.Headers(fields))


def _key_of(request: ClientRequest) -> bytes:
    """Return a hash of what is asked for: the URL may hold secrets, and is not needed again."""
    host = request.headers.get(hdrs.HOST, "")
    connector = getattr(request.session, "connector", None)
    # Through a Unix socket or a pipe, every URL leads to whoever listens there.
    path = getattr(connector, "path", "")
    verified = _is_verified(request.origin.key, connector)
    return hashlib.sha256(
        f"{request.url}\n{host}\n{verified}\n{path}".encode("utf-8", "surrogateescape")
    ).digest()


def _is_verified(key: ConnectionKey, connector: object) -> bool:
    """Return whether the server has to prove who it is, or speaks in the clear.

    What an unverified server says is not for those who asked for a verified one.
    """
    if not key.is_ssl:
        return True
    tls = key.ssl if key.ssl is not True else getattr(connector, "_ssl", True)
    # An `ssl.SSLContext` may be told to take any certificate.
    return tls is not False and getattr(tls, "verify_mode", None) is not CERT_NONE


async def _read_ahead(response: ClientResponse, most: int) -> bytes | None:
    """Return the body, and leave it to be read; None if it is over *most* bytes, or breaks off.

    A cancel gives the response up.
    """
    content = response.content
    pieces: list[bytes] = []
    size = 0
    try:
        while size <= most and (piece := await content.readany()):
            pieces.append(piece)
            size += len(piece)
    except (ClientError, TimeoutError):
        return None  # whoever reads it is told
    except BaseException:
        response.close()
        raise
    body = b"".join(pieces)
    if body:
        content.unread_data(body)
    return body if size <= most else None
