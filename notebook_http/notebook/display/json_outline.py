"""Lay out the head of a JSON text, indented and masked, without parsing the rest.

Works on tokens, so that 2 MB, a text that was cut short and a thousand nested lists cost what is
shown of them and no more. Numbers stay as they were written.
"""

from __future__ import annotations

import json
import re
from typing import Any

from notebook_http.notebook.display.json_token import JSON_TOKEN
from notebook_http.wire.registered_secrets import mask_registered
from notebook_http.wire.secret_names import Secrecy, is_secret_header, mask, secrecy_of
from notebook_http.wire.secrets import mask_text

__all__ = ["json_outline"]

_FIRST_INSIDE = re.compile(r"\[\s*+(.)", re.DOTALL)
# The "name" of the object that has a "value" here: `{"value": …, "name": "Cookie"}`.
_NAME_AHEAD = re.compile(r'[^{}]{0,2000}?"name"\s*+:\s*+"([^"\\]{0,64})"')
# A string longer than this is cut in the outline: one base64 picture would hide all the rest.
_STRING_CHARACTERS = 300
# Deeper than this the indent no longer grows: a thousand levels would be a megabyte of spaces.
_INDENT_LEVELS = 24
_CONSTANTS = frozenset({"null", "true", "false"})


class _Level:
    """One open object or array: its key in hand, and what the names above it say."""

    __slots__ = ("above", "empty", "first", "is_object", "key", "pair_name")

    def __init__(self, is_object: bool, above: Secrecy) -> None:
        self.is_object = is_object
        self.above = above
        self.empty = True
        self.key: str | None = None  # set between a key's colon and its value
        self.first: str | None = None  # the string that an array of headers' pairs begins with
        self.pair_name = ""  # the object's own "name": what its "value" is the value of


class _Outline:
    """The writer: takes tokens, keeps lines, stops when it has written enough."""

    def __init__(self, text: str, characters: int, lines: int) -> None:
        self.text = text
        self.characters = characters
        self.lines = lines
        self.parts: list[str] = []
        self.levels: list[_Level] = [_Level(is_object=False, above=Secrecy.OPEN)]

    def write(self) -> bool:
        """Write tokens until the limits or the end; return whether the end was reached."""
        position = 0
        while found := JSON_TOKEN.match(self.text, position):
            if self.characters <= 0 or self.lines <= 0:
                return False
            position = found.end()
            token = found.group(found.lastgroup or 0)
            if found.lastgroup == "mark":
                self._mark(token, position)
            elif found.lastgroup == "string":
                self._string(token, position)
            else:
                self._scalar(token)
        return True

    def _put(self, piece: str) -> None:
        self.parts.append(piece)
        self.characters -= len(piece)

    def _new_line(self) -> None:
        self.lines -= 1
        self._put("\n" + "  " * min(len(self.levels) - 1, _INDENT_LEVELS))

    def _begin_item(self) -> None:
        """Start a line for a new item, unless it is the value behind a key."""
        level = self.levels[-1]
        if level.key is None and (len(self.levels) > 1 or not level.empty):
            self._new_line()
        level.empty = False
        level.first = None

    def _mark(self, mark: str, position: int) -> None:
        level = self.levels[-1]
        if mark in "{[":
            self._begin_item()
            sample: Any = {} if mark == "{" else [self._first_inside(position)]
            above = self._secrecy(sample)
            level.key = None
            self._put(mark)
            self.levels.append(_Level(mark == "{", above))
        elif mark in "}]":
            if len(self.levels) > 1:
                self.levels.pop()
                if not level.empty:
                    self._new_line()
            self._put(mark)
        elif mark == ",":
            level.key = None
            self._put(",")
        else:
            self._put(": ")

    def _first_inside(self, position: int) -> Any:
        found = _FIRST_INSIDE.match(self.text, position - 1)
        first = found.group(1) if found else ""
        return {} if first == "{" else "" if first == '"' else 0

    def _string(self, token: str, position: int) -> None:
        level = self.levels[-1]
        value = _unquoted(token)
        following = JSON_TOKEN.match(self.text, position)
        if level.is_object and level.key is None and following and following.group("mark") == ":":
            self._begin_item()
            level.key = value
            if value == "value" and not level.pair_name:
                ahead = _NAME_AHEAD.match(self.text, position)
                level.pair_name = ahead.group(1) if ahead else ""
            self._put(_quoted(mask_registered(value)[:_STRING_CHARACTERS]))
            return
        if level.key == "name":
            level.pair_name = value
        secret = self._secrecy(value) is not Secrecy.OPEN or is_secret_header(level.first)
        begins = level.empty and not level.is_object
        self._begin_item()
        level.first = value if begins else None
        level.key = None
        closing = '"' if token.endswith('"') and len(token) > 1 else ""
        if secret:
            self._put(_quoted(mask(value), closing))
        elif len(value) <= _STRING_CHARACTERS:
            self._put(_quoted(mask_text(value), closing))
        else:  # a token that the cut goes through lies in the slack, and is masked with the rest
            head = mask_text(value[: 4 * _STRING_CHARACTERS])[:_STRING_CHARACTERS]
            self._put(f"{_quoted(head, '')}…{closing} ({len(value):,} characters)")

    def _scalar(self, word: str) -> None:
        # What is neither number nor constant is no JSON, and masked like a text.
        least = Secrecy.ALL if word[0] in "-0123456789" else Secrecy.WORDS
        secret = word not in _CONSTANTS and self._secrecy(0) >= least
        self._begin_item()
        self.levels[-1].key = None
        if secret:
            self._put(_quoted(mask(word)))
        else:  # a number may have a million digits
            self._put(word[:_STRING_CHARACTERS] + ("…" if len(word) > _STRING_CHARACTERS else ""))

    def _secrecy(self, sample: Any) -> Secrecy:
        level = self.levels[-1]
        name = level.pair_name if level.key == "value" and level.pair_name else level.key
        return max(level.above, secrecy_of(name, sample))


def _unquoted(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:  # cut short, or a bad escape: shown as it stands
        return token.strip('"')


def _quoted(value: str, closing: str = '"') -> str:
    return json.dumps(value, ensure_ascii=False)[:-1] + closing


def json_outline(text: str, *, characters: int, lines: int = 1_000_000) -> tuple[str, bool]:
    """Return the head of the JSON *text*, laid out in about so many *characters* and *lines*.

    Returns (outline, whether *text* ended within it). The last token may go over *characters* by a
    string's length (300). What is not JSON comes out as its words: check first.
    """
    outline = _Outline(text, characters, lines)
    whole = outline.write()
    return "".join(outline.parts), whole
