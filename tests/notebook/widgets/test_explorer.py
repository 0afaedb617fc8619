"""nh.explore(): what the form's kernel half does with a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.test_utils import TestServer

from .conftest import Page, open_widgets

pytestmark = pytest.mark.usefixtures("nothing_left")
CANARY = "c4n4ryc4n4ryc4n4ry"


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    """The address of a server that says what it was sent, but for credentials."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await asyncio.sleep(60)
        said = {
            "method": request.method,
            "query": dict(request.query),
            "one": request.headers.get("X-One"),
            "knows": request.headers.get("Authorization", "").removeprefix("Bearer ") == CANARY,
            "body": await request.text(),
        }
        return web.json_response(said)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


async def ended(page: Page) -> dict[str, Any]:
    """Return the state that the page was told when the request had ended."""
    for _ in range(2_000):
        states = [each for each in page.heard if each.get("type") == "state"]
        if states and not states[-1]["running"]:
            return states[-1]
        await asyncio.sleep(0.005)
    raise AssertionError("it never ended")


async def sent(explorer: Any, page: Page, form: dict[str, Any]) -> dict[str, Any]:
    """Send a form; return what the server says that it got."""
    page.heard.clear()
    assert "problem" not in await page.ask(type="send", form=form)
    assert (await ended(page))["text"].startswith("200 after")
    said: dict[str, Any] = explorer.reply.json()
    return said


async def test_a_form_is_sent_and_its_reply_shown_below(echo: str) -> None:
    """Twice, in the same place; history fills the form again."""
    explorer = nh.explore(echo)
    page = Page(explorer.form)
    first = {"method": "POST", "url": "/a", "params": [["q", "1"]], "headers": [["X-One", "yes"]]}
    first["body"] = {"kind": "json", "text": "[1,2]"}
    said = await sent(explorer, page, first)
    expected = {"method": "POST", "query": {"q": "1"}, "one": "yes", "knows": False}
    assert said == {**expected, "body": "[1, 2]"}
    (view,) = explorer.answer.children
    said = await sent(explorer, page, {"method": "GET", "url": "b"})
    assert said["method"] == "GET"
    assert explorer.answer.children == (view,)
    assert f"GET {echo}b: " in view.headline.value
    state = await ended(page)
    assert state["history"] == [f"GET {echo}b", f"POST {echo}a?q=1"]
    form = (await page.ask(type="refill", index=1))["form"]
    assert {name: form[name] for name in first} == first
    assert await sent(explorer, page, form) == {**expected, "body": "[1, 2]"}
    assert len((await ended(page))["history"]) == 2
    restored = await page.ask(type="restore")
    assert restored["form"] == form
    assert restored["running"] is False


async def test_what_is_wrong_is_told_and_not_sent(echo: str) -> None:
    """With the field; messages that no page sends do no harm either."""
    explorer = nh.explore(echo)
    page = Page(explorer.form)
    problem = await page.ask(type="send", form={"body": {"kind": "json", "text": "{"}})
    assert problem["problem"]["field"] == "body"
    assert "line 1, column 2" in problem["problem"]["text"]
    assert "problem" in await page.ask(type="send")
    assert "problem" in await page.ask(type="refill", index=5)
    assert "problem" in await page.ask(type="operation", index=0)
    assert explorer.reply is None
    page = Page(nh.explore().form)
    assert (await page.ask(type="send", form={"url": ""}))["problem"]["field"] == "url"


async def test_cancel_ends_the_waiting(echo: str) -> None:
    """Also in the moment in which it was begun; one is sent at a time."""
    explorer = nh.explore(echo)
    page = Page(explorer.form)
    for wait in (0.1, 0):
        await page.ask(type="send", form={"url": "slow"})
        await page.ask(type="send", form={"url": "other"})  # while one is under way: nothing
        await asyncio.sleep(wait)
        await page.ask(type="cancel")
        assert (await ended(page))["text"].startswith("Cancelled after")
        assert explorer.calls.tasks == frozenset()
    assert explorer.reply is None


async def test_errors_are_shown_below_the_form() -> None:
    """What failed, why, and what to try."""
    explorer = nh.explore("http://127.0.0.1:1/")
    page = Page(explorer.form)
    await page.ask(type="send", form={"url": "x"})
    assert "no answer" in (await ended(page))["text"]
    assert "ClientConnectorError" in explorer.error.value
    assert "Next" in explorer.error.value


@pytest.mark.parametrize("kind", ["python", "http", "curl"])
async def test_the_code_sends_the_same(echo: str, kind: str) -> None:
    """In each of the three forms, run for real; without having been sent before."""
    explorer = nh.explore(echo)
    page = Page(explorer.form)
    form = {"method": "PUT", "url": "a", "params": [["q", "x y"]], "headers": [["X-One", "1"]]}
    form["body"] = {"kind": "json", "text": '{"a": "ü"}'}
    code = (await page.ask(type="code", kind=kind, form=form))["code"]
    assert ("User-Agent" in code) is (kind != "python")  # what is automatic stays so
    said = await sent(explorer, page, form)
    if kind == "curl":
        reply = await nh.from_curl(code)
    else:
        from IPython.core.interactiveshell import InteractiveShell

        shell = InteractiveShell.instance()
        try:
            shell.run_line_magic("load_ext", "notebook_http")
            cell = shell.transform_cell(code + ("" if kind == "python" else "\n"))
            cell = cell if kind == "python" else cell.replace("await ", "r = await ", 1)
            result = await shell.run_cell_async(cell, transformed_cell=cell)
            assert result.success
            reply = shell.user_ns["r"]
        finally:
            shell.run_line_magic("unload_ext", "notebook_http")
            InteractiveShell.clear_instance()
    assert reply.json() == said


async def test_no_secret_is_in_what_a_notebook_saves(echo: str) -> None:
    """Widget state, outputs, history, code, and what the page is told later."""
    explorer = nh.explore(f"http://user:{CANARY}@{echo.removeprefix('http://')}")
    page = Page(explorer.form)
    form = {
        "url": echo + f"?token={CANARY}",
        "auth": {"kind": "bearer", "user": "", "secret": CANARY},
        "headers": [["X-Api-Key", CANARY]],
    }
    await page.ask(type="code", kind="python", form=form)
    await page.ask(type="code", kind="curl", form=form)
    assert (await sent(explorer, page, {**form, "url": echo}))["knows"]
    await sent(explorer, page, {**form, "params": [["token", CANARY]]})
    told = [each for each in page.heard if "form" not in each]
    saved = json.dumps(ipywidgets.Widget.get_manager_state(), default=str)
    assert "RequestForm" in saved
    assert CANARY not in saved
    assert CANARY not in str(told)
    assert CANARY not in str(explorer._repr_mimebundle_())
    # What was typed into other fields than auth's comes back to the page, not into the notebook.
    form = (await page.ask(type="restore"))["form"]
    assert "secret" not in form["auth"]


@pytest.mark.parametrize("kind", ["url", "file", "values"])
async def test_a_description_fills_the_form(echo: str, kind: str, tmp_path: Path) -> None:
    """From each place; its references into other documents are never fetched."""
    asked: list[str] = []
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Shop"},
        "paths": {
            "/things/{id}": {
                "post": {
                    "parameters": [
                        {"name": "id", "in": "path", "example": "a/b"},
                        {"$ref": echo + "other.json#/p"},
                    ],
                    "requestBody": {
                        "content": {"application/json": {"schema": {"$ref": echo + "x.json"}}}
                    },
                }
            },
        },
    }

    async def describe(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(document)

    app = web.Application()
    app.router.add_get("/{tail:.*}", describe)
    async with TestServer(app) as server:
        file = tmp_path / "api.json"
        file.write_text(json.dumps(document))
        source: Any = {"url": str(server.make_url("/api.json")), "file": file, "values": document}
        explorer = nh.explore(None if kind == "url" else echo, source[kind])
        page = Page(explorer.form)
        for _ in range(2_000):
            if explorer.form.setup["operations"]:
                break
            await asyncio.sleep(0.005)
        assert explorer.form.setup["operations"] == ["POST /things/{id}"]
        assert explorer.form.setup["title"] == "Shop"
        answer = await page.ask(type="operation", index=0)
        assert "Not followed" in answer["note"]
        form = answer["form"]
        assert form["path"] == [["id", "a/b"]]
        if kind == "url":  # below the address that it was fetched from
            assert explorer.form.setup["base_url"] == str(server.make_url("/"))
        else:
            form["body"] = {"kind": "none"}
            assert (await sent(explorer, page, form))["method"] == "POST"
            assert str(explorer.reply.url) == f"{echo}things/a%2Fb"
    assert asked == (["/api.json"] if kind == "url" else [])


async def test_a_description_that_cannot_be_had_says_why(echo: str, tmp_path: Path) -> None:
    """At once if it is here; in the widget if it was fetched. The form works all the same."""
    with pytest.raises(ValueError, match="line 1, column 2"):
        nh.explore(openapi=_file(tmp_path, "{"))
    with pytest.raises(FileNotFoundError):
        nh.explore(openapi="no-such-file.json")
    explorer = nh.explore(echo, openapi=echo + "api.json")
    page = Page(explorer.form)
    for _ in range(2_000):
        if explorer.error.value:
            break
        await asyncio.sleep(0.005)
    assert "OpenAPIError" in explorer.error.value
    assert "neither &quot;openapi&quot; nor" in explorer.error.value
    assert (await sent(explorer, page, {"url": "a"}))["method"] == "GET"


def _file(folder: Path, text: str) -> Path:
    path = folder / "api.json"
    path.write_text(text)
    return path


async def test_closing_and_unloading_leave_nothing(shell: Any, echo: str) -> None:
    """While one is sending: no task, no comm."""
    shell.run_line_magic("load_ext", "notebook_http")
    before = open_widgets()
    for _ in range(2):
        explorer = nh.explore(echo)
        page = Page(explorer.form)
        await sent(explorer, page, {"url": "a"})
        await page.ask(type="send", form={"url": "slow"})
        assert len(explorer.calls.tasks) == 1
        explorer.close()
        assert open_widgets() == before
        await asyncio.sleep(0.01)
        assert explorer.calls.tasks == frozenset()
    explorer = nh.explore(echo)
    shell.run_line_magic("unload_ext", "notebook_http")
    assert open_widgets() == before
