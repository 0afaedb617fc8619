"""`nh.from_har(…)`: the requests of an HTTP archive, to be awaited."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from notebook_http.notebook.client import Client, default_client
from notebook_http.notebook.interchange.har_requests import read_har
from notebook_http.notebook.pending_request import PendingRequest
from notebook_http.notebook.sent_again import options_again

__all__ = ["from_har"]


def from_har(
    archive: str | Path | dict[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
    client: Client | None = None,
) -> list[PendingRequest]:
    """Return the requests of an HTTP archive (HAR 1.2), in its order, to be awaited.

    `batch = await nh.fetch_all(nh.from_har("session.har"))` sends them all. Each is sent as it is
    there, redirects being requests of their own; those of other schemes (`data:`, `wss:`) are left
    out.

    Args:
        archive: the file, or its JSON values.
        headers: replace those of the same names in each request: for credentials, which archives
            that were meant to be shared have masked.
        client: what sends them; by default the client of `nh.get`.

    Raises:
        HarError: a ValueError; it is no archive, and the message names the place in it.
        OSError: the file cannot be read.
    """
    sender = client or default_client()
    replaced = dict(headers or {})
    return [
        sender.request(parts.method, parts.url, **options_again(parts, replaced))
        for parts in read_har(archive)
    ]
