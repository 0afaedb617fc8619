"""Colour the source of pages, scripts and settings, in any theme.

A colour is mixed into the text's own (CSS Color 5 `color-mix`), three parts of that and two of a
hue: so it is dark where text is dark and light where text is light, at a contrast of 4.5 or more.
Where styles are dropped nothing is lost: keywords are strong and comments are emphasised besides.

The bytes are a stranger's, so the lexers are patterns of our own in which nothing is tried twice:
linear in the text, whatever it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from notebook_http.notebook.display.html import Html, escape, join, tag

__all__ = ["HUES", "OWN_PERCENT", "coloured", "language_of"]

# Of a colour, that much is the text's own.
OWN_PERCENT = 60
HUES = {"string": (0, 150, 70), "number": (0, 110, 255), "name": (190, 60, 0)}
_STYLES = {
    kind: f"color:color-mix(in srgb,currentcolor {OWN_PERCENT}%,rgb({red} {green} {blue}))"
    for kind, (red, green, blue) in HUES.items()
}
_LANGUAGES = {
    "text/html": "markup",
    "application/xml": "markup",
    "text/xml": "markup",
    "application/javascript": "script",
    "text/javascript": "script",
    "application/ecmascript": "script",
    "application/json": "script",
    "application/graphql": "settings",
    "text/css": "script",
    "text/x-python": "settings",
    "application/x-python": "settings",
    "application/yaml": "settings",
    "application/x-yaml": "settings",
    "text/yaml": "settings",
    "application/toml": "settings",
    "application/x-sh": "settings",
    "application/sql": "query",
}
_QUOTED = r""""(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?"""
_NUMBER_AND_WORD = r"(?P<number>(?<![\w$])\d[\w.]*+)|(?P<word>[A-Za-z_$][\w$-]*+)"
_PATTERNS = {
    "markup": (
        r"(?P<comment><!--.*?(?:-->|\Z))"
        r"|(?P<name></?[A-Za-z][^\s<>/]*+|/?>)"
        r"""|(?P<string>(?<==)(?:"[^"<>]*+"|'[^'<>]*+'))"""
        r"|(?P<number>&[#\w]{1,32};)"
    ),
    "script": (
        r"(?P<comment>/\*.*?(?:\*/|\Z)|//[^\n]*+)"
        rf"|(?P<string>{_QUOTED}|`(?:[^`\\]|\\.)*+`?)|{_NUMBER_AND_WORD}"
    ),
    "settings": (
        r"(?P<comment>\#[^\n]*+)"
        r'|(?P<string>"""' + r'.*?(?:"""|\Z)' + r"|'''.*?(?:'''|\Z)"
        rf"|{_QUOTED})"
        r"|(?P<name>(?m:^)[ \t]*+(?:-[ ])?[\w.-]++(?=[ ]?[:=][ \n]))"
        rf"|{_NUMBER_AND_WORD}"
    ),
    "query": rf"(?P<comment>--[^\n]*+)|(?P<string>{_QUOTED})|{_NUMBER_AND_WORD}",
}


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_KEYWORDS = {
    "markup": frozenset[str](),
    "script": _word_set(
        "async await break case catch class const continue default delete do else export extends "
        "false finally for from function if import in instanceof let new null of return static "
        "super switch this throw true try typeof undefined var void while yield"
    ),
    "settings": _word_set(
        "and as assert async await break case class continue def del elif else except export "
        "false False finally for from fragment global if import in is lambda match mutation None "
        "nonlocal not null or pass query raise return then true True try type while with yield"
    ),
    "query": _word_set(
        "all alter and as asc begin between by case commit create delete desc distinct drop else "
        "end exists from group having in index inner insert into is join left like limit not null "
        "offset on or order outer right select set table then union update values when where with"
    ),
}


def language_of(content_type: str) -> str:
    """Return which lexer reads a text of this type; "" for none."""
    if content_type.endswith(("+xml", "/xhtml")):
        return "markup"
    return _LANGUAGES.get(content_type, "script" if content_type.endswith("+json") else "")


@lru_cache(maxsize=8)
def _pattern(language: str) -> re.Pattern[str]:
    return re.compile(_PATTERNS[language], re.DOTALL)


def coloured(text: str, language: str, limit: int) -> Html:
    """Return *text* as HTML, its head coloured with at most *limit* bytes of markup."""
    keywords = _KEYWORDS[language]
    pieces: list[Html] = []
    position = 0
    for found in _pattern(language).finditer(text):
        kind = found.lastgroup
        token = found.group()
        if kind == "word":
            if (token.lower() if language == "query" else token) not in keywords:
                continue
            shown = tag("strong", token)
        elif kind == "comment":
            shown = tag("em", token)
        else:
            shown = tag("span", token, style=_STYLES[str(kind)])
        limit -= len(shown) - len(escape(token))
        if limit < 0:
            break
        pieces += (escape(text[position : found.start()]), shown)
        position = found.end()
    return join(*pieces, text[position:])
