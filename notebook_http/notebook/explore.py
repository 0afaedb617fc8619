"""`nh.explore()`: a form for requests in a cell, and the operations of an API in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from notebook_http.notebook.client import Client, default_client
from notebook_http.notebook.openapi.document import Document, read_document
from notebook_http.notebook.openapi.operations import base_url_of, operations_of, title_of
from notebook_http.notebook.reply import Reply
from notebook_http.notebook.widgets.explorer import Described, explorer
from notebook_http.notebook.widgets.form_request import Draft
from notebook_http.wire.secrets import mask_url

__all__ = ["explore"]


def explore(
    base_url: str | None = None,
    openapi: str | Path | Mapping[str, Any] | None = None,
    *,
    client: Client | None = None,
) -> Any:
    """Return a widget with a form for requests; the answer is shown below it.

    What is typed is not saved with the notebook; passwords and tokens are kept nowhere. Its
    `reply` is the last reply. `%unload_ext notebook_http` and its `close()` end all of it.

    Args:
        base_url: what relative URLs are below of.
        openapi: the description of an API (OpenAPI 3.0 or 3.1, Swagger 2.0; JSON, or YAML with
            pyyaml): a URL, which is fetched behind the cell, a file, or its values. Its operations
            fill the form. References into other documents are never followed.
        client: what sends; by default the client of `nh.get`.

    Raises:
        ImportError: anywidget is not installed; the message says how to install it.
        OpenAPIError: a ValueError; the description cannot be read, and the message names the place.
            One that is fetched says so in the widget.
        OSError: its file cannot be read.
    """

    async def send(draft: Draft) -> Reply:
        sender = client or default_client()
        options: dict[str, Any] = {"headers": draft.headers, "raise_for_status": False}
        if draft.body is not None:
            options["data"] = draft.body
        return await sender.request(draft.method, draft.url, **options)

    described: Described | None = None
    describe: Callable[[], Awaitable[Described]] | None = None
    if isinstance(openapi, str) and openapi.startswith(("http://", "https://")):
        url = openapi

        async def fetch() -> Described:
            reply = await (client or default_client()).get(url)
            reply.raise_for_status()
            # In a thread: YAML takes its time.
            return await asyncio.to_thread(_described, reply.content, mask_url(url), str(reply.url))

        describe = fetch
    elif isinstance(openapi, Mapping):
        described = _described(openapi, "openapi", "")
    elif openapi is not None:
        path = Path(openapi).expanduser()
        described = _described(path.read_bytes(), path.name, "")
    try:
        return explorer(base_url or "", send, described, describe)
    except ImportError as error:
        message = "What nh.explore() shows is not installed. Try: pip install anywidget"
        raise ImportError(message) from error


def _described(content: bytes | Mapping[str, Any], source: str, fetched_from: str) -> Described:
    document: Document = read_document(content, source)
    return title_of(document), base_url_of(document, fetched_from), operations_of(document)
