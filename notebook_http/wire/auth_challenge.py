"""What a server asks for in `WWW-Authenticate` (RFC 9110 §11.6.1).

One header may hold several challenges, and there may be several headers; commas separate both the
challenges and their parameters. Reading is lenient, as with everything a server's administrator
wrote by hand: what cannot be read is left out, nothing raises, one pass over the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

__all__ = ["AuthChallenge", "parse_auth_parameters", "parse_challenges", "quoted"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TOKEN68 = re.compile(r"[ \t]+([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
# A nonce may come unquoted, and in base64.
_BARE = re.compile(r'[^\s,"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"?', re.DOTALL)
# Only these two: a realm such as `OFFICE\ana` comes unescaped from those who send it at all.
_ESCAPED = re.compile(r'\\(["\\])')
_NOT_IN_QUOTES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# Challenges that are looked at; servers send one for each scheme and algorithm they know.
_MAX_CHALLENGES = 32


class AuthChallenge(NamedTuple):
    """One way to prove who you are.

    Attributes:
        scheme: in lower case, such as "digest".
        parameters: names in lower case to unquoted values; the first of equal names counts.
        token68: what stands alone behind the scheme, as with Negotiate; "" for none.
    """

    scheme: str
    parameters: Mapping[str, str]
    token68: str = ""


def parse_challenges(values: Iterable[str]) -> list[AuthChallenge]:
    """Return the challenges of all the *values* of a header, in the order the server prefers."""
    found: list[AuthChallenge] = []
    for value in values:
        parameters: dict[str, str] | None = None
        for name, parameter, token68 in _parts(value):
            if parameter is None:
                if len(found) >= _MAX_CHALLENGES:
                    return found
                parameters = {}
                found.append(AuthChallenge(name, parameters, token68))
            elif parameters is not None:
                parameters.setdefault(name, parameter)
    return found


def parse_auth_parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header that has no scheme, as `Authentication-Info`."""
    parameters: dict[str, str] = {}
    for name, parameter, _ in _parts(value):
        if parameter is not None:
            parameters.setdefault(name, parameter)
    return parameters


def quoted(value: str) -> str:
    """Return *value* as a quoted string (RFC 9110 §5.6.4).

    Raises:
        ValueError: it holds a control character, which could end the header field.
    """
    if _NOT_IN_QUOTES.search(value):
        text = "a quoted string in a header holds no control characters"
        raise ValueError(text)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _parts(text: str) -> Iterator[tuple[str, str | None, str]]:
    """Yield (lower-case name, value, token68): a scheme has the value None, a parameter has one."""
    at, end = 0, len(text)
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            # A string that belongs to nothing is left out whole: names in it are no names.
            stray = _QUOTED.match(text, at)
            at = at + 1 if stray is None else stray.end()
            continue
        name, at = token.group().lower(), token.end()
        equals = _EQUALS.match(text, at)
        if equals is None:
            alone = _TOKEN68.match(text, at)
            yield name, None, "" if alone is None else alone[1]
            at = at if alone is None else alone.end()
            continue
        at = equals.end()
        string = _QUOTED.match(text, at)
        if string is not None:
            yield name, _ESCAPED.sub(r"\1", string[1]), ""
            at = string.end()
            continue
        bare = _BARE.match(text, at)
        yield name, "" if bare is None else bare.group(), ""
        at = at if bare is None else bare.end()
