"""`{{$guid}}`, `{{$timestamp}}` and their kin, as `.http` files of other tools have them."""

from __future__ import annotations

import os
import random
import re
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from notebook_http.notebook.source_errors import nearest

__all__ = ["DYNAMIC_VARIABLES", "VariableError", "dynamic_value"]

_WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'|(\S+)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# What day.js calls the parts of a date, longest first; text in [brackets] stays.
_DATE_PART = re.compile(
    r"\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|SSS|A|a|ZZ|Z"
)


class VariableError(ValueError):
    """A variable of `.http` text has no value.

    Attributes:
        hint: the next thing to try; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def dynamic_value(source: str, folder: Path, *, look_only: bool = False) -> object:
    """Return what `$name arguments` is worth now.

    *folder*: where `.env` is looked for, and above. *look_only*: only say whether it could be.

    Raises:
        VariableError: there is none of that name, or its arguments are wrong.
    """
    name, _, rest = source[1:].partition(" ")
    words = [next(filter(None, found.groups()), "") for found in _WORD.finditer(rest)]
    make = _VARIABLES.get(name)
    if make is None:
        near = nearest(name, _VARIABLES)
        raise VariableError(
            f"there is no ${name}",
            f"Did you mean ${near}?" if near else f"There are ${', $'.join(_VARIABLES)}.",
        )
    if look_only and name in ("dotenv", "processEnv") and words:
        return ""  # it may be there when the request is sent
    try:
        return make(words, folder)
    except VariableError:
        raise
    except (ValueError, OverflowError, OSError) as error:
        message = f"${name} has no value: {error}"
        raise VariableError(message) from None


def _guid(words: Sequence[str], folder: Path) -> str:
    return str(uuid.uuid4())


def _timestamp(words: Sequence[str], folder: Path) -> int:
    return int(_moment(words, time.time()))


def _random_int(words: Sequence[str], folder: Path) -> int:
    try:
        low, high = [int(word) for word in words] or (0, 1000)
        return random.randrange(low, high)
    except ValueError:
        message = "$randomInt takes two whole numbers, the lower one first; the upper is left out"
        raise VariableError(message, "For example {{$randomInt 1 100}}") from None


def _datetime(words: Sequence[str], folder: Path) -> str:
    return _date(words, datetime.fromtimestamp(_moment(words[1:], time.time()), UTC))


def _local_datetime(words: Sequence[str], folder: Path) -> str:
    return _date(words, datetime.fromtimestamp(_moment(words[1:], time.time())).astimezone())


def _dotenv(words: Sequence[str], folder: Path) -> str:
    from notebook_http.notebook.dotenv import nearest_dotenv, read_dotenv

    name = _one_name(words, "dotenv")
    path = nearest_dotenv(folder)
    if path is None:
        message = f"no .env file in {folder} or above"
        raise VariableError(message, f"Write one with a line {name}=…")
    try:
        values = read_dotenv(path)
    except (OSError, ValueError) as error:
        raise VariableError(str(error)) from None
    if name not in values:
        raise VariableError(f"{path} has no {name}", _meant(name, values))
    return _kept_secret(values[name], name)


def _process_env(words: Sequence[str], folder: Path) -> str:
    name = _one_name(words, "processEnv")
    if name not in os.environ:
        message = f"the environment of this kernel has no {name}"
        raise VariableError(message, _meant(name, os.environ))
    return _kept_secret(os.environ[name], name)


_VARIABLES: dict[str, Callable[[Sequence[str], Path], object]] = {
    "guid": _guid,
    "uuid": _guid,
    "timestamp": _timestamp,
    "randomInt": _random_int,
    "datetime": _datetime,
    "localDatetime": _local_datetime,
    "dotenv": _dotenv,
    "processEnv": _process_env,
}
DYNAMIC_VARIABLES = tuple(f"${name}" for name in _VARIABLES)


def _one_name(words: Sequence[str], variable: str) -> str:
    if len(words) != 1:
        message = f"${variable} takes one name"
        raise VariableError(message, f"For example {{{{${variable} API_TOKEN}}}}")
    return words[0]


def _meant(name: str, known: object) -> str:
    near = nearest(name, list(known))  # type: ignore[call-overload]
    return f"Did you mean {near}?" if near else ""


def _kept_secret(value: str, name: str) -> str:
    """Return *value*, masked from now on in all that is shown if *name* says that it is secret."""
    from notebook_http.wire.secrets import is_secret_name

    if is_secret_name(name):
        from notebook_http.notebook.masked_output import mask_output
        from notebook_http.wire.registered_secrets import register_secret

        if register_secret(value, name):
            mask_output()
    return value


def _moment(words: Sequence[str], now: float) -> float:
    """Return the seconds since 1970 that an offset such as `-1 d` leads to."""
    if not words:
        return now
    try:
        count = int(words[0])
        unit = words[1]
        if unit in ("M", "y"):
            return _months_later(now, count * (12 if unit == "y" else 1))
        return now + (timedelta(seconds=1) * (count * _SECONDS[unit])).total_seconds()
    except (ValueError, IndexError, KeyError, OverflowError):
        message = "an offset is a whole number and one of y M w d h m s ms"
        raise VariableError(message, "For example {{$timestamp -1 d}}") from None


def _months_later(now: float, months: int) -> float:
    date = datetime.fromtimestamp(now, UTC)
    years, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    for day in range(date.day, date.day - 4, -1):  # the 31st of a shorter month is its last day
        try:
            return date.replace(year=years, month=month + 1, day=day).timestamp()
        except ValueError:
            continue
    raise OverflowError


def _date(words: Sequence[str], date: datetime) -> str:
    form = words[0] if words else "iso8601"
    if form == "iso8601":
        text = date.isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    if form == "rfc1123":
        return format_datetime(date.astimezone(UTC), usegmt=True)
    return _DATE_PART.sub(lambda found: _date_part(found, date), form)


def _date_part(found: re.Match[str], date: datetime) -> str:
    part = found[0]
    if part.startswith("["):
        return found[1]
    zone = date.strftime("%z") or "+0000"
    hour = (date.hour + 11) % 12 + 1
    return {
        "YYYY": f"{date.year:04}",
        "YY": f"{date.year % 100:02}",
        "MMMM": date.strftime("%B"),
        "MMM": date.strftime("%b"),
        "MM": f"{date.month:02}",
        "M": str(date.month),
        "DD": f"{date.day:02}",
        "D": str(date.day),
        "dddd": date.strftime("%A"),
        "ddd": date.strftime("%a"),
        "HH": f"{date.hour:02}",
        "H": str(date.hour),
        "hh": f"{hour:02}",
        "h": str(hour),
        "mm": f"{date.minute:02}",
        "m": str(date.minute),
        "ss": f"{date.second:02}",
        "s": str(date.second),
        "SSS": f"{date.microsecond // 1000:03}",
        "A": "AM" if date.hour < 12 else "PM",
        "a": "am" if date.hour < 12 else "pm",
        "ZZ": zone,
        "Z": f"{zone[:3]}:{zone[3:]}",
    }[part]
