r"""Cut a magic's line into words, with quotes, escapes, templates and JSON understood.

- Blanks separate words. A quote opens at a word's start or behind one of `= :`; anywhere else it
  is a character like others (`name=it's`).
- A backslash in front of a quote, brace, blank, backslash, `=` or `:` makes it plain text (one is
  enough for `{{`); in front of anything else it is itself a character (`\d`).
- Behind the first `:=` of a word stands JSON, read to its own end: blanks and quotes in it are
  its own (`point:={"x": 1, "name": "a b"}`).
- A template is one stretch of its word, whatever stands between its braces.

Knows nothing of requests: what the words mean is `request_line`'s to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source
from notebook_http.notebook.magics.template_values import Values, fill_text
from notebook_http.notebook.magics.templates import Part, expression_at, unreadable_at

__all__ = ["Piece", "Separator", "Token", "split_line"]

Separator = Literal[":=", "==", "=", ":"]
_Kind = Literal["bare", "quoted", "escaped", "json"]
# At one position the longer one counts, so it comes first.
_SEPARATORS: tuple[Separator, ...] = (":=", "==", "=", ":")
_ESCAPABLE = frozenset("\\'\"{} \t=:")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a word.

    Attributes:
        part: text without the quotes and backslashes it was written with, or an expression.
        kind: how it was written. Separators and dashes mean nothing in an `escaped` stretch.
    """

    part: Part
    kind: _Kind


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the line.

    Attributes:
        pieces: what it is made of, in order.
        start: where it begins in the line.
        end: where it has ended.
    """

    pieces: tuple[Piece, ...]
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        """Where the word stands in the line."""
        return self.start, self.end

    @property
    def parts(self) -> list[Part]:
        """The text and the expressions that it is made of."""
        return [piece.part for piece in self.pieces]

    @property
    def bare(self) -> str:
        """The word when it is one stretch without quotes or templates, otherwise empty."""
        if len(self.pieces) == 1 and self.pieces[0].kind == "bare":
            part = self.pieces[0].part
            return part if isinstance(part, str) else ""
        return ""

    def opens_with(self, mark: str) -> bool:
        """Return whether the word begins, unquoted, with *mark*."""
        if not self.pieces or self.pieces[0].kind != "bare":
            return False
        part = self.pieces[0].part
        return isinstance(part, str) and part.startswith(mark)

    def text(self, values: Values) -> str:
        """Return the whole word with the values of its expressions in their place."""
        return fill_text(self.parts, values)

    def divided(self) -> tuple[list[Part], Separator, list[Part]] | None:
        """Return what stands before and behind the first separator, and the separator."""
        before: list[Part] = []
        for index, piece in enumerate(self.pieces):
            found = None if piece.kind == "escaped" else _first_separator(piece.part)
            if found is None:
                before.append(piece.part)
                continue
            at, separator = found
            text = str(piece.part)
            behind = text[at + len(separator) :]
            rest = [later.part for later in self.pieces[index + 1 :]]
            return (
                [*before, text[:at]] if at else before,
                separator,
                [behind, *rest] if behind else rest,
            )
        return None


def _first_separator(part: Part) -> tuple[int, Separator] | None:
    if not isinstance(part, str):
        return None
    for index in range(len(part)):
        for separator in _SEPARATORS:
            if part.startswith(separator, index):
                return index, separator
    return None


def split_line(source: Source, *, single: bool) -> list[Token]:
    """Return the words of the one-line *source*; *single*: whether `{expr}` is a template too.

    Raises:
        MagicSyntaxError: a quote or a bracket that does not close, or `{{…}}` around something
            that is no expression.
    """
    return _LineScanner(source, single=single).tokens()


class _LineScanner:
    """Walk once along a line; `_at` is where."""

    def __init__(self, source: Source, *, single: bool) -> None:
        self._source = source
        self._line = source.text
        self._single = single
        self._at = 0
        self._pieces: list[Piece] = []
        self._plain = ""  # bare text of the piece that is being read

    def tokens(self) -> list[Token]:
        tokens: list[Token] = []
        while True:
            while self._at < len(self._line) and self._line[self._at].isspace():
                self._at += 1
            if self._at == len(self._line):
                return tokens
            start = self._at
            self._pieces = []
            self._read_word()
            self._flush("bare")
            tokens.append(Token(tuple(self._pieces), start, self._at))

    # Reading

    def _read_word(self) -> None:
        separated = False  # whether a separator stood in this word before
        may_quote = True
        while self._at < len(self._line):
            char = self._line[self._at]
            if char.isspace():
                return
            if char in "'\"" and may_quote:
                # An item that is quoted as a whole has its separator inside.
                separated = self._read_quoted(char) or separated
                may_quote = False
                continue
            may_quote = False
            if char == "\\" and self._line[self._at + 1 : self._at + 2] in _ESCAPABLE:
                self._read_escaped()
            elif char == "{" and self._read_template("bare"):
                pass
            elif not separated and self._at_json():
                self._plain += ":="
                self._at += 2
                self._flush("bare")
                self._read_json()
                separated = True
            else:
                may_quote = char in "=:"
                separated = separated or may_quote
                self._plain += char
                self._at += 1

    def _at_json(self) -> bool:
        has_name = bool(self._plain or self._pieces)
        return has_name and self._line.startswith(":=", self._at)

    def _read_escaped(self) -> None:
        self._flush("bare")
        end = self._at + 2
        while self._line[end - 1] == "{" and self._line.startswith("{", end):
            end += 1  # `\{{x}}`: one backslash for the pair
        self._pieces.append(Piece(self._line[self._at + 1 : end], "escaped"))
        self._at = end

    def _read_template(self, kind: _Kind) -> bool:
        """Take the template whose braces open here; return False when there is none."""
        found = expression_at(self._line, self._at, single=self._single)
        if found is None:
            if span := unreadable_at(self._line, self._at):
                raise self._unreadable(span)
            return False
        self._flush(kind)
        self._pieces.append(Piece(found, kind))
        self._at = found.end
        return True

    def _read_quoted(self, quote: str) -> bool:
        """Take the quoted stretch that opens here; return whether a separator is in it."""
        self._flush("bare")
        opened = self._at
        separated = False
        self._at += 1
        while (char := self._line[self._at : self._at + 1]) != quote:
            if not char:
                raise MagicSyntaxError(
                    f"This {quote} is not closed",
                    self._source,
                    (opened, len(self._line)),
                    expected=f"a second {quote} where the text ends",
                    hint=f"A quote that is part of the text is written \\{quote}",
                )
            escaped = self._line[self._at + 1 : self._at + 2]
            if char == "\\" and escaped and escaped in "\\{}" + quote:
                self._plain += escaped
                self._at += 2
            elif char == "{" and self._read_template("quoted"):
                pass
            else:
                separated = separated or char in "=:"
                self._plain += char
                self._at += 1
        self._at += 1
        self._flush("quoted", even_empty=True)
        return separated

    def _read_json(self) -> None:
        if self._line.startswith("'", self._at):
            # JSON has no single quotes: this is a shell's way of keeping it together.
            self._read_quoted("'")
            return
        opened = self._at
        depth = 0
        inside_string = False
        while self._at < len(self._line):
            char = self._line[self._at]
            if char == "{" and self._read_template("json"):
                continue
            if char.isspace() and depth <= 0 and not inside_string:
                break
            width = 1
            if inside_string and char == "\\":
                width = 2
            elif char == '"':
                inside_string = not inside_string
            elif not inside_string:
                depth += (char in "{[") - (char in "}]")
            self._plain += self._line[self._at : self._at + width]
            self._at = min(self._at + width, len(self._line))
        self._flush("json")
        if inside_string or depth > 0:
            raise MagicSyntaxError(
                "This JSON value is not closed",
                self._source,
                (opened, len(self._line)),
                expected='JSON behind `:=`, such as {"k": [1, true, null]}',
                hint="For plain text write name=text.",
            )

    # Ending a piece

    def _flush(self, kind: _Kind, *, even_empty: bool = False) -> None:
        if self._plain or even_empty:
            self._pieces.append(Piece(self._plain, kind))
        self._plain = ""

    def _unreadable(self, span: tuple[int, int]) -> MagicSyntaxError:
        written = self._line[slice(*span)]
        return MagicSyntaxError(
            f"{written} is not a Python expression",
            self._source,
            span,
            expected="a name, a call, or the like: {{user.name}}",
            hint=f"To send the braces themselves, write \\{written}",
        )
