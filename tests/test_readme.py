"""The pages at the top are the first that a stranger tries: what they say is done here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RELATIVE_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.fixture(scope="module")
def cells() -> list[Any]:
    """The README's blocks but the two commands, run one after the other as a kernel's cells."""
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for kind, text in blocks if kind != "console"]
    )
    NotebookClient(notebook, kernel_name="python3", timeout=60, allow_errors=True).execute()
    return list(notebook.cells)


def plain_texts(cell: Any) -> str:
    """Return what a terminal would show of a cell."""
    assert [output for output in cell.outputs if output.output_type == "error"] == []
    return "\n".join(output.data["text/plain"] for output in cell.outputs)


@pytest.mark.kernel
def test_blocks_of_the_readme_run_from_top_to_bottom(cells: list[Any]) -> None:
    """Copied as they stand, without a network: each shows what the text beside it says."""
    server, card, frame, jobs, magic, cell_magic, fastapi = map(plain_texts, cells)
    assert re.search(r"Server hello \(running\) +http://127\.0\.0\.1:\d+/", server)
    assert card.startswith("200 OK (success)  GET http://127.0.0.1:")
    assert frame.split() == ["hello", "0", "Ada"]
    assert re.search(r"hello/Grace +done ", jobs)
    assert "hello/Ada?q=jupyter" in magic
    assert cell_magic.startswith("201 Created")
    assert '"name": "Ada"' in cell_magic
    assert "/square/{number}" in fastapi
    assert fastapi.endswith("144")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere_and_come_with_the_source_archive(page: str) -> None:
    """A page that travels without what it points to is a page of dead links."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert page in included
    for target in RELATIVE_LINK.findall((ROOT / page).read_text()):
        assert (ROOT / target).is_file()
        assert target.partition("/")[0] in included
