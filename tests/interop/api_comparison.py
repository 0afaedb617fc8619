"""How names of ours differ from those of another library, found by introspection.

"-x" is an argument that is missing, "+x" is ours alone, "x=a->b" has another default, "x:a->b" is
of another kind, ".x" is a missing attribute.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["argument_differences", "class_differences", "default_of", "name_differences"]


def default_of(parameter: inspect.Parameter) -> str:
    """Return a default as text that is the same on both sides."""
    value = parameter.default
    if value is inspect.Parameter.empty:
        return "required"
    if inspect.isclass(value):
        return value.__name__
    if inspect.isroutine(value):
        return "a function"
    text = repr(value).replace(" ", "")
    markers = ("sentinel", "notgiven", "<objectobjectat")
    return "not-given" if any(marker in text.lower() for marker in markers) else text


def arguments(thing: Callable[..., Any]) -> dict[str, inspect.Parameter] | None:
    """Return the arguments that a caller can name; None when Python cannot tell."""
    try:
        signature = inspect.signature(thing)
    except (ValueError, TypeError):
        return None
    found = {}
    for parameter in signature.parameters.values():
        # The names of `*args` and `**options` are nobody's to use.
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        found[stars.get(parameter.kind, parameter.name)] = parameter
    found.pop("self", None)
    return found


def argument_differences(theirs: Callable[..., Any], ours: Callable[..., Any]) -> list[str]:
    """Return how *ours* is called in another way than *theirs*."""
    before, after = arguments(theirs), arguments(ours)
    if before is None or after is None:
        return []
    found = [f"+{name}" for name in after if name not in before]
    for name, parameter in before.items():
        other = after.get(name)
        if other is None:
            found.append(f"-{name}")
            continue
        if parameter.kind is not other.kind:
            found.append(f"{name}:{parameter.kind.name}->{other.kind.name}")
        if default_of(parameter) != default_of(other):
            found.append(f"{name}={default_of(parameter)}->{default_of(other)}")
    return found


def class_differences(
    name: str, theirs: type, ours: Any, bases: Iterable[tuple[type, Any]] = ()
) -> Iterator[tuple[str, list[str]]]:
    """Yield (name, differences) for the public attributes and methods of a class.

    What both classes inherit from one of *bases* (theirs, ours) is the base's to be compared.
    """
    shared = [
        (base, other)
        for base, other in bases
        if base is not theirs
        and issubclass(theirs, base)
        and inspect.isclass(other)
        and issubclass(ours, other)
    ]
    public = [
        key
        for key in dir(theirs)
        if key[0] != "_"
        and not any(
            getattr(theirs, key) is getattr(base, key, None)
            and getattr(ours, key, None) is getattr(other, key, None)
            for base, other in shared
        )
    ]
    # Fields of a data class are there on its objects.
    fields = getattr(ours, "__dataclass_fields__", {})
    missing = [f".{key}" for key in public if not hasattr(ours, key) and key not in fields]
    yield f"{name} attributes", missing
    for key in public:
        method = getattr(theirs, key)
        if inspect.isroutine(method) and hasattr(ours, key):
            yield f"{name}.{key}", argument_differences(method, getattr(ours, key))


def name_differences(
    name: str, theirs: Any, ours: Any, bases: Iterable[tuple[type, Any]] = ()
) -> Iterator[tuple[str, list[str]]]:
    """Yield (name, differences) for a function, or a class and all that is public in it."""
    if ours is None or not callable(theirs):
        return
    yield name, argument_differences(theirs, ours)
    if inspect.isclass(theirs):
        yield from class_differences(name, theirs, ours, bases)
