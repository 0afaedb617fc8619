"""Write exchanges as an HTTP archive (HAR 1.2), with secrets masked."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from notebook_http._version import __version__
from notebook_http.notebook.interchange.exchanges import Exchange, Steps
from notebook_http.notebook.interchange.request_parts import RequestParts, masked, masked_body
from notebook_http.wire.secrets import mask_headers, mask_text, mask_url

__all__ = ["har_archive"]

_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=~"


def har_archive(exchanges: Iterable[Exchange]) -> dict[str, Any]:
    """Return the archive of *exchanges* as JSON values, their secrets masked."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "notebook_http", "version": __version__},
            "entries": [_entry(exchange) for exchange in exchanges],
        }
    }


def _entry(exchange: Exchange) -> dict[str, Any]:
    started = datetime.fromtimestamp(exchange.started, UTC)
    timings = _timings(exchange.steps)
    entry: dict[str, Any] = {
        "startedDateTime": started.isoformat(timespec="milliseconds"),
        # By the format: all steps that are known, `ssl` being a part of `connect`.
        "time": round(sum(ms for name, ms in timings.items() if ms > 0 and name != "ssl"), 3),
        "request": _request(masked(exchange.request)),
        "response": _response(exchange),
        "cache": {},
        "timings": timings,
    }
    if exchange.error:
        entry["comment"] = mask_text(exchange.error)
    return entry


def _request(parts: RequestParts) -> dict[str, Any]:
    # What was masked holds blanks: it must stay a URL to whoever reads the archive.
    url = quote(parts.url, safe=_URL_CHARACTERS, errors="replace")
    request: dict[str, Any] = {
        "method": parts.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": _sent_cookies(parts.header("cookie") or ""),
        "headers": _pairs(parts.headers),
        "queryString": _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": -1 if parts.missing else len(parts.body or b""),
    }
    if parts.body is not None:
        post: dict[str, Any] = {"mimeType": parts.header("content-type") or ""}
        try:
            post["text"] = parts.body.decode("utf-8")
        except UnicodeDecodeError:
            # The format has no word for it here; names of its extensions open with an underscore.
            post["text"] = base64.b64encode(parts.body).decode("ascii")
            post["_encoding"] = "base64"
        request["postData"] = post
    elif parts.missing:
        request["comment"] = f"The body was not kept: {parts.missing}."
    return request


def _response(exchange: Exchange) -> dict[str, Any]:
    content_type = exchange.header("content-type")
    content: dict[str, Any] = {"size": exchange.size or 0, "mimeType": content_type}
    if exchange.content is not None:
        shown = masked_body(exchange.content, content_type)
        try:
            content["text"] = shown.decode("utf-8")
        except UnicodeDecodeError:
            content["text"] = base64.b64encode(shown).decode("ascii")
            content["encoding"] = "base64"
    elif exchange.missing:
        content["comment"] = f"The body was not kept: {exchange.missing}."
    headers = mask_headers(exchange.headers)
    location = mask_url(exchange.header("location"))
    location = quote(location, safe=_URL_CHARACTERS, errors="replace")
    length = exchange.header("content-length")
    return {
        "status": exchange.status,
        "statusText": exchange.reason,
        "httpVersion": "HTTP/1.1" if exchange.status else "",
        "cookies": [_cookie(value) for name, value in headers if name.lower() == "set-cookie"],
        "headers": _pairs(headers),
        "content": content,
        "redirectURL": location if 300 <= exchange.status < 400 else "",
        "headersSize": -1,
        "bodySize": int(length) if length.isascii() and length.isdecimal() else -1,
    }


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _sent_cookies(header: str) -> list[dict[str, str]]:
    return [_cookie(pair) for pair in header.split(";") if pair.strip()]


def _cookie(text: str) -> dict[str, str]:
    name, _, value = text.partition(";")[0].strip().partition("=")
    return {"name": name, "value": value}


def _timings(steps: Steps) -> dict[str, float]:
    """Return the steps in milliseconds; -1, by the format, for those that did not happen."""
    connect = steps.connect
    if connect is not None and steps.tls is not None:
        connect += steps.tls
    return {
        "blocked": _ms(steps.queued, -1),
        "dns": _ms(steps.dns, -1),
        "connect": _ms(connect, -1),
        "ssl": _ms(steps.tls, -1),
        "send": _ms(steps.sent, 0),
        "wait": _ms(steps.first_byte, 0),
        "receive": _ms(steps.body, 0),
    }


def _ms(seconds: float | None, unknown: float) -> float:
    return unknown if seconds is None else round(seconds * 1000, 3)
