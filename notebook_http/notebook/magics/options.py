"""The options of `%http` and `%%http`: one table, from which help and messages are made.

A new option is one more row here, and one more use of its value in `http`.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, nearest
from notebook_http.notebook.magics.template_values import Values
from notebook_http.notebook.magics.tokens import Token

__all__ = ["OPTIONS", "Option", "options_help", "take_options"]


# A year: what is longer was meant to be something else.
_MOST_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        name: what is written behind the two dashes.
        metavar: what its value is called in help; empty for a switch, whose value is True, in
            brackets where it may be left out, and is then "".
        read: the value's text made a value; a ValueError says what was expected.
        help: what it does, in one line.
    """

    name: str
    metavar: str
    read: Callable[[str], object]
    help: str

    def __str__(self) -> str:
        return f"--{self.name} {self.metavar}".rstrip()

    @property
    def is_optional(self) -> bool:
        """Whether its value may be left out."""
        return self.metavar.startswith("[")


def _variable_name(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        message = "a name that Python allows for a variable"
        raise ValueError(message)
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= _MOST_SECONDS:
        message = "seconds, more than 0, such as 2.5"
        raise ValueError(message)
    return seconds


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 12 or not int(text):
        message = "a whole number from 1 on"
        raise ValueError(message)
    return int(text)


OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("into", "NAME", _variable_name, "keep the result in the variable NAME, too"),
        Option("df", "[PATH]", str, "give the rows (at PATH: --df=data.items) as a DataFrame"),
        Option("rows", "N", _count, "give the first N rows of the DataFrame only"),
        Option("dry-run", "", bool, "show what would be sent, secrets masked; send nothing"),
        Option("curl", "", bool, "print the curl command of it, secrets masked; send nothing"),
        Option("timeout", "S", _seconds, "give up after S seconds"),
        Option("follow", "", bool, "follow redirects"),
        Option("no-follow", "", bool, "do not follow redirects"),
        Option("fail", "", bool, "raise an error for statuses of 400 and above"),
        Option("verbose", "", bool, "show what was sent, too"),
        Option("client", "NAME", _variable_name, "send with the nh.Client in the variable NAME"),
        Option("file", "PATH", str, "send the requests of an .http file, or the one named behind"),
    )
}
# Of two of these only one can be meant.
_OPPOSITES = (("follow", "no-follow"), ("dry-run", "curl"))


def options_help() -> str:
    """Return one line for each option, as `%%http?` shows them."""
    width = max(len(str(option)) for option in OPTIONS.values())
    return "\n".join([f"    {option!s:<{width}}  {option.help}" for option in OPTIONS.values()])


def take_options(
    tokens: Sequence[Token], source: Source, values: Values
) -> tuple[dict[str, object], list[Token]]:
    """Return the values of the options among *tokens*, by name, and the other tokens.

    Raises:
        MagicSyntaxError: an unknown option, one given twice, or a value that is missing,
            too much or wrong.
    """
    options: dict[str, object] = {}
    others: list[Token] = []
    waiting = iter(tokens)
    for token in waiting:
        if not token.opens_with("--"):
            others.append(token)
            continue
        name, equals, text = token.text(values)[2:].partition("=")
        option = _option_named(name, token, source)
        if name in options:
            message = f"--{name} is given twice"
            raise MagicSyntaxError(message, source, token.span, hint="Take one of them away.")
        span = token.span
        if option.is_optional and not equals:
            text = ""
        elif option.metavar and not equals:
            following = next(waiting, None)
            if following is None or following.opens_with("--"):
                message = f"--{name} needs a value"
                raise MagicSyntaxError(message, source, span, expected=str(option))
            text, span = following.text(values), following.span
        elif equals and not option.metavar:
            message = f"--{name} takes no value"
            raise MagicSyntaxError(message, source, span, expected=str(option))
        options[name] = _read(option, text, source, span) if option.metavar else True
        for pair in _OPPOSITES:
            if name in pair and all(each in options for each in pair):
                message = f"--{pair[0]} and --{pair[1]} cannot both be meant"
                raise MagicSyntaxError(message, source, token.span, hint="Keep one of them.")
    return options, others


def _option_named(name: str, token: Token, source: Source) -> Option:
    if option := OPTIONS.get(name):
        return option
    near = nearest(name, OPTIONS)
    raise MagicSyntaxError(
        f"There is no option --{name}",
        source,
        token.span,
        expected=str(OPTIONS[near]) if near else " ".join([f"--{each}" for each in OPTIONS]),
        hint=f"Did you mean --{near}?" if near else "See them all with %%http?",
    )


def _read(option: Option, text: str, source: Source, span: tuple[int, int]) -> object:
    try:
        return option.read(text)
    except ValueError as error:
        raise MagicSyntaxError(
            f"{text!r} is no {option.metavar} for --{option.name}",
            source,
            span,
            expected=str(error),
        ) from error
