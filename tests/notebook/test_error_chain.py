"""Errors that are not ours, but came through our code: the user's lines stay, ours go."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.display.error import MAX_LINES
from notebook_http.notebook.extension import load_ipython_extension
from notebook_http.notebook.last_error import last_error

OUR_FILES = str(Path(nh.__file__).parent) + os.sep


@pytest.fixture
def cell(shell: Any, capfd: Any) -> Callable[[str], Any]:
    """Run a cell; return all that was shown, on both channels. `closed` is an address."""
    load_ipython_extension(shell)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell.user_ns.update(nh=nh, web=web, asyncio=asyncio)
    shell.user_ns["closed"] = f"http://ada:c4n4ry@127.0.0.1:{port}/?token=c4n4ry"

    async def run(code: str) -> str:
        capfd.readouterr()
        await shell.run_cell_async(code, transformed_cell=shell.transform_cell(code))
        shown = capfd.readouterr()
        return (shown.out + shown.err).strip()

    return run


# Groups


async def test_a_task_group_whose_requests_fail_is_told_in_twelve_lines(cell):
    """IPython prints the whole traceback of each task: hundreds of lines of our internals."""
    shown = await cell(
        "async with asyncio.TaskGroup() as group:\n"
        "    for _ in range(3):\n        group.create_task(nh.get(closed))\n"
    )
    assert len(shown.splitlines()) <= MAX_LINES
    assert shown.startswith("ExceptionGroup: unhandled errors in a TaskGroup (")
    assert "ClientConnectorError: Cannot connect" in shown
    assert "Nothing listens on port" in shown
    assert "Next   Start the server first" in shown
    assert "line 1:  async with asyncio.TaskGroup() as group:" in shown
    assert "c4n4ry" not in shown
    assert isinstance(last_error.exception, ExceptionGroup)


async def test_groups_in_a_group_and_many_kinds_of_failure_are_counted(cell):
    """Twelve lines, whatever happened."""
    shown = await cell(
        "kinds = [nh.InvalidURL, nh.ClientPayloadError, nh.ServerDisconnectedError,\n"
        "         nh.TooManyRedirects, nh.ClientError]\n"
        "errors = [kind('x') for kind in kinds if kind is not nh.TooManyRedirects]\n"
        "inner = ExceptionGroup('inner', [nh.ClientError('y'), nh.ClientError('y')])\n"
        "raise ExceptionGroup('outer', [*errors, inner, nh.ClientError('z')])"
    )
    assert len(shown.splitlines()) <= MAX_LINES
    assert "2 times ClientError: y" in shown
    assert "and 2 more" in shown


async def test_a_group_with_an_error_of_the_users_own_is_shown_as_ever(cell):
    """There the traceback is what is wanted."""
    shown = await cell("raise ExceptionGroup('mixed', [nh.ClientError('x'), KeyError('mine')])")
    assert "Exception Group Traceback" in shown
    assert "KeyError: 'mine'" in shown


# Chains


@pytest.mark.parametrize(
    ("last_line", "words"),
    [
        ("raise KeyError('mine') from error", "direct cause"),
        ("error.nothing", "During handling"),
    ],
)
async def test_a_cause_of_ours_is_told_in_short(cell, last_line, words):
    """The user's own error keeps its traceback; 100 lines of our internals do not stand above."""
    shown = await cell(
        f"try:\n    await nh.get(closed)\nexcept nh.ClientError as error:\n    {last_line}"
    )
    assert OUR_FILES not in shown
    assert len(shown.splitlines()) <= 2 * MAX_LINES
    assert "ClientConnectorError: Cannot connect" in shown
    assert words in shown
    assert f"----> 4     {last_line}" in shown
    assert "Nothing listens on port" in shown


async def test_the_chain_of_an_error_stays_as_it_was(cell, shell):
    """It is only shown in another way."""
    await cell(
        "kept = []\ntry:\n    await nh.get(closed)\nexcept nh.ClientError as error:\n"
        "    kept.append(error)\n    kept.append(KeyError('mine'))\n    raise kept[1] from error"
    )
    cause, error = shell.user_ns["kept"]
    assert error.__cause__ is cause
    assert error.__context__ is cause
    assert error.__suppress_context__
    assert cause.__cause__ is not None


async def test_an_error_of_on_startup_shows_the_users_lines_only(cell):
    """Between `await nh.serve(app)` and the user's function stand nine frames of others."""
    shown = await cell(
        "async def connect(app):\n    raise KeyError('DATABASE')\n"
        "app = web.Application()\napp.on_startup.append(connect)\nawait nh.serve(app)"
    )
    assert OUR_FILES not in shown
    assert "----> 5 await nh.serve(app)" in shown
    assert "----> 2     raise KeyError('DATABASE')" in shown
    assert last_error.exception is not None
    assert OUR_FILES in last_error.traceback


async def test_a_fault_of_our_own_keeps_its_traceback(cell):
    """Whoever reports it needs all of it."""
    shown = await cell("nh.get(closed).no_such_thing")
    assert OUR_FILES in shown


async def test_the_whole_is_there_when_asked_for(cell):
    """`%xmode Verbose` means it."""
    shown = await cell("%xmode Verbose")
    shown = await cell("try:\n    await nh.get(closed)\nexcept nh.ClientError:\n    raise KeyError")
    await cell("%xmode Context")
    assert OUR_FILES in shown
