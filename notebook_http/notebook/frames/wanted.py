"""What a caller of `df()` asked for, as far as it concerns the reading of a body."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.frames.geojson import feature_rows
from notebook_http.notebook.frames.records import frame_from_json
from notebook_http.notebook.frames.row_path import quoted
from notebook_http.notebook.frames.typed_columns import date_frame, typed_columns

if TYPE_CHECKING:
    import pandas

__all__ = ["Dtypes", "Wanted"]

Dtypes = Literal["auto"] | Mapping[Any, Any] | None


class Wanted(NamedTuple):
    """The rows' path, whether to flatten, and what types columns get.

    Attributes:
        path: where the rows are, None to find them.
        flatten: whether nested dicts become columns.
        auto: whether types are told from values.
        dtypes: types by column that were named; these are cast later and left alone here.
    """

    path: str | None = None
    flatten: bool = True
    auto: bool = True
    dtypes: Mapping[Any, Any] = {}

    @classmethod
    def of(cls, path: str | None, flatten: bool, dtypes: object) -> Wanted:
        """Return it from the arguments of `df()`.

        Raises:
            FrameError: *dtypes* is none of "auto", None and a dict.
        """
        if dtypes is None or dtypes == "auto":
            return cls(path, flatten, dtypes == "auto")
        if not isinstance(dtypes, Mapping):
            msg = (
                f"dtypes={quoted(str(dtypes))} is nothing that df() knows.\n"
                'Give "auto", None for values as they came, or types by column, as in '
                'dtypes={"id": "str"}.'
            )
            raise FrameError(msg)
        return cls(path, flatten, True, dtypes)

    def json_frame(self, value: Any, *, text_only: bool = False) -> pandas.DataFrame:
        """Return the rows in *value*, which is as `json.loads` gives it.

        With *text_only*, all its scalars are texts, numbers too. Errors as `frame_from_json`.
        """
        if self.path is None and self.flatten:
            value = feature_rows(value) or value
        if not self.auto:
            return frame_from_json(value, self.path, flatten=self.flatten)
        types = partial(typed_columns, text_only=text_only, but=self.dtypes)
        return frame_from_json(value, self.path, flatten=self.flatten, types=types)

    def text_frame(self, columns: dict[Any, list[Any]]) -> pandas.DataFrame:
        """Return *columns* of texts as a frame, with the types that the texts stand for."""
        import pandas

        if not self.auto:
            return pandas.DataFrame(columns)
        return pandas.DataFrame(typed_columns(columns, text_only=True, but=self.dtypes))

    def dated(self, frame: pandas.DataFrame) -> pandas.DataFrame:
        """Return *frame*, whose numbers are numbers, with its dates as dates."""
        return date_frame(frame, but=self.dtypes) if self.auto else frame
