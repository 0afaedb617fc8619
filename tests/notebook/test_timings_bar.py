"""Where a request's time went, in words and as a staircase."""

from __future__ import annotations

import re

import pytest

from notebook_http.client.timings import Timings
from notebook_http.notebook.display.timings_bar import (
    duration_words,
    steps_of,
    timings_table,
    timings_words,
)


def timings() -> Timings:
    """Return the steps of a fresh connection: 10 ms of dns, 30 of connect, 60 of waiting."""
    taken = Timings(0.0)
    taken.dns, taken.connect = 0.010, 0.030
    taken.writing_at = taken.sent_at = 0.040
    taken.head_at = taken.completed_at = 0.100
    return taken


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "unknown time"),
        (0.0, "0.0 ms"),
        (0.00994, "9.9 ms"),
        (0.00996, "10 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (125.4, "2 min 5 s"),
    ],
)
def test_durations_read_like_durations(seconds: float | None, words: str) -> None:
    """Two or three digits, and never `60.0 s`."""
    assert duration_words(seconds) == words


def test_each_step_begins_where_the_one_before_ended() -> None:
    """Steps that did not happen, or took no time, are left out."""
    steps = [(step.word, step.start, step.seconds) for step in steps_of(timings())]
    assert [word for word, _, _ in steps] == ["dns", "connect", "wait"]
    assert [start for _, start, _ in steps] == pytest.approx([0, 0.010, 0.040])
    assert timings_words(timings()) == "dns 10 ms, connect 30 ms, wait 60 ms"


def test_the_bars_are_a_staircase_of_the_whole() -> None:
    """Left edge and width in percent of the time that the steps took together."""
    bars = re.findall(r"margin-left: ([\d.]+)%; width: ([\d.]+)%", timings_table(timings()))
    assert bars == [("0.0", "10.0"), ("10.0", "30.0"), ("40.0", "60.0")]


def test_a_step_too_short_to_see_is_seen() -> None:
    """It happened."""
    taken = timings()
    taken.dns = 0.0001
    assert "width: 0.5%" in timings_table(taken)
