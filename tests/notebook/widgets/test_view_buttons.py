"""Resend, cancel and save: against a real server, into real files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web
from notebook_http.notebook.client import Client
from notebook_http.test_utils import TestServer

from .conftest import reply_with

pytestmark = pytest.mark.usefixtures("nothing_left")


class Counting:
    """A server that numbers its answers, and may hold one back."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.hold = False
        self.held = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        auth = request.headers.get("Authorization", "")
        self.requests.append((request.method, auth, await request.text()))
        if self.hold:
            self.held.set()
            await asyncio.sleep(60)
        status = 200 if len(self.requests) < 3 else 404
        return web.json_response({"number": len(self.requests)}, status=status)


@pytest.fixture
async def counting() -> AsyncIterator[tuple[Counting, str]]:
    """A server, and its address."""
    counted = Counting()
    app = web.Application()
    app.router.add_route("*", "/data.json", counted.answer)

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("/data.json")

    app.router.add_route("*", "/moved", moved)
    async with TestServer(app) as server:
        yield counted, str(server.make_url("/"))


async def until(condition: Any) -> None:
    """Return when *condition* holds."""
    for _ in range(2_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")


async def test_resend_shows_the_new_answer_in_the_same_view(
    counting: tuple[Counting, str],
) -> None:
    """With the headers and the body of the first; a 404 is an answer, too."""
    counted, url = counting
    async with Client(headers={"X-Client": "1"}) as client:
        reply = await client.post(url + "moved", json={"a": 1}, headers={"Authorization": "tok"})
        view = reply.widget()
        assert view.tabs.children[0].first["rows"][0]["text"] == "1"
        view.resend.click()
        await until(lambda: "Sent again" in view.status.value)
        assert view.tabs.children[0].first["rows"][0]["text"] == "2"
        assert counted.requests == [("POST", "tok", '{"a": 1}')] * 2
        assert view.reply.history[0].status == 307
    view.resend.click()  # its client is closed: the default one sends it
    await until(lambda: "404" in view.headline.value)
    assert counted.requests[2] == ("POST", "tok", '{"a": 1}')
    assert "404 Not Found" in view._repr_mimebundle_()["text/plain"]
    await until(lambda: not view.resend.disabled)
    assert view.cancel.disabled


async def test_auth_of_the_session_is_not_given_twice(counting: tuple[Counting, str]) -> None:
    """A session refuses an Authorization beside its own."""
    from notebook_http import BasicAuth

    counted, url = counting
    async with Client(auth=BasicAuth("ada", "pw")) as client:
        reply = await client.get(url + "data.json")
        again = await reply.resend()
    assert again.json() == {"number": 2}
    assert counted.requests[0] == counted.requests[1]


async def test_cancel_ends_the_waiting(counting: tuple[Counting, str]) -> None:
    """And the view still shows the answer that it has."""
    counted, url = counting
    async with Client() as client:
        view = (await client.get(url + "data.json")).widget()
        counted.hold = True
        view.resend.click()
        await counted.held.wait()
        assert view.resend.disabled
        view.cancel.click()
        await until(lambda: "Cancelled after" in view.status.value)
        assert view.calls.tasks == frozenset()
        assert not view.resend.disabled
        assert view.reply.json() == {"number": 1}


async def test_a_view_that_is_renewed_tells_nothing_of_what_it_waited_for(
    counting: tuple[Counting, str],
) -> None:
    """Its buttons are those of the new answer."""
    counted, url = counting
    async with Client() as client:
        view = (await client.get(url + "data.json")).widget()
        counted.hold = True
        view.resend.click()
        await counted.held.wait()
        view.renew(reply_with({"other": 1}))
        await until(lambda: not view.calls.tasks)
        await asyncio.sleep(0)
        assert "Cancelled" not in view.status.value
        assert not view.resend.disabled
        assert view.cancel.disabled
        assert view.reply.json() == {"other": 1}


async def test_errors_are_shown_in_the_view(counting: tuple[Counting, str]) -> None:
    """And kept in nh.last_error; nothing is printed where nobody looks."""
    from notebook_http.notebook.last_error import last_error

    _, url = counting
    async with Client() as client:
        reply = await client.get(url + "data.json")
    reply.request.url = reply.url.with_port(1)
    view = reply.widget()
    view.resend.click()
    await until(lambda: "ClientConnectorError" in view.status.value)
    assert "127.0.0.1:1" in view.status.value
    assert last_error.exception is not None
    stranger = reply_with({}).widget()
    stranger.resend.click()
    await until(lambda: "did not come from a client" in stranger.status.value)


async def test_save_never_replaces_a_file_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's name is made safe; the second press replaces, by the same name only."""
    monkeypatch.chdir(tmp_path)
    disposition = {"Content-Disposition": 'attachment; filename="../../out.json"'}
    view = reply_with({"a": 1}, **disposition).widget()
    assert view.file_name.value == "out.json"
    view.save.click()
    await until(lambda: "saved as" in view.status.value)
    saved = tmp_path / "out.json"
    assert saved.read_bytes() == view.reply.content
    saved.write_text("mine")
    view.save.click()
    await until(lambda: "is there already" in view.status.value)
    assert saved.read_text() == "mine"
    view.file_name.value = "other.json"
    view.save.click()
    await until(lambda: "saved as" in view.status.value)
    assert (tmp_path / "other.json").exists()
    view.file_name.value = "out.json"
    view.save.click()
    await until(lambda: "is there already" in view.status.value)
    assert saved.read_text() == "mine"
    view.save.click()
    await until(lambda: saved.read_bytes() == view.reply.content)
    view.file_name.value = "no/such/folder/x"
    view.save.click()
    await until(lambda: "FileNotFoundError" in view.status.value)


def test_without_a_loop_it_still_shows_and_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a script: nothing can be sent, which it says."""
    monkeypatch.chdir(tmp_path)
    view = reply_with({"a": 1}).widget()
    view.save.click()
    assert (tmp_path / "x.json").exists()
    view.resend.click()
    assert "No event loop" in view.status.value
    tree = view.tabs.children[0]
    heard: list[Any] = []
    tree.send = lambda content: heard.append(content)
    tree._handle_custom_msg({"id": 1, "type": "children", "path": [], "start": 0, "count": 5}, [])
    assert heard[0]["rows"][0]["key"] == "a"


def test_without_anywidget_json_is_the_tree_of_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is said what is missing."""
    import sys

    from notebook_http.notebook.widgets import json_tree

    json_tree._tree_class.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    try:
        view = reply_with({"a": 1}).widget()
        assert "pip install anywidget" in view.tabs.children[0].value
        assert "<strong>a</strong>: 1" in view.tabs.children[0].value
    finally:
        json_tree._tree_class.cache_clear()


async def test_unloading_the_extension_closes_views(
    shell: Any, counting: tuple[Counting, str]
) -> None:
    """While one is sending: no task and no comm is left."""
    from .conftest import open_widgets

    counted, url = counting
    shell.run_line_magic("load_ext", "notebook_http")
    async with Client() as client:
        reply = await client.get(url + "data.json")
        before = open_widgets()
        view = reply.widget()
        counted.hold = True
        view.resend.click()
        await counted.held.wait()
        shell.run_line_magic("unload_ext", "notebook_http")
        assert open_widgets() == before
        await until(lambda: not view.calls.tasks)
