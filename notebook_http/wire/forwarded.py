"""The Forwarded field: what proxies say of the client (RFC 7239 §4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

__all__ = ["parse_forwarded"]

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# The port behind a token is none of the RFC's, but proxies write it: for=10.0.0.1:8080.
_PAIR = rf'({_TOKEN})=(?:({_TOKEN})|"((?:\\[\t -~]|[\t !#-~])*)")(:[0-9]{{1,4}})?'


def parse_forwarded(values: Iterable[str]) -> tuple[Mapping[str, str], ...]:
    """Return one mapping for each proxy, that next to the client first.

    Names are in lower case, quoted values without their quotes. Of an element that is malformed,
    the pairs in front of the fault are there; contents of ``for``, ``by``, ``host`` and ``proto``
    are taken as they are: a client can write anything.
    """
    pair = re.compile(_PAIR)
    found: list[Mapping[str, str]] = []
    for value in values:
        element: dict[str, str] = {}
        found.append(MappingProxyType(element))
        at, separated = 0, True
        while at < len(value):
            sign = value[at]
            if sign == ",":
                element = {}
                found.append(MappingProxyType(element))
            elif sign in "; \t":
                separated = separated or sign == ";"
                at += 1
                continue
            else:
                match = pair.match(value, at) if separated else None
                if match is None:  # nothing more can be made of this element
                    at = value.find(",", at)
                    if at < 0:
                        break
                    continue
                name, token, quoted, port = match.groups()
                text = token if quoted is None else re.sub(r"\\([\t -~])", r"\1", quoted)
                element[name.lower()] = text + (port or "")
                at, separated = match.end(), False
                continue
            at, separated = at + 1, True
    return tuple(found)
