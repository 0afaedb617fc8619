"""The card of a JSON body of 2 MB, beside `json.loads` of the same body in the same process.

Both are CPU time, in turn within a round. The card is what a cell shows: HTML and plain text, from
the bytes on. The promise is in milliseconds; on a machine that is slow or busy, `json.loads` says
how slow.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from report import promise, spread

from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.card import CardFacts, card_bundle

MOST_MILLISECONDS = 30.0
RECORDS = 24_000


class CardRow(NamedTuple):
    """A shape of a body."""

    name: str
    body: Callable[[int], Any]


def _records(count: int) -> list[dict[str, Any]]:
    return [
        {"id": n, "name": f"user {n:05} of many", "score": n * 0.5, "geo": {"lat": [n, n + 1]}}
        for n in range(count)
    ]


ROWS = (
    CardRow("card: 2 MB of JSON, a list of records", _records),
    CardRow("card: 2 MB of JSON, an object", lambda count: {"meta": {}, "data": _records(count)}),
)


def rows_named(texts: list[str]) -> list[CardRow]:
    """Return the rows with one of *texts* in their name."""
    return [row for row in ROWS if any(text.lower() in row.name.lower() for text in texts)]


def measure_cards(rows: list[CardRow], rounds: int, work: float) -> list[dict[str, Any]]:
    """Return the figures of each row, for *work* times 2 MB; the first round is not counted."""
    results = []
    for row in rows:
        content = json.dumps(row.body(max(10, round(RECORDS * work)))).encode()
        cards: list[float] = []
        parses: list[float] = []
        for number in range(rounds + 1):
            card = _milliseconds(lambda content=content: _card(content))
            parse = _milliseconds(lambda content=content: json.loads(content))
            if number:
                cards.append(card)
                parses.append(parse)
        results.append(
            {
                "name": row.name,
                "bytes": len(content),
                "card_bytes": sum(len(shown.encode()) for shown in _card(content).values()),
                "card_milliseconds": spread(cards),
                "json_loads_milliseconds": spread(parses),
                "card_over_json_loads": spread([a / b for a, b in zip(cards, parses, strict=True)]),
            }
        )
        print(f"{row.name}: done", flush=True)
    return results


def _card(content: bytes) -> dict[str, str]:
    headers = [("Content-Type", "application/json")]
    body = Body(content, "application/json")
    return card_bundle(CardFacts(200, "OK", "GET", "http://127.0.0.1/", headers, [], body))


def _milliseconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def card_promises(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is promised of cards, and whether it was kept."""
    return [
        promise(
            f"{row['name']}: ms", row["card_milliseconds"]["median"], MOST_MILLISECONDS, most=True
        )
        for row in rows
    ]


def card_table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as text."""
    lines = [f"{'':45}{'card':>16}{'json.loads':>18}{'card / loads':>14}"]
    for row in rows:
        card, parse = (
            f"{row[key]['median']:.1f} ({row[key]['min']:.0f}-{row[key]['max']:.0f}) ms"
            for key in ("card_milliseconds", "json_loads_milliseconds")
        )
        ratio = row["card_over_json_loads"]["median"]
        lines.append(f"{row['name']:43}{card:>18}{parse:>18}{ratio:>14.2f}")
    return "\n".join(lines)
