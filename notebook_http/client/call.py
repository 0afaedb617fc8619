"""One call of `session.request`: the request, the redirects behind it, and the verdict."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

from multidict import CIMultiDict

from notebook_http.client.answer_settings import AnswerSettings
from notebook_http.client.client_timeout import ClientTimeout
from notebook_http.client.exceptions import ClientResponseError, TooManyRedirects
from notebook_http.client.exchange_start import start_exchange
from notebook_http.client.redirects import REDIRECT_STATUSES, is_same_origin, redirect_url
from notebook_http.client.request_options import DEFAULT_OPTIONS
from notebook_http.client.timings import Timings
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.limits import MessageLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from yarl import URL

    from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
    from notebook_http.client.connector import BaseConnector
    from notebook_http.client.exchange import Exchange
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.request_body import RequestBody
    from notebook_http.client.request_factory import RequestFactory
    from notebook_http.client.request_options import RaiseForStatus, RequestOptions
    from notebook_http.client.response import ClientResponse

__all__ = ["CallSettings", "as_timeout", "run_call"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What all calls of a session have in common; see `ClientSession` for the fields."""

    factory: RequestFactory
    cookie_jar: AbstractCookieJar
    answers: AnswerSettings
    timeout: ClientTimeout
    response_class: type[ClientResponse]
    raise_for_status: RaiseForStatus
    requote_redirect_url: bool
    fallback_charset: Callable[[ClientResponse, bytes], str] | None
    max_decoded_size: int
    schemes: frozenset[str]


async def run_call(
    settings: CallSettings,
    connector: BaseConnector,
    method: str,
    given_url: str | URL,
    options: RequestOptions,
) -> ClientResponse:
    """Return the final response to a call, its body perhaps still on its way.

    A cancel aborts the connection of the request under way. Errors: see `ClientSession.request`.
    """
    timings = Timings(perf_counter())
    timeout = settings.timeout if options.timeout is None else as_timeout(options.timeout)
    total_at = asyncio.get_running_loop().time() + timeout.total if timeout.total else inf
    hop = _Hop(settings, connector, options, timeout, total_at)
    factory = settings.factory
    url = factory.absolute_url(given_url, options.params)
    request = factory.make(method, url, options)
    try:
        response = await hop.answer(request, timings, ())
        if response.status in REDIRECT_STATUSES and options.allow_redirects:
            response = await _follow(hop, request, response)
    finally:
        # Errors and redirects included: what the payload opened is closed once, at the end.
        if request.body is not None and request.body.payload is not None:
            await hop.close_body(request.body)
    verdict = options.raise_for_status
    if verdict is None:
        verdict = settings.raise_for_status
    if verdict is True:
        response.raise_for_status()
    elif verdict:
        try:
            await verdict(response)
        except BaseException:
            response.close()
            raise
    return response


async def _follow(hop: _Hop, request: ClientRequest, response: ClientResponse) -> ClientResponse:
    """Return the response at the end of the redirects that begin with *response*."""
    settings, options = hop.settings, hop.options
    history: list[ClientResponse] = []
    trusted = True
    began = response.timings.started_at
    while response.status in REDIRECT_STATUSES:
        try:
            url = redirect_url(
                request.real_url,
                response.headers,
                requote=settings.requote_redirect_url,
                schemes=settings.schemes,
            )
            if url is None:
                break
            history.append(response)
            if options.max_redirects and len(history) >= options.max_redirects:
                raise _too_many(history, options.max_redirects, url)
            trusted = trusted and is_same_origin(request.url, url)
            request = settings.factory.after_redirect(
                request, response.status, url, options, trusted=trusted
            )
        except BaseException:
            response.close()
            raise
        # Nobody reads this body. A short one came with the head, so that the connection is free
        # again already; what is still to come is not worth waiting for.
        response.close()
        response = await hop.answer(request, Timings(began), tuple(history))
    return response


class _Hop:
    """What stays the same from one request of a call to the next."""

    __slots__ = ("connector", "exchange", "options", "settings", "timeout", "total_at")

    def __init__(
        self,
        settings: CallSettings,
        connector: BaseConnector,
        options: RequestOptions,
        timeout: ClientTimeout,
        total_at: float,
    ) -> None:
        self.settings = settings
        self.connector = connector
        self.options = options
        self.timeout = timeout
        self.total_at = total_at
        self.exchange: Exchange | None = None

    async def answer(
        self, request: ClientRequest, timings: Timings, history: tuple[ClientResponse, ...]
    ) -> ClientResponse:
        """Return the response to one request, its cookies stored."""
        settings = self.settings
        try:
            self.exchange = exchange = await start_exchange(
                self.connector,
                request,
                settings=_answer_settings(settings.answers, self.options),
                timeout=self.timeout,
                total_at=self.total_at,
                timings=timings,
            )
        except HttpProcessingError as error:
            raise ClientResponseError(
                request.request_info,
                history,
                status=error.code,
                message=error.message,
                headers=None if error.headers is None else CIMultiDict(error.headers),
            ) from error
        response = settings.response_class(
            request,
            exchange,
            history=history,
            fallback_charset=settings.fallback_charset,
            max_decoded_size=settings.max_decoded_size,
        )
        set_cookies = exchange.set_cookies()
        if set_cookies:
            settings.cookie_jar.update_cookies_from_headers(set_cookies, request.url)
        return response

    async def close_body(self, body: RequestBody) -> None:
        """Close *body*, or see to it that its upload does at its end."""
        exchange = self.exchange
        if exchange is not None and exchange.upload is not None:
            exchange.close_after_upload = body
        else:
            await body.close()


def as_timeout(given: ClientTimeout | float | None) -> ClientTimeout:
    """Return *given* as a `ClientTimeout`: a number is `total`, None no limit at all.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(given, ClientTimeout):
        return given
    if given is None or isinstance(given, (int, float)):
        return ClientTimeout(total=given)
    # Reached by callers without a type checker.
    text = f"timeout is a ClientTimeout or seconds, not {given!r}"  # type: ignore[unreachable]
    raise TypeError(text)


def _answer_settings(settings: AnswerSettings, options: RequestOptions) -> AnswerSettings:
    if options is DEFAULT_OPTIONS or not options.changes_answer:
        return settings
    limits = settings.limits
    return AnswerSettings(
        MessageLimits(
            _either(options.max_line_size, limits.max_line_size),
            _either(options.max_field_size, limits.max_field_size),
            _either(options.max_headers, limits.max_headers),
        ),
        read_bufsize=_either(options.read_bufsize, settings.read_bufsize),
        auto_decompress=_either(options.auto_decompress, settings.auto_decompress),
        read_until_eof=options.read_until_eof,
    )


def _either(given: T | None, default: T) -> T:
    return default if given is None else given


def _too_many(history: list[ClientResponse], most: int, url: URL) -> TooManyRedirects:
    last = history[-1]
    return TooManyRedirects(
        history[0].request_info,
        tuple(history),
        status=last.status,
        message=f"{most} redirects, and the last one leads on to {url}",
        headers=last.headers,
    )
