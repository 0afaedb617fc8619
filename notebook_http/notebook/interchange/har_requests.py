"""Read the requests of an HTTP archive (HAR 1.2), of whatever program wrote it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from notebook_http.notebook.interchange.exceptions import HarError
from notebook_http.notebook.interchange.request_parts import RequestParts

__all__ = ["read_har"]


def read_har(archive: Any) -> list[RequestParts]:
    """Return the http and https requests of *archive*, a file's path or its JSON values.

    Raises:
        HarError: it is no archive; the message names the place in it.
        OSError: the file cannot be read.
    """
    where = "the archive"
    if not isinstance(archive, dict):
        where = str(archive)
        try:
            archive = json.loads(Path(archive).expanduser().read_text("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            message = f"{where} is no HAR file: it is not JSON ({error})"
            raise HarError(message) from None
    log = _member(archive, "log", dict, where)
    entries = _member(log, "entries", list, "log")
    found = []
    for number, entry in enumerate(entries):
        place = f"log.entries[{number}]"
        request = _member(entry, "request", dict, place)
        parts = _request(request, f"{place}.request")
        if parts.url.lower().startswith(("http://", "https://")):
            found.append(parts)
    return found


def _request(request: dict[str, Any], place: str) -> RequestParts:
    method = _member(request, "method", str, place)
    url = _member(request, "url", str, place).partition("#")[0]
    headers = _pairs(request.get("headers", []), f"{place}.headers")
    # `:authority` and the like are HTTP/2's way to say the request line.
    headers = [(name, value) for name, value in headers if not name.startswith(":")]
    if not any(name.lower() == "cookie" for name, _ in headers):
        cookies = _pairs(request.get("cookies", []), f"{place}.cookies")
        if cookies:
            text = "; ".join([f"{name}={value}" for name, value in cookies])
            headers.append(("Cookie", text))
    body = None
    post = request.get("postData")
    if post is not None:
        body = _body(post, f"{place}.postData")
        content_type = post.get("mimeType")
        if content_type and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", str(content_type)))
    return RequestParts(method, url, tuple(headers), body)


def _body(post: Any, place: str) -> bytes:
    if isinstance(post, dict) and "text" not in post and post.get("params"):
        if str(post.get("mimeType", "")).lower().startswith("multipart/"):
            message = f"{place} has the fields of a multipart body, but not its text"
            raise HarError(message)
        return urlencode(_pairs(post["params"], f"{place}.params")).encode("ascii")
    text: str = _member(post, "text", str, place)
    if post.get("_encoding") == "base64" or post.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except ValueError as error:
            message = f"{place}.text is no base64: {error}"
            raise HarError(message) from None
    return text.encode("utf-8", "surrogatepass")


def _pairs(items: Any, place: str) -> list[tuple[str, str]]:
    if not isinstance(items, list):
        message = f"{place} is no list, but {type(items).__name__}"
        raise HarError(message)
    pairs = []
    for number, item in enumerate(items):
        at = f"{place}[{number}]"
        name = _member(item, "name", str, at)
        pairs.append((name, str(item.get("value", ""))))
    return pairs


def _member(holder: Any, name: str, kind: type, place: str) -> Any:
    if not isinstance(holder, dict):
        message = f"{place} is no object, but {type(holder).__name__}"
        raise HarError(message)
    value = holder.get(name)
    if not isinstance(value, kind):
        message = f"{place} has no {name!r}, or one of another type than HAR 1.2 says"
        raise HarError(message)
    return value
