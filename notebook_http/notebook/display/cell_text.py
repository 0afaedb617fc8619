"""A text from outside as one cell of a table: a line, masked, and not too long."""

from __future__ import annotations

from notebook_http.notebook.display.html import visible
from notebook_http.wire.registered_secrets import mask_registered
from notebook_http.wire.secrets import mask_text

__all__ = ["cell_text"]

# Characters of one cell: what somebody reads; tables as data have all of it.
_SHOWN_CHARACTERS = 200
# Of what is looked through for secrets by name and shape: a message may have megabytes, and white
# space and masks take little room in the cell.
_MASKED_CHARACTERS = 20 * _SHOWN_CHARACTERS


def cell_text(text: str) -> str:
    """Return *text*, secrets masked, on one line of 200 characters at most.

    Registered values are masked in the whole before anything is cut: half of one is not found.
    """
    shown = visible(mask_text(mask_registered(text)[:_MASKED_CHARACTERS]))
    shown = " ".join(shown.split())
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 1] + "…"
