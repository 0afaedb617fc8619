"""Show HTML or SVG as the page that it is, on request, where it can reach nothing.

The frame has an opaque origin and no permission at all (`sandbox=""`): no script, no form, no way
to the page around it. A policy at its beginning forbids every load but that of `data:` pictures.
What neither of them stops (links that a click follows, hints to connect or to look up a host,
frames within) is taken out of the source: such an element gets a name that no browser knows.
"""

from __future__ import annotations

import re

from notebook_http.notebook.display.html import Html, escape, join, tag, visible
from notebook_http.notebook.display.size_budget import cut, size_words
from notebook_http.wire.secrets import mask_text

__all__ = ["RenderedPage"]

# 256 KiB, as of a picture: it stays in the saved notebook.
_PAGE_BYTES = 256 * 1024
_POLICY = (
    "default-src 'none'; img-src data:; media-src data:; font-src data:; style-src 'unsafe-inline'"
    "; form-action 'none'; base-uri 'none'"
)
_HEAD = (
    '<!doctype html><html><head><meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    '<meta http-equiv="x-dns-prefetch-control" content="off">'
    '<meta name="referrer" content="no-referrer">'
)
# A tag's name begins right behind "<" and ends at a space, "/" or ">": nothing else can be one.
_DEFUSED = re.compile(
    r"<(?=(?:a|area|applet|base|embed|form|frame|frameset|iframe|link|meta|noscript|object|portal|"
    r"fencedframe|script)(?:[\s/>]|$))",
    re.IGNORECASE,
)


class RenderedPage:
    """A body as a page, in a frame that can reach nothing; a cell shows it.

    Args:
        text: the source; more than 256 KiB of it are cut off, and that is said.
        words: what it is, for those who read without the frame.
        height: of the frame, in pixels.
    """

    def __init__(self, text: str, words: str, height: int) -> None:
        shown = cut(_DEFUSED.sub("<x-", visible(mask_text(text[: 2 * _PAGE_BYTES]))), _PAGE_BYTES)
        self._source = _HEAD + shown.text
        self._words = words
        self._height = height
        self._note = "" if shown.whole else f"Showing the first {size_words(_PAGE_BYTES)} of it."

    def html(self) -> Html:
        """Return the frame, as HTML."""
        frame = Html(
            f'<iframe sandbox="" srcdoc="{escape(self._source)}" referrerpolicy="no-referrer" '
            f'title="{escape(self._words)}" width="100%" height="{self._height:d}" '
            # Pages expect a white one behind them.
            'style="border: 1px solid; background: white; color-scheme: light"></iframe>'
        )
        return join(frame, tag("div", tag("small", self._note)) if self._note else None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {visible(self._words)}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return the frame as `text/html`, and what it is as `text/plain`."""
        return {"text/html": str(self.html()), "text/plain": repr(self)}
