"""A waiter does what a future does for its task, and at once where nothing stands in the way."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from notebook_http.transport.prompt_waiter import PromptWaiter

variable: ContextVar[str] = ContextVar("variable", default="nobody's")


async def wait_for(waiter: PromptWaiter[str], log: list[str]) -> str:
    variable.set("the task's")
    try:
        result = await waiter
    except asyncio.CancelledError as error:
        log.append(f"cancelled {error.args}")
        raise
    log.append(f"{result}, {variable.get()}, {asyncio.current_task() is not None}")
    return result


async def test_a_task_goes_on_before_resolve_returns() -> None:
    """In its own context, and as the current task."""
    loop, log = asyncio.get_running_loop(), list[str]()
    waiter: PromptWaiter[str] = PromptWaiter(loop)
    task = asyncio.create_task(wait_for(waiter, log))
    await asyncio.sleep(0)

    def resolve() -> None:
        assert not waiter.done()
        waiter.resolve("came")
        assert log == ["came, the task's, True"]
        assert (variable.get(), asyncio.current_task()) == ("nobody's", None)

    loop.call_soon(resolve)
    assert await task == "came"
    waiter.resolve("again")
    assert (waiter.result(), waiter.done(), waiter.cancelled()) == ("came", True, False)


async def test_a_running_task_is_not_interrupted() -> None:
    """It would be in the middle of something."""
    log = list[str]()
    waiter: PromptWaiter[str] = PromptWaiter(asyncio.get_running_loop())
    task = asyncio.create_task(wait_for(waiter, log))
    await asyncio.sleep(0)
    waiter.resolve("came")
    assert log == []
    assert await task == "came"


@pytest.mark.parametrize("how", ["resolve", "resolve_soon"])
async def test_what_came_before_anybody_waited_is_there(how: str) -> None:
    waiter: PromptWaiter[str] = PromptWaiter(asyncio.get_running_loop())
    with pytest.raises(asyncio.InvalidStateError):
        waiter.result()
    getattr(waiter, how)("early")
    assert await wait_for(waiter, []) == "early"
    assert repr(waiter) == "<PromptWaiter finished>"


async def test_soon_is_the_next_turn() -> None:
    loop, log = asyncio.get_running_loop(), list[str]()
    waiter: PromptWaiter[str] = PromptWaiter(loop)
    task = asyncio.create_task(wait_for(waiter, log))
    await asyncio.sleep(0)

    def resolve() -> None:
        waiter.resolve_soon("came")
        assert log == []

    loop.call_soon(resolve)
    assert await task == "came"


async def test_a_cancelled_task_goes_on_with_the_error() -> None:
    """With its message, a turn later; and what comes then is too late."""
    loop, log = asyncio.get_running_loop(), list[str]()
    waiter: PromptWaiter[str] = PromptWaiter(loop)
    task = asyncio.create_task(wait_for(waiter, log))
    await asyncio.sleep(0)
    task.cancel("enough")
    assert waiter.cancelled()
    assert not waiter.cancel()
    waiter.resolve("too late")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["cancelled ('enough',)"]
    with pytest.raises(asyncio.CancelledError, match="enough"):
        waiter.result()


async def test_a_timeout_ends_the_waiting() -> None:
    waiter: PromptWaiter[str] = PromptWaiter(asyncio.get_running_loop())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waiter


async def test_loops_that_are_nested_take_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nest_asyncio a task may run the loop again, which cannot read where it is called."""
    monkeypatch.setattr(asyncio, "_nest_patched", True, raising=False)
    loop, log = asyncio.get_running_loop(), list[str]()
    waiter: PromptWaiter[str] = PromptWaiter(loop)
    task = asyncio.create_task(wait_for(waiter, log))
    await asyncio.sleep(0)

    def resolve() -> None:
        waiter.resolve("came")
        assert log == []

    loop.call_soon(resolve)
    assert await task == "came"


async def test_an_error_behind_it_is_the_tasks() -> None:
    """Whoever resolved it does not see it."""
    loop = asyncio.get_running_loop()
    waiter: PromptWaiter[str] = PromptWaiter(loop)

    async def fail() -> None:
        await waiter
        raise LookupError("mine")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    loop.call_soon(waiter.resolve, "came")
    with pytest.raises(LookupError, match="mine"):
        await task


async def test_it_is_for_one_task() -> None:
    waiter: PromptWaiter[str] = PromptWaiter(asyncio.get_running_loop())
    first = asyncio.create_task(wait_for(waiter, []))
    second = asyncio.create_task(wait_for(waiter, []))
    with pytest.raises(RuntimeError, match="another task waits"):
        await second
    waiter.resolve("came")
    assert await first == "came"
