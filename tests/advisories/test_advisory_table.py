"""The page of advisories and the tests say the same: nothing is lost on either side."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SIDES = ("client", "server")
TESTS = sorted(path for side in SIDES for path in (HERE / side).glob("test_*.py"))
# How an id stands in the name of a test. A promise's id is its whole name.
ID = re.compile(
    r"test_(cve_\d{4}_\d+|ghsa(?:_[a-z0-9]{4}){3}|pr_\d+|yarl_zone_ids|promise_\w+)(?:_|$)"
)

# The same as people write it: the year stands for those behind it, too.
NAMED = re.compile(r"\b(\d{4})-(\d{4,})|(?<= )-(\d{4,})|#(\d{5})|GHSA-([a-z0-9-]+)")


def names_of_tests(path: Path) -> list[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node.name for node in ast.walk(tree) if isinstance(node, kinds)]
    return [name for name in found if name.startswith("test_")]


def rows() -> list[list[str]]:
    """Return the cells of each row of the page: what went wrong, and one for each side."""
    lines = (HERE / "README.md").read_text().splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    assert all(len(row) == 1 + len(SIDES) for row in cells)
    return [row for row in cells if row[0] not in ("What went wrong", "The promise")]


@pytest.mark.parametrize("side", SIDES)
def test_every_id_of_a_test_is_on_the_page_and_has_a_test(side: str) -> None:
    """In both directions."""
    tested = set()
    for path in TESTS:
        if path.parent.name != side:
            continue
        for name in names_of_tests(path):
            found = ID.match(name)
            assert found is not None, f"{path.name}: {name} names no advisory"
            tested.add(found[1])
    column = 1 + SIDES.index(side)
    listed = set(re.findall(r"`([a-z0-9_]+)`", " ".join(row[column] for row in rows())))
    assert listed == tested


def ids_of(wrong: str) -> set[str]:
    """Return the ids that a row names, as they stand in names of tests."""
    year, found = "", set()
    for number in NAMED.finditer(wrong):
        year = number[1] or year
        if number[5]:
            found.add("ghsa_" + number[5].replace("-", "_"))
        else:
            found.add(f"pr_{number[4]}" if number[4] else f"cve_{year}_{number[2] or number[3]}")
    return found


def test_every_row_has_a_test_of_its_id_or_a_reason() -> None:
    """A row without a test of one of its own ids begins with words that say why."""
    assert len(rows()) > 120
    for wrong, tests in [(row[0], cell) for row in rows() for cell in row[1:]]:
        tested = re.findall(r"`([a-z0-9_]+)`", tests)
        named = ids_of(wrong)
        if tests.startswith("`") and named:
            assert named & set(tested), wrong
        elif not tests.startswith("`"):
            assert len(tests.split()) > 3, f"{wrong}: no reason"


def test_every_id_that_concerns_a_server_has_a_test_of_its_own() -> None:
    """A row that is tested at all is tested by each of its ids; reasons are for whole rows."""
    for wrong, _, tests in rows():
        if tests.startswith("`"):
            assert ids_of(wrong) <= set(re.findall(r"`([a-z0-9_]+)`", tests)), wrong


def test_ids_are_read_as_people_write_them() -> None:
    """Else the comparison above would hold for nothing."""
    row = "llhttp CVE-2022-32213, -32214, 2023-30589: spellings; #13180; GHSA-pjjw-qhg8-p2p9: x"
    expected = {"cve_2022_32213", "cve_2022_32214", "cve_2023_30589", "pr_13180"}
    assert ids_of(row) == expected | {"ghsa_pjjw_qhg8_p2p9"}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_every_file_is_run_by_the_marker(path: Path) -> None:
    """`-m advisory` runs them all."""
    assert "\npytestmark = pytest.mark.advisory\n" in path.read_text()
