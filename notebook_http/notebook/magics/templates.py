"""Find `{expression}` and `{{expression}}` in a magic's text.

What counts as an expression:

- `{{…}}`: what stands between is a Python expression on one line. Of three or more braces in a
  row the innermost two count, so that JSON around a template keeps its own.
- `{…}` (only on the magic's line): the same, but no literal and no tuple, set or dict display.
  `{user.id}` and `{name}` count; `{"k": 1}`, `{}`, `{1}`, `{"a"}`, `{a, b}`, `{x:.2f}` are text.

- `{{$name …}}`, and `{{login.response.…}}` and `{{login.request.…}}`, as `.http` files have them.

All other braces, and every other `$`, are text. What an expression is worth is `template_values`'
to say.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

__all__ = ["Expression", "Part", "expression_at", "split_templates", "unreadable_at"]

# A longer expression belongs in a variable; the bound also keeps the search for the closing
# braces short in bodies full of braces that mean something else.
_MAX_EXPRESSION_CHARS = 1_000
# What is no Python and counts all the same: a variable of `.http` files, or a part of a reply.
_VARIABLE = re.compile(
    r"\$[A-Za-z]\w*(?:[ \t].*)?|[A-Za-z_][\w-]*\.(?:request|response)\.[A-Za-z]+[.\[]\S.*"
)


@dataclass(frozen=True, slots=True)
class Expression:
    """A Python expression in braces.

    Attributes:
        source: the expression, without braces and the blanks around it.
        start: where its braces open in the text that was searched.
        end: where they have closed.
        double: whether the braces are `{{ }}`.
    """

    source: str
    start: int
    end: int
    double: bool

    def __str__(self) -> str:
        return f"{{{{{self.source}}}}}" if self.double else f"{{{self.source}}}"


Part = str | Expression


# Finding ----------------------------------------------------------------------------------------


def expression_at(text: str, index: int, *, single: bool) -> Expression | None:
    """Return the expression whose braces open at text[*index*]; None when that brace is text.

    *single*: whether one pair of braces counts too.
    """
    if text.startswith("{{{", index):
        return None
    double = text.startswith("{{", index)
    if not double and not single:
        return None
    width = 2 if double else 1
    end = _closing(text, index + width, "}" * width)
    if end < 0:
        return None
    source = text[index + width : end].strip()
    if double and _VARIABLE.fullmatch(source):
        return Expression(source, index, end + width, double)
    node = _parsed(source)
    if node is None or (not double and _is_display(node)):
        return None
    return Expression(source, index, end + width, double)


def unreadable_at(text: str, index: int) -> tuple[int, int] | None:
    """Return the span of the `{{…}}` at *index* that is closed, not empty and no expression."""
    if not text.startswith("{{", index) or text.startswith("{{{", index):
        return None
    end = _closing(text, index + 2, "}}")
    if end < 0 or not text[index + 2 : end].strip() or expression_at(text, index, single=False):
        return None
    return index, end + 2


def split_templates(text: str) -> list[Part]:
    """Return *text* cut at its `{{expressions}}`: strings and expressions, in their order."""
    parts: list[Part] = []
    done = index = 0
    while (index := text.find("{{", index)) >= 0:
        found = expression_at(text, index, single=False)
        if found is None:
            index += 1
            continue
        if index > done:
            parts.append(text[done:index])
        parts.append(found)
        done = index = found.end
    if done < len(text):
        parts.append(text[done:])
    return parts


def _closing(text: str, start: int, closer: str) -> int:
    """Return where *closer* stands on this line outside strings and brackets; -1 when nowhere."""
    limit = min(len(text), start + _MAX_EXPRESSION_CHARS)
    line_end = text.find("\n", start, limit)
    # Up to the last closer there could be: most braces of other kinds have none, and end here.
    limit = text.rfind(closer, start, line_end if line_end >= 0 else limit) + len(closer)
    depth = 0
    index = start
    while index < limit:
        char = text[index]
        if char in "'\"":
            index = _string_end(text, index, limit)
            if index < 0:
                return -1
            continue
        if depth == 0 and text.startswith(closer, index):
            return index
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return -1
        index += 1
    return -1


def _string_end(text: str, start: int, limit: int) -> int:
    """Return where the Python string that opens at *start* has closed; -1 when it does not."""
    index = start + 1
    while index < limit:
        if text[index] == "\\":
            index += 2
            continue
        if text[index] == text[start]:
            return index + 1
        index += 1
    return -1


def _parsed(source: str) -> ast.expr | None:
    with warnings.catch_warnings():
        # Text that is no expression may still make the parser warn, of an invalid escape say.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


def _is_display(node: ast.expr) -> bool:
    """Return whether *node* is a literal, or what braces around it make a set or a dict."""
    if isinstance(node, ast.Tuple | ast.Set | ast.Dict | ast.Starred):
        return True
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
