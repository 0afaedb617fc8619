"""Cards of every kind in JupyterLab: pictures in both themes, and contrast as the page has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import Page, expect

from tests.browser.open_page import OpenPage, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Lab(Protocol):
    """A running JupyterLab, and the folder that it shows."""

    folder: Path

    def address_of(self, notebook: str) -> str:
        """Return the address that opens a notebook."""
        ...


SETUP = """
import gzip, io, json, wave
import notebook_http as nh
from notebook_http import web

sound = io.BytesIO()
with wave.open(sound, "wb") as file:
    file.setparams((1, 1, 8000, 0, "NONE", "none"))
    file.writeframes(bytes(800))
cars = [{"id": n, "name": f"car {n}", "geo": {"lat": n, "lng": -n}} for n in range(406)]
tree = {"page": {"number": 1, "of": 9}, "items": cars, "token": "s3cr3ts3cr3t"}
part = 'Content-Disposition: form-data; name="file"; filename="a.txt"'
page = "<!doctype html><!-- a page -->\\n<p class='x' id=y>Hi &amp; <b>bye</b></p>\\n"
script = "// adds\\nexport function add(a, b) {\\n  return a + b + 12 + 'x'\\n}\\n"
BODIES = {
    "tree": ("application/json", json.dumps(tree)),
    "table": ("application/json", json.dumps([{**car, "tags": ["a", "b"]} for car in cars])),
    "broken": ("application/json", '{\\n  "a": 1,\\n  "b": oops\\n}'),
    "html": ("text/html", page * 9),
    "script": ("text/javascript", script),
    "events": ("text/event-stream", "event: tick\\ndata: 1\\n\\n" * 3),
    "parts": ("multipart/form-data", f"--b\\r\\n{part}\\r\\n\\r\\nhello\\r\\n--b--"),
    "sound": ("audio/wav", sound.getvalue()),
    "bytes": ("application/octet-stream", bytes(range(200))),
}

async def answer(request):
    kind, body = BODIES[request.match_info["name"]]
    coded = gzip.compress(body if isinstance(body, bytes) else body.encode())
    return web.Response(body=coded, headers={"Content-Type": kind, "Content-Encoding": "gzip"})

app = web.Application()
app.router.add_get("/{name}", answer)
srv = await nh.serve(app, port=0)
"""
SHOWN = ("tree", "table", "broken", "html", "script", "events", "parts", "sound", "bytes")
THEME = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
# The lowest contrast of text in cards, as WCAG 2.2 reckons it; the page's own colours behind them.
CONTRAST = """() => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const draw = (...layers) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const layer of layers) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = rgb => {
        const [r, g, b] = rgb.map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = node => {
        const layers = [];
        for (let at = node; at; at = at.parentElement)
            layers.unshift(getComputedStyle(at).backgroundColor);
        return layers;
    };
    const found = [];
    for (const output of document.querySelectorAll('.jp-RenderedHTMLCommon details'))
        for (const node of [output, ...output.querySelectorAll('*')]) {
            if (![...node.childNodes].some(c => c.nodeType === 3 && c.data.trim())) continue;
            const layers = behind(node);
            const pair = [light(draw(...layers)),
                light(draw(...layers, getComputedStyle(node).color))].sort((a, b) => a - b);
            found.push((pair[1] + 0.05) / (pair[0] + 0.05));
        }
    return [Math.min(...found), found.length];
}"""


async def test_cards_of_every_kind_read_well_in_both_themes(
    page: Page, lab: Lab, screenshots: Path
) -> None:
    """Contrast 4.5, trees that fold, no error in the console; the pictures are for people."""
    sources = {"setup": SETUP, **{name: f'await nh.get(srv.url + "{name}")' for name in SHOWN}}
    sources["page"] = '(await nh.get(srv.url + "html")).render(height=120)'
    write_notebook(lab.folder, "cards.ipynb", sources)
    await page.set_viewport_size({"width": 1100, "height": 1300})
    opened = OpenPage(page)
    await opened.open(lab.address_of("cards.ipynb"))
    await opened.run_all()
    cells = page.locator(".jp-CodeCell")
    await expect(cells.last.locator("iframe")).to_be_visible(timeout=120_000)
    tree = cells.nth(1).locator(".jp-OutputArea-output")
    assert "as gzip) in" in await tree.inner_text()
    folded = tree.locator("summary", has_text="items: […] 406 items")
    assert not await tree.get_by_text("[0]: {id, name, geo} 3 members").is_visible()
    await folded.click()
    assert await tree.get_by_text("[0]: {id, name, geo} 3 members").is_visible()
    assert "s3cr3t" not in await tree.inner_html()
    for theme in ("Light", "Dark"):
        await page.evaluate(THEME, f"JupyterLab {theme}")
        await page.wait_for_function(
            "light => document.body.dataset.jpThemeLight === light",
            arg=str(theme == "Light").lower(),
        )
        for number, name in enumerate((*SHOWN, "page"), 1):
            await cells.nth(number).scroll_into_view_if_needed()
            await cells.nth(number).screenshot(
                path=screenshots / f"card-{name}-{theme.lower()}.png", animations="disabled"
            )
        lowest, count = await page.evaluate(CONTRAST)
        assert count > 200
        assert lowest >= 4.5, theme
    assert not [words for words in opened.heard if not re.search("ResizeObserver", words)]
