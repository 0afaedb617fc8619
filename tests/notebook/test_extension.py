"""`%load_ext notebook_http`: what is put into a shell, and that nothing of it stays behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web
from notebook_http.client.exceptions import ClientError, TotalTimeoutError
from notebook_http.notebook.extension import load_ipython_extension, unload_ipython_extension
from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from tests.notebook.shell_cells import run

_SHORT = (ClientError, TotalTimeoutError, MagicSyntaxError)


@pytest.fixture
async def echo_url(shell: Any) -> Any:
    """A server that answers with what it was asked, as JSON; its address with a slash."""

    async def echo(request: web.Request) -> web.Response:
        return web.json_response(
            {
                "method": request.method,
                "path": request.path_qs,
                "headers": dict(request.headers),
                "body": await request.text(),
            }
        )

    async def rows(request: web.Request) -> web.Response:
        return web.json_response([{"a": 1, "b": {"c": "x"}}, {"a": 2, "b": {"c": "y"}}])

    app = web.Application()
    app.router.add_get("/rows", rows)
    app.router.add_route("*", "/{tail:.*}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


def state_of(shell: Any) -> tuple[Any, ...]:
    """Return all of *shell* and of this process that the extension touches."""
    import signal

    return (
        {kind: dict(magics) for kind, magics in shell.magics_manager.magics.items()},
        list(vars(shell.magics_manager.user_magics)),
        list(shell.input_transformers_post),
        list(shell.input_transformers_cleanup),
        list(shell.Completer.custom_matchers),
        list(shell.configurables),
        shell.showtraceback,
        shell.custom_exceptions,
        {event: list(calls) for event, calls in shell.events.callbacks.items()},
        ["_render_traceback_" in vars(cls) for cls in _SHORT],
        signal.getsignal(signal.SIGWINCH),
        signal.getsignal(signal.SIGURG),
    )


# Loading ----------------------------------------------------------------------------------------


async def test_unloading_leaves_nothing_behind(shell):
    """A notebook that unloads an extension wants its shell back."""
    before = state_of(shell)
    load_ipython_extension(shell)
    assert state_of(shell) != before
    unload_ipython_extension(shell)
    assert state_of(shell) == before


async def test_loading_twice_is_loading_once(shell):
    """`%reload_ext`, or two cells that load it, must not send a request twice."""
    before = state_of(shell)
    load_ipython_extension(shell)
    once = state_of(shell)
    load_ipython_extension(shell)
    assert state_of(shell) == once
    unload_ipython_extension(shell)
    assert state_of(shell) == before
    unload_ipython_extension(shell)
    assert state_of(shell) == before


async def test_a_magic_of_that_name_comes_back(shell):
    """Somebody else's `%http` is only covered while ours is loaded."""

    def theirs(line: str) -> str:
        return line

    shell.register_magic_function(theirs, "line", "http")
    load_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert shell.find_line_magic("http") is theirs
    assert shell.find_cell_magic("http") is None


async def test_who_shows_errors_next_stays_in_charge(shell):
    """Another extension may have stepped in front of us; taking it out would break it."""
    load_ipython_extension(shell)
    ours = shell.showtraceback
    shown = []

    def theirs(*args: Any, **keywords: Any) -> None:
        shown.append(args)
        ours(*args, **keywords)

    shell.showtraceback = theirs
    unload_ipython_extension(shell)
    assert shell.showtraceback is theirs
    shell.run_cell("1/0")
    assert shown


async def test_the_ipython_commands_load_and_unload_it(shell):
    """The way everybody does it."""
    shell.run_line_magic("load_ext", "notebook_http")
    assert shell.find_line_magic("http") is not None
    shell.run_line_magic("reload_ext", "notebook_http")
    assert shell.find_cell_magic("http") is not None
    shell.run_line_magic("unload_ext", "notebook_http")
    assert shell.find_line_magic("http") is None


async def test_the_magic_explains_itself(shell, capsys):
    """`%%http?` is where people look first; `%lsmagic` is where they find it."""
    load_ipython_extension(shell)
    shell.run_line_magic("lsmagic", "")
    shell.run_line_magic("pinfo", "%%http")
    help_text = capsys.readouterr().out
    for word in ("[METHOD] URL", "key:=json", "{{expr}}", "--into NAME", "--df"):
        assert word in help_text
    assert "%%http" in str(shell.run_line_magic("lsmagic", ""))


_MEASURE = """
    import asyncio, json, sys, time
    from ipykernel.inprocess.manager import InProcessKernelManager  # as in a kernel: IPython is up
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
    before = set(sys.modules)
    begun = time.process_time()
    shell.run_line_magic("load_ext", "notebook_http")
    seconds = time.process_time() - begun
    print(json.dumps([seconds, sorted(set(sys.modules) - before)]))
"""


def test_loading_is_quick_and_imports_nothing_heavy(slowness):
    """It stands at the top of every notebook; pandas alone would take ten times as long."""
    import json

    best = 9.0
    modules: set[str] = set()
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(_MEASURE)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        seconds, names = json.loads(done.stdout.splitlines()[-1])
        best = min(best, seconds)
        modules.update(name.partition(".")[0] for name in names)
    assert not modules & {"pandas", "numpy", "ipywidgets", "anywidget", "matplotlib", "pyarrow"}
    assert best <= 0.3 * slowness()


# The magics, sent for real ----------------------------------------------------------------------


async def test_a_line_gives_the_reply(shell, echo_url):
    """The whole way: IPython's shell, our transformer, our client, our server."""
    load_ipython_extension(shell)
    shell.user_ns.update(base=echo_url, name='O\'Brien & "Co"')
    reply = await run(shell, "%http {base}items q=={name} X-Note:{{name}}")
    assert reply.status == 200
    answer = reply.json()
    assert answer["method"] == "GET"
    assert answer["path"] == "/items?q=O%27Brien+%26+%22Co%22" or "O'Brien" in answer["path"]
    assert answer["headers"]["X-Note"] == 'O\'Brien & "Co"'


async def test_a_line_can_be_assigned(shell, echo_url):
    """`x = %http …` keeps the reply and shows nothing."""
    load_ipython_extension(shell)
    shell.user_ns["base"] = echo_url
    value = await run(shell, 'x = %http POST {base} name=Ada age:=36 tags:=["a b", {"c": null}]')
    assert value is None
    answer = shell.user_ns["x"].json()
    assert answer["method"] == "POST"
    assert answer["headers"]["Content-Type"].startswith("application/json")
    assert answer["body"].replace(" ", "") == ('{"name":"Ada","age":36,"tags":["ab",{"c":null}]}')


async def test_a_cell_sends_its_headers_and_body(shell, echo_url):
    """And keeps the reply in the variable that `--into` names."""
    load_ipython_extension(shell)
    shell.user_ns.update(base=echo_url, user={"name": 'a"b'}, token="t-1")
    cell = (
        "%%http --into r\nPUT {{base}}users/7\nX-Token: {{token}}\n\n"
        '{"user": {{user}}, "note": "by {{user["name"]}}", "cost": "$5 {x}"}\n'
    )
    reply = await run(shell, cell)
    assert reply is shell.user_ns["r"]
    answer = reply.json()
    assert (answer["method"], answer["path"]) == ("PUT", "/users/7")
    assert answer["headers"]["X-Token"] == "t-1"
    assert answer["headers"]["Content-Type"].startswith("application/json")
    assert answer["body"] == '{"user": {"name": "a\\"b"}, "note": "by a\\"b", "cost": "$5 {x}"}'


async def test_df_gives_a_frame(shell, echo_url):
    """The shortest way from a URL to a table."""
    load_ipython_extension(shell)
    shell.user_ns["base"] = echo_url
    frame = await run(shell, "%%http GET {base}rows --df --into rows")
    assert list(frame.columns) == ["a", "b.c"]
    assert shell.user_ns["rows"] is frame
    frame = await run(shell, "%http {base}rows --df")
    assert len(frame) == 2


async def test_magics_run_in_loops_and_functions(shell, echo_url):
    """In a function its own variables come before the notebook's."""
    load_ipython_extension(shell)
    shell.user_ns.update(base=echo_url, n="global")
    cell = """
replies = []
for i in range(2):
    r = %http {base}{i}
    replies.append(r.json()["path"])

async def fetch(n):
    r = %http {base}{n}/{[n for _ in "ab"][1]}
    return r.json()["path"]

replies.append(await fetch("local"))
replies
"""
    assert await run(shell, cell) == ["/0", "/1", "/local/local"]


async def test_a_coroutine_from_a_plain_function_can_be_awaited(shell, echo_url):
    """`def` cannot await, its caller can."""
    load_ipython_extension(shell)
    shell.user_ns["base"] = echo_url
    await run(shell, "def fetch(n):\n    r = %http {base}{n}\n    return r\n")
    assert (await run(shell, "await fetch(5)")).json()["path"] == "/5"


async def test_a_cancelled_magic_leaves_its_variable_alone(shell, echo_url):
    """Half a reply is none."""
    load_ipython_extension(shell)
    shell.user_ns.update(base=echo_url, r="before")
    sending = asyncio.ensure_future(
        shell.run_line_magic("http", "{base} --into r"),
    )
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert shell.user_ns["r"] == "before"


async def test_a_wrong_line_sends_nothing(shell, capsys):
    """It is told at once, in a few lines, without a traceback through our code."""
    load_ipython_extension(shell)
    with pytest.raises(MagicSyntaxError):
        await run(shell, "%http GTE :3000/x")
    shown = capsys.readouterr().out
    assert "Did you mean GET?" in shown
    assert "Where  Cell In[" in shown
    assert "%http GTE :3000/x" in shown
    assert "Traceback" not in shown
    assert len(shown.strip().splitlines()) <= 12
