"""The same expressions with either library's `web`: what comes back, or which error."""

from __future__ import annotations

import datetime
import importlib
import io
import warnings
from types import ModuleType
from typing import Any, NamedTuple

__all__ = ["Outcome", "agree", "described", "outcome", "outcomes", "web_of"]

LIBRARIES = ("aiohttp", "notebook_http")
# What a program tells of a response; those that it does not have are left out.
PROPERTIES = (
    *("status", "reason", "body", "text", "content_length", "content_type", "charset", "chunked"),
    *("compression", "keep_alive", "last_modified", "etag", "body_length", "prepared", "task"),
    *("cookies", "location", "allowed_methods", "link", "method", "empty_body", "status_code"),
)


def web_of(library: str) -> ModuleType:
    """Return its `web`."""
    return importlib.import_module(f"{library}.web")


class Outcome(NamedTuple):
    """What a program made: the values of its steps, or the error that ended it; its warnings."""

    values: list[Any]
    error: str
    warned: list[str]


def shown(value: Any) -> Any:
    """Return a value as both libraries' can be compared."""
    if hasattr(value, "is_weak"):
        return ("ETag", value.value, value.is_weak)
    if hasattr(value, "headers") and hasattr(value, "status"):
        return described(value)
    if hasattr(value, "items"):
        return [(str(key).lower(), str(item)) for key, item in value.items()]
    if hasattr(value, "decode") and not isinstance(value, bytes | bytearray):
        return f"{type(value).__name__} payload"
    if type(value).__module__.startswith(LIBRARIES) and not isinstance(value, Exception):
        return f"a {type(value).__name__}"
    return value


def described(thing: Any) -> dict[str, Any]:
    """Return the properties of a response, each with its value or its error."""
    found: dict[str, Any] = {"headers": sorted(shown(thing.headers))}
    for name in PROPERTIES:
        try:
            found[name] = shown(getattr(thing, name))
        except Exception as error:
            if not isinstance(error, AttributeError) or hasattr(type(thing), name):
                found[name] = type(error).__name__
    if str(found.get("body")).endswith(" payload"):
        del found["content_length"]  # ours tells the size of a payload, aiohttp does not
    return found


def names_for(web: ModuleType) -> dict[str, Any]:
    """Return what the steps of a program may name."""
    library = importlib.import_module(web.__name__.rpartition(".")[0])
    names = {"web": web, "library": library, "dt": datetime, "io": io, "__name__": __name__}
    names["ETag"] = library.ETag
    return names


def outcome(library: str, *steps: str) -> Outcome:
    """Run statements and expressions one after the other; what `r` is at the end is told, too."""
    names = names_for(web_of(library))
    values: list[Any] = []
    error = ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in steps:
            try:
                code = compile(step, "step", "eval")
            except SyntaxError:
                code = compile(step, "step", "exec")
            try:
                value = eval(code, names)
            except Exception as raised:
                error = type(raised).__name__
                break
            values.append(shown(value))
        else:
            if "r" in names:
                values.append(shown(names["r"]))
    return Outcome(values, error, [warning.category.__name__ for warning in caught])


def outcomes(*steps: str) -> tuple[Outcome, Outcome]:
    """Return what becomes of a program in aiohttp and here."""
    theirs, ours = (outcome(library, *steps) for library in LIBRARIES)
    return theirs, ours


def agree(theirs: Outcome, ours: Outcome) -> bool:
    """Tell whether a program came out the same.

    An assertion is as good as an error with a name: ours has a name, since ``python -O`` takes
    assertions out.
    """
    if theirs.error == "AssertionError":
        named = ours.error in ("RuntimeError", "TypeError", "ValueError")
        return named and theirs._replace(error=ours.error) == ours
    return theirs == ours
