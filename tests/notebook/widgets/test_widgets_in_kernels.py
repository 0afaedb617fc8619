"""Widgets in a real kernel, spoken to as a page speaks to them: whose thread, whose output."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(240)]
LOAD = """
%load_ext notebook_http
import asyncio
import notebook_http as nh
from notebook_http import web
async def data(request):
    return web.json_response({"a": [1, 2, 3]})
app = web.Application()
app.router.add_get("/data", data)
server = await nh.serve(app)
"""


class PageOf:
    """The page's side of a widget: messages to it, through a subshell where the kernel has them."""

    def __init__(self, kernel: Any, model_id: str) -> None:
        self.client = kernel._client
        self.model_id = model_id
        # One for all widgets of a kernel, as JupyterLab has it.
        if not hasattr(kernel, "subshell"):
            info = self._control("kernel_info_request")
            features = info.get("supported_features", ())
            kernel.subshell = ""
            # 7.0 loses a cell's message now and then once a subshell is used, without us, too.
            if "kernel subshells" in features and self._version(kernel) >= (7, 1):
                kernel.subshell = self._control("create_subshell_request")["subshell_id"]
        self.subshell = kernel.subshell

    def _version(self, kernel: Any) -> tuple[int, ...]:
        words = kernel.run("import ipykernel\nipykernel.version_info[:2]").text
        return tuple(int(word) for word in words.strip("()").split(","))

    def _control(self, kind: str) -> dict[str, Any]:
        message = self.client.session.msg(kind, {})
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                content: dict[str, Any] = reply["content"]
                return content

    def send(self, **content: Any) -> None:
        """Send a message of the control's own, as anywidget's `model.send` does."""
        data = {"method": "custom", "content": {"id": content["type"], **content}}
        message = self.client.session.msg("comm_msg", {"comm_id": self.model_id, "data": data})
        if self.subshell:
            message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)

    def heard(self, seconds: float) -> list[tuple[str, Any]]:
        """Return what the kernel publishes until *seconds* are over, or an answer has come."""
        found: list[tuple[str, Any]] = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                message = self.client.get_iopub_msg(timeout=0.1)
            except Empty:
                continue
            data = message["content"].get("data", {})
            if message["msg_type"] == "comm_msg" and data.get("method") == "custom":
                found.append(("answer", data["content"]))
                if data["content"].get("type") == "state" and not data["content"]["running"]:
                    return found
                if data["content"].get("id"):
                    return found
            elif message["msg_type"] == "stream":
                parent = message["parent_header"].get("msg_id")
                found.append((parent, message["content"]["text"]))
            elif message["msg_type"] == "status":
                found.append(("status", message["content"]["execution_state"]))
        return found


def answers(heard: list[tuple[str, Any]]) -> list[Any]:
    """Return the control's messages."""
    return [content for kind, content in heard if kind == "answer"]


def test_a_question_is_answered_while_a_cell_awaits(kernel: Any) -> None:
    """Where the kernel lets it in: by a subshell's thread, which wakes the loop."""
    kernel.run(LOAD)
    kernel.run("view = (await nh.get(server.url + 'data')).widget()\nview")
    page = PageOf(kernel, kernel.run("view.tabs.children[0].model_id").text.strip("'"))
    page.client.execute("await asyncio.sleep(4)")
    time.sleep(0.5)
    page.send(type="children", path=[0], start=0, count=9)
    began = time.monotonic()
    heard = answers(page.heard(30))
    assert [row["text"] for row in heard[0]["rows"]] == ["1", "2", "3"]
    if page.subshell:
        assert time.monotonic() - began < 3
    kernel.run("1")


def test_what_is_printed_on_the_way_is_in_the_cell_that_made_the_form(kernel: Any) -> None:
    """By a middleware, for one; also when another cell has run since."""
    kernel.run(LOAD)
    kernel.run(
        "async def say(request, handler):\n    print('asked', request.url.path)\n"
        "    return await handler(request)\n"
        "client = nh.Client(middlewares=[say])"
    )
    before = set(kernel._outcomes)
    made = kernel.run("form = nh.explore(server.url, client=client)\nform")
    (request,) = set(kernel._outcomes) - before
    page = PageOf(kernel, kernel.run("form.form.model_id").text.strip("'"))
    kernel.run("print('another')")
    page.send(type="send", form={"url": "data"})
    heard = []
    for _ in range(2):  # the answer to the question, and the end of the request
        heard += page.heard(30)
    assert any(content.get("text", "").startswith("200 after") for content in answers(heard))
    heard += page.heard(1)  # streams are sent every 0.2 s
    texts = [(parent, text) for parent, text in heard if "asked" in str(text)]
    assert texts == [(request, "asked /data\n")]
    assert made.error == ""
    assert kernel.run("form.reply.json()").text == "{'a': [1, 2, 3]}"


def test_code_for_a_new_cell_comes_with_the_next_one(kernel: Any) -> None:
    """Where a page has no way of its own: the kernel proposes it."""
    kernel.run(LOAD)
    kernel.run("form = nh.explore(server.url)\nform")
    page = PageOf(kernel, kernel.run("form.form.model_id").text.strip("'"))
    page.send(type="cell", code="1 + 1")
    (answer,) = answers(page.heard(30))
    assert "next one that you run" in answer["text"]
    sent = page.client.execute("2")
    while True:
        reply = page.client.get_shell_msg(timeout=30)
        if reply["parent_header"].get("msg_id") == sent:
            break
    (payload,) = reply["content"]["payload"]
    assert payload["source"] == "set_next_input"
    assert payload["text"] == "1 + 1"


def test_unloading_leaves_no_comm_and_no_task(kernel: Any) -> None:
    """Of views, forms and what they are doing."""
    kernel.run(LOAD)
    count = (
        "from ipywidgets.widgets import widget as w\n"
        "held = getattr(w, '_instances', None)\n"
        "len(held if held is not None else w.Widget.widgets), "
        "len([t for t in asyncio.all_tasks() if 'Explorer' in repr(t) or 'JsonTree' in repr(t)])"
    )
    kernel.run("%unload_ext notebook_http")
    before = kernel.run(count).text
    kernel.run("%reload_ext notebook_http")
    kernel.run("form = nh.explore(server.url)\nview = (await nh.get(server.url + 'data')).widget()")
    kernel.run("form.form._submit({'url': 'data'})")
    assert kernel.run(count).text != before
    kernel.run("%unload_ext notebook_http")
    kernel.run("await asyncio.sleep(0.1)")
    assert kernel.run(count).text == before
