"""What stands between the parts of a multipart body."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from notebook_http.wire.multipart_reader import boundary_of
from notebook_http.wire.multipart_writer import (
    check_boundary,
    closing_delimiter,
    multipart_content_type,
    new_boundary,
    part_head,
)

BOUNDARY = st.from_regex(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]", fullmatch=True)


def test_boundaries_are_random() -> None:
    """Who can guess one can end a part from inside it."""
    assert len({new_boundary() for _ in range(100)}) == 100
    assert check_boundary(new_boundary())


@given(BOUNDARY)
def test_any_boundary_reads_back_from_its_content_type(boundary: str) -> None:
    """Quoted where it has to be."""
    assert boundary_of(multipart_content_type("form-data", boundary)) == boundary


@pytest.mark.parametrize(
    "boundary", ["", "a" * 71, "a ", "a\r\nb", "a\0", "é", 'a"b', "a;b", "a\n"]
)
def test_what_is_no_boundary_is_refused(boundary: str) -> None:
    """RFC 2046 §5.1.1."""
    with pytest.raises(ValueError, match="boundary"):
        check_boundary(boundary)
    with pytest.raises(ValueError, match="boundary"):
        multipart_content_type("mixed", boundary)


def test_a_subtype_is_a_token() -> None:
    """It goes into a header."""
    with pytest.raises(ValueError, match="subtype"):
        multipart_content_type("form-data\r\nX: y", "b")


def test_heads_and_ends_are_those_of_the_rfc() -> None:
    """RFC 2046 §5.1.1."""
    assert part_head("b", [("A", "1"), ("B", "é")]) == "--b\r\nA: 1\r\nB: é\r\n\r\n".encode()
    assert part_head("b", []) == b"--b\r\n\r\n"
    assert closing_delimiter("b") == b"--b--\r\n"


@pytest.mark.parametrize("header", [("A", "x\r\nB: y"), ("A\r\nB", "y"), ("A", "x\0"), ("A", "\n")])
def test_no_header_of_a_part_starts_another(header: tuple[str, str]) -> None:
    """CVE-2026-50269: CR LF in the headers of a part."""
    with pytest.raises(ValueError, match=r"(?i)header"):
        part_head("b", [header])
