"""r.widget() and nh.explore() as people have them: JupyterLab and Notebook 7, in Chromium."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.open_page import LOWEST_CONTRAST, OpenPage, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

CELLS = {
    "serve": """
%load_ext notebook_http
import asyncio
import notebook_http as nh
from notebook_http import web
people = [{"id": n, "name": f"Person {n}", "tags": ["a", "b"], "geo": {"lat": n / 2}}
          for n in range(250)]
async def data(request):
    return web.json_response({"people": people, "token": "s3cr3t-in-body", "it's": {"a b": None},
                              "html": "<img src=x onerror=alert(1)>", "ok": True})
async def slow(request):
    await asyncio.sleep(120)
async def knows(request):
    auth = request.headers.get("Authorization", "")
    return web.json_response({"knows": auth == "Bearer c4n4ryc4n4ry", "q": request.query.get("q"),
                              "body": await request.text()})
app = web.Application()
app.router.add_get("/data", data)
app.router.add_get("/slow", slow)
app.router.add_post("/knows{tail:.*}", knows)
server = await nh.serve(app)
""",
    "widget": 'reply = await nh.get(server.url + "data")\nreply.widget()',
    "explore": """
api = {"openapi": "3.1.0", "info": {"title": "Shop"}, "paths": {"/knows/{id}": {"post": {
    "summary": "Ask", "parameters": [{"name": "id", "in": "path", "example": "a/b"}],
    "requestBody": {"content": {"application/json": {"schema": {
        "properties": {"day": {"type": "string", "format": "date"}}}}}}}}}}
form = nh.explore(server.url, openapi=api)
form
""",
}
# A kernel that is busy on a slow machine.
expect.set_options(timeout=60_000)
# Said by Notebook 7 while it starts, with any notebook: it looks for settings of JupyterLab's.
OF_NOTEBOOK = re.compile(r"reading 'schema'|is already registered|not registered")
DARK = """async () => {
    await window.jupyterapp.commands.execute(
        'apputils:change-theme', {theme: 'JupyterLab Dark'});
}"""


class RunPage(OpenPage):
    """A notebook in JupyterLab or in Notebook 7."""

    @property
    def complaints(self) -> list[str]:
        """What the console said, but for what Notebook says by itself."""
        return [words for words in self.heard if not OF_NOTEBOOK.search(words)]

    async def copied(self) -> str:
        """Return what is in the clipboard."""
        text: str = await self.page.evaluate("() => navigator.clipboard.readText()")
        return text


@pytest.fixture(params=["lab", "notebook"])
async def opened(request: pytest.FixtureRequest, page: Page, lab: Any) -> RunPage:
    """The notebook, run in JupyterLab or in Notebook 7."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    write_notebook(lab.folder, "widgets.ipynb", CELLS)
    notebook = RunPage(page)
    addresses = {"lab": lab.address_of, "notebook": lab.notebook_address_of}
    await notebook.open(addresses[request.param]("widgets.ipynb"))
    await notebook.run_all()
    return notebook


def row(tree: Locator, words: str) -> Locator:
    """Return the row of the tree that has exactly these *words*."""
    return tree.get_by_role("treeitem").filter(has_text=re.compile(f"^.?{re.escape(words)}"))


async def test_the_form(
    opened: RunPage, screenshots: Path, request: pytest.FixtureRequest, lab: Any
) -> None:
    """Send, check JSON, cancel, history, code into a new cell; and no token in the saved file."""
    where = request.node.callspec.id
    page = opened.page
    form = page.locator(".nh-form")
    status = form.locator(".nh-status")
    await form.get_by_label("Method").select_option("POST")
    await form.get_by_label("URL").fill("knows")
    await form.get_by_text("Parameters (0)").click()
    await form.get_by_label("parameter name").fill("q")
    await form.get_by_label("parameter value").first.fill("x y")
    await expect(form.get_by_text("Parameters (1)")).to_be_visible()
    await form.get_by_text("Auth: none").click()
    await form.get_by_label("Kind of auth").select_option("bearer")
    await form.get_by_label("Token").fill("c4n4ryc4n4ry")
    await form.get_by_text("Body: none").click()
    await form.get_by_label("Kind of body").select_option("json")
    await form.get_by_label("Body", exact=True).fill('{"a": 1,')
    await expect(form.get_by_text("No JSON yet")).to_be_visible()
    await form.get_by_role("button", name="Send").click()
    await expect(form.locator(".nh-problem")).to_contain_text("line 1, column 9")
    await page.screenshot(path=screenshots / f"form-problem-{where}.png")
    await form.get_by_label("Body", exact=True).fill('{"a": 1}')
    await form.get_by_label("URL").press("Enter")
    await expect(status).to_have_text(re.compile("200 after"))
    tree = page.locator(".nh-json").nth(1)
    await expect(row(tree, "knows: true")).to_be_visible()
    await expect(row(tree, 'q: "x y"')).to_be_visible()

    # Cancel.
    await form.get_by_label("Method").select_option("GET")
    await form.get_by_label("URL").fill("slow")
    await form.get_by_role("button", name="Send").click()
    await expect(status).to_have_text("Sending…")
    await form.get_by_role("button", name="Cancel").click()
    await expect(status).to_have_text(re.compile("Cancelled after"))

    # History, code, a new cell.
    await form.get_by_label("History").select_option(index=2)
    await expect(form.get_by_label("Method")).to_have_value("POST")
    await expect(form.get_by_label("Token")).to_have_value("")
    await form.get_by_label("Token").fill("c4n4ryc4n4ry")
    await form.get_by_text("As code").click()
    for kind, words in {"http": "%%http", "curl": "curl ", "python": "await nh.post("}.items():
        await form.get_by_label("Form of the code").select_option(kind)
        await form.get_by_role("button", name="Show code").click()
        await expect(form.locator(".nh-code")).to_contain_text(words)
    await page.screenshot(path=screenshots / f"form-{where}.png")
    await form.get_by_role("button", name="Insert as a new cell").click()
    await expect(status).to_have_text(re.compile("new cell"))
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    await expect(cells.nth(3)).to_contain_text("await nh.post(")

    # An operation of the description.
    await form.get_by_label("Operation").select_option("POST /knows/{id}: Ask")
    await expect(form.get_by_label("path parameter value")).to_have_value("a/b")
    await expect(form.get_by_label("Body", exact=True)).to_have_value(re.compile("2024-01-31"))
    await form.get_by_role("button", name="Send").click()
    await expect(status).to_have_text(re.compile("200 after"))
    await expect(page.get_by_text("knows/a%2Fb: ")).to_be_visible()
    await form.scroll_into_view_if_needed()
    await page.screenshot(path=screenshots / f"form-operation-{where}.png")

    # Dark.
    await page.evaluate(DARK)
    await page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    await expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    await page.screenshot(path=screenshots / f"form-dark-{where}.png")
    for part in (form, tree):
        assert await part.evaluate(LOWEST_CONTRAST) >= 4.5
    await page.evaluate(DARK.replace("Dark", "Light"))
    await page.wait_for_function("() => document.body.dataset.jpThemeLight === 'true'")
    for part in (form, tree):
        assert await part.evaluate(LOWEST_CONTRAST) >= 4.5

    # What is saved.
    await page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = (lab.folder / "widgets.ipynb").read_text()
    assert "RequestForm" in saved, "widget state is saved in this test"
    assert "c4n4ryc4n4ry" not in saved.replace('auth == \\"Bearer c4n4ryc4n4ry\\"', "")
    assert opened.complaints == []


async def test_the_reply_view(
    opened: RunPage, screenshots: Path, request: pytest.FixtureRequest
) -> None:
    """Unfold, page, search, copy paths, keys, a table of rows, resend; in light and dark."""
    where = request.node.callspec.id
    page = opened.page
    view = page.locator(".nh-json").first
    tree = view.get_by_role("tree")
    await expect(row(tree, "people: 250 items")).to_be_visible()
    await expect(row(tree, "token: ••••")).to_be_visible()
    assert await page.locator(".nh-json img").count() == 0

    # Unfold, and more.
    await row(tree, "people").click()
    await expect(row(tree, "99: 4 keys")).to_have_count(1)
    await row(tree, "100 more of 150").click()
    await expect(row(tree, "199: 4 keys")).to_have_count(1)
    await expect(row(tree, "50 more of 50")).to_have_count(1)

    # Search: a row that was not loaded.
    await view.get_by_role("searchbox").fill("person 24")
    await expect(view.locator(".nh-count").first).to_have_text("1 of 11")
    await view.get_by_role("button", name="Next match").click()
    await expect(view.locator(".nh-count").first).to_have_text("2 of 11")
    match = tree.locator(".nh-match")
    await expect(match).to_have_text(re.compile('name: "Person 240"'))
    await page.screenshot(path=screenshots / f"widget-search-{where}.png")

    # Paths.
    await view.locator(".nh-path").nth(0).click()
    assert await opened.copied() == "$.people[240].name"
    await view.locator(".nh-path").nth(1).click()
    assert await opened.copied() == '["people"][240]["name"]'

    # Keys.
    await match.focus()
    await page.keyboard.press("Home")
    await expect(row(tree, "$: 5 keys")).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(row(tree, "people")).to_be_focused()
    await page.keyboard.press("ArrowLeft")
    await expect(row(tree, "people")).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("End")
    await expect(row(tree, "ok: true")).to_be_focused()
    await page.keyboard.press("Enter")
    assert await opened.copied() == "$.ok"
    assert await tree.get_by_role("treeitem").first.get_attribute("aria-level") == "1"

    # A table of rows.
    await row(tree, "people").get_by_role("button", name="table").click()
    await expect(page.get_by_text("First 200 of 250 rows: r.df('people') has all.")).to_be_visible()
    await page.screenshot(path=screenshots / f"widget-table-{where}.png")

    # Again; and each tab, in light and dark.
    output = page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output")
    await output.get_by_role("button", name="Resend").click()
    await expect(output.get_by_text("Sent again: this is the new answer.")).to_be_visible()
    for theme, light in (("Dark", "false"), ("Light", "true")):
        await page.evaluate(DARK.replace("Dark", theme))
        await page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{light}'")
        await expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        for tab in ("Body", "Table", "Headers", "Timing", "Request"):
            await output.get_by_text(tab, exact=True).first.click()
            picture = screenshots / f"widget-{tab.lower()}-{theme.lower()}-{where}.png"
            await output.screenshot(path=picture)
            shown = output.locator(".widget-tab-contents, .jupyter-widget-tab-contents").first
            assert await shown.evaluate(LOWEST_CONTRAST) >= 4.5, (theme, tab)
    assert opened.complaints == []
