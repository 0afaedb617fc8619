"""Show what the checks found: as text, as a table on the page, as a frame."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from notebook_http.notebook.display.html import Html, join, table, tag, visible
from notebook_http.notebook.doctor.check import Check

__all__ = ["Report"]

_MARKS = {True: "✓", False: "✗", None: "\u2013"}  # the last one a dash
# Beside the marks: screen readers say them, and they can be searched for.
_WORDS = {True: "ok", False: "failed", None: "note"}
_LEFT = "text-align: left; vertical-align: top"


class Report:
    """What `nh.doctor()` found; a cell shows it as a table.

    Attributes:
        checks: what was looked at, in the order of the report.
    """

    __slots__ = ("checks",)

    def __init__(self, checks: Iterable[Check]) -> None:
        self.checks = tuple(checks)

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.ok is not False for check in self.checks)

    def __repr__(self) -> str:
        return "\n".join([_line(check) for check in self.checks])

    def _repr_html_(self) -> str:
        """Return what a cell shows whose value this is."""
        return str(self.html())

    def html(self) -> Html:
        """Return the report as a table that reads without any style."""
        failed = sum(check.ok is False for check in self.checks)
        caption = f"{len(self.checks)} checks, {failed} failed"
        columns = ("", "check", "found", "fix")
        head = tag("tr", *[tag("th", each, scope="col", style=_LEFT) for each in columns])
        return table(caption, head, map(_row, self.checks))

    def df(self) -> Any:
        """Return a pandas frame with a row for each check: subject, result, found, fix."""
        import pandas as pd

        rows = [(each.subject, _WORDS[each.ok], each.found, each.fix) for each in self.checks]
        return pd.DataFrame(rows, columns=["subject", "result", "found", "fix"])


def _line(check: Check) -> str:
    fix = f" → {check.fix}" if check.fix else ""
    return visible(f"{_MARKS[check.ok]} {check.subject}: {check.found}{fix}")


def _row(check: Check) -> Html:
    mark = f"{_MARKS[check.ok]} {_WORDS[check.ok]}"
    return tag(
        "tr",
        tag("td", tag("strong", mark) if check.ok is False else join(mark), style=_LEFT),
        tag("th", check.subject, scope="row", style=_LEFT),
        tag("td", check.found, style=_LEFT),
        tag("td", tag("code", check.fix) if check.fix else None, style=_LEFT),
    )
