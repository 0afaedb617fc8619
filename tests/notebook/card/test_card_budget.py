"""What a card weighs: 64 KiB, twelve lines of plain text, and little time, whatever came."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from notebook_http.notebook.display.card import CardFacts, Hop, card_bundle, card_text
from notebook_http.notebook.display.size_budget import BUNDLE_BYTES

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)

HEAVY = {
    "quotes": (b'"' * 2_000_000, "text/plain"),
    "tags": (b"<" * 2_000_000, "text/html"),
    "records": (
        json.dumps([{"a": n, "b": "x" * 50} for n in range(30_000)]).encode(),
        "application/json",
    ),
    "object": (json.dumps({"a": [{"b": n} for n in range(150_000)]}).encode(), "application/json"),
    "one string": (json.dumps({"a": "x" * 2_000_000}).encode(), "application/json"),
    "one number": (b"[" + b"1" * 2_000_000 + b"]", "application/json"),
    "quoted cells": (
        json.dumps([{"a" * 60: '"' * 60} for _ in range(20_000)]).encode(),
        "application/json",
    ),
    "wide rows": (
        json.dumps([{f"{n:060}": '"' * 60 for n in range(500)}] * 20).encode(),
        "application/json",
    ),
    "csv": (b"a,b,c\n" + b"1,2,3\n" * 300_000, "text/csv"),
    "csv of quotes": (b'a,b\n"' + b"x" * 2_000_000, "text/csv"),
    "wide csv": (b"a," * 1_000_000, "text/csv"),
    "deep": (b"[" * 1000 + b"]" * 1000, "application/json"),
    "deeper": (b'{"a":' * 200_000, "application/json"),
    "binary": (bytes(range(256)) * 8000, "application/octet-stream"),
    "image": (PNG + bytes(200_000), "image/png"),
    "foxes": ("🦊".encode() * 500_000, "text/plain"),
    "surrogates": (b"\xed\xa0\x80" * 600_000, "text/plain"),
    "controls": (b"\x1b[0m" * 500_000, "text/plain"),
    "lines": (b"\n" * 2_000_000, "text/plain"),
}


@pytest.mark.parametrize("case", HEAVY)
def test_a_card_of_two_megabytes_is_small_and_quick(
    facts: Facts, read_safely: ReadSafely, case: str, most_cpu: Any
) -> None:
    """64 KiB for all representations; 30 ms on an idle machine, with room for a busy one here."""
    exchange = facts(*HEAVY[case])
    card_bundle(exchange)
    exchange = facts(*HEAVY[case])  # nothing of it was read yet
    with most_cpu(0.12):
        bundle = card_bundle(exchange)
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
    read_safely(bundle["text/html"])


def test_endless_headers_urls_and_redirects_keep_to_the_budget(
    facts: Facts, read_safely: ReadSafely
) -> None:
    """Every part has its own limit, so that none crowds out the others."""
    long = '"<&' * 3000
    many = [(f"X-Name-{n}-{long}", long) for n in range(500)]
    bundle = card_bundle(
        facts(
            b'"' * 100_000,
            "text/plain",
            headers=many,
            request_headers=many,
            url=f"http://h/{long}",
            method=long,
            reason=long,
            redirects=[Hop(302, long, long, long, long)] * 20,
        )
    )
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
    card = read_safely(bundle["text/html"])
    assert re.search(r"and \d+ more", card.text)
    assert "Showing" in card.text


@pytest.mark.parametrize("case", [*HEAVY, "none"])
def test_the_plain_text_has_twelve_lines_at_most(facts: Facts, case: str) -> None:
    """It fits on a terminal beside the command that made it."""
    exchange = facts(*HEAVY.get(case, (b"", "")), redirects=[Hop(301, "", "GET", "a", "b")])
    lines = card_text(exchange).split("\n")
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 120
