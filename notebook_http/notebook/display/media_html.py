"""Show a picture or a sound from its own bytes: nothing is fetched, whatever the body says."""

from __future__ import annotations

from base64 import b64encode

from notebook_http.notebook.display.body import Body, BodyKind
from notebook_http.notebook.display.html import Html, tag
from notebook_http.notebook.display.media import media_type_of, pixel_size
from notebook_http.notebook.display.size_budget import IMAGE_BYTES, size_words

__all__ = ["media_html", "media_note", "media_words"]

_ENDINGS = {
    "image/jpeg": "jpg",
    "image/x-icon": "ico",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
}


def media_html(body: Body) -> Html | None:
    """Return *body* as an `<img>` or `<audio>` of its own bytes; None for others, and over 256 KiB.

    The type that the page is told is that of the bytes, whatever was sent.
    """
    if body.kind not in (BodyKind.IMAGE, BodyKind.AUDIO) or len(body.content) > IMAGE_BYTES:
        return None
    source = f"data:{media_type_of(body.content)};base64,{b64encode(body.content).decode('ascii')}"
    if body.kind is BodyKind.AUDIO:
        return tag("audio", media_words(body), src=source, controls="controls")
    return tag("img", src=source, alt=media_words(body), style="max-width: 100%")


def media_words(body: Body) -> str:
    """Return `image/png, 640 x 480 pixels, 12 KB`."""
    media_type = media_type_of(body.content)
    sent = f" (sent as {body.content_type[:60]})" if _differs(body.content_type, media_type) else ""
    size = pixel_size(body.content)
    pixels = f"{size[0]} x {size[1]} pixels, " if size is not None else ""
    return f"{media_type}{sent}, {pixels}{size_words(len(body.content))}"


def _differs(sent: str, media_type: str) -> bool:
    if not sent or sent == "application/octet-stream":
        return False
    _, _, name = media_type.partition("/")
    same = {"jpeg": ("jpg",), "x-icon": ("vnd.microsoft.icon",), "wav": ("x-wav", "wave")}
    return sent.partition("/")[2] not in (name, f"x-{name}", *same.get(name, ()))


def media_note(body: Body) -> str:
    """Return the words below a picture, or instead of one that is too big to be kept."""
    media_type = media_type_of(body.content)
    ending = _ENDINGS.get(media_type, media_type.partition("/")[2])
    return f'To save it: open("{body.kind.value}.{ending}", "wb").write(r.content)'
