"""Give the expressions of a magic their values, and put those into text, forms and JSON.

A value is data: it is put in as one word, however it looks inside, and never read again as part
of the grammar.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote_plus

from notebook_http.notebook.magics.dynamic_variables import VariableError
from notebook_http.notebook.magics.exceptions import (
    Source,
    TemplateError,
    UndefinedNameError,
    nearest,
)
from notebook_http.notebook.magics.scope import Names, Scope
from notebook_http.notebook.magics.templates import Expression, Part

__all__ = ["Values", "as_text", "fill_form", "fill_json", "fill_text", "to_json_value"]


class Values:
    """What the expressions of one *source* are worth with the *names* of one notebook or cell.

    Each is evaluated once, when it is first asked for: `{next_page()}` moves on by one page.
    """

    __slots__ = ("_known", "_scope", "_source")

    def __init__(self, names: Names, source: Source) -> None:
        self._scope = names if isinstance(names, Scope) else Scope(names)
        self._source = source
        self._known: dict[int, object] = {}  # by where the expression starts

    @property
    def scope(self) -> Scope:
        """The names that the expressions may use."""
        return self._scope

    def value(self, expression: Expression) -> object:
        """Return the value of *expression*.

        Raises:
            UndefinedNameError: it names something that is not there.
            TemplateError: it failed in another way, or its value is none that can be sent: a
                function, a class, a module, or something that must be awaited first.
        """
        if expression.start in self._known:
            return self._known[expression.start]
        if self._scope.only_looks:
            return self._word_for(expression)
        try:
            own = self._scope.own_value(expression.source)
            names = self._scope.python_names(expression.source) if own is None else {}
        except VariableError as error:
            raise self._no_value(expression, error) from error
        if own is not None:
            self._known[expression.start] = own[0]
            return own[0]
        try:
            value: object = eval(compile(expression.source, f"<{expression}>", "eval"), names)
        except NameError as error:
            raise self._undefined(expression, error.name or expression.source) from error
        except Exception as error:
            raise TemplateError(
                f"{expression}: {type(error).__name__}: {_first_line(error)}",
                self._source,
                (expression.start, expression.end),
                expected=f"an expression that gives a value; {_to_send_it_as_text(expression)}",
                hint=f"Try {expression.source} in a cell of its own.",
            ) from error
        if trouble := _unsendable(value, expression.source):
            if inspect.iscoroutine(value):
                value.close()  # or Python would warn, elsewhere, that nobody awaited it
            what, next_step = trouble
            raise TemplateError(
                f"{expression} is {what}, not a value that can be sent",
                self._source,
                (expression.start, expression.end),
                hint=next_step,
            )
        self._known[expression.start] = value
        return value

    def text(self, expression: Expression) -> str:
        """Return the value of *expression* as text; raises what `value` raises."""
        return str(self._encoded(expression, as_text))

    def json(self, expression: Expression) -> Any:
        """Return the value of *expression* as plain JSON data; raises what `value` raises.

        Raises:
            TemplateError: also for a value that JSON has no word for.
        """
        return self._encoded(expression, to_json_value)

    def _encoded(self, expression: Expression, encode: Callable[[Any], Any]) -> Any:
        value = self.value(expression)
        try:
            return encode(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise TemplateError(
                f"{expression} cannot be sent as JSON: {_first_line(error)}",
                self._source,
                (expression.start, expression.end),
                hint="Give a dict, list, str, number, boolean or None.",
            ) from error

    def _word_for(self, expression: Expression) -> str:
        """Return a word that may stand where *expression* does, whose names are known."""
        try:
            unknown = self._scope.check(expression.source)
        except VariableError as error:
            raise self._no_value(expression, error) from error
        if unknown:
            raise self._undefined(expression, unknown)
        # Behind a colon it may be a port; anywhere else a word will do.
        return "1" if self._source.text[: expression.start].endswith(":") else "x"

    def _no_value(self, expression: Expression, error: VariableError) -> TemplateError:
        span = (expression.start, expression.end)
        return TemplateError(f"{expression}: {error}", self._source, span, hint=error.hint)

    def _undefined(self, expression: Expression, name: str) -> UndefinedNameError:
        near = nearest(
            name,
            [
                *self._scope.names(),
                *(
                    known
                    for known, value in self._scope.namespace.items()
                    if not known.startswith("_") and _unsendable(value, known) is None
                ),
            ],
        )
        return UndefinedNameError(
            f"{expression}: the name {name!r} is not defined in this notebook",
            self._source,
            (expression.start, expression.end),
            expected=f"a name that has a value; {_to_send_it_as_text(expression)}",
            hint=f"Did you mean {near}?" if near else f"Run the cell that sets {name} first.",
        )


def _to_send_it_as_text(expression: Expression) -> str:
    literal = f'{{{{"{expression}"}}}}' if expression.double else f"\\{expression}"
    return f"to send the braces themselves, write {literal}"


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else ""


def _unsendable(value: object, source: str) -> tuple[str, str] | None:
    """Return what *value* is and the next step, when it cannot be meant as data."""
    if inspect.isawaitable(value):
        return "something to await", f"Await it in a cell before: value = await {source}"
    if inspect.isclass(value):
        return "a class", "Give an object of it, or set the name to a value first."
    if inspect.ismodule(value):
        return "a module", "Give one of its values, or set the name to a value first."
    if inspect.isroutine(value):
        return "a function", f"Call it: {source}(…), or set the name to a value first."
    return None


# Filling in --------------------------------------------------------------------------------------


def as_text(value: object) -> str:
    """Return *value* as the text that is sent.

    A str as it is, bytes as UTF-8, None, booleans, lists and dicts as JSON, the rest by `str()`.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if value is None or isinstance(value, bool | list | tuple | dict):
        return json.dumps(to_json_value(value), ensure_ascii=False)
    return str(value)


def to_json_value(value: Any) -> Any:
    """Return *value* as JSON knows it: numpy's numbers, dates, mappings and the like made plain.

    Raises:
        ValueError: a number that JSON has no word for (NaN, infinity), or a circle.
    """
    return json.loads(json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return list(value)
    if hasattr(value, "columns") and hasattr(value, "to_dict"):  # a DataFrame: its rows
        return value.to_dict("records")
    for method in ("tolist", "isoformat"):  # numpy's arrays and numbers; dates
        if callable(plain := getattr(value, method, None)):
            return plain()
    return as_text(value)


def fill_text(parts: Iterable[Part], values: Values) -> str:
    """Return *parts* with each expression's value as text in its place."""
    return "".join([part if isinstance(part, str) else values.text(part) for part in parts])


def fill_form(parts: Iterable[Part], values: Values) -> str:
    """Return the URL-encoded form *parts*, each value percent-encoded so that it stays one."""
    return "".join(
        [part if isinstance(part, str) else quote_plus(values.text(part)) for part in parts]
    )


def fill_json(parts: Iterable[Part], values: Values) -> str:
    """Return the JSON *parts* with each value in its place, as JSON.

    Inside a JSON string a value becomes a stretch of that string, its quotes escaped; outside it
    becomes a JSON value of its own. JSON in a str is therefore a string: give the object instead.
    """
    filled: list[str] = []
    inside_string = False
    for part in parts:
        if isinstance(part, str):
            filled.append(part)
            inside_string = _ends_inside_string(part, inside_string)
        elif inside_string:
            filled.append(json.dumps(values.text(part), ensure_ascii=False)[1:-1])
        else:
            filled.append(json.dumps(values.json(part), ensure_ascii=False))
    return "".join(filled)


def _ends_inside_string(text: str, inside: bool) -> bool:
    """Return whether JSON *text*, begun *inside* a string or not, ends inside one."""
    index = 0
    while index < len(text):
        if inside and text[index] == "\\":
            index += 2
            continue
        if text[index] == '"':
            inside = not inside
        index += 1
    return inside
