"""One call of `session.request`: the request, the redirects behind it, and the verdict."""

from __future__ import annotations

import asyncio
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from multidict import CIMultiDict

from notebook_http.client.answer_settings import AnswerSettings
from notebook_http.client.client_timeout import ClientTimeout
from notebook_http.client.exceptions import (
    ClientResponseError,
    TooManyRedirects,
    TotalTimeoutError,
)
from notebook_http.client.middleware import build_client_middlewares
from notebook_http.client.redirects import REDIRECT_STATUSES, is_same_origin, redirect_url
from notebook_http.client.request_options import DEFAULT_OPTIONS
from notebook_http.client.responder import Responder
from notebook_http.client.sender import Sender
from notebook_http.client.url_errors import shown
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.limits import MessageLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from yarl import URL

    from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
    from notebook_http.client.connector import BaseConnector
    from notebook_http.client.exchange import Exchange
    from notebook_http.client.middleware import ClientHandlerType, ClientMiddlewareType
    from notebook_http.client.proxy_environment import Surroundings
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.request_body import RequestBody
    from notebook_http.client.request_factory import RequestFactory
    from notebook_http.client.request_options import RaiseForStatus, RequestOptions
    from notebook_http.client.response import ClientResponse
    from notebook_http.client.tracing import TraceConfig

__all__ = ["CallSettings", "as_timeout", "check_open", "run_call"]

T = TypeVar("T")


class CallSettings(NamedTuple):
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
    middlewares: tuple[ClientMiddlewareType, ...]
    trace_configs: list[TraceConfig]
    trust_env: bool = False


def check_open(connector: BaseConnector) -> None:
    """Return if *connector* is open: it may be closed by the time that a call is awaited.

    Raises:
        RuntimeError: it is not.
    """
    if connector.closed:
        text = "Session is closed"
        raise RuntimeError(text)


async def run_call(
    session: object,
    settings: CallSettings,
    connector: BaseConnector,
    method: str,
    given_url: str | URL,
    options: RequestOptions,
) -> ClientResponse:
    """Return the final response to a call, its body perhaps still on its way.

    *session* is only held on to: `await ClientSession().get(url)` must not lose it half-way.

    A cancel aborts the connection of the request under way. Errors: see `ClientSession.request`.
    """
    check_open(connector)
    timeout = settings.timeout if options.timeout is None else as_timeout(options.timeout)
    answers = settings.answers
    if options is not DEFAULT_OPTIONS and options.changes_answer:
        answers = _answer_settings(answers, options)
    sender = Sender(
        connector, answers, timeout, perf_counter(), options.traces, options.upload_tracker
    )
    url = settings.factory.absolute_url(given_url, options.params)
    found = None
    if settings.trust_env:
        found = await _look_around(url, sender)
    request = settings.factory.make(method, url, options, found)
    try:
        if settings.middlewares or options.middlewares:
            response = await _ask_through(session, settings, sender, options, request, (), found)
        else:
            exchange = await sender.send(request)
            response = _response(session, settings, request, exchange, ())
        if response.status in REDIRECT_STATUSES and options.allow_redirects:
            response = await _follow(session, settings, sender, options, request, response)
    except HttpProcessingError as error:
        raise _no_http(request, (), error) from error
    finally:
        # Errors and redirects included: what the payload opened is closed once, at the end.
        if request.outgoing is not None and request.outgoing.payload is not None:
            await _close_body(request.outgoing, sender.exchange)
    verdict = options.raise_for_status
    if verdict is None:
        verdict = settings.raise_for_status
    if verdict and not callable(verdict):
        response.raise_for_status()
    elif verdict:
        try:
            await verdict(response)
        except BaseException:
            response.close()
            raise
    return response


async def _follow(
    session: object,
    settings: CallSettings,
    sender: Sender,
    options: RequestOptions,
    request: ClientRequest,
    response: ClientResponse,
) -> ClientResponse:
    """Return the response at the end of the redirects that begin with *response*."""
    history: list[ClientResponse] = []
    trusted = True
    traces = options.traces
    while response.status in REDIRECT_STATUSES:
        try:
            if traces is not None:
                await traces.request_redirect(response)
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
            found = None
            if settings.trust_env:
                found = await _look_around(url, sender, given_by_server=not trusted)
            request = settings.factory.after_redirect(
                request, response.status, url, options, trusted=trusted, found=found
            )
            if traces is not None:
                traces.move(request.method, request.real_url, trusted=trusted)
        except BaseException:
            response.close()
            raise
        # Nobody reads this body. A short one came with the head, so that the connection is free
        # again already; what is still to come is not worth waiting for.
        response.close()
        past = tuple(history)
        try:
            response = await _ask_through(session, settings, sender, options, request, past, found)
        except HttpProcessingError as error:
            raise _no_http(request, past, error) from error
    return response


async def _ask_through(
    session: object,
    settings: CallSettings,
    sender: Sender,
    options: RequestOptions,
    request: ClientRequest,
    history: tuple[ClientResponse, ...],
    found: Surroundings | None,
) -> ClientResponse:
    """Return the response to *request*, sent through the middlewares that apply."""
    asked = request.url

    def respond(request: ClientRequest, exchange: Exchange) -> ClientResponse:
        return _response(session, settings, request, exchange, history)

    async def ask(request: ClientRequest) -> ClientResponse:
        around = found
        if around is not None and not is_same_origin(request.url, asked):
            around = await _look_around(request.url, sender)
        settings.factory.settle(request, options, around)
        return respond(request, await sender.send(request))

    middlewares = settings.middlewares if options.middlewares is None else options.middlewares
    if not middlewares:
        return await ask(request)
    request.session = session
    request.responder = Responder(sender, respond)
    return await _within_total(sender, request, build_client_middlewares(ask, middlewares))


async def _look_around(url: URL, sender: Sender, *, given_by_server: bool = False) -> Surroundings:
    """Return what the environment says of *url*; see `look_around`."""
    # Few sessions trust the environment: the others do not pay for the import.
    from notebook_http.client.proxy_environment import look_around

    return await look_around(url, total_at=sender.total_at, given_by_server=given_by_server)


async def _within_total(
    sender: Sender, request: ClientRequest, handler: ClientHandlerType
) -> ClientResponse:
    """Return what *handler* does: `ClientTimeout.total` holds for middlewares that wait, too."""
    limit = asyncio.timeout_at(None if sender.total_at == inf else sender.total_at)
    try:
        async with limit:
            return await handler(request)
    except TimeoutError as error:
        if not limit.expired() or isinstance(error, TotalTimeoutError):
            raise
        text = (
            f"{request.method} {request.url}: the call and its middlewares took all that "
            "ClientTimeout.total allows. To wait longer, pass timeout=ClientTimeout(total=…)."
        )
        raise TotalTimeoutError(text) from error


def _response(
    session: object,
    settings: CallSettings,
    request: ClientRequest,
    exchange: Exchange,
    history: tuple[ClientResponse, ...],
) -> ClientResponse:
    """Return the response to one request, its cookies stored."""
    response = settings.response_class(
        request,
        exchange,
        session=session,
        history=history,
        fallback_charset=settings.fallback_charset,
        max_decoded_size=settings.max_decoded_size,
    )
    set_cookies = exchange.set_cookies()
    if set_cookies:
        settings.cookie_jar.update_cookies_from_headers(set_cookies, request.url)
    return response


async def _close_body(body: RequestBody, exchange: Exchange | None) -> None:
    """Close *body*, or see to it that its upload does at its end."""
    if exchange is not None and exchange.upload is not None and not exchange.upload.done():
        exchange.close_after_upload = body
    else:
        await body.close()


def _no_http(
    request: ClientRequest, history: tuple[ClientResponse, ...], error: HttpProcessingError
) -> ClientResponseError:
    return ClientResponseError(
        request.request_info,
        history,
        status=error.code,
        message=error.message,
        headers=None if error.headers is None else CIMultiDict(error.headers),
    )


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
        message=f"{most} redirects, and the last one leads on to {shown(url)}",
        headers=last.headers,
    )
