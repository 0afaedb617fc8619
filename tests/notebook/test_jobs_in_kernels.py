"""Jobs in cells of a real kernel: whose output is whose, Stop, and the end of the kernel."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel
LOAD = "%load_ext notebook_http\nimport asyncio\nimport notebook_http as nh"
TALK = """
async def talk():
    for number in range(4):
        print("printed", number)
        display(f"displayed {number}")
        await asyncio.sleep(0.2)
job = nh.spawn(talk())
"""


def test_output_stays_with_the_cell_that_started_the_job(kernel):
    """Also when that has ended, and another one prints in between."""
    kernel.run(LOAD)
    started = kernel.run(TALK)
    another = kernel.run("for n in range(4):\n    print('mine', n)\n    await asyncio.sleep(0.2)")
    kernel.run("await job")
    kernel.run("await asyncio.sleep(0.3)")  # streams are sent every 0.2 s
    assert started.stdout.split("\n") == [*(f"printed {n}" for n in range(4)), ""]
    assert another.stdout.split("\n") == [*(f"mine {n}" for n in range(4)), ""]
    assert [each["text/plain"] for each in started.values] == [f"'displayed {n}'" for n in range(4)]
    assert another.values == []


def test_a_failure_is_shown_at_once_where_the_job_was_started(kernel):
    """Asyncio's own message goes to no cell, if anybody is there to send it."""
    kernel.run(LOAD)
    started = kernel.run(
        "async def fail():\n    await asyncio.sleep(0.3)\n    raise ValueError('broken')\n"
        "job = nh.spawn(fail(), name='breaking')"
    )
    later = kernel.run("await asyncio.sleep(0.8)")
    lines = started.stderr.splitlines()
    assert lines[0] == "Job breaking failed after 0.3 s:"
    assert "ValueError: broken" in started.stderr
    assert "line 3:  raise ValueError('broken')" in started.stderr
    assert len(lines) <= 12
    assert later.stderr == ""
    assert kernel.run("await job").error_name == "ValueError"
    assert "broken" in kernel.run("nh.last_error").text


def test_a_request_that_fails_says_what_to_try(kernel):
    """As it does when it is awaited."""
    kernel.run(LOAD)
    started = kernel.run("job = nh.spawn(nh.get('http://127.0.0.1:1/'))")
    kernel.run("await asyncio.sleep(0.5)")
    assert started.stderr.startswith("Job GET http://127.0.0.1:1/ failed")
    assert "Next" in started.stderr
    assert len(started.stderr.splitlines()) <= 12


def test_settle_shows_how_all_ended(kernel):
    """In the cell that awaits it: that is what an executed notebook keeps."""
    kernel.run(LOAD)
    kernel.run("nh.spawn(asyncio.sleep(0.2), name='napping')")
    outcome = kernel.run("await nh.settle(10)")
    assert "napping" in outcome.text
    assert "done" in outcome.text
    assert "<caption>Jobs of this notebook</caption>" in outcome.values[-1]["text/html"]


def test_stop_ends_the_waiting_and_not_the_job(kernel):
    """Neither for one that awaits it, nor for one that waits for all."""
    kernel.run(LOAD)
    kernel.run("job = nh.spawn(asyncio.sleep(30))")
    for waiting in ("await job", "await nh.settle()"):
        stopped = kernel.run(waiting, stop_after=0.4)
        assert stopped.error_name == "KeyboardInterrupt"
        assert stopped.seconds_after_stop < 1.5
    assert kernel.run("job.state").text == "'running'"
    ended = kernel.run("job.cancel()\nawait nh.settle(5)\njob.state")
    assert ended.text == "'cancelled'"


def test_a_job_that_exits_does_not_take_the_kernel_along(kernel):
    """Asyncio lets SystemExit through, to the kernel's own loop."""
    kernel.run(LOAD)
    started = kernel.run("import sys\nasync def leave():\n    sys.exit(3)\njob = nh.spawn(leave())")
    kernel.run("await asyncio.sleep(0.2)")
    assert "only the job has ended" in started.stderr
    assert kernel.run("1 + 1").text == "2"


def test_the_clean_up_of_jobs_runs_when_the_kernel_ends(kernel, tmp_path):
    """A kernel itself cancels nothing. That our extension is not loaded makes no difference."""
    kernel.run(LOAD)
    ended = tmp_path / "ended"
    kernel.run(
        "async def endless(path):\n    try:\n        await asyncio.sleep(60)\n    finally:\n"
        "        open(path, 'a').write('cleaned up')\n"
        f"job = nh.spawn(endless({str(ended)!r}))\n"
        "await asyncio.sleep(0.1)\n"
        "%unload_ext notebook_http\n"
    )
    kernel.restart()
    assert ended.read_text() == "cleaned up"
