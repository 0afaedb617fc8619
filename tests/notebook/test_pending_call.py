"""A forgotten `await` in front of what is no request: it explains itself, and nothing begins."""

from __future__ import annotations

import asyncio
import inspect
import warnings

import pytest

import notebook_http as nh

LOAD = "%load_ext notebook_http\nimport asyncio\nimport notebook_http as nh\napp = {}"
CALLS = [
    ("nh.serve(app)", "nh.serve(…): no server was started yet. Put `await` in front."),
    ("nh.settle()", "nh.settle(…): it has not waited for any job yet. Put `await` in front."),
    ("nh.Server(app).start()", "server.start(…): it was not started yet. Put `await` in front."),
    ("nh.Server(app).stop()", "server.stop(): it was not stopped yet. Put `await` in front."),
    ("nh.Client().close()", "client.close(): nothing was closed yet. Put `await` in front."),
]


@pytest.mark.parametrize(("code", "text"), CALLS, ids=[code for code, _ in CALLS])
def test_the_call_says_what_did_not_happen(code, text):
    """And does not happen: that is no warning on top, once it was seen."""
    app: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pending = eval(code, {"nh": nh, "app": app})
        assert repr(pending) == text
        assert "Put <code>await</code> in front." in pending._repr_mimebundle_()["text/html"]
        del pending
    assert len(nh.servers()) == 0


def test_where_nobody_sees_it_there_is_a_warning():
    """In the very line, not whenever memory is tidied up."""
    with pytest.warns(RuntimeWarning, match=r"no server was started yet. Put `await`") as caught:
        nh.serve({})
    assert caught[0].filename == __file__


async def test_it_is_a_coroutine_to_asyncio():
    """Awaited, in tasks and groups, cancelled before it began, and closed: without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(await nh.settle()) >= 0
        await asyncio.gather(nh.settle(), asyncio.create_task(nh.settle(timeout=1)))
        task = asyncio.create_task(nh.settle())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        nh.settle().close()


async def test_it_is_awaited_once():
    """As a coroutine is; the message says where its result went."""
    pending = nh.settle()
    await pending
    with pytest.raises(RuntimeError, match=r"already awaited\. Its result is what `await` gave"):
        await pending


def test_what_only_the_result_has_is_explained():
    """Other names are missing as ever."""
    pending = nh.serve({})
    with pytest.raises(AttributeError, match=r"there is no \.url\. Put `await` in front"):
        pending.url  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        pending.nonsense  # noqa: B018


def test_a_wrong_argument_is_an_error_at_once():
    """In the line of the call, with the signature that its help shows."""
    with pytest.raises(TypeError, match="prot"):
        nh.serve({}, prot=3)  # type: ignore[call-arg]
    assert list(inspect.signature(nh.serve).parameters) == ["app", "name", "port"]


@pytest.mark.kernel
def test_in_a_cell(kernel):
    """As its value, in the middle of it, and in `asyncio.run`."""
    kernel.run(LOAD)
    assert kernel.run("nh.serve(app)").text == CALLS[0][1]
    middle = kernel.run("nh.serve(app)\nprint('done')")
    assert "no server was started yet. Put `await` in front." in middle.stderr
    hinted = kernel.run("asyncio.run(nh.serve(app))")
    assert "write `await nh.serve(app)`" in hinted.error.splitlines()[-1]
    assert hinted.stderr == ""
    assert kernel.run("len(nh.servers())").text == "0"
    assert kernel.run("(await nh.serve(app)).running").text == "True"
