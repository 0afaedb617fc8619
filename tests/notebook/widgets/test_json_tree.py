"""The kernel's half of the tree: answers to the page's questions, and their end."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from .conftest import Page, open_widgets, reply_with

pytestmark = pytest.mark.usefixtures("nothing_left")
PEOPLE = {"people": [{"name": f"p{n}", "token": "c4n4ryc4n4ry"} for n in range(300)], "a.b": [[1]]}


def tree_of(value: Any) -> tuple[Any, Page]:
    """Return a view, and the page's side of its tree."""
    view = reply_with(value).widget()
    return view, Page(view.tabs.children[0])


async def test_children_come_in_pages_and_bounded() -> None:
    """Whatever the page asks for."""
    _, page = tree_of(PEOPLE)
    answer = await page.ask(type="children", path=[0], start=100, count=100)
    assert [row["key"] for row in answer["rows"]] == [str(n) for n in range(100, 200)]
    answer = await page.ask(type="children", path=[0], start=0, count=10**9)
    assert len(answer["rows"]) == 300
    assert (
        "there is no child"
        in (await page.ask(type="children", path=[9], start=0, count=1))["error"]
    )
    assert "error" in await page.ask(type="children", path=["x"], start=0, count=1)
    assert "error" in await page.ask(type="children")
    assert "c4n4ryc4n4ry" not in str(page.heard)


async def test_search_answers_with_paths_and_a_newer_one_wins() -> None:
    """The older one is told that it was superseded."""
    _, page = tree_of(PEOPLE)
    found = await page.ask(type="search", words="p7", scope="values")
    assert found["paths"][0] == [0, 7, 0]
    assert found["whole"]
    many = {"list": list(range(200_000))}
    _, page = tree_of(many)
    older = asyncio.create_task(page.ask(type="search", words="zz", scope="all"))
    await asyncio.sleep(0.01)
    newer = await page.ask(type="search", words="19999", scope="all")
    assert (await older)["superseded"]
    assert [0, 19_999] in newer["paths"]
    capped = await page.ask(type="search", words="1", scope="all")
    assert len(capped["paths"]) == 1_000
    assert not capped["whole"]


async def test_rows_become_a_table_in_the_next_tab() -> None:
    """By r.df(path), its secrets masked; a key with a dot, and what is no table, too."""
    view, page = tree_of(PEOPLE)
    assert "error" not in await page.ask(type="rows", path=[0])
    assert view.tabs.selected_index == 1
    assert "First 200 of 300 rows: r.df(&#x27;people&#x27;) has all." in view.table.value
    assert "p199" in view.table.value
    assert "c4n4ry" not in view.table.value
    assert "error" not in await page.ask(type="rows", path=[1])
    assert "1 row: r.df(&#x27;a.b&#x27;) has all." in view.table.value
    answer = await page.ask(type="rows", path=[0, 0, 0])
    assert "no rows" in answer["error"]
    view, page = tree_of({"secret": [{"a": "c4n4ryc4n4ry"}]})
    answer = await page.ask(type="rows", path=[0])
    assert "masked" in answer["error"]
    assert "c4n4ry" not in view.table.value


async def test_a_question_from_another_thread_is_answered_on_the_loop() -> None:
    """As front ends do that send widgets' messages to a subshell."""
    _, page = tree_of(PEOPLE)
    answered: list[str] = []
    page.control.send = lambda *_: answered.append(threading.current_thread().name)
    question = {"id": 1, "type": "children", "path": [], "start": 0, "count": 9}
    thread = threading.Thread(target=page.control._handle_custom_msg, args=(question, []))
    thread.start()
    thread.join()
    for _ in range(500):
        if answered:
            break
        await asyncio.sleep(0.005)
    assert answered == [threading.main_thread().name]


async def test_closing_ends_the_search_and_every_part() -> None:
    """No task, no comm, no callback."""
    before = open_widgets()
    view, page = tree_of(list(range(500_000)))
    tree = page.control
    assert len(open_widgets()) > len(before) + 10
    waiting = asyncio.create_task(page.ask(type="search", words="zz", scope="all"))
    await asyncio.sleep(0.01)
    assert len(tree.calls.tasks) == 1
    view.close()
    await asyncio.sleep(0.01)
    assert tree.calls.tasks == frozenset()
    assert open_widgets() == before
    heard = len(page.heard)
    tree._handle_custom_msg({"id": 2, "type": "children", "path": [], "start": 0, "count": 1}, [])
    await asyncio.sleep(0.01)
    assert len(page.heard) == heard
    waiting.cancel()
    view.close()  # twice is fine
