r"""Cut a bash command into words: `'…'`, `"…"`, `$'…'`, backslashes and comments.

Nothing is expanded: what bash would replace (`$NAME`, `$(…)`) is an error that says so, since its
value is in another shell.
"""

from __future__ import annotations

import re

from notebook_http.notebook.interchange.exceptions import CurlSyntaxError
from notebook_http.notebook.interchange.words import Word
from notebook_http.notebook.source_errors import Source

__all__ = ["decode_escapes", "split_bash"]

_EXPANSION = re.compile(r"\$(?:\w+|\{[^}\n]*\}?|\((?:[^)\n]*\))?)|`")
_PLAIN = re.compile(r"[^\s'\"\\$`|&;<>()#]+|#")
_LATE_CONTINUATION = re.compile(r"\\[ \t]+(?=\n)")
_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})"
    r"|c(.)|(.))",
    re.DOTALL,
)
# JavaScript's way to write what is above U+FFFF, which browsers leave in what they copy.
_PAIR = re.compile(r"\\u([dD][89aAbB][0-9A-Fa-f]{2})\\u([dD][c-fC-F][0-9A-Fa-f]{2})")
_NAMED = {
    **{"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r"},
    **{"t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"', "?": "?"},
}
_HINTS = {
    "|": "Take it away with what stands behind it: the reply has .json() and .df().",
    "&": "Put quotes around the URL: outside of them & ends the command.",
    ";": "One command is one request: put the others into calls of their own.",
    ">": "Take it away: the reply has the body in .content. Or write -o FILE.",
}


def split_bash(command: str) -> list[Word]:
    """Return the words of *command*, whose line ends are LF.

    `|` is a word of its own, with nothing quoted about it, if `printf` stands in front of it.

    Raises:
        CurlSyntaxError: a quote that does not close, something that bash would expand, or a
            second command.
    """
    source = Source(command, first_line=1)
    words: list[Word] = []
    at = 0
    while (at := _next_word(command, at)) < len(command):
        char = command[at]
        if char == "\n":
            at = _line_behind(command, at)
            if words and at < len(command):
                raise CurlSyntaxError(
                    "The command has ended on the line before",
                    source,
                    (at, at + 1),
                    expected="a backslash at the end of each line but the last",
                )
        elif char in "|&;<>()":
            if char == "|" and words and words[0].text == "printf":
                words.append(Word("|", at, at))
                at += 1
                continue
            _refuse_operator(command, at, source)
            return words
        else:
            word = _read_word(command, at, source)
            words.append(word)
            at = word.end
    return words


def _next_word(command: str, at: int) -> int:
    """Return where the next word or line end is: behind blanks, continued lines and comments."""
    while at < len(command):
        if command[at] in " \t":
            at += 1
        elif command.startswith("\\\n", at):
            at += 2
        elif command[at] == "#":
            end = command.find("\n", at)
            at = len(command) if end < 0 else end
        else:
            break
    return at


def _line_behind(command: str, at: int) -> int:
    """Return where the next line with a word in it has its first."""
    while at < len(command) and command[at] == "\n":
        at = _next_word(command, at + 1)
    return at


def _refuse_operator(command: str, at: int, source: Source) -> None:
    """Return if nothing stands behind the operator at *at* (`curl … ;`).

    Raises:
        CurlSyntaxError: something does.
    """
    char = command[at]
    if char in ";&" and not command[at + 1 :].strip():
        return
    raise CurlSyntaxError(
        f"The curl command ends here, at {char}",
        source,
        (at, at + 1),
        expected="one curl command and nothing else",
        hint=_HINTS.get(char, "Put quotes around what belongs together."),
    )


def _read_word(command: str, start: int, source: Source) -> Word:
    pieces: list[str] = []
    at = start
    while at < len(command):
        char = command[at]
        if char in " \t\n|&;<>()":
            break
        if char == "'":
            text, at = _quoted(command, at, "'", source)
            pieces.append(text)
        elif char == '"':
            text, at = _double_quoted(command, at, source)
            pieces.append(text)
        elif command.startswith("$'", at):
            text, at = _ansi_quoted(command, at, source)
            pieces.append(text)
        elif char == "\\":
            if late := _LATE_CONTINUATION.match(command, at):
                raise CurlSyntaxError(
                    "A blank stands behind the backslash that should continue the line",
                    source,
                    (at, late.end()),
                    hint="Take the blank away.",
                )
            if command[at + 1 : at + 2] != "\n":
                pieces.append(command[at + 1 : at + 2] or "\\")
            at += 2
        elif char in "$`":
            _refuse_expansion(command, at, source)
            pieces.append(char)
            at += 1
        else:
            found = _PLAIN.match(command, at)
            end = found.end() if found else at + 1
            pieces.append(command[at:end])
            at = end
    return Word("".join(pieces), start, min(at, len(command)))


def _refuse_expansion(command: str, at: int, source: Source) -> None:
    found = _EXPANSION.match(command, at)
    if found is None:
        return
    name = found.group()
    raise CurlSyntaxError(
        f"{name} stands for something that only your shell knows",
        source,
        (at, found.end()),
        expected="the value itself, or a Python variable put into the text",
        hint="For a $ that is meant, use single quotes around the word.",
    )


def _quoted(command: str, at: int, quote: str, source: Source) -> tuple[str, int]:
    end = command.find(quote, at + 1)
    if end < 0:
        raise _unclosed(quote, source, at)
    return command[at + 1 : end], end + 1


def _double_quoted(command: str, at: int, source: Source) -> tuple[str, int]:
    pieces: list[str] = []
    opened = at
    at += 1
    while at < len(command):
        char = command[at]
        if char == '"':
            return "".join(pieces), at + 1
        following = command[at + 1 : at + 2]
        if char == "\\" and following and following in '$`"\\\n':
            if following != "\n":
                pieces.append(following)
            at += 2
        else:
            if char in "$`":
                _refuse_expansion(command, at, source)
            pieces.append(char)
            at += 1
    raise _unclosed('"', source, opened)


def _ansi_quoted(command: str, at: int, source: Source) -> tuple[str, int]:
    end = at + 2
    while end < len(command) and command[end] != "'":
        end += 2 if command[end] == "\\" else 1
    if end >= len(command):
        raise _unclosed("$'", source, at)
    text = decode_escapes(command[at + 2 : end])
    # To bash, as to every C program, a NUL ends the word that it stands in.
    return text.partition("\0")[0], end + 1


def _unclosed(quote: str, source: Source, at: int) -> CurlSyntaxError:
    return CurlSyntaxError(
        f"The quote {quote} that opens here never closes",
        source,
        (at, at + len(quote)),
        hint="Was all of the command copied?",
    )


def decode_escapes(text: str) -> str:
    """Return *text* with the escapes of `$'…'` decoded; bytes that are no UTF-8 as surrogates."""
    decoded = _ESCAPE.sub(_unescaped, _PAIR.sub(_joined, text))
    # Escapes make bytes (`\\xc3\\xa9`): only all of them together tell which characters they are.
    return decoded.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _joined(found: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in found.groups())
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _unescaped(found: re.Match[str]) -> str:
    hexadecimal, short, long, octal, control, other = found.groups()
    if hexadecimal or octal:
        number = int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF
        return bytes([number]).decode("ascii", "surrogateescape")
    if short or long:
        number = int(short or long, 16)
        if number >= 0x110000:
            return found.group()
        return chr(number).encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")
    if control:
        return chr(ord(control) & 0x1F)
    return _NAMED.get(other, found.group())
