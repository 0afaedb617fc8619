"""The transformer that awaits our magics, behind IPython's own."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from notebook_http.notebook.extension import load_ipython_extension, unload_ipython_extension
from notebook_http.notebook.magic_calls import as_written
from notebook_http.notebook.magics.awaiting import await_magics
from notebook_http.notebook.magics.exceptions import MagicSyntaxError

NAMES = frozenset({"http"})


@pytest.fixture
def transform(shell: Any) -> Any:
    """What the shell, extension loaded, makes of a cell before it is compiled."""
    load_ipython_extension(shell)
    return shell.transform_cell


@pytest.mark.parametrize(
    ("cell", "made"),
    [
        ("%http :3000/x", "await get_ipython().run_line_magic('http', ':3000/x')\n"),
        ("x = %http :3000/x", "x = await get_ipython().run_line_magic('http', ':3000/x')\n"),
        ("%%http :1/x\nA: b\n", "await get_ipython().run_cell_magic('http', ':1/x', 'A: b\\n')\n"),
        ("%%http :1/x", "await get_ipython().run_cell_magic('http', ':1/x', '\\n')\n"),
        ("\n\n%%http\nGET :1/x", "await get_ipython().run_cell_magic('http', '', 'GET :1/x\\n')\n"),
        (
            "for i in a:\n    x = %http :1/{i}\n",
            "for i in a:\n    x = await get_ipython().run_line_magic('http', ':1/{i}')\n",
        ),
        (
            "if a:\n    with b:\n        %http :1/\n",
            "if a:\n    with b:\n        await get_ipython().run_line_magic('http', ':1/')\n",
        ),
        (
            "async def f():\n    %http :1/\n",
            "async def f():\n    await get_ipython().run_line_magic('http', ':1/')\n",
        ),
        (
            "a = 'ü'; b = 1\nx = %http :1/ü\ny = 2\n",
            "a = 'ü'; b = 1\nx = await get_ipython().run_line_magic('http', ':1/ü')\ny = 2\n",
        ),
        (
            "%http :1/a\n%http :1/b\n",
            "await get_ipython().run_line_magic('http', ':1/a')\n"
            "await get_ipython().run_line_magic('http', ':1/b')\n",
        ),
    ],
)
def test_our_magics_are_awaited(transform, cell, made):
    """Wherever IPython reads a magic, so that no form of it is a trap."""
    assert transform(cell) == made


def test_a_magic_without_its_sign_is_awaited(transform):
    """Automagic reads `http …` as `%http …`."""
    assert transform("http :3000/x").startswith("await get_ipython().run_line_magic('http'")


@pytest.mark.parametrize(
    "cell",
    [
        "%time 1\n",
        "%%time\nx = 1\n",
        "x = %pwd\n",
        "%%bash\ncurl :3000\n",
        "!ls\n",
        "text = \"get_ipython().run_line_magic('http', 'x')\"\n",
        "# %http :3000\n",
        "s = '''\n%http x\n'''\n",
        "%https x\n",
        "http = 1\n",
        "x = (\n",
    ],
)
def test_other_cells_are_left_alone(shell, cell):
    """Other people's magics, strings, comments and broken code are none of our business."""
    before = shell.transform_cell(cell)
    load_ipython_extension(shell)
    assert shell.transform_cell(cell) == before


def test_what_is_awaited_stays_as_it_is():
    """A front end may hand over a cell that was transformed before."""
    lines = ["x = await get_ipython().run_line_magic('http', 'a')\n"]
    assert await_magics(lines, NAMES) == lines
    once = await_magics(["get_ipython().run_cell_magic('http', 'a', '')\n"], NAMES)
    assert await_magics(once, NAMES) == once


def test_line_ends_inside_a_line_do_not_count(transform):
    """Python counts lines by LF alone; a form feed must not shift the place of the `await`."""
    made = transform("a = 1\x0c\nx = %http :1/\n")
    assert "x = await get_ipython()" in made


def test_a_line_may_go_on_behind_a_backslash(transform):
    """As any long line in a notebook."""
    made = transform("x = %http :1/ \\\n    a==b\n")
    assert made == "x = await get_ipython().run_line_magic('http', ':1/      a==b')\n"


def test_a_warning_about_the_cell_is_not_given_twice(transform):
    r"""Python warns of `\d` when the cell is compiled; our own look at it stays silent."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transform("a = '\\d'\n%http :1/\n")


def test_in_a_function_that_cannot_await_the_value_is_a_coroutine(transform):
    """`await f()` then works; an `await` in the function would be a SyntaxError."""
    made = transform("def f():\n    x = %http :1/\n    return x\n")
    assert "await" not in made


@pytest.mark.parametrize("opening", ["def fetch():", "class Fetch:"])
def test_a_request_that_would_never_be_sent_is_an_error(transform, opening):
    """Its value is dropped, so nobody could await it later."""
    with pytest.raises(MagicSyntaxError) as caught:
        transform(f"{opening}\n    %http :1/\n")
    message = str(caught.value)
    assert "cannot await, so this request would never be sent" in message
    assert "%http :1/" in message
    assert len(message.splitlines()) <= 12


def test_completeness_checks_still_wait_for_a_cells_body(shell):
    """At a terminal `%%http` must not be sent before its body is typed."""
    before = shell.input_transformer_manager.check_complete("%%http POST :1/\nA: b")
    load_ipython_extension(shell)
    assert shell.input_transformer_manager.check_complete("%%http POST :1/\nA: b") == before
    assert before[0] == "incomplete"
    assert shell.input_transformer_manager.check_complete("x = %http :1/")[0] == "complete"


def test_unloading_ends_it(shell):
    """A transformer left behind would await a magic that is gone."""
    load_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert "await" not in shell.transform_cell("%http :1/")


@pytest.mark.parametrize(
    "written", ["x = %http :1/{i} a==b", "%http :1/", "%%http --df", "x = f(1)", "x = ("]
)
def test_a_line_is_shown_as_it_was_written(transform, written):
    """An error must quote the cell, not what we made of it."""
    made = transform(written + ("\n\n" if written.startswith("%%") else "")).splitlines()[0]
    assert as_written("    " + made + "\n") == written
