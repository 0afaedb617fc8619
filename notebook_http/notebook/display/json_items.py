"""Open JSON one level at a time: what a tree shows of it is read, the rest only skipped.

A body is validated whole by msgspec, which makes no values of it (2 MB in a millisecond or two),
and a level is decoded when the tree comes to it. So numbers stay as they were written. What
`json.loads` takes and msgspec does not (NaN, lone surrogates) is opened as plain values instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import msgspec

from notebook_http.notebook.display.json_token import JSON_TOKEN
from notebook_http.notebook.display.malformed import place_words

__all__ = ["Literal", "MalformedJSON", "Opened", "Source", "read_json", "read_json_head"]

# 4 MiB are skipped over in a few milliseconds; of a longer body the head is shown.
_WHOLE_BYTES = 4 * 1024 * 1024
# Half a megabyte of values is made in 5 ms.
_VALUES_BYTES = 512 * 1024
_HEAD_BYTES = 64 * 1024
# msgspec and `json` both recurse; a tree shows 32 levels.
_HEAD_LEVELS = 64
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_ANY = msgspec.json.Decoder(msgspec.Raw)


class Literal(str):
    """A number, or a word like `true`, as it was written."""

    __slots__ = ()


class MalformedJSON(ValueError):
    """What was read is no JSON: *why* at *position*, in characters of *text*."""

    def __init__(self, why: str, text: str, position: int) -> None:
        super().__init__(why)
        self.why = why
        self.text = text
        self.position = position

    @property
    def words(self) -> str:
        """What is wrong and where: `Expecting value at line 3, column 5 (byte 41)`."""
        return f"{self.why} at {place_words(self.text, self.position)}"


class Opened(NamedTuple):
    """One value, opened by one level.

    Attributes:
        bracket: `{` or `[`; "" for a leaf.
        items: the values in it, still to be opened.
        names: of an object's values, in their order; empty for a list.
        leaf: a `str`, or a `Literal` for all that is no text.
    """

    bracket: str
    items: list[Any]
    names: list[str]
    leaf: str = ""


class Source(NamedTuple):
    """A value to be opened.

    Attributes:
        item: what `open_item` takes.
        unfinished: how many levels, from the root along its last children, went on behind the
            head that was read; 0 when all was read.
        why: why not all was read; "" when it was.
    """

    item: Any
    unfinished: int = 0
    why: str = ""

    @staticmethod
    def open_item(item: Any) -> Opened:
        """Return *item* opened by one level."""
        return _open_raw(item) if isinstance(item, msgspec.Raw) else _open_value(item)

    @staticmethod
    def cost_of(item: Any) -> int:
        """Return the bytes that opening *item* passes over; 0 for what is read already."""
        return memoryview(item).nbytes if isinstance(item, msgspec.Raw) else 0

    @staticmethod
    def value_of(item: Any) -> Any:
        """Return *item* as `json.loads` would.

        Raises:
            ValueError, RecursionError: it cannot be read so.
        """
        if not isinstance(item, msgspec.Raw):
            return item
        return json.loads(bytes(memoryview(item)).decode("utf-8", "replace"))

    @staticmethod
    def is_text(item: Any) -> bool:
        """Return whether *item* is a string."""
        if isinstance(item, msgspec.Raw):
            return bytes(memoryview(item)[:1]) == b'"'
        return isinstance(item, str) and not isinstance(item, Literal)


def _open_raw(item: msgspec.Raw) -> Opened:
    view = memoryview(item)
    first = chr(view[0])
    if first == "{":
        try:
            members = _OBJECT.decode(item)
        except UnicodeDecodeError:  # a name that is no UTF-8
            members = _OBJECT.decode(bytes(view).decode("utf-8", "replace").encode())
        return Opened(first, list(members.values()), list(members))
    if first == "[":
        return Opened(first, _ARRAY.decode(item), [])
    text = bytes(view).decode("utf-8", "replace")
    if first != '"':
        return Opened("", [], [], Literal(text))
    try:
        return Opened("", [], [], str(json.loads(text, strict=False)))
    except ValueError:  # bytes that are no UTF-8 inside an escape
        return Opened("", [], [], text.strip('"'))


def _open_value(item: Any) -> Opened:
    """Open a Python value: of `json.loads`, or what MessagePack and CBOR are read to."""
    if isinstance(item, Mapping):
        return Opened("{", list(item.values()), [_name_of(name) for name in item])
    if isinstance(item, list | tuple | set | frozenset):
        return Opened("[", list(item), [])
    if isinstance(item, str):
        return Opened("", [], [], item)
    return Opened("", [], [], _literal_of(item))


def _name_of(name: Any) -> str:
    return name if isinstance(name, str) else _literal_of(name)


def _literal_of(value: Any) -> Literal:
    if value is None or isinstance(value, bool):
        return Literal(json.dumps(value))
    if isinstance(value, bytes | bytearray | memoryview):
        head = bytes(value[:16]).hex(" ")
        return Literal(f"{len(value):,} bytes: {head}{' …' if len(value) > 16 else ''}")
    if isinstance(value, date):
        return Literal(value.isoformat())
    if isinstance(value, int) and value.bit_length() > 4096:  # Python refuses to write it
        return Literal(f"a number of {value.bit_length():,} bits")
    return Literal(repr(value)[:1000])


def read_json(content: bytes, charset: str = "utf-8") -> Source:
    """Return the JSON of *content* to be opened; of more than 4 MiB, or 64 levels, its head.

    Raises:
        MalformedJSON: it is none, as far as it was read.
    """
    if len(content) > _WHOLE_BYTES:
        return read_json_head(_text_of(content[:_HEAD_BYTES], charset))
    if charset not in ("utf-8", "utf-8-sig"):
        content = _text_of(content, charset).encode("utf-8", "surrogatepass")
    try:
        return Source(_ANY.decode(content.removeprefix(b"\xef\xbb\xbf")))
    except RecursionError:
        return read_json_head(_text_of(content[:_HEAD_BYTES], "utf-8"))
    except ValueError:
        text = _text_of(content, "utf-8")
    return _values_of(text)


def _text_of(content: bytes, charset: str) -> str:
    return content.decode(charset, "replace").removeprefix("\ufeff")


def _values_of(text: str) -> Source:
    """Return *text*, which msgspec does not take, as plain values.

    Raises:
        MalformedJSON: `json.loads` does not take it either.
    """
    try:
        value = json.loads(
            text[: 4 * _VALUES_BYTES],
            parse_float=Literal,
            parse_int=Literal,
            parse_constant=Literal,
        )
    except RecursionError:
        return read_json_head(text[:_HEAD_BYTES])
    except json.JSONDecodeError as error:
        # Of a string that was cut, `json` names the beginning.
        is_cut = error.pos >= 4 * _VALUES_BYTES - 8 or error.msg.startswith("Unterminated string")
        if len(text) > 4 * _VALUES_BYTES and is_cut:
            return read_json_head(text[:_HEAD_BYTES])
        raise MalformedJSON(error.msg, text, error.pos) from None
    return Source(value)


def read_json_head(text: str) -> Source:
    """Return the values that *text*, the head of some JSON, has whole, its brackets closed.

    Raises:
        MalformedJSON: it is no JSON.
    """
    closed, unfinished, why = _closed(text)
    try:
        return Source(_ANY.decode(closed.encode("utf-8")), unfinished, why)
    except (ValueError, RecursionError):
        pass
    try:
        value = json.loads(closed, parse_float=Literal, parse_int=Literal, parse_constant=Literal)
    except json.JSONDecodeError as error:
        raise MalformedJSON(error.msg, text, error.pos) from None
    return Source(value, unfinished, why)


def _closed(text: str) -> tuple[str, int, str]:
    """Return (*text* up to its last whole value, brackets closed; how many were open; why)."""
    brackets: list[str] = []
    position = safe = 0
    mark = ""
    why = "only the beginning was read"
    while found := JSON_TOKEN.match(text, position):
        position = found.end()
        token = found.group(found.lastgroup or 0)
        if found.lastgroup == "mark":
            if token in "{[":
                if len(brackets) == _HEAD_LEVELS:
                    why = f"it is nested deeper than {_HEAD_LEVELS} levels"
                    break
                brackets.append("}" if token == "{" else "]")
            elif token in "}]" and brackets:
                brackets.pop()
            if token not in ",:":
                safe = position
            mark = token
        elif brackets[-1:] == ["}"] and mark != ":":
            mark = ""  # a name: no place to stop at
        elif position < len(text) or (token[-1] == '"' and len(token) > 1):
            safe = position
            mark = ""
    return text[:safe] + "".join(reversed(brackets)), len(brackets), why if brackets else ""
