"""A body and what its header says of it: which kind it is, and its head as text.

The type that was sent decides, except where it says nothing, and where the bytes show that it is
wrong: what is called a picture begins as one, or it is shown as what it looks like.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from notebook_http.notebook.display.json_items import MalformedJSON, Source, read_json
from notebook_http.notebook.display.media import media_type_of

__all__ = ["CSV_TYPES", "HEAD_BYTES", "Body", "BodyKind", "head_of", "json_source"]

# 128 KiB of the body is looked at: more than any card shows.
HEAD_BYTES = 128 * 1024
# Up to 256 KiB a body without a type is parsed whole, to see whether it is JSON.
_PARSED_BYTES = 256 * 1024

_JSON_TYPES = frozenset({"application/json", "text/json"})
_LINES_TYPES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-seq"}
)
CSV_TYPES = {
    "text/csv": None,
    "application/csv": None,
    "text/tab-separated-values": "\t",
}
# `application/…` that is text; besides `text/*` and `*+xml`.
_TEXT_SUBTYPES = frozenset(
    {"xml", "javascript", "ecmascript", "yaml", "x-yaml", "toml", "sql", "graphql", "x-sh"}
)
_UNTOLD_TYPES = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain"})
_MEDIA = ("image/", "audio/", "video/")
# What is sent as one of these and begins otherwise is shown as what it is, with a remark.
_SHOWN_MEDIA = frozenset(
    {f"image/{name}" for name in ("png", "jpeg", "jpg", "gif", "webp", "avif", "bmp", "x-icon")}
    | {f"audio/{name}" for name in ("ogg", "flac", "mpeg", "wav", "x-wav", "wave", "mp4", "aac")}
)


class BodyKind(Enum):
    """What a body is shown as; the value is the word for it."""

    EMPTY = "no body"
    JSON = "JSON"
    JSON_LINES = "JSON lines"
    CSV = "CSV"
    IMAGE = "image"
    AUDIO = "audio"
    FORM = "form"
    MULTIPART = "multipart"
    EVENTS = "event stream"
    MSGPACK = "MessagePack"
    TEXT = "text"
    BINARY = "binary"


_KINDS = {
    "application/x-www-form-urlencoded": BodyKind.FORM,
    "text/event-stream": BodyKind.EVENTS,
    "application/msgpack": BodyKind.MSGPACK,
    "application/x-msgpack": BodyKind.MSGPACK,
    "application/vnd.msgpack": BodyKind.MSGPACK,
}


@dataclass(frozen=True, slots=True)
class Body:
    """A body and what its header says of it.

    Attributes:
        content: its bytes, decoded from gzip and the like.
        content_type: the media type in lower case without parameters; empty when there is none.
        charset: a codec name that Python can decode with.
        kind: what it is shown as, told from these.
    """

    content: bytes
    content_type: str = ""
    charset: str = "utf-8"
    kind: BodyKind = field(init=False)
    _read: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", _kind_of(self.content, self.content_type))

    @property
    def remark(self) -> str:
        """What is odd about what was sent, "" as a rule."""
        media_kinds = (BodyKind.EMPTY, BodyKind.IMAGE, BodyKind.AUDIO)
        if self.content_type in _SHOWN_MEDIA and self.kind not in media_kinds:
            return f"Sent as {self.content_type}, but it does not begin like that."
        return ""


def _kind_of(content: bytes, content_type: str) -> BodyKind:
    if not content:
        return BodyKind.EMPTY
    media_type = media_type_of(content)
    untold = content_type in _UNTOLD_TYPES and _looks_binary(content)
    if media_type and (untold or content_type.startswith(_MEDIA)):
        return BodyKind.IMAGE if media_type.startswith("image/") else BodyKind.AUDIO
    if content_type in _JSON_TYPES or content_type.endswith("+json"):
        return BodyKind.JSON
    if content_type in _LINES_TYPES:
        return BodyKind.JSON_LINES
    if content_type in CSV_TYPES:
        return BodyKind.CSV
    if content_type.startswith("multipart/"):
        return BodyKind.MULTIPART
    if content_type in _KINDS:
        return _KINDS[content_type]
    if content_type in _UNTOLD_TYPES:
        return _kind_by_look(content)
    main, _, subtype = content_type.partition("/")
    told = main == "text" or (main == "application" and subtype in _TEXT_SUBTYPES)
    if told or subtype.endswith("+xml"):
        return BodyKind.TEXT
    return BodyKind.BINARY if _looks_binary(content) else BodyKind.TEXT


def json_source(body: Body) -> Source:
    """Return the JSON of *body*, read once.

    Raises:
        MalformedJSON: it is none, as far as it was read.
    """
    read = body._read
    if "json" not in read:
        try:
            read["json"] = read_json(body.content, body.charset)
        except MalformedJSON as error:
            read["json"] = error
    found: Source | MalformedJSON = read["json"]
    if isinstance(found, MalformedJSON):
        raise found
    return found


def _kind_by_look(content: bytes) -> BodyKind:
    """Return the kind of a body whose type says nothing: many servers send JSON so."""
    if _looks_binary(content):
        return BodyKind.BINARY
    if content[:256].lstrip()[:1] in (b"{", b"[") and len(content) <= _PARSED_BYTES:
        try:
            json.loads(content)
        except (ValueError, RecursionError):
            return BodyKind.TEXT
        return BodyKind.JSON
    return BodyKind.TEXT


def _looks_binary(content: bytes) -> bool:
    head = content[:1024]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16, which is full of NULs
        return False
    return any(byte < 9 or 13 < byte < 27 for byte in head)


def head_of(body: Body, size: int = HEAD_BYTES) -> tuple[str, bool]:
    """Return (the first *size* bytes of *body* as text, whether that is all of it)."""
    whole = len(body.content) <= size
    text = body.content[:size].decode(body.charset, "replace").removeprefix("\ufeff")
    if not whole:
        text = text.removesuffix("\ufffd")  # the character that the cut went through
    return text, whole
