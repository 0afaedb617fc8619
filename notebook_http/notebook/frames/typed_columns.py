"""Give columns the types that their texts stand for: dates, and numbers where all came as text.

JSON has numbers of its own, so a number in quotes was quoted on purpose (`"007"`, a phone number)
and stays text. It has no dates: a column whose every text is one in ISO 8601 becomes one. Formats
that know nothing but text (XML, HTML) have their numbers read as well. A column is one type or it
stays what it is; half of it is never lost to NaN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.row_path import nearest_name, quoted

if TYPE_CHECKING:
    import pandas

__all__ = ["cast", "date_frame", "typed_columns"]

#: The profile of RFC 3339, and its dates alone; seconds may be missing, as browsers send them.
#: Years alone and `20240131` are numbers in most data.
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
#: Leading zeros are those of codes and telephone numbers, so such columns stay text.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
#: What a page writes for readers: thousands cut by commas.
_WRITTEN_NUMBER = re.compile(
    r"[-\u2212+]?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)(?:\.\d+)?", re.ASCII
)
#: Whole numbers beyond this are not all floats, which is what pandas makes of them beside nulls.
_EXACT_FLOAT = 2**53
_INT64 = range(-(2**63), 2**63)


def typed_columns(
    columns: dict[Any, list[Any]], *, text_only: bool = False, but: Container[Any] = ()
) -> dict[Any, Any]:
    """Return *columns* with those of dates as dates; texts in place of missing ones keep a text.

    Dates with a zone become UTC, and those without stay without: a column of both stays text.
    Whole numbers beyond 2⁵³ that have nulls beside them become `Int64`, to keep their digits.

    Args:
        columns: names and values, each list as long as the others; not changed.
        text_only: the format has no other type than text: numbers are read, too.
        but: names of columns to leave alone.
    """
    typed: dict[Any, Any] = {}
    for name, values in columns.items():
        made = None
        if name not in but:
            made = _dates(values)
            if made is None and text_only:
                made = _numbers(values)
            if made is None:
                made = _whole_numbers(values)
        typed[name] = values if made is None else made
    return typed


def date_frame(frame: pandas.DataFrame, *, but: Container[Any] = ()) -> pandas.DataFrame:
    """Return *frame* with its columns of ISO 8601 texts as dates, as `typed_columns` does."""
    if not frame.columns.is_unique:
        return frame
    made = frame
    for name in frame.columns:
        column = frame[name]
        if name in but or column.dtype.kind not in "OUS":
            continue
        dates = _dates(column.tolist())
        if dates is not None:
            made = made.copy(deep=False) if made is frame else made
            made[name] = dates
    return made


def cast(frame: pandas.DataFrame, dtypes: Mapping[Any, Any]) -> pandas.DataFrame:
    """Return *frame* with the types that *dtypes* names, a column each.

    Raises:
        FrameError: there is no such column (names the nearest), or its values are not of that type.
    """
    for name, dtype in dtypes.items():
        if name not in frame.columns:
            msg = f"dtypes names a column {quoted(str(name))} that is not there."
            raise FrameError(msg + nearest_name(str(name), map(str, frame.columns)))
        try:
            frame = frame.astype({name: dtype})
        except (TypeError, ValueError, OverflowError) as error:
            msg = (
                f"Column {quoted(str(name))} cannot become {str(dtype)[:60]!r}: "
                f"{str(error)[:200]}\nLeave it out of dtypes to see what it holds."
            )
            raise FrameError(msg) from error
    return frame


def _missing(value: Any) -> bool:
    return value is None or value != value


def _texts_match(values: Sequence[Any], pattern: re.Pattern[str]) -> bool:
    """Tell whether *values* are texts of *pattern* and what is missing, at least one of them text.

    Stops at the first that is not, so that ordinary text costs nothing.
    """
    match = pattern.fullmatch
    found = False
    for value in values:
        if type(value) is str:
            if match(value) is None:
                return False
            found = True
        elif value is not None and (type(value) is not float or value == value):
            return False
    return found


def _dates(values: Sequence[Any]) -> Any:
    if not _texts_match(values, _DATE):
        return None
    zoned = {_has_zone(value) for value in values if type(value) is str}
    if len(zoned) != 1:
        return None
    import pandas

    try:
        # Missing ones as None throughout: NaN beside text is no date in every version.
        found = [value if type(value) is str else None for value in values]
        return pandas.to_datetime(found, format="ISO8601", utc=zoned.pop())
    except (ValueError, OverflowError):  # 30 February, or beyond what pandas holds
        return None


def _has_zone(text: str) -> bool:
    return len(text) > 16 and (text[-1] == "Z" or text[-6] in "+-" or text[-5] in "+-")


def _numbers(values: Sequence[Any]) -> Any:
    """Return numbers for *values* if all of them are written as some, and None otherwise."""
    if _texts_match(values, _NUMBER):
        plain = values
    elif _texts_match(values, _WRITTEN_NUMBER):
        plain = [
            value.replace(",", "").replace("\u2212", "-") if type(value) is str else value
            for value in values
        ]
    else:
        return None
    whole = not any(type(value) is str and not value.lstrip("+-").isdecimal() for value in plain)
    number: Callable[[str], Any] = int if whole else float
    try:
        made = [number(value) if type(value) is str else None for value in plain]
    except ValueError:  # a number of more than 4,300 digits
        return None
    return (whole and _whole_numbers(made)) or made


def _whole_numbers(values: Sequence[Any]) -> Any:
    """Return *values* as `Int64` if they are whole numbers that a float would round."""
    kinds = set(map(type, values))
    if int not in kinds or kinds == {int} or not kinds <= {int, float, type(None)}:
        return None
    numbers = [value for value in values if type(value) is int]
    if all(_missing(value) or type(value) is int for value in values) and (
        max(numbers) > _EXACT_FLOAT or min(numbers) < -_EXACT_FLOAT
    ):
        if max(numbers) not in _INT64 or min(numbers) not in _INT64:
            return None
        import pandas

        return pandas.array([None if _missing(value) else value for value in values], dtype="Int64")
    return None
