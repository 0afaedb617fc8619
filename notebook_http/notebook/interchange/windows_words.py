"""Cut a command of cmd.exe or PowerShell into words.

cmd.exe reads twice: first the shell takes its carets away (not inside quotes), then the program's
C runtime splits at blanks and undoes backslashes in front of quotes. PowerShell has quotes of its
own; what it hands to programs had to be escaped for the C runtime, too, until its version 7.3.
"""

from __future__ import annotations

import re

from notebook_http.notebook.interchange.exceptions import CurlSyntaxError
from notebook_http.notebook.interchange.words import Word
from notebook_http.notebook.source_errors import Source

__all__ = ["split_cmd", "split_powershell"]

_ESCAPED_QUOTE = re.compile(r'(\\*)"')
_CONTINUED = re.compile(r"`[ \t]*\n")
_CARET_QUOTED = re.compile(r'\s*curl(?:\.exe)?\s+(?:-\S+\s+)?\^"', re.IGNORECASE)
_BACKSLASHES = re.compile(r'(?<!\\)\\+(?![\\"])')
_NAMED = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def split_cmd(command: str) -> list[Word]:
    """Return the words of a command of cmd.exe; line ends are LF.

    Raises:
        CurlSyntaxError: a quote that does not close, or a second command.
    """
    source = Source(command, first_line=1)
    chars = _without_carets(command, source)
    if _CARET_QUOTED.match(command) and _all_doubled(chars):
        # Chrome doubles every backslash, though the runtime undoes that in front of quotes only:
        # what the page has sent had them once.
        return _split_by_runtime(_with_single_backslashes(chars), source)
    return _split_by_runtime(chars, source)


def _all_doubled(chars: list[tuple[str, int]]) -> bool:
    text = "".join([char for char, _ in chars])
    return all(len(run) % 2 == 0 for run in _BACKSLASHES.findall(text))


def _with_single_backslashes(chars: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return *chars* with each pair of backslashes that is not in front of a quote halved."""
    text = "".join([char for char, _ in chars])
    left: list[tuple[str, int]] = []
    done = 0
    for run in _BACKSLASHES.finditer(text):
        left += chars[done : run.start() + len(run.group()) // 2]
        done = run.end()
    return left + chars[done:]


def _without_carets(command: str, source: Source) -> list[tuple[str, int]]:
    """Return the characters that cmd.exe hands on, each with its place in *command*."""
    left: list[tuple[str, int]] = []
    quoted = False
    at = 0
    while at < len(command):
        char = command[at]
        if char == "^" and not quoted:
            at += 1
            if command.startswith("\n", at):
                # It continues the line; what comes next is taken as it is, even a line end.
                at += 1
            if at < len(command):
                left.append((command[at], at))
            at += 1
            continue
        if char == '"':
            quoted = not quoted
        elif char == "\n" and not quoted:
            if command[at:].strip() and left:
                raise CurlSyntaxError(
                    "The command has ended on the line before",
                    source,
                    (at + 1, at + 2),
                    expected="^ at the end of each line but the last",
                )
            char = " "
        elif char in "|&<>" and not quoted:
            if char == "&" and not command[at + 1 :].strip():
                break
            raise CurlSyntaxError(
                f"The curl command ends here, at {char}",
                source,
                (at, at + 1),
                expected="one curl command and nothing else",
                hint="Inside a URL it needs quotes around it.",
            )
        left.append((char, at))
        at += 1
    return left


def _split_by_runtime(chars: list[tuple[str, int]], source: Source) -> list[Word]:
    """Return the words that the C runtime of a program finds in *chars*."""
    words: list[Word] = []
    at = 0
    while at < len(chars):
        if chars[at][0] in " \t":
            at += 1
            continue
        start = chars[at][1]
        text, at = _runtime_word(chars, at, source)
        end = chars[at - 1][1] + 1
        words.append(Word(text, start, end))
    return words


def _runtime_word(chars: list[tuple[str, int]], at: int, source: Source) -> tuple[str, int]:
    pieces: list[str] = []
    opened: int | None = None
    while at < len(chars):
        char, place = chars[at]
        if char == "\\":
            count = 0
            while at < len(chars) and chars[at][0] == "\\":
                count += 1
                at += 1
            if at < len(chars) and chars[at][0] == '"':
                pieces.append("\\" * (count // 2))
                if count % 2:
                    pieces.append('"')
                    at += 1
            else:
                pieces.append("\\" * count)
        elif char == '"':
            at += 1
            if opened is not None and at < len(chars) and chars[at][0] == '"':
                pieces.append('"')
                at += 1
            else:
                opened = place if opened is None else None
        elif char in " \t" and opened is None:
            break
        else:
            pieces.append(char)
            at += 1
    if opened is not None:
        raise _unclosed(source, opened, '"')
    return "".join(pieces), at


def split_powershell(command: str) -> list[Word]:
    """Return the words of a command of PowerShell; line ends are LF.

    Raises:
        CurlSyntaxError: a quote that does not close, a variable, or a second command.
    """
    source = Source(command, first_line=1)
    words: list[Word] = []
    at = 0
    while at < len(command):
        char = command[at]
        if char in " \t":
            at += 1
        elif char == "`" and (continued := _CONTINUED.match(command, at)):
            at = continued.end()
        elif char == "\n":
            if words and command[at:].strip():
                after = at + len(command[at:]) - len(command[at:].lstrip())
                raise CurlSyntaxError(
                    "The command has ended on the line before",
                    source,
                    (after, after + 1),
                    expected="a backtick at the end of each line but the last",
                )
            at += 1
        elif char == "&" and not words:
            at += 1
        elif char in "|;&<>":
            raise CurlSyntaxError(
                f"The curl command ends here, at {char}",
                source,
                (at, at + 1),
                expected="one curl command and nothing else",
                hint="Inside a URL it needs quotes around it.",
            )
        else:
            text, end = _powershell_word(command, at, source)
            words.append(Word(_for_runtime(text), at, end))
            at = end
    return words


def _powershell_word(command: str, at: int, source: Source) -> tuple[str, int]:
    pieces: list[str] = []
    while at < len(command) and command[at] not in " \t\n|;&<>":
        char = command[at]
        if char in "'\"":
            text, at = _powershell_quoted(command, at, source)
            pieces.append(text)
        elif char == "`":
            if _CONTINUED.match(command, at):
                break
            following = command[at + 1 : at + 2]
            pieces.append(_NAMED.get(following, following))
            at += 2
        else:
            _refuse_variable(command, at, source)
            pieces.append(char)
            at += 1
    return "".join(pieces), min(at, len(command))


def _powershell_quoted(command: str, at: int, source: Source) -> tuple[str, int]:
    quote = command[at]
    opened = at
    pieces: list[str] = []
    at += 1
    while at < len(command):
        char = command[at]
        following = command[at + 1 : at + 2]
        if char == quote:
            if following != quote:
                return "".join(pieces), at + 1
            pieces.append(quote)
            at += 2
        elif char == "`" and quote == '"' and following:
            pieces.append(_NAMED.get(following, following))
            at += 2
        else:
            if quote == '"':
                _refuse_variable(command, at, source)
            pieces.append(char)
            at += 1
    raise _unclosed(source, opened, quote)


def _for_runtime(text: str) -> str:
    r"""Return *text* without the backslashes of `\"`, if all of its quotes have them."""
    quotes = _ESCAPED_QUOTE.findall(text)
    if not quotes or any(len(backslashes) % 2 == 0 for backslashes in quotes):
        return text
    return _ESCAPED_QUOTE.sub(lambda found: "\\" * (len(found.group(1)) // 2) + '"', text)


_VARIABLE = re.compile(r"\$(?:\w[\w:]*|\{[^}\n]*\}|\()")


def _refuse_variable(command: str, at: int, source: Source) -> None:
    if found := _VARIABLE.match(command, at):
        raise CurlSyntaxError(
            f"{found.group()} stands for something that only your shell knows",
            source,
            (at, found.end()),
            expected="the value itself, or a Python variable put into the text",
            hint="For a $ that is meant, use single quotes around the word.",
        )


def _unclosed(source: Source, at: int, quote: str) -> CurlSyntaxError:
    return CurlSyntaxError(
        f"The quote {quote} that opens here never closes",
        source,
        (at, at + 1),
        hint="Was all of the command copied?",
    )
