"""One request and its answer, as they stand in a file: plain values, secrets masked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from multidict import CIMultiDict

from notebook_http.notebook.cassettes.body_forms import body_bytes, body_form, masked_alike
from notebook_http.notebook.cassettes.recorded_exchange import MOST_BODY_BYTES, RecordedExchange
from notebook_http.wire.content_coding import decoder_for
from notebook_http.wire.errors import ContentEncodingError
from notebook_http.wire.http_version import HttpVersion11
from notebook_http.wire.response_head import ResponseHead
from notebook_http.wire.secrets import mask_headers, mask_text, mask_url

if TYPE_CHECKING:
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["Answer", "Asked", "answer_of", "asked_of", "read_answer", "read_asked"]

# What belongs to the connection and the way that bytes took, not to what was said.
_OF_THE_WAY = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive"}
)
_BOUNDARY = re.compile(r'(boundary="?)([^";]+)', re.IGNORECASE)


class Asked(NamedTuple):
    """What is compared: masked alike, so that another token is no other request.

    Attributes:
        method, url: as sent, the URL masked.
        body: see `body_form`; None if nobody can know it before it is sent (a stream, a file).
        headers: for people; they are not compared.
    """

    method: str
    url: str
    body: dict[str, Any] | None
    headers: list[list[str]]

    def values(self) -> dict[str, Any]:
        """Return it as it stands in the file."""
        body = {"unknown": "it was streamed"} if self.body is None else self.body
        return {"method": self.method, "url": self.url, "headers": self.headers, "body": body}


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status, reason: of the status line.
        headers: without those of the way (`Content-Length`, `Transfer-Encoding` …).
        chunks: the body; several if it came in several chunks.
        is_chunked: whether it came in chunks at all.
        broken: why it ended before its time; "" if it did not.
    """

    status: int
    reason: str
    headers: list[list[str]]
    chunks: list[bytes]
    is_chunked: bool = False
    broken: str = ""

    def values(self) -> dict[str, Any]:
        """Return it as it stands in the file."""
        kind = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        found: dict[str, Any] = {
            "status": self.status,
            "reason": self.reason,
            "headers": self.headers,
        }
        forms = [body_form(chunk, kind) for chunk in self.chunks]
        whole = body_form(b"".join(self.chunks), kind)
        # A secret that lies across two chunks is only seen in the whole.
        if self.is_chunked and len(forms) > 1 and _joined(forms) == body_bytes(whole):
            found["chunks"] = forms
        else:
            found["body"] = whole
        if self.is_chunked:
            found["chunked"] = True
        if self.broken:
            found["broken"] = self.broken
        return found

    def head(self, *, has_body: bool) -> ResponseHead:
        """Return the head that it is given again with."""
        pairs = [tuple(pair) for pair in self.headers]
        size = sum(map(len, self.chunks))
        if self.is_chunked:
            pairs.append(("Transfer-Encoding", "chunked"))
        elif has_body:
            pairs.append(("Content-Length", str(size)))
        raw = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in pairs]
        head = ResponseHead(HttpVersion11, self.status, self.reason, raw, True)
        head.chunked = self.is_chunked
        head.has_body = has_body
        head.content_length = None if self.is_chunked else size
        return head


def _joined(forms: list[dict[str, Any]]) -> bytes:
    return b"".join([body_bytes(form) for form in forms])


def asked_of(request: ClientRequest) -> Asked:
    """Return what is compared of *request*; nothing of its body is used up."""
    headers: CIMultiDict[str] = request.headers
    kind = headers.get("Content-Type", "")
    outgoing = request.outgoing
    body: bytes | None = b""
    if outgoing is not None:
        body = outgoing.content
        if body is None:
            value = getattr(outgoing.payload, "_value", None)
            body = bytes(value) if isinstance(value, bytes | bytearray | memoryview) else None
    shown = [[name, masked_alike(value)] for name, value in mask_headers(headers.items())]
    return Asked(
        request.method,
        masked_alike(mask_url(request.url)),
        None if body is None else body_form(body, kind),
        [pair for pair in shown if pair[0].lower() not in _OF_THE_WAY],
    )


def answer_of(response: ClientResponse, exchange: RecordedExchange) -> Answer:
    """Return what came back, as far as it has."""
    head = exchange.head
    pairs = mask_headers([(str(name), value) for name, value in response.headers.items()])
    kept = [pair for pair in pairs if pair[0].lower() not in _OF_THE_WAY]
    if response.method == "HEAD":  # there they are about what GET would bring
        kept = [pair for pair in pairs if pair[0].lower() not in ("connection", "keep-alive")]
    chunks, broken = exchange.pieces, ""
    if exchange.is_too_large:
        broken = f"its body is over {MOST_BODY_BYTES:,} bytes, which is what is recorded at most"
    elif exchange.failure is not None:
        broken = masked_alike(mask_text(str(exchange.failure)))[:500] or "the connection was lost"
    elif not exchange.completed:
        broken = "the recording was closed while the body was on its way"
    is_chunked = head is not None and head.chunked
    if head is not None and exchange.is_coded and head.content_encoding:
        try:
            chunks = _decoded(chunks, head.content_encoding)
        except ContentEncodingError as error:
            broken = masked_alike(mask_text(f"its body cannot be decoded: {error}"))[:500]
            chunks = []
    headers = [[name, masked_alike(value)] for name, value in kept]
    reason = masked_alike(mask_text(response.reason or ""))
    return Answer(response.status, reason, headers, chunks, is_chunked, broken)


def _decoded(pieces: list[bytes], coding: str) -> list[bytes]:
    """Return what *pieces* unpack to, each by itself.

    Raises:
        ContentEncodingError: they are no such coding, or unpack to more than is kept.
    """
    decoder = decoder_for(coding)
    if decoder is None:
        return pieces
    decoded = []
    left = MOST_BODY_BYTES
    for piece in pieces:
        found = bytearray(decoder.decode(piece, left))
        while not decoder.needs_input and left > len(found):
            found += decoder.decode(b"", left - len(found))
        left -= len(found)
        if left <= 0:
            text = f"it unpacks to more than {MOST_BODY_BYTES:,} bytes"
            raise ContentEncodingError(text)
        decoded.append(bytes(found))
    return [piece for piece in decoded if piece]


def read_asked(values: object) -> Asked:
    """Return what stands under `request` in a file.

    Raises:
        ValueError: something is missing, or of another type.
    """
    asked = _object(values, "request")
    body = asked.get("body", {})
    if isinstance(body, dict) and "unknown" in body:
        known = None
    else:
        body_bytes(body)
        known = body
    method, url = (_text(asked, name, "request") for name in ("method", "url"))
    return Asked(method, url, known, _pairs(asked, "request"))


def read_answer(values: object) -> Answer:
    """Return what stands under `answer` in a file.

    Raises:
        ValueError: something is missing, or of another type.
    """
    answer = _object(values, "answer")
    status = answer.get("status")
    if not isinstance(status, int) or not 100 <= status <= 999:
        text = f"answer.status is a number from 100 to 999, not {status!r}"
        raise ValueError(text)
    chunks = answer.get("chunks")
    if chunks is None:
        chunks = [answer.get("body", {})]
    if not isinstance(chunks, list):
        text = "answer.chunks is a list of bodies"
        raise ValueError(text)
    return Answer(
        status,
        str(answer.get("reason", "")),
        _pairs(answer, "answer"),
        [body for body in map(body_bytes, chunks) if body],
        answer.get("chunked") is True,
        str(answer.get("broken", "")),
    )


def _object(values: object, name: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        text = f"{name} is an object"
        raise ValueError(text)
    return values


def _text(values: dict[str, Any], name: str, where: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        text = f"{where}.{name} is a text, not {value!r}"
        raise ValueError(text)
    return value


def _pairs(values: dict[str, Any], where: str) -> list[list[str]]:
    pairs: list[list[str]] = values.get("headers", [])
    for pair in pairs if isinstance(pairs, list) else [None]:
        if not isinstance(pair, list) or [type(word) for word in pair] != [str, str]:
            text = f"{where}.headers is a list of [name, value]"
            raise ValueError(text)
        if any(char in word for word in pair for char in "\r\n\0"):
            text = f"{where}.headers: {pair[0]!r} holds a line break"
            raise ValueError(text)
    return pairs
