"""One call of a session that somebody watches: traces, an upload's tracker, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_http.client.call import check_open, run_call
from notebook_http.client.request_options import WatchedOptions
from notebook_http.client.tracing import Traces

if TYPE_CHECKING:
    from yarl import URL

    from notebook_http.client.call import CallSettings
    from notebook_http.client.connector import BaseConnector
    from notebook_http.client.request_options import RequestOptions
    from notebook_http.client.response import ClientResponse

__all__ = ["run_watched_call"]


async def run_watched_call(
    session: object,
    settings: CallSettings,
    connector: BaseConnector,
    method: str,
    given_url: str | URL,
    options: RequestOptions,
) -> ClientResponse:
    """Return the final response to a call, as `run_call` does, and tell those who watch.

    Raises:
        RuntimeError: the session is closed, or the tracker belongs to another request. The others
            are `run_call`'s, and whatever a listener raises.
    """
    check_open(connector)
    tracker = options.upload_tracker
    if tracker is not None:
        tracker.bind()
    try:
        if not settings.trace_configs:
            return await run_call(session, settings, connector, method, given_url, options)
        # What is no URL, or one that nobody here can ask for, is told to nobody but the caller.
        url = settings.factory.absolute_url(given_url, options.params)
        settings.factory.origin_of(url, options)
        traces = Traces(session, method, url, settings.factory.given_headers(options))
        watched = WatchedOptions(options, traces)
        response: ClientResponse | None = None
        try:
            await traces.request_start(settings.trace_configs, options.trace_request_ctx)
            if url.raw_user is not None or url.raw_password is not None:
                traces.url = url.with_user(None)  # nobody has to see them more often than once
            response = await run_call(session, settings, connector, method, url, watched)
            await traces.request_end(response)
        except BaseException as error:
            if response is not None:
                response.close()
            await traces.request_exception(error)
            raise
        return response
    finally:
        if tracker is not None:
            tracker.end_call()
