"""A batch in numbers: right ones, readable without CSS and without SVG, safe and small."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

import notebook_http as nh
from notebook_http.notebook.batches.latency import bins_of, latency_words, percentiles_of


class Seen(HTMLParser):
    """The elements of a page, and the text that is left without the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rects: list[dict[str, str | None]] = []
        self.text = ""
        self._in_picture = False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._in_picture |= tag == "svg"
        if tag == "rect":
            self.rects.append(dict(attrs))

    def handle_endtag(self, tag):
        self._in_picture &= tag != "svg"

    def handle_data(self, data):
        if not self._in_picture:
            self.text += data + " "


def seen(html: str) -> Seen:
    parser = Seen()
    parser.feed(html)
    return parser


async def test_a_summary_counts_and_measures(answers):
    """All that the picture shows is there in words, too."""
    urls = [answers.url(f"/item/{n}") for n in range(30)] + [answers.url("/missing")] * 2
    batch = await nh.fetch_all([*urls, answers.url("/broken")], retry=None)
    summary = batch.summary()
    assert dict(summary.counts) == {"200": 30, "404": 2, type(batch[32]).__name__: 1}
    assert list(summary.percentiles) == [50, 90, 99, 100]
    times = list(summary.percentiles.values())
    assert times == sorted(times)
    assert summary.percentiles[100] * 1000 == pytest.approx(batch.df().ms.max(), abs=0.01)
    assert repr(summary).startswith("Batch of 33 requests in ")
    shown = seen(summary._repr_html_())
    assert shown.tags.count("svg") == 1
    assert shown.tags.count("caption") == 3
    assert len(shown.rects) == 12
    for word in ("200", "30", "404", "99 %", "Times of requests", "logarithmic scale"):
        assert word in shown.text


async def test_what_a_cell_shows_is_safe_and_small(answers):
    """Whatever is asked, and however much of it fails."""
    url = answers.url("/missing") + "?q=<script>alert(1)</script>&token=canary&x=" + "y" * 3000
    batch = await nh.fetch_all([url] * 50, retry=None)
    html = batch._repr_html_()
    assert len(html) < 64 * 1024
    assert "canary" not in html
    assert "script" not in seen(html).tags
    assert "What went wrong" in html
    assert "and 30 more" in html


def test_percentiles_are_times_that_occurred():
    """By nearest rank, as the field has it."""
    assert percentiles_of([]) == {}
    assert percentiles_of([0.2]) == {50: 0.2, 90: 0.2, 99: 0.2, 100: 0.2}
    assert percentiles_of([n / 100 for n in range(100, 0, -1)]) == {
        50: 0.5,
        90: 0.9,
        99: 0.99,
        100: 1,
    }
    words = latency_words([0.01] * 9 + [2.0])
    assert words == "half within 10 ms, 90 % 10 ms, 99 % 2.0 s, all 2.0 s"


@pytest.mark.parametrize(
    "seconds", [[0.0], [0.01] * 5, [0.0, 1.0], [1e-9, 1e-8], [n / 1000 for n in range(1, 500)]]
)
def test_no_time_falls_out_of_the_bins(seconds):
    """Neither the least nor the most, nor none at all."""
    bins = bins_of(seconds)
    assert sum(count for _, _, count in bins) == len(seconds)
    assert all(low <= high for low, high, _ in bins)
    assert bins_of([]) == []
