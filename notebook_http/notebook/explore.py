"""`nh.explore()`: a form for requests in a cell, and the operations of an API in it."""

from __future__ import annotations

from typing import Any

from notebook_http.notebook.client import Client, default_client
from notebook_http.notebook.reply import Reply
from notebook_http.notebook.widgets.explorer import explorer
from notebook_http.notebook.widgets.form_request import Draft

__all__ = ["explore"]


def explore(base_url: str | None = None, *, client: Client | None = None) -> Any:
    """Return a widget with a form for requests; the answer is shown below it.

    What is typed is not saved with the notebook; passwords and tokens are kept nowhere. Its
    `reply` is the last reply. `%unload_ext notebook_http` and its `close()` end all of it.

    Args:
        base_url: what relative URLs are below of.
        client: what sends; by default the client of `nh.get`.

    Raises:
        ImportError: anywidget is not installed; the message says how to install it.
    """

    async def send(draft: Draft) -> Reply:
        sender = client or default_client()
        options: dict[str, Any] = {"headers": draft.headers, "raise_for_status": False}
        if draft.body is not None:
            options["data"] = draft.body
        return await sender.request(draft.method, draft.url, **options)

    try:
        return explorer(base_url or "", send)
    except ImportError as error:
        message = (
            "nh.explore() is a control of its own. Install what shows it: pip install anywidget"
        )
        raise ImportError(message) from error
