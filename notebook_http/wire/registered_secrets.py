"""Find secrets by their value: those that somebody has named, however they are written.

`secret_names` tells a secret by what it goes by. A value that was registered here is masked under
any name, or none: as it is, percent-encoded, with the escapes of JSON, Python and HTML, and inside
of base64 (Basic credentials). Until there is one, nobody pays more than a look at an empty table.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from notebook_http.wire.secret_names import mask

__all__ = [
    "SHORTEST",
    "are_any_registered",
    "mask_registered",
    "register_secret",
    "registered_names",
]

# Characters that a value has at least. Shorter ones stand in any text by chance: to mask each `42`
# would tell more (where it was) than it hides. They are still masked by the names they go by.
SHORTEST = 4
# A program has a few secrets. More than these would be data, and each costs every text a search.
_MOST = 1_000
# A private key of 4096 bits has 3,300.
_LONGEST = 16 * 1024
# Of a base64 text around a value that goes with it: what a header holds.
_AROUND = 8 * 1024
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_MASK = r"•••• \(len \d+\)"
# Opens the pattern of a run of backslashes.
_BACKSLASHES = "(?#backslashes)"
_PLAIN_RUN = re.compile(r"[A-Za-z0-9]+")


class _Registered(NamedTuple):
    """One value, and how it is looked for.

    Attributes:
        name: what it goes by.
        value: itself.
        core: a part of it that no way of writing changes: text without it holds no plain form.
        pattern: finds it in all its forms, or a mask that is there already.
        coded: what base64 makes of its inside, at each of the three places it may begin.
    """

    name: str
    value: str
    core: str
    pattern: re.Pattern[str]
    coded: tuple[str, ...]


_known: dict[str, _Registered] = {}


def register_secret(value: str, name: str) -> bool:
    """Mask *value* from now on wherever something is shown; return whether it is long enough.

    Args:
        value: four characters or more; shorter ones are left to the rule about names.
        name: what it goes by, for those who write a placeholder in its place. The last one counts.

    Raises:
        ValueError: it is longer than 16 KiB, or the 1,001st. Not to mask it would be worse.
    """
    global _known
    if len(value) < SHORTEST:
        return False
    if len(value) > _LONGEST:
        text = f"a secret of {len(value):,} characters is not looked for in texts: 16 KiB at most"
        raise ValueError(text)
    old = _known.get(value)
    if old is not None:
        _known[value] = old._replace(name=name)
        return True
    if len(_known) >= _MOST:
        text = f"{_MOST:,} secrets are registered; each costs every text that is shown a search"
        raise ValueError(text)
    core = max(_PLAIN_RUN.findall(value), key=len, default="")
    entry = _Registered(name, value, core, _pattern_of(value), _base64_of(value))
    longest_first = sorted([*_known.values(), entry], key=lambda each: -len(each.value))
    # One assignment for readers in other threads, who never see it half done.
    _known = {each.value: each for each in longest_first}
    return True


def are_any_registered() -> bool:
    """Return whether there is a value to look for at all."""
    return bool(_known)


def registered_names() -> list[str]:
    """Return what the registered values go by."""
    return [each.name for each in _known.values()]


def mask_registered(text: str, placeholders: dict[str, str] | None = None) -> str:
    """Return *text* without the registered values in it; as it is where there are none.

    Args:
        text: anything.
        placeholders: what to put in the place of a secret that stands in *text* as it is, by its
            name; others are masked.
    """
    for each in _known.values():
        if each.core in text:
            text = each.pattern.sub(partial(_put, each, placeholders), text)
        for coded in each.coded:
            if coded in text:
                text = _without_base64(text, coded)
    return text


def _put(secret: _Registered, placeholders: dict[str, str] | None, found: re.Match[str]) -> str:
    if found[1] is not None:
        return found[1]  # a mask, which may hold the value `len`
    if placeholders is not None and secret.name in placeholders and found[0] == secret.value:
        return placeholders[secret.name]
    return mask(secret.value)


def _pattern_of(value: str) -> re.Pattern[str]:
    pieces: list[str] = []
    for run in re.findall(r"\\+|[^\\]", value):
        behind_backslash = bool(pieces) and pieces[-1].startswith(_BACKSLASHES)
        pieces.append(_forms_of(run, behind_backslash=behind_backslash))
    return re.compile(f"({_MASK})|" + "".join(pieces))


def _forms_of(text: str, *, behind_backslash: bool) -> str:
    """Return a pattern for the ways to write one character of a value, or a run of backslashes.

    Escapes may be escaped again, so that any number of backslashes is taken; possessively: two
    patterns that could share them out would cost exponential time.
    """
    if text.isascii() and text.isalnum():
        return text
    octets = text.encode("utf-8", "surrogateescape" if _is_octets(text) else "replace")
    # A URL inside of a URL is encoded twice: `%252F`.
    percent = "(?i:" + "".join(map(_percent, octets)) + ")"
    if text[0] == "\\":
        return f"{_BACKSLASHES}(?:{percent}|\\\\{{{len(text)},{8 * len(text)}}}+)"
    escapes = {json.dumps(text)[1:-1], ascii(text)[1:-1], "".join([f"\\x{n:02x}" for n in octets])}
    escaped = [
        re.escape(each[1:]).replace(r"\\", r"\\{1,8}+")
        for each in sorted(escapes)
        if each[0] == "\\"
    ]
    plain = [
        re.escape(form) for form in [*sorted({html.escape(text), f"&#{ord(text)};"} - {text}), text]
    ]
    least = 0 if behind_backslash else 1
    ways = [percent, *[rf"\\{{{least},8}}+{each}" for each in escaped]]
    ways += [rf"\\{{0,8}}+{each}" for each in plain]
    if text == "'":
        ways.append(r"'\\''")  # bash, inside of quotes
    if text == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"


def _percent(octet: int) -> str:
    return "%(?:25)++" if octet == 0x25 else f"%(?:25)*+{octet:02x}"


def _is_octets(text: str) -> bool:
    return all("\udc80" <= char <= "\udcff" for char in text)


def _base64_of(value: str) -> tuple[str, ...]:
    """Return the digits that stand for nothing but *value* in base64, whatever is around it."""
    found = set()
    raw = value.encode("utf-8", "surrogateescape")
    for before in range(3):
        coded = b64encode(b"\0" * before + raw + b"\0\0").decode()
        # The first and last digits hold bits of the neighbours, too.
        start = -(-before * 8 // 6)
        inner = coded[start : (before + len(raw)) * 8 // 6]
        if len(inner) >= SHORTEST:
            found |= {inner, inner.replace("+", "-").replace("/", "_"), quote(inner, safe="")}
    return tuple(sorted(found))


def _without_base64(text: str, coded: str) -> str:
    """Return *text* with each run of base64 masked that *coded* is part of."""
    pieces: list[str] = []
    done = 0
    while (at := text.find(coded, done)) >= 0:
        start, end = at, at + len(coded)
        while start > done and at - start < _AROUND and text[start - 1] in _BASE64:
            start -= 1
        while end < len(text) and end - at < _AROUND and text[end] in _BASE64:
            end += 1
        pieces += (text[done:start], mask(text[start:end]))
        done = end
    pieces.append(text[done:])
    return "".join(pieces)
