"""The next token of text that is JSON, or was meant to be, for those who show it as written."""

from __future__ import annotations

import re

__all__ = ["JSON_TOKEN"]

# Possessive, so that no text costs more than one pass. A string need not end, nor a word exist.
JSON_TOKEN = re.compile(
    r"[ \t\r\n]*+(?:"
    r'(?P<string>"(?:[^"\\]|\\.)*+"?)'
    r"|(?P<mark>[{}\[\],:])"
    r'|(?P<word>[^\s{}\[\],:"]++))',
    re.DOTALL,
)
