"""Find out where the next page is: plain functions of a reply's head and body.

In this order: a `Link` field with `rel="next"` (RFC 8288), the next URL in the body, a cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from yarl import URL

from notebook_http.client.link_header import parse_links
from notebook_http.client.url_errors import NOT_A_URL

if TYPE_CHECKING:
    from notebook_http.notebook.reply import Reply

__all__ = ["next_url", "row_count", "value_below"]

# Where APIs put the next URL (Django, JSON:API, HAL, OData, Stripe-likes, Graph, Spring).
_URL_PATHS = (
    ("next",),
    ("next_url",),
    ("nextUrl",),
    ("nextLink",),
    ("@odata.nextLink",),
    ("next_page_url",),
    ("links", "next"),
    ("links", "next", "href"),
    ("_links", "next"),
    ("_links", "next", "href"),
    ("paging", "next"),
    ("pagination", "next"),
    ("pagination", "next_url"),
    ("meta", "next"),
    ("info", "next"),
)
# And cursors, each with the parameter that it is sent back in.
_CURSORS = (
    (("next_cursor",), "cursor"),
    (("nextCursor",), "cursor"),
    (("meta", "next_cursor"), "cursor"),
    (("pagination", "next_cursor"), "cursor"),
    (("response_metadata", "next_cursor"), "cursor"),
    (("nextPageToken",), "pageToken"),
    (("next_page_token",), "page_token"),
)


def next_url(reply: Reply, body: Any, cursor: tuple[str, str] | None) -> URL | None:
    """Return the absolute URL of the page behind *reply*; None if there is none.

    Args:
        reply: the page.
        body: its JSON; None if it has none.
        cursor: where a cursor is in the body, as `"meta.next"`, and the parameter it is sent in;
            then nothing else is looked at.
    """
    if cursor is not None:
        return _with_cursor(reply.url, value_below(body, tuple(cursor[0].split("."))), cursor[1])
    for relation, link in parse_links(reply.headers.getall("Link", ()), reply.url).items():
        if "next" in relation.lower().split():
            return URL(str(link["url"]))
    for path in _URL_PATHS:
        value = value_below(body, path)
        # `{"next": 3}` and `{"next": "abc"}` are no URLs; a path or a query alone is one.
        if isinstance(value, str) and value.startswith(("http://", "https://", "/", "?")):
            try:
                return reply.url.join(URL(value))
            except NOT_A_URL:
                continue
    for path, name in _CURSORS:
        found = _with_cursor(reply.url, value_below(body, path), name)
        if found is not None:
            return found
    return None


def value_below(body: Any, path: tuple[str, ...]) -> Any:
    """Return what is under the keys of *path* in *body*; None if one of them is not there."""
    for key in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(key)
    return body


def row_count(body: Any, path: str | None) -> int:
    """Return how many rows a page has: those at *path*, or of its longest list; 0 for none."""
    if path is not None:
        body = value_below(body, tuple(path.split(".")))
    if isinstance(body, list):
        return len(body)
    if isinstance(body, Mapping):
        return max((len(value) for value in body.values() if isinstance(value, list)), default=0)
    return 0


def _with_cursor(url: URL, value: Any, name: str) -> URL | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        return None
    return url.update_query({name: str(value)})
