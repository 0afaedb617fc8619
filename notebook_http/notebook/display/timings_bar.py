"""Show where a request's time went: a line of words, and a small staircase of bars.

The bars are borders in the text's own colour and carry no meaning of their own: each stands beside
its number, so that the table reads without CSS, in any theme and by a screen reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from notebook_http.notebook.display.html import Html, table, tag

__all__ = [
    "Step",
    "StepTimes",
    "age_words",
    "duration_words",
    "steps_of",
    "timings_table",
    "timings_words",
]


class StepTimes(Protocol):
    """Seconds a step, None for one that did not happen: `client.Timings` is such."""

    @property
    def queued(self) -> float | None:
        """Seconds of waiting for a free connection."""
        ...

    @property
    def dns(self) -> float | None:
        """Seconds of looking up the host."""
        ...

    @property
    def connect(self) -> float | None:
        """Seconds of opening the connection."""
        ...

    @property
    def tls(self) -> float | None:
        """Seconds of agreeing on encryption."""
        ...

    @property
    def sent(self) -> float | None:
        """Seconds of sending the request."""
        ...

    @property
    def first_byte(self) -> float | None:
        """Seconds until the answer began."""
        ...

    @property
    def body(self) -> float | None:
        """Seconds of reading the body."""
        ...

    @property
    def total(self) -> float | None:
        """Seconds from the call to the last byte."""
        ...


# (attribute, the word on the line, what it means in the table), in the order they happen.
_STEPS = (
    ("queued", "queued", "waited for a free connection"),
    ("dns", "dns", "looked up the host's name"),
    ("connect", "connect", "opened the connection"),
    ("tls", "tls", "agreed on encryption"),
    ("sent", "sent", "sent the request"),
    ("first_byte", "wait", "waited for the answer to begin"),
    ("body", "read", "read the body"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step that happened: its short *word*, its *meaning*, when it began and took (seconds)."""

    word: str
    meaning: str
    start: float
    seconds: float


def steps_of(timings: StepTimes) -> list[Step]:
    """Return the steps of *timings* that took time, each beginning where the one before ended."""
    steps: list[Step] = []
    start = 0.0
    for attribute, word, meaning in _STEPS:
        seconds = getattr(timings, attribute, None)
        # A tenth of a millisecond is what the numbers show: below that a step is noise.
        if seconds is not None and seconds >= 0.00005:
            steps.append(Step(word, meaning, start, seconds))
            start += seconds
    return steps


def age_words(seconds: int) -> str:
    """Return `40 s`, `5 min`, `2 h` or `3 days`."""
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400:,} days"


def duration_words(seconds: float | None) -> str:
    """Return *seconds* as people read it: `0.4 ms`, `14 ms`, `1.3 s`, `2 min 5 s`."""
    if seconds is None:
        return "unknown time"
    milliseconds = seconds * 1000
    if milliseconds < 9.95:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def timings_words(timings: StepTimes) -> str:
    """Return the steps on one line: `connect 0.3 ms, wait 12 ms, read 1.0 ms`."""
    return ", ".join(f"{step.word} {duration_words(step.seconds)}" for step in steps_of(timings))


def timings_table(timings: StepTimes) -> Html:
    """Return a table of the steps: name, time, meaning, and a bar from its start to its end."""
    steps = steps_of(timings)
    span = sum(step.seconds for step in steps) or 1.0
    rows = [
        tag(
            "tr",
            tag("th", step.word, scope="row", style="text-align: left"),
            tag("td", duration_words(step.seconds), style="text-align: right"),
            tag("td", step.meaning, style="text-align: left"),
            tag("td", _bar(step.start / span, step.seconds / span), style="min-width: 12em"),
        )
        for step in steps
    ]
    head = tag(
        "tr",
        *(tag("th", word, scope="col", style="text-align: left") for word in ("step", "time")),
        tag("th", "what happened", scope="col", style="text-align: left"),
        tag("th", "when", scope="col", style="text-align: left"),
    )
    return table("Time of each step", head, rows)


def _bar(start: float, share: float) -> Html:
    # At least half a percent: a step that happened is to be seen.
    width = max(share * 100, 0.5)
    left = min(start * 100, 100 - width)
    return tag(
        "div", style=f"border-top: 0.6em solid; margin-left: {left:.1f}%; width: {width:.1f}%"
    )
