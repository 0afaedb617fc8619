"""Turn `data=` and `json=` into bytes, or into something that writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebook_http import hdrs

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook_http.transport.payload import Payload

__all__ = ["RequestBody", "body_from_data", "body_from_json"]

_OCTETS = ((str(hdrs.CONTENT_TYPE), "application/octet-stream"),)
_TEXT = ((str(hdrs.CONTENT_TYPE), "text/plain; charset=utf-8"),)
_JSON = ((str(hdrs.CONTENT_TYPE), "application/json"),)


class RequestBody:
    """A body: either bytes, or a payload that writes them.

    Attributes:
        content: the bytes, or None.
        payload: what writes the bytes, or None.
        size: bytes in all; None if nobody knows before the end.
        headers: what describes it, `Content-Type` first.
    """

    __slots__ = ("content", "headers", "payload", "size")

    def __init__(
        self,
        content: bytes | None,
        headers: tuple[tuple[str, str], ...],
        payload: Payload | None = None,
    ) -> None:
        self.content = content
        self.headers = headers
        self.payload = payload
        if content is not None:
            self.size: int | None = len(content)
        else:
            self.size = payload.size if payload is not None else 0

    def as_payload(self) -> Payload:
        """Return the body as a payload, for those who want to look into it."""
        if self.payload is not None:
            return self.payload
        from notebook_http.transport.payload import BytesPayload

        return BytesPayload(self.content or b"", headers=self.headers)

    @property
    def is_spent(self) -> bool:
        """Whether it was sent once and cannot be sent again (a generator, a pipe)."""
        return self.payload is not None and self.payload.consumed

    async def close(self) -> None:
        """Close what the payload opened."""
        if self.payload is not None:
            await self.payload.close()


def body_from_json(value: Any, serialize: Callable[[Any], str | bytes]) -> RequestBody:
    """Return *value* as a JSON body.

    Raises:
        TypeError: *value* holds something that JSON has no form for.
    """
    text = serialize(value)
    return RequestBody(text if isinstance(text, bytes) else text.encode("utf-8"), _JSON)


def body_from_data(data: Any) -> RequestBody | None:
    """Return the body that *data* stands for; None for None.

    Args:
        data: bytes, text, an open file, an async iterable, a `FormData` or `Payload`, or fields
            of a form as a dict or list of pairs.

    Raises:
        TypeError: it is none of these.
    """
    if data is None:
        return None
    if type(data) is bytes:
        return RequestBody(data, _OCTETS)
    if type(data) is str:
        return RequestBody(data.encode("utf-8"), _TEXT)
    # The rooms of payloads are large, and many programs only send text.
    from notebook_http.transport.form_data import FormData
    from notebook_http.transport.payload import (
        PAYLOAD_REGISTRY,
        BytesPayload,
        JsonPayload,
        StringPayload,
    )

    if not isinstance(data, FormData):
        try:
            # Without a disposition: what a file is called here is nobody's business there.
            payload = PAYLOAD_REGISTRY.get(data, disposition=None)
        except LookupError:
            payload = FormData(data)()
    else:
        payload = data()
    headers = tuple((str(name), value) for name, value in payload.headers.items())
    # Classes that somebody derived from these may write, or close, in a way of their own.
    if type(payload) in (BytesPayload, StringPayload, JsonPayload):
        content = payload._value
        if type(content) is bytes:
            return RequestBody(content, headers)
    return RequestBody(None, headers, payload)
