"""`nh.secret` in a real kernel: prompts, and cells that try to show it."""

from __future__ import annotations

import json
import time
from queue import Empty

import pytest

from tests.notebook.conftest import KernelInUse

pytestmark = pytest.mark.kernel

START = """
import os
os.environ["CANARY"] = "c4nary/value with marks"
import notebook_http as nh
token = nh.secret("CANARY")
"""
SHOWING = {
    "value": "token",
    "f-string": 'f"Bearer {token}"',
    "print": 'print(token, f"<{token}>", [f"{token}"])',
    "stderr": 'import sys; print(f"<{token}>", file=sys.stderr)',
    "display": 'from IPython.display import HTML, display; display(HTML(f"<b>{token}</b>"))',
    "update": "h = display(1, display_id=True); h.update(HTML(f'{token}'))",
    "error": 'raise ValueError(f"no {token}")',
    "frame": 'import pandas; pandas.DataFrame({"a": [f"{token}", token]})',
    "encoded": "import base64; base64.b64encode(f'user:{token}'.encode())",
    "widget": 'import ipywidgets; ipywidgets.Text(value=f"{token}")',
    "late": "import asyncio\nasync def f(): print(f'{token}')\nawait asyncio.create_task(f())",
    "log": "import logging; logging.warning('x %s %s', token, f'{token}')",
    "shell": '!echo "$CANARY"',
}


@pytest.fixture(scope="module")
def ready(kernel: KernelInUse) -> KernelInUse:
    """A kernel that holds the secret."""
    assert kernel.run(START).error == ""
    return kernel


@pytest.mark.parametrize("how", SHOWING)
def test_no_cell_shows_it(ready: KernelInUse, how: str) -> None:
    """Nothing that leaves the kernel has it, and what has no secret in it leaves as ever."""
    outcome = ready.run(SHOWING[how])
    shown = json.dumps([outcome.stdout, outcome.stderr, outcome.values, outcome.updates])
    shown += outcome.error
    assert "c4nary" not in shown
    assert "value with marks" not in shown
    assert "YzRuYXJ5" not in shown
    if how == "widget":
        assert outcome.values, outcome
        assert "Text" in outcome.text
    elif how == "value":
        assert outcome.text == "'***'"
    else:
        assert "••••" in json.dumps(shown, ensure_ascii=False) or "\\u2022" in shown


def test_it_stays_itself_in_the_namespace(ready: KernelInUse) -> None:
    """What is masked is what is shown."""
    assert ready.run('token == os.environ["CANARY"], len(f"{token}")').text == "(True, 23)"


def test_widgets_keep_the_value_in_the_kernel(ready: KernelInUse) -> None:
    """The state that a notebook saves comes from messages, which are masked."""
    code = "import ipywidgets\nw = ipywidgets.Text(value=f'{token}')\nw.value == token"
    assert ready.run(code).text == "True"


def test_a_prompt_is_typed_once(ready: KernelInUse) -> None:
    """The front end is asked for a password; a cell that runs again does not ask."""
    client = ready._client
    client.execute("typed = nh.secret('TYPED', prompt='say it: ')\nprint(f'<{typed}>')")
    message = client.get_stdin_msg(timeout=30)
    assert message["content"] == {"prompt": "say it: ", "password": True}
    client.input("typed-by-hand")
    shown = ""
    until = time.monotonic() + 30
    while "<" not in shown and time.monotonic() < until:
        try:
            found = client.get_iopub_msg(timeout=0.2)
        except Empty:
            continue
        shown += found["content"].get("text", "") if found["msg_type"] == "stream" else ""
    assert shown.strip() == "<•••• (len 13)>"
    outcome = ready.run("nh.secret('TYPED') == 'typed' + '-by-hand'")
    assert outcome.text == "True"


def test_a_prompt_does_not_tell_it(ready: KernelInUse) -> None:
    """Of `input` and of whatever else asks: front ends keep prompts with the cell."""
    client = ready._client
    client.execute("input(f'a name for {token}: ')")
    message = client.get_stdin_msg(timeout=30)
    client.input("x")
    assert message["content"]["prompt"] == "a name for •••• (len 23): "
    assert ready.run("1 + 1").text == "2"


def test_a_debugger_does_not_tell_it(ready: KernelInUse) -> None:
    """Its answers hold the values of variables."""
    client = ready._client
    content = {
        "type": "request",
        "seq": 1,
        "command": "richInspectVariables",
        "arguments": {"variableName": "shown_by_debuggers"},
    }
    ready.run("shown_by_debuggers = f'{token}'")
    message = client.session.msg("debug_request", content)
    client.control_channel.send(message)
    reply = client.get_control_msg(timeout=30)
    assert reply["header"]["msg_type"] == "debug_reply"
    assert "••••" in json.dumps(reply["content"], ensure_ascii=False)
    assert "c4nary" not in json.dumps(reply["content"])


def test_where_no_prompt_is_possible_it_says_so(ready: KernelInUse) -> None:
    """As in nbclient: front ends may say that they cannot ask."""
    client = ready._client
    request = client.execute("nh.secret('NOT_THERE')", allow_stdin=False)
    reply = client.get_shell_msg(timeout=30)
    while reply["parent_header"]["msg_id"] != request:
        reply = client.get_shell_msg(timeout=30)
    assert reply["content"]["ename"] == "SecretNotFoundError"
    assert "nobody can be asked here" in reply["content"]["evalue"]
