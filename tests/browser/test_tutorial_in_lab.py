"""The first tutorial in a real JupyterLab: Run All, then look at what a person would see."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.async_api import ElementHandle, Page, TimeoutError as PageTimeoutError

from tests.browser.open_page import LOWEST_CONTRAST, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NOTEBOOK = "01_first_request.ipynb"
# The code cells that did not run, and before them the first error that stopped the rest.
NOT_RUN = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets
        .filter(cell => cell.model.type === 'code');
    const left = cells.filter(cell => cell.model.executionCount === null);
    if (left.length === 0) return [];
    const stopped = cells[cells.indexOf(left[0]) - 1];
    return [stopped?.outputArea.node.innerText ?? '', ...left.map(cell => cell.model.id)];
}"""
CELLS_WITH_ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .filter(cell => cell.model.outputs.toJSON().some(output => output.output_type === 'error'))
    .map(cell => cell.model.id)"""
OUTPUT_OF = """id => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets;
    return cells.find(cell => cell.model.id === id).outputArea.node;
}"""
TEXT_OF = """area => [...area.querySelectorAll('.jp-OutputArea-output')]
    .map(output => output.innerText).join('\\n')"""


class OpenNotebook(OpenPage):
    """The tutorial in JupyterLab."""

    async def run_all(self) -> None:
        """Run all cells and wait until the kernel has nothing left to do."""
        await super().run_all()
        try:
            await self.page.wait_for_function(f"() => ({NOT_RUN})().length === 0", timeout=5000)
        except PageTimeoutError:
            assert await self.page.evaluate(NOT_RUN) == []

    async def output(self, cell_id: str) -> ElementHandle:
        """Return the output area of a cell."""
        element = (await self.page.evaluate_handle(OUTPUT_OF, cell_id)).as_element()
        assert element is not None
        await element.scroll_into_view_if_needed()
        return element

    async def text(self, cell_id: str) -> str:
        """Return the text that a person sees under a cell, without the prompt beside it."""
        text: str = await (await self.output(cell_id)).evaluate(TEXT_OF)
        return text

    async def tables(self, cell_id: str) -> list[Any]:
        """Return the tables under a cell."""
        return await (await self.output(cell_id)).query_selector_all("table")


@pytest.fixture
async def tutorial(page: Page, lab: Any) -> OpenNotebook:
    """The tutorial after Run All."""
    notebook = OpenNotebook(page)
    await notebook.open(lab.address_of(NOTEBOOK))
    await notebook.run_all()
    return notebook


async def test_run_all_shows_cards_tables_and_answers(
    tutorial: OpenNotebook, screenshots: Path
) -> None:
    """The main job, as a person sees it; the pictures are kept in build/screenshots."""
    card = await tutorial.text("get-cars")
    assert "200 OK" in card
    assert "chevrolet chevelle malibu" in card
    assert await tutorial.tables("get-cars"), "the card shows its times or headers as a table"

    assert "chevrolet chevelle malibu" in await tutorial.text("df")
    assert len(await tutorial.tables("df")) == 1
    assert "place.latitude" in await tutorial.text("japan")
    assert "Tokyo" in await tutorial.text("japan")

    server = await tutorial.text("serve-data")
    assert re.search(r"http://\S+:\d+/", server)
    assert "/countries/{code}" in server
    assert "await" in await tutorial.text("no-await")
    assert "201" in await tutorial.text("cell-magic")
    assert "404" in await tutorial.text("not-found")
    assert "a-token-that-nobody-should-see" not in await tutorial.text("masked")
    assert (await tutorial.text("as-aiohttp")).strip() == "200 France Paris"
    for cell_id in ("serve-data", "get-cars", "japan", "masked", "not-found", "refused"):
        element = await tutorial.output(cell_id)
        await element.screenshot(path=screenshots / f"{cell_id}.png")
    await tutorial.page.screenshot(path=screenshots / "lab.png")
    assert tutorial.heard == []


async def test_second_run_all_is_as_good_as_the_first(tutorial: OpenNotebook) -> None:
    """Same addresses, no error output but the two that the tutorial wants to show."""
    address = await tutorial.text("url")
    await tutorial.run_all()
    assert await tutorial.text("url") == address
    assert await tutorial.page.evaluate(CELLS_WITH_ERRORS) == ["raise-for-status", "refused"]
    assert tutorial.heard == []


async def test_server_answers_the_browser_itself(tutorial: OpenNotebook) -> None:
    """The address on the card is one that this browser can open."""
    address = (await tutorial.text("url")).strip().strip("'")
    other_page = await tutorial.page.context.new_page()
    response = await other_page.goto(f"{address}countries/FR")
    assert response is not None
    assert response.status == 200
    assert "France" in await other_page.inner_text("body")


async def test_cards_can_be_read_in_the_dark(tutorial: OpenNotebook, screenshots: Path) -> None:
    """No colour of ours may depend on a light page: text and background must differ enough."""
    await tutorial.page.evaluate(
        "() => window.jupyterapp.commands.execute("
        "'apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    await tutorial.page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    for cell_id in ("serve-data", "get-cars", "not-found", "refused"):
        element = await tutorial.output(cell_id)
        await element.screenshot(path=screenshots / f"{cell_id}-dark.png")
        assert await element.evaluate(LOWEST_CONTRAST) >= 4.5, cell_id


def test_notebook_names_the_cells_that_these_tests_look_at() -> None:
    """A renamed cell must fail here in words, not in the browser by a time-out."""
    path = Path(__file__).parents[2] / "notebooks" / NOTEBOOK
    ids = {cell.id for cell in nbformat.read(path, as_version=4).cells}
    source = Path(__file__).read_text()
    wanted = set(re.findall(r'tutorial\.(?:text|tables|output)\("([a-z-]+)"\)', source))
    assert wanted <= ids
