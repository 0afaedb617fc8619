"""Which keyword arguments the core takes, so that a misspelt one is told in its own line."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

__all__ = ["check_names", "request_option_names", "session_argument_names"]


@lru_cache(maxsize=1)
def request_option_names() -> frozenset[str]:
    """Return the names of the keyword arguments of `ClientSession.request`."""
    from notebook_http.client.request_options import RequestOptions

    return frozenset(field.name for field in dataclasses.fields(RequestOptions))


@lru_cache(maxsize=1)
def session_argument_names() -> frozenset[str]:
    """Return the names of the arguments of `ClientSession`."""
    import inspect

    from notebook_http.client.session import ClientSession

    return frozenset(inspect.signature(ClientSession).parameters)


def check_names(caller: str, given: dict[str, Any], known: frozenset[str]) -> None:
    """Return if all *given* names are *known* to *caller* (`A request`, `Client()`).

    The core would say so, too, but only when the request is awaited, and far from the slip.

    Raises:
        TypeError: one is not; the message names the nearest one that is.
    """
    for name in given:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1)
            hint = f". Did you mean {near[0]}=?" if near else ""
            message = f"{caller} takes no argument {name!r}{hint}"
            raise TypeError(message)
