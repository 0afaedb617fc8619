"""`asyncio.run(…)` in a cell: the error gains one line that says what to write."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import pytest

from notebook_http.notebook.asyncio_run_hint import hint_for
from notebook_http.notebook.extension import load_ipython_extension, unload_ipython_extension


@pytest.fixture
def cell(shell: Any, capsys: Any) -> Any:
    """Run a cell on the running loop, as a kernel does; return what was shown."""
    load_ipython_extension(shell)
    shell.run_cell("import asyncio\nasync def make_request(*args):\n    return 1\n")

    async def run(code: str) -> str:
        capsys.readouterr()
        await shell.run_cell_async(code, transformed_cell=shell.transform_cell(code))
        return capsys.readouterr().out.strip()

    return run


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (
            "asyncio.run(make_request())",
            "write `await make_request()` in place of `asyncio.run(make_request())`",
        ),
        ("x = asyncio.run(make_request(1, 'ü'))", "write `await make_request(1, 'ü')`"),
        ("from asyncio import run\nrun(make_request())", "write `await make_request()`"),
        (
            "asyncio.run(\n    make_request(\n        1,\n    )\n)",
            "write `await make_request(1)` in place of `asyncio.run(make_request(1))`",
        ),
        ("a = [asyncio.run(make_request())]", "write `await make_request()`"),
        (
            "asyncio.get_running_loop().run_until_complete(make_request())",
            "write `await make_request()`",
        ),
        ("with asyncio.Runner() as r:\n    r.run(make_request())", "write `await make_request()`"),
        (
            "loop = asyncio.new_event_loop()\ntry:\n    loop.run_until_complete(make_request())\n"
            "finally:\n    loop.close()",
            "write `await make_request()`",
        ),
        (
            "def main():\n    return asyncio.run(make_request())\nmain()",
            "make it `async def main` and write `await make_request()` in it",
        ),
    ],
)
async def test_the_hint_names_the_callers_own_call(cell, code, advice):
    """A general answer has to be translated first, and that is where people give up."""
    shown = await cell(code)
    assert "RuntimeError" in shown
    last = shown.splitlines()[-1]
    assert last.startswith("The event loop of this notebook runs already: ")
    assert advice in last


async def test_the_error_is_shown_as_ever_above_the_hint(cell, shell):
    """The hint comes after the original message, never instead of it."""
    code = "asyncio.run(make_request())"
    with_hint = await cell(code)
    unload_ipython_extension(shell)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # now nobody closes the coroutine
        without = await cell(code)
        gc.collect()
    *above, hint = with_hint.splitlines()
    assert above == without.splitlines()
    assert "await make_request()" in hint


async def test_the_coroutine_is_closed(cell, shell):
    """`never awaited`, in some later cell, would be about this one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await cell("asyncio.run(make_request())")
        await cell("1")
        gc.collect()


async def test_a_coroutine_that_a_variable_holds_can_still_be_awaited(cell, shell):
    """The hint says `await c`; closing it would make that a second error."""
    shown = await cell("c = make_request()\nasyncio.run(c)")
    assert "write `await c`" in shown
    await cell("result = await c")
    assert shell.user_ns["result"] == 1


async def test_custom_exception_handlers_stay(cell, shell):
    """The one slot that IPython has belongs to the user."""
    seen = []

    def theirs(shell: Any, kind: Any, error: Any, traceback: Any, tb_offset: Any = None) -> None:
        seen.append(error)
        shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)

    shell.set_custom_exc((RuntimeError,), theirs)
    try:
        shown = await cell("asyncio.run(make_request())")
        assert len(seen) == 1
        assert "write `await make_request()`" in shown
        assert shell.custom_exceptions == (RuntimeError,)
        unload_ipython_extension(shell)
        assert shell.custom_exceptions == (RuntimeError,)
    finally:
        shell.set_custom_exc((), None)


def test_a_magic_that_runs_its_cell_by_itself_is_named(kernel):
    """`%%capture` cannot await; it is not the user who wrote `run_until_complete(coro)`."""
    kernel.run("%load_ext notebook_http\nimport asyncio, gc, sys, warnings")
    shown = kernel.run("%%capture\nawait asyncio.sleep(0)").error
    advice = shown.rpartition("The event loop")[2]
    assert "leave the magic out" in advice
    assert "coro" not in advice
    after = kernel.run("sys.last_value = sys.last_traceback = sys.last_exc = None\ngc.collect()")
    assert "never awaited" not in after.stderr


async def test_a_library_that_starts_a_loop_is_not_the_users_to_rewrite(cell, shell, tmp_path):
    """The hint names no line that nobody here can edit."""
    library = tmp_path / "site-packages" / "some_client.py"
    library.parent.mkdir()
    library.write_text(
        "import asyncio\nasync def work():\n    pass\ndef fetch():\n    asyncio.run(work())\n"
    )
    shown = await cell(
        f"import sys\nsys.path.insert(0, {str(library.parent)!r})\n"
        "try:\n    import some_client\nfinally:\n    sys.path.pop(0)\nsome_client.fetch()"
    )
    assert "fetch() of a library starts another" in shown
    assert "asyncio.to_thread" in shown


async def test_other_runtime_errors_get_no_hint(cell):
    """Not even those that asyncio raises."""
    shown = await cell("raise RuntimeError('other')")
    assert "event loop of this notebook" not in shown
    assert hint_for(RuntimeError("This event loop is already running")) == ""
    assert hint_for(ValueError("asyncio.run() cannot be called from a running event loop")) == ""


async def test_a_long_call_is_cut_short(cell):
    """One line of hint, whatever the call looks like."""
    shown = await cell(f"asyncio.run(make_request({', '.join(['1234567890'] * 50)}))")
    hint = shown.splitlines()[-1]
    assert "…" in hint
    assert len(hint) < 350
