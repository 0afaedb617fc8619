"""The tutorials: each runs twice in one kernel, offline, and leaves nothing to be ashamed of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.kernel

FOLDER = Path(__file__).parents[2] / "notebooks"
TUTORIALS = sorted(FOLDER.glob("*.ipynb"))
# What the tutorials use as secrets: in the code to be read, never in what is shown.
SECRETS = re.compile(r"a-token-that-nobody-should-see|hunter2")
LARGEST_SAVED_BYTES = 300_000
LONGEST_ERROR_LINES = 12
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Asks the kernel to warn about whatever was left open, in a cell's standard error.
COLLECT = "import gc; _ = gc.collect()"


def code_cells(notebook: Any) -> Iterator[Any]:
    """Yield the code cells."""
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def may_fail(cell: Any) -> bool:
    """Tell whether the tutorial says that this cell shows an error."""
    return "raises-exception" in cell.metadata.get("tags", [])


def streams(notebook: Any, name: str) -> str:
    """Return all text that went to a standard stream."""
    return "".join(
        output.text
        for cell in code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream" and output.name == name
    )


@pytest.fixture(scope="module", params=TUTORIALS, ids=lambda path: path.stem)
def ran_twice(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A tutorial's outputs after its first and its second run in the same kernel."""
    runs = []
    notebook = nbformat.read(request.param, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(COLLECT, id="collect"))
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=60,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    with client.setup_kernel():
        for _ in range(2):
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
            runs.append(nbformat.reads(nbformat.writes(notebook), as_version=4))
    first, second = runs
    return first, second


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_saved_file_is_clean(path: Path) -> None:
    """No outputs, no counts, names for cells: a change shows as a change."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in code_cells(notebook):
        assert (cell.outputs, cell.execution_count) == ([], None)


def test_runs_twice_without_a_warning(ran_twice: tuple[Any, Any]) -> None:
    """No taken port, no unclosed session, no forgotten coroutine: standard error stays empty."""
    for run in ran_twice:
        assert streams(run, "stderr") == ""
        assert "Traceback (most recent call last)" not in streams(run, "stdout")


def test_errors_are_only_where_announced_and_short(ran_twice: tuple[Any, Any]) -> None:
    """At most twelve lines each, and none through our own files."""
    for run in ran_twice:
        for cell in code_cells(run):
            errors = [output for output in cell.outputs if output.output_type == "error"]
            assert bool(errors) == may_fail(cell), cell.source
            for error in errors:
                text = COLOURS.sub("", "\n".join(error.traceback))
                assert len(text.splitlines()) <= LONGEST_ERROR_LINES, text
                assert "/notebook_http/" not in text


def test_shows_no_secret(ran_twice: tuple[Any, Any]) -> None:
    """What a cell shows is saved and sent around."""
    for run in ran_twice:
        for cell in code_cells(run):
            assert not SECRETS.search(json.dumps(cell.outputs)), cell.source


def test_outputs_stay_small(ran_twice: tuple[Any, Any]) -> None:
    """A notebook with all outputs saved still fits a review."""
    for run in ran_twice:
        assert len(nbformat.writes(run).encode()) < LARGEST_SAVED_BYTES


def test_second_run_shows_what_the_first_did(ran_twice: tuple[Any, Any]) -> None:
    """Same kinds of outputs, cell by cell, and the servers at their first addresses."""
    first, second = ran_twice
    for before, after in zip(code_cells(first), code_cells(second), strict=True):
        if before.source.startswith("%load_ext"):
            continue  # the second time IPython says that the extension is loaded already
        kinds = [[output.output_type for output in cell.outputs] for cell in (before, after)]
        assert kinds[0] == kinds[1], before.source
    urls = re.compile(r"http://127\.0\.0\.1:\d+")
    assert set(urls.findall(nbformat.writes(first))) == set(urls.findall(nbformat.writes(second)))
