"""The words of a command line, and which shell's quoting they were written in."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

__all__ = ["Shell", "Word", "shell_of"]

Shell = Literal["bash", "cmd", "powershell"]

# cmd.exe: a caret in front of a quote, or one that continues a line which goes on with a flag.
_CMD = re.compile(r"""(?:^|\s)\^"|\^[ \t]*\n\s*(?:-|\^?"|https?:)""")
# PowerShell: a backtick that continues a line; the call operator, or a program's full name.
_CONTINUED = re.compile(r"`[ \t]*\n")
_POWERSHELL = re.compile(r"^\s*&\s+['\"]?curl|^\s*curl\.exe\b[^\"]*'")
# What bash has in single quotes, or behind a backslash, says nothing of the others.
_QUOTED = re.compile(r"\\.|\$'(?:[^'\\]|\\.)*'|'[^']*'|(?m:^\s*#.*)", re.DOTALL)


class Word(NamedTuple):
    """One word of a command.

    Attributes:
        text: what the program gets; bytes that are no UTF-8 are lone surrogates, as Python's
            `surrogateescape` makes them.
        start: where it begins in the command.
        end: where it has ended.
    """

    text: str
    start: int
    end: int


def shell_of(command: str) -> Shell:
    """Return the shell that *command*, its line ends LF, was most likely written for."""
    left = _QUOTED.sub("''", command)
    if _POWERSHELL.search(command) or _CONTINUED.search(left):
        return "powershell"
    if _CMD.search(left):
        return "cmd"
    if command.lstrip().lower().startswith("curl.exe"):
        return "cmd"
    return "bash"
