"""What tests of widgets share: the registry of open ones, replies, and a control's messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http.notebook.reply import Reply, SentRequest
from notebook_http.notebook.widgets.open_views import close_views


def open_widgets() -> set[str]:
    """Return the model ids that ipywidgets holds: each has a comm to the page."""
    from ipywidgets.widgets import widget

    registry = getattr(widget, "_instances", None)
    return set(registry if registry is not None else widget.Widget.widgets)


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Fail if a test leaves a widget open, or a task running."""
    before = open_widgets()
    yield
    close_views()
    assert open_widgets() == before


def reply_with(content: Any, content_type: str = "application/json", **headers: str) -> Reply:
    """Return a reply with these bytes, or with this value as JSON."""
    url = URL("http://h/folder/x?token=c4n4ryc4n4ry")
    secret = CIMultiDictProxy(CIMultiDict(Authorization="Bearer c4n4ryc4n4ry"))
    return Reply(
        status=200,
        reason="OK",
        headers=CIMultiDictProxy(CIMultiDict({"Content-Type": content_type, **headers})),
        url=url,
        request=SentRequest("GET", url, secret),
        content=content if isinstance(content, bytes) else json.dumps(content).encode(),
    )


class Page:
    """The page's side of a control: what it is sent, and what it asks."""

    def __init__(self, control: Any) -> None:
        self.control = control
        self.heard: list[dict[str, Any]] = []
        self.asked = 0
        control.send = lambda content, buffers=None: self.heard.append(content)

    async def ask(self, **question: Any) -> dict[str, Any]:
        """Send a message as the front end does, and return its answer."""
        self.asked += 1
        question["id"] = f"q{self.asked}"
        self.control._handle_custom_msg(question, [])
        for _ in range(2_000):
            for answer in self.heard:
                if answer.get("id") == question["id"]:
                    return answer
            await asyncio.sleep(0.005)
        raise AssertionError(f"no answer to {question}")
