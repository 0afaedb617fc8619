"""Which coding a client wants (RFC 9110 §12.5.3)."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http.wire.accepted_codings import choose_coding, coding_weights

OURS = ("deflate", "gzip", "br")


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "deflate"),
        ("gzip;q=0.5, br;q=0.8", "br"),
        ("GZIP ; Q=1", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, br", "br"),
        ("*", "deflate"),
        ("*;q=0", None),
        ("deflate;q=0, *", "gzip"),
        ("*;q=0.1, br", "br"),
        ("identity", None),
        ("identity, gzip", "gzip"),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0, gzip;q=0.5", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, *", "deflate"),
        ("zstd, compress", None),
        ("gzip;q=nonsense", None),
        ("gzip;q=1.5", None),
        ("gzip;q=٠.٥", None),
        ("gzip;level=9", None),
        (",, ,gzip,", "gzip"),
        ("gzipped, notbr", None),
    ],
)
def test_the_highest_weight_wins(value: str | None, chosen: str | None) -> None:
    """Of equal ones the one that we name first; what is refused is never sent."""
    assert choose_coding(value, OURS) == chosen


def test_weights_are_read_by_name() -> None:
    """In lower case, old names as the new ones."""
    assert coding_weights("GZip;q=0.25, *;q=0") == {"gzip": 0.25, "*": 0.0}


def test_many_names_are_not_looked_at(most_cpu: Any) -> None:
    """A client that makes them up costs nothing."""
    value = ",".join(f"x{n};q=0.{n % 10}" for n in range(100_000)) + ",gzip"
    with most_cpu(0.5):
        assert choose_coding(value, OURS) is None
