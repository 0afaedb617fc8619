"""Show a background job, a table of them, and what one failed with.

Pure functions of plain data. Names and messages may hold what strangers sent: everything is
escaped, masked and cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from notebook_http.notebook.display.error import MAX_LINES, headline, render, wants_everything
from notebook_http.notebook.display.html import Html, join, table, tag, visible
from notebook_http.notebook.display.size_budget import PLAIN_LINES, cut
from notebook_http.notebook.shell import running_shell
from notebook_http.wire.secrets import mask_text

__all__ = ["JobFacts", "cancelled_line", "failure_lines", "job_bundle", "jobs_bundle"]

#: Rows of the table, in HTML and in the lines that plain text may have.
_HTML_ROWS = 100
_PLAIN_ROWS = PLAIN_LINES - 2
# Bytes, escaped, and characters of one line.
_NAME_BYTES = 200
_TROUBLE_BYTES = 300
_LINE_CHARACTERS = 120
#: Failures of a group that are named.
_MAX_LEAVES = 4
_HEAD = ("name", "state", "started", "seconds", "cell")
_LEFT = "text-align: left; vertical-align: top"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is shown of a job, unescaped.

    Attributes:
        name: what it is called.
        state: in a word: `running`, `done`, `failed`, `cancelled`, `lost`.
        started: when it was started.
        seconds: how long it has run, or ran.
        cell: the cell that started it, such as `Cell In[3]`; empty in a script.
        trouble: the error that it failed with, in one line; empty if it did not.
    """

    name: str
    state: str
    started: datetime
    seconds: float
    cell: str
    trouble: str = ""


def job_bundle(facts: JobFacts) -> dict[str, str]:
    """Return {"text/html": …, "text/plain": …} of one job: a line of each."""
    words = _words(facts)
    html = tag("div", tag("strong", f"Job {_name(facts)}"), f" {words}")
    return {"text/html": str(html), "text/plain": _line(f"Job {_name(facts)} {words}")}


def jobs_bundle(jobs: Sequence[JobFacts]) -> dict[str, str]:
    """Return {"text/html": …, "text/plain": …} of a table of jobs."""
    if not jobs:
        empty = "No job was started in this notebook. Start one: job = nh.spawn(coroutine)"
        return {"text/html": str(tag("div", empty)), "text/plain": empty}
    return {"text/html": _table_html(jobs), "text/plain": _table_text(jobs)}


def failure_lines(facts: JobFacts, error: BaseException) -> list[str]:
    """Return what the cell of a job shows when it fails: 12 lines at most; sets `nh.last_error`."""
    shell = running_shell()
    title = f"Job {_name(facts)} failed after {_seconds(facts.seconds)}:"
    lines = render(error)
    if shell is not None and wants_everything(shell):
        return [title, *lines]
    if isinstance(error, BaseExceptionGroup):
        leaves = [f"  {headline(leaf, shell)}" for leaf in _leaves(error)]
        rest = len(leaves) - _MAX_LEAVES
        more = [f"  and {rest:,} more"] if rest > 0 else []
        lines = [lines[0], *leaves[:_MAX_LEAVES], *more, *lines[1:]]
    if len(lines) > MAX_LINES - 1:
        lines = [*lines[: MAX_LINES - 2], lines[-1]]
    return [title, *lines]


def cancelled_line(facts: JobFacts) -> str:
    """Return what the cell of a job shows when it was cancelled, or never ended."""
    return f"Job {_name(facts)} {facts.state} after {_seconds(facts.seconds)}."


def _leaves(group: BaseExceptionGroup) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def _words(facts: JobFacts) -> str:
    where = f", started in {facts.cell}" if facts.cell else ""
    if facts.state == "running":
        hint = ". `await` it for its result."
        return f"running for {_seconds(facts.seconds)}{where}{hint}"
    trouble = f": {_trouble(facts)}" if facts.trouble else "."
    return f"{facts.state} after {_seconds(facts.seconds)}{where}{trouble}"


def _table_html(jobs: Sequence[JobFacts]) -> Html:
    rows = [
        tag(
            "tr",
            tag("th", _name(each), scope="row", style=_LEFT),
            *(tag("td", cell, style=_LEFT) for cell in _cells(each)[1:]),
        )
        for each in jobs[:_HTML_ROWS]
    ]
    head = tag("tr", *(tag("th", word, scope="col", style=_LEFT) for word in _HEAD))
    rest = len(jobs) - len(rows)
    return join(
        table("Jobs of this notebook", head, rows),
        tag("div", tag("small", f"and {rest:,} more")) if rest else None,
    )


def _table_text(jobs: Sequence[JobFacts]) -> str:
    rows = [_HEAD, *(_cells(each) for each in jobs[:_PLAIN_ROWS])]
    rows = [tuple(_line(cell)[:40] for cell in row) for row in rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    lines = [
        _line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
        for row in rows
    ]
    rest = len(jobs) - _PLAIN_ROWS
    return "\n".join([*(line.rstrip() for line in lines), *([f"and {rest:,} more"] * (rest > 0))])


def _cells(facts: JobFacts) -> tuple[str, ...]:
    state = f"{facts.state}: {_trouble(facts)}" if facts.trouble else facts.state
    started = facts.started.strftime("%H:%M:%S")
    return (_name(facts), state, started, f"{facts.seconds:.1f}", facts.cell)


def _name(facts: JobFacts) -> str:
    return cut(visible(" ".join(mask_text(facts.name).split())), _NAME_BYTES).text


def _trouble(facts: JobFacts) -> str:
    return cut(" ".join(mask_text(facts.trouble).split()), _TROUBLE_BYTES).text


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"


def _line(text: str) -> str:
    text = " ".join(visible(text).split("\n"))
    return text if len(text) <= _LINE_CHARACTERS else text[: _LINE_CHARACTERS - 1] + "…"
