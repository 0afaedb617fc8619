"""Which cell is running: by its id, by its source, or not a cell at all."""

from __future__ import annotations

import atexit
from typing import Any

import pytest

from notebook_http.notebook.cell_identity import CallOrder, CellRun, current_cell_run
from notebook_http.notebook.environment import execute_request, running_kernel

ASK = "from notebook_http.notebook.cell_identity import current_cell_run\n"


def test_a_script_has_no_cell() -> None:
    """And asking imports no IPython."""
    assert running_kernel() is None
    assert execute_request() is None
    assert current_cell_run() is None


async def test_a_terminal_shell_knows_a_cell_by_its_source() -> None:
    """There is no message and no id; the prompt's number tells one run from the next."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config, colors="nocolor")

    async def run(source: str) -> Any:
        cell = shell.transform_cell(source)
        ran = await shell.run_cell_async(source, store_history=True, transformed_cell=cell)
        return ran.result

    try:
        runs = [await run(f"{ASK}current_cell_run()") for _ in range(2)]
        other = await run(f"{ASK}current_cell_run()  # edited")
    finally:
        InteractiveShell.clear_instance()
        shell.atexit_operations()
        atexit.unregister(shell.atexit_operations)
    assert runs[0].cell == runs[1].cell
    assert runs[0].run != runs[1].run
    assert other.cell != runs[0].cell


def test_calls_are_numbered_anew_in_every_run() -> None:
    """So the second server of a cell is the second one again; cells do not mix."""
    order = CallOrder()
    first, second = CellRun("cell", "run 1"), CellRun("cell", "run 2")
    other = CellRun("other", "run 1")
    assert [order.next_place(first) for _ in range(3)] == [0, 1, 2]
    assert [order.next_place(other) for _ in range(2)] == [0, 1]
    assert [order.next_place(second) for _ in range(2)] == [0, 1]
    assert order.next_place(other) == 2


@pytest.mark.kernel
def test_a_kernels_cell_is_its_id_whatever_its_source(cells: Any) -> None:
    """JupyterLab and VS Code send the id with each run."""
    first = cells.run(f"{ASK}run = current_cell_run(); print(run.cell, run.run)", "the-id")
    second = cells.run(f"{ASK}# edited\nprint(current_cell_run().cell, run.run)", "the-id")
    assert first.stdout == second.stdout
    assert first.stdout.startswith("id:the-id ")


@pytest.mark.kernel
def test_without_an_id_the_source_is_the_cell(cells: Any) -> None:
    """Nbclient and consoles send none."""
    code = f"{ASK}print(repr(current_cell_run()))"
    first, second = cells.run(code), cells.run(code)
    assert "source:" in first.stdout
    assert first.stdout.partition("run=")[0] == second.stdout.partition("run=")[0]
    assert first.stdout != second.stdout


@pytest.mark.kernel
def test_a_task_belongs_to_the_cell_that_started_it(cells: Any) -> None:
    """A server started by a task in the background is that cell's, not the latest one's."""
    cells.run(
        f"{ASK}import asyncio\n"
        "async def later():\n"
        "    await asyncio.sleep(0.3)\n"
        "    seen.append(current_cell_run().cell)\n"
        "seen = []\n"
        "task = asyncio.create_task(later())",
        "starter",
    )
    ran = cells.run("await task; print(seen)", "waiter")
    assert ran.stdout == "['id:starter']\n"
