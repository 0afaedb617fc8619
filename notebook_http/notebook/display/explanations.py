"""Say, for each way a request can fail, what failed, why, and what to try next.

One table by class: URLs and connections have rooms of their own, the rest is here; that by status
is `status_advice`'s. The texts add to the error's own message; they never stand in its place.
"""

from __future__ import annotations

from notebook_http.client import exceptions as failures
from notebook_http.notebook.display.connection_explanations import CONNECTION_EXPLANATIONS
from notebook_http.notebook.display.explanation import Explain, Explanation
from notebook_http.notebook.display.status_advice import advice_for_status
from notebook_http.notebook.display.url_explanations import URL_EXPLANATIONS
from notebook_http.notebook.display.websocket_explanations import no_websocket
from notebook_http.wire.errors import HttpProcessingError
from notebook_http.wire.secrets import mask_url

__all__ = ["Explanation", "explain"]


def explain(error: BaseException) -> Explanation | None:
    """Return what *error* means for the person at the notebook; None when its message says it all.

    Looks at the error alone, and for a refused connection at the ports that are listened on.
    """
    for cls in type(error).__mro__:
        if (explanation := _BY_CLASS.get(cls)) is not None:
            return explanation(error)
    return None


# Time-outs --------------------------------------------------------------------------------------


def _too_long(error: failures.TotalTimeoutError) -> Explanation:
    return Explanation(
        "The request as a whole took too long",
        "The server is slow, the body is big, or a cell was blocking the event loop",
        "Give it longer: timeout=ClientTimeout(total=seconds), or total=None for no limit",
    )


def _no_connection_in_time(error: failures.ConnectionTimeoutError) -> Explanation:
    return Explanation(
        "No connection was made in time",
        "The host does not answer (a firewall drops packets silently), or all connections are busy",
        "Check host and port, or give it longer: timeout=ClientTimeout(connect=…, sock_connect=…)",
    )


def _no_bytes_in_time(error: failures.ServerTimeoutError) -> Explanation:
    return Explanation(
        "The server went silent",
        "It still works on the answer, or it hangs",
        "Give it longer between two packets: timeout=ClientTimeout(sock_read=seconds)",
    )


def _limit_around_it(error: TimeoutError) -> Explanation:
    return Explanation(
        "A time limit around the request ran out",
        "It is not the client's own: asyncio.timeout(…) or asyncio.wait_for(…) stands around it",
        "Give it longer there",
    )


# The answer -------------------------------------------------------------------------------------


def _asked(error: failures.ClientResponseError) -> str:
    return f"{error.request_info.method} {mask_url(error.request_info.real_url)}"


def _too_many_redirects(error: failures.TooManyRedirects) -> Explanation:
    visited = [mask_url(response.url) for response in error.history if hasattr(response, "url")]
    loop = len(set(visited)) < len(visited)
    return Explanation(
        f"{_asked(error)} led to more than {len(error.history)} redirects",
        f"The last one came from {visited[-1]}" if visited else "The server keeps redirecting",
        "They go in a circle: is a cookie or a login missing? See them with allow_redirects=False"
        if loop
        else "Allow more: max_redirects=, or see them with allow_redirects=False",
    )


def _not_json(error: failures.ContentTypeError) -> Explanation:
    kind = error.headers.get("Content-Type", "") if error.headers else ""
    return Explanation(
        f"The answer to {_asked(error)} is not JSON",
        f"Its type is {kind}" if kind else "It does not say what type it is",
        "Look at it with .text; if it is JSON all the same, .json(content_type=None) reads it",
    )


def _proxy_refused(error: failures.ClientHttpProxyError) -> Explanation:
    why = f"It answered {error.status} {error.message}".rstrip()
    next_step = "Give it a login: proxy_auth=BasicAuth(user, password)"
    return Explanation(
        "The proxy did not let the request through",
        why,
        next_step if error.status == 407 else "Check proxy= and what it allows",
    )


def _bad_answer(error: failures.ClientResponseError) -> Explanation:
    # A response that breaks the rules of HTTP has no status that means anything.
    if error.status < 400 or isinstance(error.__cause__, HttpProcessingError):
        return Explanation(
            f"The answer to {_asked(error)} cannot be read",
            error.message or "It breaks the rules of HTTP",
            "Is this an HTTP server, and is the port right?",
        )
    return Explanation(
        f"{_asked(error)} was answered with {error.status} {error.message}".rstrip(),
        *advice_for_status(error.status, error.headers),
    )


# The body ---------------------------------------------------------------------------------------


def _body_broke_off(error: failures.ClientPayloadError) -> Explanation:
    text = str(error).lower()
    if "decod" in text or "decompress" in text or "content-encoding" in text:
        return Explanation(
            "The body of the answer cannot be decoded",
            "It is not compressed in the way that its Content-Encoding says",
            "Ask for it uncompressed: headers={'Accept-Encoding': 'identity'}",
        )
    return Explanation(
        "The body of the answer is not whole",
        "The connection ended before as many bytes had come as were announced",
        "Run the cell again; if it breaks off each time, look at the server's own log",
    )


_BY_CLASS: dict[type[BaseException], Explain] = {
    **URL_EXPLANATIONS,
    **CONNECTION_EXPLANATIONS,
    failures.ConnectionTimeoutError: _no_connection_in_time,
    failures.ServerTimeoutError: _no_bytes_in_time,
    failures.TotalTimeoutError: _too_long,
    TimeoutError: _limit_around_it,
    failures.TooManyRedirects: _too_many_redirects,
    failures.ContentTypeError: _not_json,
    failures.WSServerHandshakeError: no_websocket,
    failures.ClientHttpProxyError: _proxy_refused,
    failures.ClientResponseError: _bad_answer,
    failures.ClientPayloadError: _body_broke_off,
}
