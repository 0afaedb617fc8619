"""Walk to a part of a JSON value by a path like `data.items`, and say what is there instead.

A path is keys joined by dots; a number picks an entry of a list, `*` stands for all the values
of a dict, `$` for the whole value. A key that has a dot in its name is found all the same: the
longest piece of the path that is a key wins.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from notebook_http.notebook.frames.exceptions import FrameError

__all__ = ["EveryValue", "nearest_name", "quoted", "value_at"]

#: Keys that an error lists; a reply may have thousands.
_LISTED_KEYS = 8
#: Characters of a key or path that an error shows: names come from the other side.
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class EveryValue:
    """What `*` leads to: the values of a dict, each to be a row, and their keys."""

    keyed: dict[str, Any]


def value_at(value: Any, path: str) -> Any:
    """Return what *path* leads to inside *value*; an `EveryValue` when the path ends in `*`.

    Raises:
        FrameError: there is no such key or entry; names the nearest one that there is.
    """
    rest = path.strip()
    walked = ""
    if rest == "$" or rest.startswith("$."):
        rest = rest[2:]
    while rest:
        if rest == "*" and isinstance(value, dict):
            return EveryValue(value)
        piece, value = _step(value, rest, walked)
        walked = f"{walked}.{piece}" if walked else piece
        rest = rest[len(piece) + 1 :]
    return value


def quoted(path: str) -> str:
    """Return *path* as a Python literal of bounded length, control characters escaped."""
    if len(path) > _SHOWN_CHARACTERS:
        path = path[: _SHOWN_CHARACTERS - 1] + "…"
    # repr() picks single quotes; double ones read better in a call, when nothing needs escapes.
    literal = repr(path)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal else literal


def nearest_name(wanted: str, names: Iterable[str]) -> str:
    """Return a line that proposes the nearest of *names*, or lists a few; "" if there are none."""
    known = list(islice(names, 5000))
    near = difflib.get_close_matches(wanted, known, n=1)
    if near:
        return f"\nDid you mean {quoted(near[0])}?"
    if not known:
        return ""
    more = f" and {len(known) - _LISTED_KEYS:,} more" if len(known) > _LISTED_KEYS else ""
    return f"\nThere are: {', '.join(map(quoted, known[:_LISTED_KEYS]))}{more}."


def _step(value: Any, rest: str, walked: str) -> tuple[str, Any]:
    """Return the piece of *rest* that leads one step into *value*, and what it leads to."""
    if isinstance(value, dict):
        piece = rest
        while piece:
            if piece in value:
                return piece, value[piece]
            piece = piece.rpartition(".")[0]
        raise FrameError(_no_key(value, rest, walked))
    piece = rest.partition(".")[0]
    if not isinstance(value, list):
        msg = (
            f"There is nothing inside {_place(walked)}: it is {_kind(value)}, "
            f"so {quoted(piece)} leads nowhere.\nShorten the path."
        )
        raise FrameError(msg)
    if not piece.isdecimal():
        hint = f"path={quoted(walked)}" if walked else "no path at all"
        msg = (
            f"There is no key {quoted(piece)} in {_place(walked)}: it is a list of "
            f"{len(value):,} entries.\nUse a number to pick one of them, or {hint} for all."
        )
        raise FrameError(msg)
    # Longer numbers than 18 digits are no index, and int() refuses very long ones.
    if len(piece) > 18 or int(piece) >= len(value):
        msg = (
            f"There is no entry {piece[:18]} in {_place(walked)}: it has {len(value):,} entries, "
            "counted from 0."
        )
        raise FrameError(msg)
    return piece, value[int(piece)]


def _no_key(value: dict[Any, Any], rest: str, walked: str) -> str:
    wanted = rest.partition(".")[0]
    keys = [str(key) for key in value]
    lines = [f"There is no key {quoted(wanted)} in {_place(walked)}."]
    if keys:
        listed = ", ".join(quoted(key) for key in keys[:_LISTED_KEYS])
        more = f" and {len(keys) - _LISTED_KEYS:,} more" if len(keys) > _LISTED_KEYS else ""
        lines.append(f"Its keys: {listed}{more}.")
    near = difflib.get_close_matches(wanted, keys[:5000], n=1)
    if near:
        tail = rest[len(wanted) :]
        nearest = f"{walked}.{near[0]}{tail}" if walked else f"{near[0]}{tail}"
        lines.append(f"Did you mean path={quoted(nearest)}?")
    return "\n".join(lines)


def _place(walked: str) -> str:
    return f"the value at {quoted(walked)}" if walked else "the top level of the value"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    return "a string" if isinstance(value, str) else "a number"
