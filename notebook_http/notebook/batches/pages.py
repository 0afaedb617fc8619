"""`nh.paginate(url)`: one page after the other, until there is none."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from yarl import URL

from notebook_http.client.middlewares.arguments import check_count
from notebook_http.client.redirects import is_same_origin
from notebook_http.notebook.argument_names import check_names, request_option_names
from notebook_http.notebook.batches.fetch_all import client_of
from notebook_http.notebook.batches.next_page import next_url, row_count
from notebook_http.notebook.client import Client
from notebook_http.notebook.reply import Reply
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    import pandas

    from notebook_http.client.session import ClientSession

__all__ = ["Pages", "PaginationLoopError", "paginate"]

# What another origin may know of a request: nothing that could be a credential.
_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "user-agent"})


class PaginationLoopError(ValueError):
    """A page leads back to one that was read already: going on would never end."""


def paginate(
    url: str | URL,
    *,
    page: str | None = None,
    offset: str | None = None,
    cursor: tuple[str, str] | None = None,
    rows: str | None = None,
    max_pages: int = 1000,
    client: Client | ClientSession | None = None,
    **options: Any,
) -> Pages:
    """Return the pages of *url*: `async for reply in …`, or `await ….df()` for all their rows.

    The next page is found by the `Link` field (RFC 8288), a URL in the body (`next`,
    `links.next`, `@odata.nextLink` …), or a cursor (`next_cursor`, `nextPageToken` …); an API
    that only counts needs *page* or *offset*.

    A page of another origin is asked without credentials: with a client of its own, which has
    neither the headers, cookies nor auth of the first one, and so is all that comes after it.

    Args:
        url: the first page.
        page: the parameter that counts pages, as `"page"`; ends with a page without rows.
        offset: the parameter that counts rows, as `"offset"`; ends likewise.
        cursor: where the cursor is in the body and the parameter it goes into, as
            `("meta.after", "after")`.
        rows: where the rows are, as `"data.items"`; needed to count them if pages hold several
            lists.
        max_pages: how many at most; 1,000, which is more than anybody looks through. If there are
            more, `Pages.rest` is the URL of the next one.
        client: the `Client` or `ClientSession` to send with; that of `nh.get` by default.
        options: as for `nh.get`.

    Raises:
        TypeError, ValueError: an argument cannot be.
        StatusError: when read: a page has a status of 400 or above.
        PaginationLoopError: when read: a page was there before.
    """
    check_names("paginate", options, request_option_names())
    check_count("paginate", "max_pages", max_pages)
    if sum(each is not None for each in (page, offset, cursor)) > 1:
        text = "paginate takes one of page, offset and cursor"
        raise TypeError(text)
    return Pages(url, page, offset, cursor, rows, max_pages, client_of(client), options)


class Pages(AsyncIterator[Reply]):
    """The pages of one URL, read as they are asked for.

    Attributes:
        rest: the URL of the page that comes next when `max_pages` were read; else None.
    """

    def __init__(
        self,
        url: str | URL,
        page: str | None,
        offset: str | None,
        cursor: tuple[str, str] | None,
        rows: str | None,
        max_pages: int,
        client: Client,
        options: dict[str, Any],
    ) -> None:
        self.rest: URL | None = None
        self._url = url
        self._page = page
        self._offset = offset
        self._cursor = cursor
        self._rows = rows
        self._max_pages = max_pages
        self._client = client
        self._options = options
        self._read = self._pages()

    async def __anext__(self) -> Reply:
        return await anext(self._read)

    def __repr__(self) -> str:
        return f"<Pages of {mask_url(self._url)}: async for reply in …, or await ….df()>"

    async def df(self, path: str | None = None) -> pandas.DataFrame:
        """Return the rows of all pages in one frame, in order.

        Args:
            path: where the rows are in each page; that of `paginate(rows=…)` by default.

        Raises:
            FrameError: a ValueError; a page has no table in it.
        """
        frames = [reply.df(path or self._rows) async for reply in self]
        import pandas

        for frame in frames:
            frame.attrs = {}  # what is true of one page is not true of all
        whole = [frame for frame in frames if len(frame)] or frames[:1]
        return pandas.concat(whole, ignore_index=True) if whole else pandas.DataFrame()

    async def _pages(self) -> AsyncGenerator[Reply, None]:
        reply = await self._client.fetch("GET", self._url, self._options)
        origin = (reply.history[0] if reply.history else reply).url
        stranger: Client | None = None
        seen: set[str | bytes] = {str(reply.url)}
        try:
            for count in range(1, self._max_pages + 1):
                reply.raise_for_status()
                following = self._following(reply, seen)
                if following is not None and str(following) in seen:
                    text = f"page {count} leads back to one before: {mask_url(following)}"
                    raise PaginationLoopError(text)
                yield reply
                if following is None or count == self._max_pages:
                    self.rest = following
                    return
                seen.add(str(following))
                if stranger is None and not is_same_origin(following, origin):
                    stranger = Client()
                if stranger is None:
                    reply = await self._client.fetch("GET", following, self._same_origin_options())
                else:
                    reply = await stranger.fetch("GET", following, self._harmless_options())
        finally:
            if stranger is not None:
                await stranger.close()

    def _following(self, reply: Reply, seen: set[str | bytes]) -> URL | None:
        try:
            body = reply.json()
        except ValueError:
            body = None
        counter = self._page or self._offset
        if counter is None:
            return next_url(reply, body, self._cursor)
        count = row_count(body, self._rows)
        if not count:
            return None
        digest = sha256(reply.content).digest()
        if digest in seen:
            text = f"{counter}= changes nothing: a page came again as it was, {mask_url(reply.url)}"
            raise PaginationLoopError(text)
        seen.add(digest)
        given = reply.url.query.get(counter, "")
        # Pages are counted from 1 where nothing is said, rows from 0.
        now = int(given) if given.isascii() and given.isdecimal() else int(self._page is not None)
        return reply.url.update_query({counter: str(now + (1 if self._page else count))})

    def _same_origin_options(self) -> dict[str, Any]:
        # The parameters of the first page are in the URL already.
        return {name: value for name, value in self._options.items() if name != "params"}

    def _harmless_options(self) -> dict[str, Any]:
        given = self._options.get("headers") or {}
        pairs = given.items() if hasattr(given, "items") else given
        headers = [(name, value) for name, value in pairs if name.lower() in _HARMLESS_HEADERS]
        kept: dict[str, Any] = {"headers": headers}
        if "timeout" in self._options:
            kept["timeout"] = self._options["timeout"]
        return kept
