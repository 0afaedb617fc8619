"""`?? status == 200`: what a cell asserts of a reply, and what was found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from notebook_http.notebook.display.html import Html, join, tag, visible
from notebook_http.notebook.magics.answer import Answer
from notebook_http.notebook.magics.dynamic_variables import VariableError
from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, nearest
from notebook_http.notebook.magics.reply_values import json_at
from notebook_http.notebook.magics.scope import Scope
from notebook_http.notebook.magics.template_values import Values, as_text, fill_text
from notebook_http.notebook.magics.templates import Expression, split_templates
from notebook_http.wire.secrets import mask_header, mask_json, mask_text, mask_url

__all__ = ["Assertion", "Finding", "findings_bundle", "read_assertion"]

_OPERATORS = ("==", "!=", "<=", ">=", "<", ">", "contains", "startsWith", "endsWith", "exists")
_TARGETS = {
    "status": "",
    "reason": "",
    "url": "",
    "duration": "",
    "header": "NAME",
    "body": "[PATH]",
}
_NUMBERS = ("status", "duration")
_FORM = re.compile(
    r"(?P<target>\S+)(?:\s+(?P<part>\S.*?))??"
    r"\s+(?P<no>not\s+)?(?P<operator>==|!=|<=|>=|<|>|contains|startsWith|endsWith|exists)"
    r"(?:\s+(?P<value>\S.*))?",
    re.IGNORECASE,
)
_EXPECTED = "?? status == 200, ?? header content-type contains json, ?? body $.items[0].id == 5"
_SHOWN_CHARACTERS = 120


class Finding(NamedTuple):
    """How an assertion came out.

    Attributes:
        holds: whether it is true.
        text: what was asserted, secrets masked.
        found: what there is instead, secrets masked; "" where it holds.
        line: the number of its line.
    """

    holds: bool
    text: str
    found: str
    line: int

    def __str__(self) -> str:
        return visible(f"✓ {self.text}" if self.holds else f"✗ {self.text}: found {self.found}")


class Assertion(NamedTuple):
    """One line, read: `?? target part operator value`."""

    target: str
    part: str
    negated: bool
    operator: str
    value: str | None
    source: Source

    def check(self, reply: Answer, scope: Scope) -> Finding:
        """Return how it comes out for *reply*; its templates take their values from *scope*.

        Raises:
            TemplateError: one has no value.
        """
        expected = self._expected(scope)
        try:
            actual, shown = self._actual(reply)
        except VariableError as error:
            holds = self.operator == "exists" and self.negated
            return Finding(holds, self._words(expected), mask_text(str(error)), self._line)
        if isinstance(actual, str) and not (self.target == "body" and self.part):
            # Text that was written without quotes is text all the same.
            if isinstance(expected, dict | list):
                actual = _as_json(actual)
            else:
                expected = as_text(expected)
        holds = _compare(self.operator, actual, expected) is not self.negated
        return Finding(holds, self._words(expected), "" if holds else shown, self._line)

    def look(self, scope: Scope) -> None:
        """Return if its templates can be read, and their names are known.

        Raises:
            MagicSyntaxError: not so.
        """
        self._expected(scope.looking())

    @property
    def _line(self) -> int:
        return self.source.first_line

    def _expected(self, scope: Scope) -> Any:
        if self.value is None:
            return None
        at = self.source.text.rfind(self.value)
        parts = split_templates(" " * at + self.value)  # errors count in the line
        values = Values(scope, self.source)
        expressions = [part for part in parts if isinstance(part, Expression)]
        if len(expressions) == 1 and not "".join([p for p in parts if isinstance(p, str)]).strip():
            return values.value(expressions[0])
        text = fill_text(parts, values).strip()
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text

    def _actual(self, reply: Answer) -> tuple[Any, str]:
        """Return what there is, and how it may be shown.

        Raises:
            VariableError: there is no such thing.
        """
        if self.target == "header":
            value = reply.headers.get(self.part)
            if value is None:
                near = nearest(self.part, list(reply.headers))
                message = "no such header" + (f" (did you mean {near}?)" if near else "")
                raise VariableError(message)
            return value, _short(mask_header(self.part, value))
        if self.target == "duration":
            milliseconds = reply.elapsed.total_seconds() * 1000
            return milliseconds, f"{milliseconds:.0f} ms"
        if self.target != "body":
            value = getattr(reply, self.target)
            if self.target == "url":
                return str(value), _short(mask_url(value))
            return value, _short(mask_text(str(value)))
        if not self.part:
            return reply.text, _short(mask_text(reply.text[:10_000]))
        try:
            whole = reply.json()
        except ValueError:
            message = "a body that is not JSON"
            raise VariableError(message) from None
        value = json_at(whole, self.part)
        try:
            shown = json_at(mask_json(whole), self.part)
        except VariableError:
            shown = "••••"  # a key on the way is a secret itself
        return value, _short(mask_text(_json_text(shown)))

    def _words(self, expected: Any) -> str:
        said = [self.target, self.part, "not" if self.negated else "", self.operator]
        if self.value is not None:
            said.append(_short(self._masked(expected)))
        return " ".join([word for word in said if word])

    def _masked(self, expected: Any) -> str:
        """Return what is expected as it may be shown: a secret is one on both sides."""
        if self.target == "header":
            return mask_header(self.part, as_text(expected))
        key = re.split(r"[.\[\]'\"]+", self.part.rstrip("]'\""))[-1] if self.part else ""
        if isinstance(expected, str | int | float | bool | list | dict | None):
            return mask_text(_json_text(mask_json({key: expected})[key]))
        return mask_text(as_text(expected))


def read_assertion(text: str, source: Source) -> Assertion:
    """Return the assertion that *text*, what stands behind `??` in *source*, makes.

    Raises:
        MagicSyntaxError: it says nothing that can be asserted.
    """
    found = _FORM.fullmatch(text)
    word = text.split(maxsplit=1)[0] if text else ""
    target = next((each for each in _TARGETS if each == word.lower()), "")
    if not target:
        near = nearest(word, _TARGETS)
        known = ", ".join(f"{name} {part}".strip() for name, part in _TARGETS.items())
        hint = f"Did you mean {near}?" if near else f"There are: {known}"
        raise _wrong(f"A reply has no {word!r} to be looked at", source, hint)
    if found is None:
        hint = f"There are: {', '.join(_OPERATORS)}, and not in front of a word"
        raise _wrong("There is no operator in this assertion", source, hint)
    operator = next(each for each in _OPERATORS if each.lower() == found["operator"].lower())
    part, value = found["part"] or "", found["value"]
    if target == "header" and not part:
        raise _wrong("The name of the header is missing", source, "?? header content-type exists")
    if part and not _TARGETS[target]:
        raise _wrong(f"Between {target} and {operator} stands {part!r}", source, "")
    if (operator == "exists") is not (value is None):
        message = f"Behind {operator} {'nothing' if value else 'a value'} is expected"
        raise _wrong(message, source, "")
    assertion = Assertion(target, part, bool(found["no"]), operator, value, source)
    if target in _NUMBERS and value is not None and "{{" not in value and not _is_number(value):
        raise _wrong(f"{value!r} is no number, as {target} is", source, "")
    return assertion


def _wrong(problem: str, source: Source, hint: str) -> MagicSyntaxError:
    return MagicSyntaxError(problem, source, (0, len(source.text)), expected=_EXPECTED, hint=hint)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# Comparing --------------------------------------------------------------------------------------


def _compare(operator: str, actual: Any, expected: Any) -> bool:
    if operator == "exists":
        return True
    if operator in ("==", "!="):
        return _same(actual, expected) is (operator == "==")
    texts = isinstance(actual, str) and isinstance(expected, str)
    if texts and operator[0] in "<>" and _is_number(actual) and _is_number(expected):
        # A header's number is text; as text, "20" would be more than "100".
        actual, expected = float(actual), float(expected)
    compare: dict[str, Callable[[], bool]] = {
        "<": lambda: actual < expected,
        "<=": lambda: actual <= expected,
        ">": lambda: actual > expected,
        ">=": lambda: actual >= expected,
        "contains": lambda: expected in actual,
        "startsWith": lambda: str(actual).startswith(as_text(expected)),
        "endsWith": lambda: str(actual).endswith(as_text(expected)),
    }
    try:
        return bool(compare[operator]())
    except TypeError:
        return False  # values of different kinds: neither is the smaller one


def _same(actual: Any, expected: Any) -> bool:
    if isinstance(actual, bool) is not isinstance(expected, bool):
        return False  # to Python, true is 1
    return bool(actual == expected)


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


# Showing ----------------------------------------------------------------------------------------


def _json_text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        return str(type(value).__name__)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def findings_bundle(findings: Sequence[Finding]) -> dict[str, str]:
    """Return what a cell shows of *findings*: plain text, and HTML of the same words."""
    failed = sum(not finding.holds for finding in findings)
    count = f"{len(findings)} assertion{'' if len(findings) == 1 else 's'}"
    title = f"{count}, {failed} failed" if failed else f"{count}, all hold"
    rows: list[Html] = [tag("li", _row(finding)) for finding in findings]
    html = tag("div", title, tag("ul", *rows, style="list-style: none"))
    return {"text/plain": "\n".join([title, *map(str, findings)]), "text/html": str(html)}


def _row(finding: Finding) -> Html:
    if finding.holds:
        return join("✓ ", tag("code", finding.text))
    return join(
        tag("strong", "✗ "), tag("code", finding.text), ": found ", tag("code", finding.found)
    )
