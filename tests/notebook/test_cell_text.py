"""Cells of tables of messages: whole texts are masked, then cut."""

from __future__ import annotations

import time

import pytest

from notebook_http.notebook.display.cell_text import cell_text
from notebook_http.notebook.event_streams.events import Events, _Came
from notebook_http.notebook.websockets.transcript import Transcript
from notebook_http.wire import registered_secrets
from notebook_http.wire.event_stream import ServerSentEvent

SECRET = "s3kr1t" * 5


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """One registered value."""
    monkeypatch.setattr(registered_secrets, "_known", {})
    registered_secrets.register_secret(SECRET, "MINE")


@pytest.mark.parametrize("before", range(3_965, 4_005, 5))
def test_a_secret_at_the_cut_is_masked(before: int) -> None:
    """White space before it takes no room in the cell, so that the cut is seen."""
    text = " " * before + SECRET + " end"
    assert "s3k" not in cell_text(text)
    transcript = Transcript(5)
    transcript.note("received", text)
    assert "s3k" not in "".join(transcript.lines(5))
    assert "s3k" not in transcript.html(5)


def test_cells_are_short_and_one_line() -> None:
    """Whatever comes; and a long one costs what a search costs."""
    assert cell_text("a\n\n b\tc") == "a b c"
    assert cell_text("x" * 500) == "x" * 199 + "…"
    assert cell_text('{"token": "abcdef"}') == '{"token": "•••• (len 6)"}'
    began = time.process_time()
    cell_text("token=" * 2_000_000)
    assert time.process_time() - began < 5


def test_events_are_masked_before_they_are_cut() -> None:
    """In the table of a stream."""
    events = Events("http://h/", 5, 5, None, {})  # type: ignore[arg-type]
    events._came.append(_Came(0.0, ServerSentEvent("message", " " * 3_990 + SECRET, "1")))
    events._count = 1
    assert "••••" in repr(events)
    assert "s3k" not in repr(events)
    assert "s3k" not in events._html("")
