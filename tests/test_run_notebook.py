"""`make demo` is the first thing that a stranger sees: how it ends when it cannot go well."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

SCRIPT = Path(__file__).with_name("run_notebook.py")
# The script with a shorter time for a cell: nobody waits two minutes for a test.
IMPATIENT = (
    "import run_notebook; run_notebook.CELL_SECONDS = 1; raise SystemExit(run_notebook.main())"
)

pytestmark = pytest.mark.kernel


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook with these code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run Python beside the script."""
    return subprocess.run(
        [sys.executable, *command], cwd=SCRIPT.parent, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import time; time.sleep(30)", "timed out"),
        ("1 / 0", "ZeroDivisionError"),
        ("import os; os._exit(1)", "Kernel died"),
    ],
    ids=["hangs", "fails", "kills its kernel"],
)
def test_cell_that_does_not_end_well_is_named(tmp_path: Path, source: str, reason: str) -> None:
    """Code 1, which cell and why; nothing of how notebooks are run."""
    path = write_notebook(tmp_path / "broken.ipynb", "1 + 1", source)
    finished = run("-c", IMPATIENT, str(path))
    assert finished.returncode == 1
    assert f"[ 2/2] {source}" in finished.stdout
    assert f"{path} failed:" in finished.stderr
    assert reason in finished.stderr
    assert "nbclient" not in finished.stderr
    assert not (SCRIPT.parents[1] / "build" / "broken.html").exists()


def test_notebook_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong name is a wrong command: code 2, as argparse has it."""
    finished = run(str(SCRIPT), str(tmp_path / "nowhere.ipynb"))
    assert finished.returncode == 2
    assert "there is no notebook" in finished.stderr
