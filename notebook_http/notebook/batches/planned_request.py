"""Requests as they are asked for many at once, checked before the first of them is sent.

A list of a thousand is long, so what is wrong says which item it is: `item 3 (the fourth)`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from yarl import URL

from notebook_http.client.url_errors import NOT_A_URL
from notebook_http.notebook.argument_names import check_names, request_option_names
from notebook_http.notebook.client import Client
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.pending_request import PendingRequest, Sender
from notebook_http.wire.secrets import mask_text, mask_url

__all__ = ["PlannedRequest", "checked_items", "labels_of", "planned", "read_lazily"]

_SHOWN_CHARACTERS = 120
_HTTP = ("http", "https")


class PlannedRequest(NamedTuple):
    """One request that is to be sent: by whom, what, and to which host."""

    sender: Sender
    method: str
    url: str | URL
    options: dict[str, Any]

    @property
    def host(self) -> tuple[str, int | None]:
        """The host and port that it goes to; empty for a path below a client's base URL."""
        url = URL(self.url)
        return (url.raw_host or "", url.port)

    @property
    def shown_url(self) -> str:
        """The URL fit to be shown: secrets masked, on one line."""
        return visible(mask_url(self.url)).replace("\n", " ")


def checked_items(given: Any, caller: str) -> list[Any]:
    """Return the items of *given*, a list of any kind or a column of a frame, as a list.

    Raises:
        TypeError: it is one URL, a mapping, a whole frame, or nothing that can be gone through.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(given, pandas.DataFrame):
        named = _shown(list(given.columns)[:4])
        text = f"{caller} takes one column of a DataFrame, as in frame['url']; it has {named}"
        raise TypeError(text)
    if isinstance(given, (str, bytes, URL, Mapping, PendingRequest)) or not isinstance(
        given, Iterable
    ):
        text = f"{caller} takes a list of URLs or requests, not {_shown(given)}"
        raise TypeError(text)
    return list(given)


def labels_of(given: Any) -> Any | None:
    """Return the index of a pandas Series, so that what comes of it can be joined; else None."""
    pandas = sys.modules.get("pandas")
    return given.index if pandas is not None and isinstance(given, pandas.Series) else None


def planned(
    items: Iterable[Any], client: Client, options: dict[str, Any], caller: str
) -> list[PlannedRequest]:
    """Return a request for each of *items*; a `PendingRequest` is taken over, once all are right.

    Args:
        items: URLs, requests that were not awaited, `(method, url)` or `(method, url, options)`.
        client: sends those that are no `PendingRequest`, which bring their own.
        options: of every request; an item's own win.
        caller: the function that was called, for messages.

    Raises:
        TypeError, ValueError: an item is none of these, or the same request twice; nothing was
            sent.
    """
    checked: list[PlannedRequest | PendingRequest] = []
    places: dict[int, int] = {}
    for place, item in enumerate(items):
        if isinstance(item, PendingRequest):
            first = places.setdefault(id(item), place)
            if first != place:
                text = f"item {place} is the very request of item {first}, and one is sent once"
                raise ValueError(text)
            _check_unsent(place, item)
            checked.append(item)
        else:
            checked.append(_request_of(place, item, client, options))
    check_names(caller, options, request_option_names())
    return [
        _taken_over(item, options) if isinstance(item, PendingRequest) else item for item in checked
    ]


def read_lazily(
    items: Iterable[Any], client: Client, options: dict[str, Any]
) -> Iterator[tuple[int, PlannedRequest]]:
    """Yield (position, request) of *items* as they are asked for; errors as `planned`, then."""
    for place, item in enumerate(items):
        if isinstance(item, PendingRequest):
            _check_unsent(place, item)
            yield place, _taken_over(item, options)
        else:
            yield place, _request_of(place, item, client, options)


def _check_unsent(place: int, request: PendingRequest) -> None:
    if not request.is_unsent:
        text = f"item {place} was sent before: {request!r}"
        raise ValueError(text)
    _parsed(place, request.asked_url)


def _taken_over(request: PendingRequest, options: dict[str, Any]) -> PlannedRequest:
    sender, method, url, own = request.take_over()
    return PlannedRequest(sender, method, url, {**options, **own})


def _request_of(place: int, item: Any, client: Client, options: dict[str, Any]) -> PlannedRequest:
    if isinstance(item, (str, URL)):
        return PlannedRequest(client, "GET", _url(place, item, client), options)
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        text = (
            f"item {place} is no URL and no request: {_shown(item)}. Give a URL, nh.get(…) without "
            "await, or (method, url, options)"
        )
        raise TypeError(text)
    method, url, own = (*item, {}) if len(item) == 2 else item
    if not isinstance(method, str) or not method.isalpha():
        text = f"item {place} begins with {_shown(method)}, which is no method such as 'GET'"
        raise TypeError(text)
    if not isinstance(url, (str, URL)):
        text = f"item {place} has no URL behind its method, but {_shown(url)}"
        raise TypeError(text)
    if not isinstance(own, Mapping):
        text = f"item {place} has no dict of options behind its URL, but {_shown(own)}"
        raise TypeError(text)
    check_names(f"item {place}", dict(own), request_option_names())
    if method.upper() == "HEAD":
        own = {"allow_redirects": False, **own}
    return PlannedRequest(client, method.upper(), _url(place, url, client), {**options, **own})


def _url(place: int, given: str | URL, client: Client) -> str | URL:
    """Return *given* if it can be asked for.

    Raises:
        ValueError: it is no URL, not of http or https, or has no host while the client has no
            base URL.
    """
    url = _parsed(place, given)
    if url.scheme in _HTTP and url.raw_host:
        return given
    if not url.scheme and not url.raw_host and str(given) and client.has_base_url:
        return given
    if not url.scheme:
        why = "it does not begin with http:// or https://"
    else:
        why = "it has no host" if url.scheme in _HTTP else "it is not of http or https"
    text = f"item {place} is no URL that can be asked for: {_shown_url(given)} ({why})"
    raise ValueError(text)


def _parsed(place: int, given: str | URL) -> URL:
    try:
        return URL(given)
    except NOT_A_URL as error:
        text = f"item {place} is no URL: {_shown_url(given)} ({mask_text(str(error))[:100]})"
        raise ValueError(text) from None


def _shown_url(given: object) -> str:
    return _cut(repr(visible(mask_url(given))))


def _shown(given: object) -> str:
    # The repr of a large thing is large: what is shown is its beginning.
    return _cut(visible(mask_text(repr(given)[:1000])))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
