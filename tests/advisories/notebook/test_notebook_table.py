"""The page of notebooks' advisories and the tests say the same: nothing is lost on either side."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.advisories.test_advisory_table import ID, ids_of, names_of_tests

pytestmark = pytest.mark.advisory

HERE = Path(__file__).parent
TESTS = sorted(path for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)


def rows() -> list[tuple[str, str]]:
    """Return the cells of each row: what went wrong, and its tests."""
    lines = (HERE / "README.md").read_text().splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert all(len(row) == 2 for row in cells)
    return [(row[0], row[1]) for row in cells[1:]]


def test_every_id_of_a_test_is_on_the_page_and_has_a_test() -> None:
    """In both directions."""
    tested = set()
    for path in TESTS:
        for name in names_of_tests(path):
            found = ID.match(name)
            assert found is not None, f"{path.name}: {name} names no advisory"
            tested.add(found[1])
    listed = set(re.findall(r"`((?:cve|promise)_[a-z0-9_]+)`", " ".join(row[1] for row in rows())))
    assert listed == tested


def test_every_row_has_a_test_for_each_of_its_ids_or_a_reason() -> None:
    """Reasons are for whole rows."""
    assert len(rows()) == 18
    for wrong, tests in rows():
        if tests.startswith("`"):
            assert ids_of(wrong) <= set(re.findall(r"`([a-z0-9_]+)`", tests)), wrong
        else:
            assert len(tests.split()) > 3, f"{wrong}: no reason"


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_every_file_is_run_by_the_marker(path: Path) -> None:
    """`-m advisory` runs them all."""
    assert "\npytestmark = pytest.mark.advisory\n" in path.read_text()
