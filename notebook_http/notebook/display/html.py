"""Build the few HTML elements that our displays are made of; everything else is escaped text.

Knows tags, attributes and escaping. Knows nothing of replies or servers. What a stranger sent can
become text, and nothing but text: no attribute name or value is taken from data except a link's
target, an image's or a sound's `data:` bytes and a `title`, each checked here. No colour is ever
set, so that the page's own (light, dark, high contrast) shine through; hues are mixed into them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape as _escape
from typing import TypeAlias

__all__ = ["Child", "Html", "escape", "join", "table", "tag", "visible"]


class Html(str):
    """HTML that is known to be safe: made by `tag`, `escape` or `join`, or a literal of ours.

    Never wrap text that came from elsewhere in it: that is what `escape` is for.
    """

    __slots__ = ()


Child: TypeAlias = "str | int | float | None"


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Structure that reads without CSS, and that JupyterLab's sanitiser lets through.
_TAGS = _word_set(
    "a b br code details div em h3 h4 img li p pre progress small span strong summary table tbody "
    "caption td th thead tr ul ol audio"
)
_VOID_TAGS = frozenset({"br", "img"})
# The attributes we use, each with what its value may look like. Deliberately not here: `id`,
# `name`, `class` and `data-*` (DOM clobbering, command linkers), every `on*`, `action`.
_ATTRIBUTES = {
    "style": re.compile(r"[a-z0-9 :;.,%()-]*"),
    "scope": re.compile(r"row|col"),
    "colspan": re.compile(r"[0-9]+"),
    "open": re.compile(r"open"),
    "value": re.compile(r"[0-9]+"),
    "max": re.compile(r"[0-9]+"),
    "title": re.compile(r".*", re.DOTALL),
    "alt": re.compile(r".*", re.DOTALL),
    "dir": re.compile(r"auto|ltr|rtl"),
    # A link leads to a page, or to a place on the server that this page came from.
    "href": re.compile(r"https?://[^\s\"'<>]+|/(?![/\\])[^\s\"'<>\\]*", re.IGNORECASE),
    "rel": re.compile(r"noopener noreferrer"),
    "target": re.compile(r"_blank"),
    # Images from a reply are shown from their own bytes; nothing is ever fetched.
    "src": re.compile(
        r"data:(?:image/(?:png|jpeg|gif|webp|avif|bmp|x-icon)|audio/(?:ogg|flac|mpeg|aac|wav|mp4))"
        r";base64,[A-Za-z0-9+/=]*"
    ),
    "controls": re.compile(r"controls"),
}
_STYLE_CALLS = re.compile(r"url|expression|import", re.IGNORECASE)

# Control characters as their pictures, lone surrogates (which no message to the page can carry)
# as the replacement character, and the marks that turn the reading direction by their number:
# they would let a body rewrite, to the eye, the text around it.
_PICTURES: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x0D: "",  # CR of a CRLF; alone it is a line end of old
    0x7F: "\u2421",
    **{code: f"<U+{code:04X}>" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))},
    **{code: f"<U+{code:04X}>" for code in range(0x80, 0xA0)},
}
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """Return *text* with what cannot be seen made visible, and what cannot be encoded replaced.

    The result encodes to UTF-8, holds no control characters but tab and LF, and leaves the
    reading direction of its surroundings alone.
    """
    return _INVISIBLE.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    return _PICTURES.get(ord(found.group()), "\ufffd")


def escape(text: object) -> Html:
    """Return *text* as HTML that shows exactly it: `& < > " '` escaped, invisible parts shown."""
    if isinstance(text, Html):
        return text
    return Html(_escape(visible(str(text)), quote=True))


def join(*children: Child) -> Html:
    """Return *children* one behind the other: `Html` as it is, None left out, the rest escaped."""
    return Html("".join([escape(child) for child in children if child is not None]))


def tag(name: str, /, *children: Child, **attributes: str | None) -> Html:
    """Return the element *name* around *children*; attributes that are None are left out.

    Raises:
        ValueError: the element, an attribute or its value is none that our displays use. A link
            or image made from data must be checked by the caller first; this is the last guard.
    """
    if name not in _TAGS:
        message = f"<{name}> is no element that a card is made of"
        raise ValueError(message)
    opening = "".join(
        [_attribute(key, value) for key, value in attributes.items() if value is not None]
    )
    if name in _VOID_TAGS:
        return Html(f"<{name}{opening}>")
    # `pre` drops a newline right behind its tag: give it one, so that the text's own stays.
    first = "\n" if name == "pre" else ""
    return Html(f"<{name}{opening}>{first}{join(*children)}</{name}>")


def table(caption: str, head: Html, rows: Iterable[Html]) -> Html:
    """Return a table with a *caption*, its *head* row and its *rows*, in the text's own colour.

    A page without a doctype would give tables black text, whatever stands around them.
    """
    body = tag("tbody", *rows)
    return tag("table", tag("caption", caption), tag("thead", head), body, style="color: inherit")


def _attribute(name: str, value: str) -> str:
    allowed = _ATTRIBUTES.get(name)
    if (
        allowed is None
        or not allowed.fullmatch(value)
        or (name == "style" and _STYLE_CALLS.search(value))
    ):
        message = f"{name}={value[:80]!r} is no attribute that a card may carry"
        raise ValueError(message)
    return f' {name}="{escape(value)}"'
