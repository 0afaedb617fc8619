"""Write JSON as `json.dumps` does, in less time.

`json.dumps` makes a method chain, a closure and an encoder for each call. Here one encoder of the
standard library's own C code serves all calls, with one list of what it is in. Without that list it
would be faster still, but a value that holds itself would be written again and again, as deep as
the stack allows: seconds for a large one, and a crash where a program has raised Python's limit.
The text is the same to the byte: a faster library would leave out the spaces, which programs
compare, and write null for NaN.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json import encoder
from typing import Any

__all__ = ["chosen_formatter", "format_json"]

# None where Python was built without its C part.
_make_encoder: Any = getattr(encoder, "c_make_encoder", None)
_default_encoder = json.JSONEncoder()


def _default(value: Any) -> Any:
    """Return what stands for *value*. Looked up each time: programs replace it on the class."""
    return _default_encoder.default(value)


def _new_encoder() -> Any:
    """Return an encoder with the arguments that `json.dumps` gives to it."""
    ascii_text = encoder.encode_basestring_ascii
    return _make_encoder({}, _default, ascii_text, None, ": ", ", ", False, False, True)


_encode: Any = None if _make_encoder is None else _new_encoder()


def format_json(value: Any) -> str:
    """Return what ``json.dumps(value)`` returns.

    Raises:
        TypeError: something in *value* has no form in JSON.
        ValueError: *value* holds itself.
        RecursionError: it is nested deeper than Python's stack allows.
    """
    global _encode
    if _make_encoder is None:
        return json.dumps(value)
    try:
        return "".join(_encode(value, 0))
    except BaseException as error:
        _encode = _new_encoder()  # what the other one was in is still in its list
        if not isinstance(error, ValueError):
            raise
    # It holds itself, or another thread, or a method of its own, is writing the same object.
    return json.dumps(value)


def chosen_formatter(dumps: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return *dumps*, or what does the same sooner: the default of all `dumps=` is `json.dumps`."""
    return format_json if dumps is json.dumps else dumps
