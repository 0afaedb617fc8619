"""Run notebooks in real kernels and keep each as a web page: `python tests/run_notebook.py FILE…`.

Shows every cell as it runs, writes build/NAME.html, and ends with code 1 at the first cell that
fails. The notebook's own file is left as it is.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter

BUILD = Path(__file__).parents[1] / "build"
CELL_SECONDS = 120  # a cell of a tutorial that takes longer hangs
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Progress:
    """One line a code cell: which, its first line of code, its seconds."""

    def __init__(self, cells: list[Any]) -> None:
        code_cells = [index for index, cell in enumerate(cells) if cell.cell_type == "code"]
        self._numbers = {index: number for number, index in enumerate(code_cells, 1)}
        self._started = 0.0

    @property
    def cell_count(self) -> int:
        """How many code cells there are."""
        return len(self._numbers)

    def cell_starts(self, cell: Any, cell_index: int) -> None:
        """Say which cell runs; the line ends when it has."""
        self._started = time.perf_counter()
        first_line = cell.source.strip().partition("\n")[0][:60]
        number = self._numbers[cell_index]
        print(f"  [{number:2}/{self.cell_count}] {first_line:60}", end="", flush=True)

    def cell_ran(self, cell: Any, execute_reply: Any, **_: Any) -> None:
        """Say how long it took, and how it ended when that was not well."""
        seconds = time.perf_counter() - self._started
        end = ""
        if execute_reply["content"]["status"] == "error":
            announced = "raises-exception" in cell.metadata.get("tags", ())
            end = "  (shows an error, as meant)" if announced else "  FAILED"
        print(f"{seconds:7.2f} s{end}", flush=True)


def run(path: Path) -> Path:
    """Run one notebook; return the page that shows it.

    Raises:
        CellExecutionError: a cell failed that was not tagged `raises-exception`.
        CellTimeoutError: a cell went on for longer than CELL_SECONDS.
        DeadKernelError: the kernel died.
    """
    notebook = nbformat.read(path, as_version=4)
    progress = Progress(notebook.cells)
    print(f"{path}: {progress.cell_count} cells in a kernel of their own")
    started = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_execute=progress.cell_starts,
        on_cell_executed=progress.cell_ran,
    ).execute()
    title = {"metadata": {"name": path.stem}}
    page, _ = HTMLExporter().from_notebook_node(notebook, resources=title)
    BUILD.mkdir(exist_ok=True)
    target = BUILD / path.with_suffix(".html").name
    target.write_text(page, encoding="utf-8")
    print(f"  all ran in {time.perf_counter() - started:.1f} s; written to {shown(target)}")
    return target


def shown(path: Path) -> str:
    """Return *path* as short as it can be said from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def last_lines(error: Exception, count: int = 14) -> str:
    """Return the end of what the front end would show, without colours."""
    lines = COLOURS.sub("", str(error)).strip().splitlines()
    return "\n".join(f"    {line}" for line in lines[-count:])


def main() -> int:
    """Run all; return the exit code."""
    parser = argparse.ArgumentParser(description="Run notebooks, keep each as a web page.")
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="FILE.ipynb")
    paths: list[Path] = parser.parse_args().notebooks
    for path in paths:
        if not path.is_file():
            parser.error(f"there is no notebook {path}")
    pages = []
    for path in paths:
        try:
            pages.append(run(path))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"\n{path} failed:\n{last_lines(error)}", file=sys.stderr)
            return 1
    print("\nNext: open the page in a browser, or `make lab` to run the notebook in JupyterLab:")
    for page in pages:
        print(f"  {page.as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
