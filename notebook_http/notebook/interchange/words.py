"""The words of a command line, and which shell's quoting they were written in."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

__all__ = ["Shell", "Word", "shell_of"]

Shell = Literal["bash", "cmd", "powershell"]

# cmd.exe: a caret in front of a quote, or one that continues a line which goes on with a flag.
_CMD = re.compile(r"""(?:^|\s)\^"|\^[ \t]*\n\s*(?:-|\^?"|https?:)""")
# PowerShell: a backtick that continues a line, or the call operator.
_POWERSHELL = re.compile(r"`[ \t]*\n|^\s*&\s+['\"]?curl|^\s*curl\.exe\b[^\"]*'")
_QUOTED = re.compile(r"'[^']*'")


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
    if _POWERSHELL.search(command):
        return "powershell"
    # What bash has in single quotes says nothing of cmd, which has no such quotes.
    if _CMD.search(_QUOTED.sub("''", command)):
        return "cmd"
    if command.lstrip().lower().startswith("curl.exe"):
        return "cmd"
    return "bash"
