"""The flags of curl: which are understood, and which of them take a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from notebook_http.notebook.interchange.exceptions import CurlSyntaxError
from notebook_http.notebook.interchange.words import Word
from notebook_http.notebook.source_errors import Source, nearest

__all__ = ["GivenFlag", "read_flags"]

# Long name to short name; those with a value.
_WITH_VALUE = {
    "request": "X",
    "header": "H",
    "data": "d",
    "data-ascii": "",
    "data-raw": "",
    "data-binary": "",
    "data-urlencode": "",
    "json": "",
    "form": "F",
    "form-string": "",
    "user": "u",
    "cookie": "b",
    "user-agent": "A",
    "referer": "e",
    "proxy": "x",
    "proxy-user": "U",
    "output": "o",
    "max-time": "m",
    "connect-timeout": "",
    "max-redirs": "",
    "oauth2-bearer": "",
    "url": "",
}
_SWITCHES = {
    "insecure": "k",
    "location": "L",
    "get": "G",
    "head": "I",
    "compressed": "",
    "globoff": "g",
    "fail": "f",
    "fail-with-body": "",
    "basic": "",
    "path-as-is": "",
    # What follows changes what curl prints or which version it may speak; a reply has it all.
    "silent": "s",
    "show-error": "S",
    "include": "i",
    "verbose": "v",
    "no-buffer": "N",
    "progress-bar": "#",
    "no-progress-meter": "",
    "http1.1": "",
    "http2": "",
}
# curl's, without a counterpart here; listed so that their values are not taken for URLs.
_FOREIGN_WITH_VALUE = {
    "cacert": "",
    "capath": "",
    "cert": "E",
    "cert-type": "",
    "ciphers": "",
    "config": "K",
    "connect-to": "",
    "cookie-jar": "c",
    "continue-at": "C",
    "dump-header": "D",
    "interface": "",
    "key": "",
    "limit-rate": "",
    "netrc-file": "",
    "noproxy": "",
    "pass": "",
    "proxy-header": "",
    "range": "r",
    "resolve": "",
    "retry": "",
    "retry-delay": "",
    "socks5": "",
    "socks5-hostname": "",
    "time-cond": "z",
    "trace": "",
    "trace-ascii": "",
    "unix-socket": "",
    "upload-file": "T",
    "write-out": "w",
}
_LONG = {**dict.fromkeys(_WITH_VALUE, True), **dict.fromkeys(_SWITCHES, False)}
_SHORT = {short: long for long, short in {**_WITH_VALUE, **_SWITCHES}.items() if short}
_FOREIGN_SHORT = {short for short in _FOREIGN_WITH_VALUE.values() if short}


class GivenFlag(NamedTuple):
    """One flag of a command: its long name, its value ("" for a switch), and where that stands."""

    name: str
    value: str
    span: tuple[int, int]


def read_flags(words: Iterable[Word], source: Source) -> list[GivenFlag]:
    """Return the flags among *words*, in their order; a URL without a flag is one of `url`.

    Raises:
        CurlSyntaxError: flags that are not understood, all of them in one message, or one
            without its value.
    """
    flags: list[GivenFlag] = []
    unknown: list[Word] = []
    waiting = iter(words)
    only_urls = False
    for word in waiting:
        span = (word.start, word.end)
        if only_urls or not word.text.startswith("-") or word.text == "-":
            flags.append(GivenFlag("url", word.text, span))
        elif word.text == "--":
            only_urls = True
        elif word.text.startswith("--"):
            name = word.text[2:]
            if name not in _LONG:
                unknown.append(word)
                if name in _FOREIGN_WITH_VALUE:
                    next(waiting, None)
            elif _LONG[name]:
                flags.append(_with_next(name, word, next(waiting, None), source))
            else:
                flags.append(GivenFlag(name, "", span))
        else:
            flags += _read_letters(word, waiting, unknown, source)
    if unknown:
        raise _not_understood(unknown, source)
    return flags


def _read_letters(
    word: Word, waiting: Iterable[Word], unknown: list[Word], source: Source
) -> list[GivenFlag]:
    """Return the flags of one word such as `-sSL`, `-XPOST` or `-d`."""
    flags: list[GivenFlag] = []
    for at, letter in enumerate(word.text[1:], 1):
        name = _SHORT.get(letter)
        rest = word.text[at + 1 :]
        if name is None:
            unknown.append(Word(f"-{letter}", word.start, word.end))
            if letter in _FOREIGN_SHORT:
                if not rest:
                    next(iter(waiting), None)
                break
        elif not _LONG[name]:
            flags.append(GivenFlag(name, "", (word.start, word.end)))
        elif rest:
            flags.append(GivenFlag(name, rest, (word.start, word.end)))
            break
        else:
            flags.append(_with_next(name, word, next(iter(waiting), None), source))
    return flags


def _with_next(name: str, flag: Word, value: Word | None, source: Source) -> GivenFlag:
    if value is None:
        message = f"{flag.text} needs a value"
        raise CurlSyntaxError(message, source, (flag.start, flag.end))
    return GivenFlag(name, value.text, (value.start, value.end))


def _not_understood(unknown: list[Word], source: Source) -> CurlSyntaxError:
    lines = []
    for word in unknown:
        name = word.text.lstrip("-")
        if name in _FOREIGN_WITH_VALUE or (len(name) == 1 and name in _FOREIGN_SHORT):
            lines.append(f"{word.text} (curl's, without a counterpart here)")
        elif near := nearest(name, _LONG):
            lines.append(f"{word.text} (did you mean --{near}?)")
        else:
            lines.append(word.text)
    flags = "flag is" if len(lines) == 1 else "flags are"
    first = unknown[0]
    return CurlSyntaxError(
        f"{len(lines)} {flags} not understood: {', '.join(lines)}",
        source,
        (first.start, first.end),
        hint="Take them away if the request can do without: none is left out by itself.",
    )
