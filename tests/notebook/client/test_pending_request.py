"""A request that waits to be awaited: a coroutine to asyncio, a hint to who forgot the `await`."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from notebook_http.client import ClientError
from notebook_http.notebook import client as nh
from notebook_http.notebook.client import PendingRequest


@pytest.mark.parametrize(
    "run",
    [
        lambda pending: asyncio.create_task(pending),
        lambda pending: asyncio.gather(pending),
        lambda pending: asyncio.wait_for(pending, 5),
        lambda pending: asyncio.ensure_future(pending),
        lambda pending: asyncio.shield(pending),
    ],
    ids=["create_task", "gather", "wait_for", "ensure_future", "shield"],
)
async def test_it_is_a_coroutine_to_asyncio(
    server: Any, run: Callable[[PendingRequest], Any]
) -> None:
    """A hundred requests at once need no wrapper."""
    got = await run(nh.get(server.url))
    reply = got[0] if isinstance(got, list) else got
    assert reply.ok


async def test_it_runs_in_a_task_group(server: Any) -> None:
    """And a task of it names what it does."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(nh.get(server.url + "?token=s3cr3t"))
        assert f"coro=<GET {server.url}?token=•••• (len 6)" in repr(task)
    assert task.result().ok


def test_it_runs_under_asyncio_run(
    new_server: Callable[[], Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """A script needs no function around it; made before there is a loop."""

    async def main() -> str:
        served = new_server()
        async with await served.start():
            pending = nh.get(served.url)
            return (await pending).text

    assert asyncio.run(main()).startswith("[")
    gone = nh.get("http://127.0.0.1:9/")
    with pytest.raises(ClientError):
        asyncio.run(gone)
    gc.collect()
    assert capfd.readouterr().err == ""


async def test_awaited_twice_it_says_what_to_do(server: Any) -> None:
    """Running a cell again that awaits a request of another cell."""
    pending = nh.get(server.url)
    await pending
    with pytest.raises(RuntimeError, match=r"already sent.*r = await nh\.get\(…\).*again"):
        await pending
    with pytest.raises(RuntimeError, match="already sent"):
        async with pending:
            pass
    with pytest.raises(RuntimeError, match="already sent"):
        await asyncio.create_task(pending)
    assert len(server.requests) == 1


async def test_a_dropped_request_complains_of_nothing(server: Any) -> None:
    """The commonest slip is to forget the await: one hint is enough."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pending = nh.get(server.url)
        task = asyncio.create_task(nh.get(server.url))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        pending.close()
        del pending
        nh.get(server.url)
        gc.collect()
    assert caught == []
    assert server.requests == []


async def test_driven_by_hand_it_is_a_coroutine_too(server: Any) -> None:
    """Trio-like runners and debuggers call send, throw and close themselves."""
    pending = nh.get(server.url)
    pending.send(None)
    pending.close()
    pending.close()
    with pytest.raises(KeyError):
        nh.get(server.url).throw(KeyError("x"))
    unsent = nh.request("REPORT", server.url)
    unsent.close()
    with pytest.raises(RuntimeError, match=r"already given up.*nh\.request"):
        await unsent


# The forgotten await


class Page(HTMLParser):
    """The text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_as_a_value_it_says_that_it_was_not_sent() -> None:
    """In every form that a front end can choose, masked."""
    pending = nh.get("http://user:s3cr3t@h/<x>?token=s3cr3t")
    words = "GET http://•••• (len 11)@h/<x>?token=•••• (len 6): not sent yet. Put `await` in front."
    bundle = pending._repr_mimebundle_()
    assert repr(pending) == bundle["text/plain"] == words
    assert Page(bundle["text/html"]).text == words.replace("`", "")
    assert "<x>" not in bundle["text/html"]
    assert len(repr(nh.get("http://h/" + "x" * 9000))) < 300


async def test_once_sent_it_says_so(server: Any) -> None:
    """A variable of another cell, looked at again."""
    pending = nh.get(server.url)
    await pending
    assert repr(pending).endswith("already sent. Its reply is what `await` gave.")
    assert "already sent" in pending._repr_mimebundle_()["text/html"]
    dropped = nh.get(server.url)
    dropped.close()
    assert "already given up" in repr(dropped)


@pytest.mark.parametrize(
    "name", ["json", "text", "status", "df", "headers", "read", "content", "ok"]
)
def test_its_reply_is_not_there_yet(name: str) -> None:
    """`nh.get(url).json()` is what requests' users write."""
    with pytest.raises(AttributeError, match=rf"not sent yet.*\(await …\)\.{name}"):
        getattr(nh.get("http://h/"), name)


def test_other_names_are_just_not_there() -> None:
    """IPython asks objects for all kinds of methods."""
    pending = nh.get("http://h/")
    with pytest.raises(AttributeError, match="no attribute '_repr_html_'"):
        _ = pending._repr_html_
    assert not hasattr(pending, "cr_code")
