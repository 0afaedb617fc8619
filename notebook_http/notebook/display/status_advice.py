"""Say why a server answers with a status of 400 or above, and what to try next (RFC 9110 §15.5)."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["advice_for_status"]

_SERVER_ERRED = (
    "The server failed, not the request",
    "Look at the server's own log, or try again later",
)
_CLIENT_ERRED = (
    "The server does not accept the request as it is",
    "The body of the answer often says why: leave out raise_for_status() and look at it",
)
_BY_STATUS: dict[int, tuple[str, str]] = {
    400: ("The server cannot make sense of the request", _CLIENT_ERRED[1]),
    401: (
        "The server wants to know who asks",
        "Give a login: auth=BasicAuth(user, password), or headers={'Authorization': 'Bearer …'}",
    ),
    403: (
        "The server knows who asks, and refuses",
        "Is this the right account, token or scope for this URL?",
    ),
    404: ("The server has nothing at this path", "Check the path, letter by letter"),
    405: ("This path exists, but not for this method", "Use another method"),
    406: ("The server has nothing of the type that was asked for", "Change the Accept header"),
    408: ("The server did not get the whole request in time", "Send it again, or in smaller parts"),
    411: ("The server wants to know the length of the body", "Send bytes, not a generator"),
    413: ("The body is bigger than the server takes", "Send less, or raise its client_max_size"),
    415: (
        "The server does not take a body of this type",
        "Send json=… for JSON, data={…} for a form, or set the Content-Type header",
    ),
    422: ("The body has the right form but wrong content", _CLIENT_ERRED[1]),
    429: ("Too many requests in a short time", "Wait, then ask less often"),
    502: ("A proxy got no proper answer from the server behind it", "Is that server running?"),
    503: ("The server is busy or being maintained", "Try again later"),
    504: ("A proxy waited too long for the server behind it", "Try again later"),
}


def advice_for_status(status: int, headers: Mapping[str, str] | None) -> tuple[str, str]:
    """Return the likely cause of a *status* of 400 or above, and the next thing to try.

    What the server itself advises in *headers* (Retry-After, Allow, WWW-Authenticate) is added.
    """
    why, next_step = _BY_STATUS.get(status) or (_SERVER_ERRED if status >= 500 else _CLIENT_ERRED)
    return why, next_step + (_advice_of_the_server(status, headers) if headers else "")


def _advice_of_the_server(status: int, headers: Mapping[str, str]) -> str:
    if status in (429, 503) and (delay := headers.get("Retry-After")):
        return f" (the server says: after {delay}{' s' if delay.isdigit() else ''})"
    if status == 405 and (allowed := headers.get("Allow")):
        return f": {allowed}"
    if status == 401 and (challenge := headers.get("WWW-Authenticate")):
        return f" (the server wants {challenge.partition(' ')[0]})"
    return ""
