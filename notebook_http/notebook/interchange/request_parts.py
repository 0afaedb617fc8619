"""A request as plain values, and the same with its secrets masked: what the writers write."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from notebook_http.notebook.interchange.exceptions import UnwritableRequestError
from notebook_http.wire.secrets import (
    is_secret_name,
    mask,
    mask_headers,
    mask_json,
    mask_text,
    mask_url,
)

__all__ = ["MASKED_NOTE", "RequestParts", "masked", "masked_body"]

MASKED_NOTE = "Credentials are masked. With reveal=True they are shown."

_BOUNDARY = re.compile(r'boundary="?([^";]+)', re.IGNORECASE)
_PART_NAME = re.compile(rb'[;\s]name="([^"]*)"')


class RequestParts(NamedTuple):
    """What was sent.

    Attributes:
        method: as it was sent.
        url: without fragment, percent-encoded as it was sent.
        headers: (name, value) pairs in their order.
        body: the bytes; None without a body.
        missing: why the bytes are not known, "" if they are.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None = None
    missing: str = ""

    def header(self, name: str) -> str | None:
        """Return the first value of a header by its lower-case *name*; None without one."""
        return next((value for given, value in self.headers if given.lower() == name), None)

    @property
    def given_headers(self) -> list[tuple[str, str]]:
        """The headers but for those that follow from URL and body: `Host`, `Content-Length`."""
        authority = self.url.partition("://")[2].partition("/")[0].partition("?")[0]
        return [
            (name, value)
            for name, value in self.headers
            if not (name.lower() == "host" and value == authority.rpartition("@")[2])
            and not (name.lower() == "content-length" and self.body is not None)
        ]

    def __repr__(self) -> str:
        return f"<{self.method} {mask_url(self.url)[:200]}>"

    def check_whole(self) -> None:
        """Return if all that was sent is here.

        Raises:
            UnwritableRequestError: the body is not.
        """
        if self.missing:
            message = (
                f"The body of this {self.method} is not known any more: {self.missing}. "
                "Without it the request would be another one."
            )
            raise UnwritableRequestError(message)


def masked(parts: RequestParts) -> RequestParts:
    """Return *parts* with the secrets in URL, headers and body masked."""
    body = parts.body
    if body:
        body = masked_body(body, parts.header("content-type") or "")
    headers = tuple(mask_headers(parts.headers))
    return parts._replace(url=mask_url(parts.url), headers=headers, body=body)


def masked_body(body: bytes, content_type: str) -> bytes:
    """Return *body* with the secrets in it masked, as far as its type lets them be seen."""
    kind = content_type.lower()
    if kind.startswith("multipart/") and (found := _BOUNDARY.search(content_type)):
        delimiter = b"--" + found.group(1).encode("utf-8", "surrogateescape")
        return delimiter.join([_masked_part(part) for part in body.split(delimiter)])
    text = body.decode("utf-8", "surrogateescape")
    if kind.startswith("application/x-www-form-urlencoded"):
        shown = mask_url(f"//h?{text}").removeprefix("//h?")
    else:
        shown = _masked_json(text) if text.lstrip()[:1] in ("{", "[") else mask_text(text)
    return shown.encode("utf-8", "surrogateescape")


def _masked_json(text: str) -> str:
    try:
        value = json.loads(text)
        shown = mask_json(value)
        return text if shown == value else json.dumps(shown, ensure_ascii=False)
    except (ValueError, RecursionError):
        return mask_text(text)


def _masked_part(part: bytes) -> bytes:
    head, separator, content = part.partition(b"\r\n\r\n")
    name = _PART_NAME.search(head)
    if not separator or name is None:
        return part
    text = content.decode("utf-8", "surrogateescape")
    if is_secret_name(name.group(1).decode("utf-8", "replace")):
        shown = mask(text.removesuffix("\r\n")) + "\r\n"
    else:
        shown = mask_text(text)
    return head + separator + shown.encode("utf-8", "surrogateescape")
