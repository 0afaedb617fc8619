"""Bodies as people read them in a file: JSON as JSON, text by lines, the rest in base64."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from typing import Any

from notebook_http.notebook.interchange.request_parts import masked_body
from notebook_http.wire.media_type import parse_media_type
from notebook_http.wire.registered_secrets import mask_registered

__all__ = ["body_bytes", "body_form", "masked_alike"]

_LENGTH = re.compile(r"•••• \(len \d+\)")
_BASE64_LINE = 76
# How programs write JSON; one of these gives the very bytes back.
_STYLES: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":"), "ensure_ascii": False},
    "spaced": {"ensure_ascii": False},
    "compact ascii": {"separators": (",", ":")},
    "spaced ascii": {},
    "indented 2": {"indent": 2, "ensure_ascii": False},
    "indented 4": {"indent": 4, "ensure_ascii": False},
}


def masked_alike(text: str) -> str:
    """Return masked *text* with masks that do not tell lengths: another token is the same then."""
    return _LENGTH.sub("••••", text)


def body_form(body: bytes, content_type: str) -> dict[str, Any]:
    """Return *body*, secrets masked, as values for a JSON file."""
    if not body:
        return {}
    # Masked before its form is chosen: base64 hides nothing.
    shown = masked_alike(_masked(body, content_type))
    try:
        shown.encode()
    except UnicodeEncodeError:
        text = b64encode(shown.encode("utf-8", "surrogateescape")).decode()
        return {
            "base64": [text[at : at + _BASE64_LINE] for at in range(0, len(text), _BASE64_LINE)]
        }
    if shown.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(shown)
            for style, options in _STYLES.items():
                if json.dumps(value, **options) == shown:
                    return {"json": value, "written": style}
        except (ValueError, RecursionError):
            pass
    return {"text": shown.splitlines(keepends=True)}


def _masked(body: bytes, content_type: str) -> str:
    """Return masked *body* as text, octets that are no UTF-8 as surrogates (PEP 383)."""
    if not _is_binary(body, content_type):
        body = masked_body(body, content_type)
    # Also in the parts of a body that are not looked into.
    return mask_registered(body.decode("utf-8", "surrogateescape"))


def _is_binary(body: bytes, content_type: str) -> bool:
    """Return whether names and words in *body* would be chance, and to mask them would break it."""
    kind = parse_media_type(content_type)
    if not kind.type or kind.is_text or kind.type == "multipart":
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return True
    return False


def body_bytes(form: object) -> bytes:
    """Return the bytes that `body_form` was given, as far as they were not masked.

    Raises:
        ValueError: it was written by somebody else, who erred.
    """
    if not isinstance(form, dict):
        text = "a body is an object with json, text or base64"
        raise ValueError(text)
    if not form:
        return b""
    if "json" in form:
        style = _STYLES.get(str(form.get("written", "spaced")))
        if style is None:
            text = f"written is one of {', '.join(_STYLES)}, not {form.get('written')!r}"
            raise ValueError(text)
        return json.dumps(form["json"], **style).encode("utf-8", "surrogateescape")
    for name in ("text", "base64"):
        if name in form:
            lines = form[name]
            if isinstance(lines, str):
                lines = [lines]
            if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
                text = f"{name} is a list of texts"
                raise ValueError(text)
            whole = "".join(lines)
            if name == "base64":
                return b64decode(whole, validate=True)
            return whole.encode("utf-8", "surrogateescape")
    text = f"a body has json, text or base64, not {', '.join(map(str, form))}"
    raise ValueError(text)
