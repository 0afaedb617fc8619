"""How a WebSocket ended, in words (RFC 6455 §7.4)."""

from __future__ import annotations

from typing import NamedTuple

from notebook_http.notebook.display.html import visible
from notebook_http.wire.secrets import mask_text

__all__ = ["Ending", "code_words"]

# A reason has at most 123 bytes; that of an error of ours may be longer.
_REASON_CHARACTERS = 200
_CODES = {
    1000: "done",
    1001: "going away",
    1002: "protocol error",
    1003: "a kind of data it does not take",
    1005: "no reason given",
    1006: "the connection broke without a goodbye",
    1007: "text that is not UTF-8",
    1008: "against its policy",
    1009: "a message too big",
    1010: "an extension is missing",
    1011: "the server failed",
    1012: "the server restarts",
    1013: "try again later",
    1014: "a proxy got no proper answer",
    1015: "TLS failed",
}


def code_words(code: int) -> str:
    """Return what the close *code* means."""
    if code in _CODES:
        return _CODES[code]
    if 3000 <= code <= 3999:
        return "a code of a library or framework"
    if 4000 <= code <= 4999:
        return "a code of the application's own"
    return "a code without a meaning"


class Ending(NamedTuple):
    """Who closed a WebSocket, and why.

    Attributes:
        by: `the server` or `this side`; empty when nobody did and the connection broke.
        code: see RFC 6455 §7.4.1.
        reason: as it was given, not fit to be shown.
        note: what else there is to say.
    """

    by: str
    code: int
    reason: str
    note: str = ""

    @property
    def words(self) -> str:
        """The end in words, fit to be shown: `closed by the server: 1001 (going away)`."""
        who = f" by {self.by}" if self.by else ""
        text = f"closed{who}: {self.code} ({code_words(self.code)})"
        if self.reason:
            reason = " ".join(visible(mask_text(self.reason)).split())
            text += f", “{reason[:_REASON_CHARACTERS]}”"
        return f"{text}; {self.note}" if self.note else text
