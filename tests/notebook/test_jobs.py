"""`nh.spawn`, `nh.jobs` and `nh.settle` on a loop of the test's own."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref

import pytest

import notebook_http as nh


@pytest.fixture(autouse=True)
def only_jobs_of_this_test():
    """Forget what other tests have started."""
    from notebook_http.notebook import jobs

    jobs._running.clear()
    jobs._ended.clear()


async def answer(seconds: float = 0.0) -> int:
    """Return 42, after a while."""
    await asyncio.sleep(seconds)
    return 42


async def fail(seconds: float = 0.0) -> None:
    """Fail, after a while."""
    await asyncio.sleep(seconds)
    raise ValueError("broken: https://me:secret@example.com/")


async def settled(turns: int = 5) -> None:
    """Give the loop a few turns."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_a_job_returns_its_result_as_often_as_it_is_asked(capsys):
    """And says how it stands."""
    job = nh.spawn(answer())
    assert (job.state, job.done, job.error) == ("running", False, None)
    assert "Job answer running for 0.0 s. `await` it" in repr(job)
    assert (await job, await job) == (42, 42)
    assert (job.state, job.done, job.error) == ("done", True, None)
    assert capsys.readouterr().err == ""


async def test_a_job_is_held_until_it_ends():
    """Asyncio holds tasks weakly: one that nobody keeps may be collected half-way."""
    seen = []

    async def wait_for_what_only_it_knows() -> None:
        never = asyncio.get_running_loop().create_future()
        waiting.append(weakref.ref(never))
        seen.append(await never)

    waiting: list[weakref.ref[asyncio.Future[int]]] = []
    nh.spawn(wait_for_what_only_it_knows())
    await settled()
    gc.collect()
    future = waiting[0]()
    assert future is not None
    future.set_result(1)
    del future
    await settled()
    assert seen == [1]


async def test_a_failure_is_told_at_once_and_once(capsys):
    """In few lines, secrets masked; whoever awaits it later gets it all the same."""
    job = nh.spawn(fail(), name="breaking")
    await settled()
    told = capsys.readouterr().err
    assert told.splitlines()[0] == "Job breaking failed after 0.0 s:"
    assert "ValueError: broken" in told
    assert "secret" not in told
    assert len(told.splitlines()) <= 12
    assert nh.last_error.exception is job.error
    with pytest.raises(ValueError, match="broken"):
        await job
    del job
    gc.collect()
    assert capsys.readouterr().err == ""


async def test_a_failure_that_somebody_awaits_is_told_to_them(capsys):
    """Alone or among others, and also when it fails right away."""
    with pytest.raises(ValueError, match="broken"):
        await nh.spawn(fail(0.01))
    with pytest.raises(ValueError, match="broken"):
        await asyncio.gather(nh.spawn(fail()), nh.spawn(answer()))
    assert capsys.readouterr().err == ""


async def test_a_group_names_what_is_in_it(capsys):
    """The text of a group alone says nothing."""

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(20):
                tasks.create_task(fail())

    nh.spawn(group())
    await settled(10)
    told = capsys.readouterr().err
    assert "  ValueError: broken" in told
    assert "  and 16 more" in told
    assert len(told.splitlines()) <= 12


async def test_a_cancel_is_told_once(capsys):
    """Its clean-up has run by then."""
    job = nh.spawn(answer(30), name="endless")
    await settled()
    assert job.cancel()
    await nh.settle(5)
    assert (job.state, job.cancel()) == ("cancelled", False)
    assert capsys.readouterr().err == "Job endless cancelled after 0.0 s.\n"
    with pytest.raises(asyncio.CancelledError):
        await job
    assert capsys.readouterr().err == ""


async def test_whoever_awaits_may_be_cancelled(capsys):
    """The job goes on, and what it fails with is told."""
    job = nh.spawn(fail(0.05))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await job
    assert job.state == "running"
    await nh.settle(5)
    assert "Job fail failed" in capsys.readouterr().err


async def test_a_failure_in_the_moment_of_a_cancel_is_told(capsys):
    """Nobody saw it: not the one who awaited, since that was cancelled in the same turn."""
    failing = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await failing

    job = nh.spawn(wait())
    waiter = asyncio.create_task(job._result())
    await settled()
    failing.set_exception(ValueError("broken"))
    while not job.done:
        await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert "ValueError: broken" in capsys.readouterr().err


async def test_settle_waits_for_jobs_of_jobs_and_lists_how_they_ended():
    """The table is what an executed notebook keeps."""

    async def outer() -> None:
        await asyncio.sleep(0.01)
        nh.spawn(answer(0.05), name="inner")

    nh.spawn(outer())
    nh.spawn(fail(), name="breaking")
    listed = await nh.settle(5)
    assert [(job.name, job.state) for job in listed] == [
        ("outer", "done"),
        ("breaking", "failed"),
        ("inner", "done"),
    ]
    lines = repr(listed).splitlines()
    assert lines[0].split() == ["name", "state", "started", "seconds", "cell"]
    assert lines[2].startswith("breaking  failed: ValueError: broken")
    assert "secret" not in listed._repr_mimebundle_()["text/html"]


async def test_jobs_that_settle_do_not_wait_for_each_other():
    """Nor for themselves, not even from a task of theirs."""

    async def settling() -> None:
        await asyncio.create_task(nh.settle(5))

    nh.spawn(settling())
    nh.spawn(settling())
    assert [job.state for job in await nh.settle(3)] == ["done", "done"]


async def test_settle_gives_up_in_time():
    """Naming those that still run, which go on."""
    job = nh.spawn(answer(30), name="endless")
    with pytest.raises(TimeoutError, match=r"After 0\.05 s these jobs still run: endless"):
        await nh.settle(timeout=0.05)
    assert job.state == "running"
    job.cancel()
    await nh.settle(5)


async def test_jobs_are_taken_by_number_and_by_name():
    """As servers are; a wrong name says which there are."""
    first, second = nh.spawn(answer(), name="a"), nh.spawn(answer(), name="a")
    listed = nh.jobs()
    assert (listed[0], listed["a"], list(listed[:1])) == (first, second, [first])
    with pytest.raises(KeyError, match="No job is called 'b'; there are: 'a'"):
        listed["b"]
    await nh.settle(5)


async def test_ended_jobs_are_not_kept_for_ever():
    """Their results may be large."""
    for _ in range(30):
        await nh.spawn(answer())
    assert len(nh.jobs()) == 20


async def test_what_only_the_result_has_is_explained():
    """Whoever forgot the `await` is told where it goes."""
    job = nh.spawn(answer())
    with pytest.raises(AttributeError, match=r"of its result it is \(await job\)\.json"):
        job.json  # noqa: B018
    assert await job == 42


async def test_a_job_cannot_await_itself(capsys):
    """It would wait for ever."""

    async def selfish() -> None:
        await nh.jobs()["selfish"]

    job = nh.spawn(selfish())
    with pytest.raises(RuntimeError, match="awaits itself"):
        await job


async def test_a_job_is_awaited_from_another_loop():
    """In another thread; the loop of `nh.run` that our own waits for is refused."""
    job = nh.spawn(answer(0.05))
    assert await asyncio.to_thread(lambda: asyncio.run(job._result())) == 42


async def test_a_job_of_the_waiting_loop_is_refused(shell):
    """`nh.run` would wait for what waits for it."""
    job = nh.spawn(answer(0.05))

    async def ask() -> int:
        return await job

    with pytest.raises(RuntimeError, match=r"in place of `nh\.run`"):
        nh.run(job)
    with pytest.raises(RuntimeError, match=r"in place of `nh\.run`"):
        nh.run(ask())
    assert await job == 42


def test_without_a_loop_there_is_no_background():
    """The coroutine is closed, so that nobody complains of it later."""
    with pytest.raises(RuntimeError, match="needs a running event loop"):
        nh.spawn(answer())
    with pytest.raises(TypeError, match="takes a coroutine"):
        nh.spawn(answer)  # type: ignore[arg-type]


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run *program* in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )


SCRIPT = """
import asyncio
import notebook_http as nh

async def endless():
    try:
        await asyncio.sleep(30)
    finally:
        print("cleaned up")

async def main():
    nh.spawn(endless())
    await asyncio.sleep(0.05)
"""


def test_a_script_that_ends_before_its_jobs_says_so():
    """`asyncio.run` cancels them."""
    done = run(f"{SCRIPT}\nasyncio.run(main())")
    assert done.stdout == "cleaned up\n"
    assert done.stderr.startswith("Job endless cancelled after 0.")
    assert len(done.stderr.splitlines()) == 1


def test_a_loop_that_is_closed_over_its_jobs_says_so():
    """Their clean-up runs at the end of the process, without the loop."""
    program = f"{SCRIPT}\nloop = asyncio.new_event_loop()\nloop.run_until_complete(main())\n"
    done = run(f"{program}loop.close()\nprint(nh.jobs()[0].state)")
    assert done.stdout == "cleaned up\nlost\n"
    assert done.stderr.startswith("Job endless lost after 0.")
    assert len(done.stderr.splitlines()) == 1


def test_a_process_that_ends_over_its_jobs_says_so():
    """Their loop was neither run to their end nor closed, as in a kernel."""
    done = run(f"{SCRIPT}\nloop = asyncio.new_event_loop()\nloop.run_until_complete(main())\n")
    assert done.stdout == "cleaned up\n"
    assert done.stderr.startswith("Job endless lost after 0.")
