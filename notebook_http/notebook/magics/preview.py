"""Show what would be sent, `--dry-run` and `--curl`: masked, and without sending it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from yarl import URL

from notebook_http.notebook.display.html import visible
from notebook_http.notebook.magics.request_cell import ParsedRequest
from notebook_http.wire.secrets import mask_text

if TYPE_CHECKING:
    from notebook_http.notebook.interchange.curl_command import CurlCommand
    from notebook_http.notebook.interchange.request_parts import RequestParts

__all__ = ["NOT_SENT", "parts_of", "parts_of_command", "preview"]

NOT_SENT = "# Not sent. The client adds headers of its own."


def preview(parts: RequestParts, *, as_curl: bool) -> str:
    """Return *parts* as an `.http` request, or as a curl command; secrets masked."""
    from notebook_http.notebook.interchange.curl_text import curl_text
    from notebook_http.notebook.interchange.exceptions import UnwritableRequestError
    from notebook_http.notebook.interchange.http_text import http_text

    try:
        text = curl_text(parts) if as_curl else http_text(parts).removeprefix("%%http\n")
    except UnwritableRequestError as error:
        size = len(parts.body or b"")
        text = f"{parts.method} {mask_text(parts.url)}\n# a body of {size:,} bytes: {error}"
    if not as_curl:
        text = f"{NOT_SENT}\n{text}"
    return visible(text)


def parts_of(parsed: ParsedRequest) -> RequestParts:
    """Return what is sent for *parsed*, but for the headers that the client adds."""
    from notebook_http.notebook.interchange.request_parts import RequestParts

    url = parsed.url
    if parsed.query:
        url = str(URL(url).extend_query(list(parsed.query)))
    headers = list(parsed.headers)
    body = parsed.body
    if parsed.fields is not None:
        body = json.dumps(parsed.fields, ensure_ascii=False)
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
    content = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else body
    return RequestParts(parsed.method, url, tuple(headers), content)


def parts_of_command(command: CurlCommand) -> RequestParts:
    """Return what a curl *command* sends. Reads files.

    Raises:
        OSError: a file cannot be read.
    """
    from notebook_http.notebook.interchange.request_parts import RequestParts

    body = command.body()
    url = command.url
    if command.in_query and body is not None:
        url += ("&" if "?" in url else "?") + body.decode("utf-8", "surrogateescape")
        body = None
    missing = "it is a multipart form, made when it is sent" if command.form else ""
    return RequestParts(command.verb, url, tuple(command.headers), body, missing)
