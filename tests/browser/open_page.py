"""A notebook in a page of the browser."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.async_api import ConsoleMessage, Page

READY = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const panel = app.shell.currentWidget;
    await panel.context.ready;
    await panel.revealed;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
# The smallest contrast (WCAG 2.1, 1.4.3) between any text of ours and what lies behind it.
LOWEST_CONTRAST = """root => {
    const channel = value => value <= 0.03928
        ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
    const parse = colour => {
        const canvas = document.createElement('canvas').getContext('2d');
        canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
        const data = canvas.getImageData(0, 0, 1, 1).data;
        return [...data].map(value => value / 255);
    };
    const light = ([r, g, b]) =>
        0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const behind = node => {
        for (let at = node; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour[3] > 0.9) return colour;
        }
        return [1, 1, 1, 1];
    };
    let lowest = 21;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || node.getClientRects().length === 0) continue;
        const pair = [light(parse(getComputedStyle(node).color)), light(behind(node))];
        lowest = Math.min(lowest, (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05));
    }
    return lowest;
}"""


class OpenPage:
    """A notebook that was opened; `heard` are the errors that its console told."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(f"page error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self.heard.append(f"{message.text} ({where})")

    async def open(self, address: str) -> None:
        """Open the notebook and wait for its kernel."""
        await self.page.goto(address)
        await self.page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context")
        await self.page.evaluate(READY)

    async def run_all(self) -> None:
        """Run all cells."""
        await self.page.evaluate(RUN_ALL)


def write_notebook(folder: Path, name: str, cells: dict[str, str]) -> None:
    """Write a notebook of these cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    for cell_id, source in cells.items():
        cell = nbformat.v4.new_code_cell(source.strip())
        cell["id"] = cell_id
        notebook.cells.append(cell)
    nbformat.write(notebook, folder / name)
