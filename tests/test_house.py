"""The house rules that no linter knows: sizes, names of rooms, and nothing left for later."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "notebook_http"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES = 400
# Where strangers gather: a room is named after what its field calls it.
NO_ROOMS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "tools"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|pragma: no cover|type: ignore(?!\[)|noqa(?!:)")
# Distributions that no line of ours imports, and who does: the kernel that our cells run in.
USED_BY_OTHERS = {"ipykernel"}
MOCKS = re.compile(r"\b(Mock|MagicMock|AsyncMock)\(|\bimport mock\b|unittest\.mock")


def relative(path: Path) -> str:
    """Return a path as it is said in this project."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=relative)
def test_file_can_be_read_in_one_sitting(path: Path) -> None:
    """A file that grew past this holds two things: give the second a room of its own."""
    lines = path.read_text().count("\n")
    assert lines <= MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_room_has_a_name_of_its_field(path: Path) -> None:
    """Neither file nor folder may be called what anything could be called."""
    names = {part.removesuffix(".py").strip("_") for part in path.relative_to(PACKAGE).parts}
    assert names & NO_ROOMS == set()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_is_left_for_later_or_silenced_without_a_reason(path: Path) -> None:
    """What is thin is named in ARCHITECTURE.md; what is ignored names its code."""
    found = [
        f"line {number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nested_loops_are_never_patched_in(path: Path) -> None:
    """The kernel's loop is used as it is; nest_asyncio loses queued cells."""
    assert not re.search(r"^\s*(import|from) nest_asyncio", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", TESTS, ids=relative)
def test_tests_use_the_real_thing(path: Path) -> None:
    """Real sockets, real kernels, real peers: a mock of our own code proves nothing."""
    if path != Path(__file__):
        assert not MOCKS.search(path.read_text())


def test_one_name_is_one_test_file() -> None:
    """Pytest's report names files; two of one name send the reader to the wrong one."""
    names = [path.name for path in TESTS if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def imported_modules() -> set[str]:
    """Return the modules that any line of the package imports, with their packages."""
    names = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {".".join(name.split(".")[:size]).lower() for name in names for size in (1, 2)}


def test_every_dependency_is_used() -> None:
    """What is installed on a user's machine is there because a line of ours needs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] + project["optional-dependencies"]["fast"]
    names = {re.split(r"[<>=;\[ ]", requirement, maxsplit=1)[0] for requirement in declared}
    unused = names - {name.replace("_", "-") for name in imported_modules()}
    assert unused == USED_BY_OTHERS
