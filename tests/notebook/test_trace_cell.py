"""`%%httptrace` in a real kernel: one table of what the cell sent, however it ends."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from notebook_http.notebook.magics.trace_cell import await_trace
from tests.notebook.conftest import KernelInUse

START = """
%load_ext notebook_http
import asyncio
import notebook_http as nh
from notebook_http import web
tries = []
async def items(request):
    return web.json_response({"a": 1})
async def flaky(request):
    tries.append(1)
    return web.Response(status=503 if len(tries) % 3 else 200, text="x" * 2000)
async def slow(request):
    await asyncio.sleep(30)
async def moved(request):
    raise web.HTTPFound("/items")
app = web.Application()
app.router.add_get("/items", items)
app.router.add_get("/flaky", flaky)
app.router.add_get("/slow", slow)
app.router.add_get("/moved", moved)
server = await nh.serve(app)
url = server.url
"""


@pytest.fixture(scope="module")
def ready(kernel: KernelInUse) -> KernelInUse:
    """A kernel with a server in it."""
    outcome = kernel.run(START)
    assert outcome.error == "", outcome.error
    return kernel


@pytest.mark.kernel
def test_one_table_of_all_that_was_sent(ready: KernelInUse) -> None:
    """In order, from every client, with attempts, redirects, sizes and masked secrets."""
    outcome = ready.run(
        "%%httptrace\n"
        "r = await nh.get(url + 'items?token=c4nary')\n"
        "await nh.Client(middlewares=[nh.RetryMiddleware(base_delay=0.01)]).get(url + 'flaky')\n"
        "async with nh.ClientSession() as session:\n"
        "    async with session.get(url + 'moved') as response:\n"
        "        await response.read()\n"
        "print('from the cell')\n"
        "r.status"
    )
    assert outcome.error == "", outcome.error
    assert outcome.stdout == "from the cell\n"
    value, shown = (bundle["text/plain"] for bundle in outcome.values)
    assert value == "200"
    lines = shown.splitlines()
    assert lines[0] == "This cell sent 4 requests"
    assert re.match(
        r"1\. \[nh\] GET http\S+items\?token=•••• \(len 6\): 200 OK, .*ms, 8 ", lines[1]
    )
    assert re.match(r"2\. \[session 1\] GET \S+flaky: 200 OK, .*, 3 attempts$", lines[2]), lines[2]
    assert "302 Found" in lines[3]
    assert "[session 2]" in lines[3]
    assert re.match(r"4\. \[session 2\] GET \S+items: 200 OK", lines[4])
    assert "c4nary" not in json.dumps(outcome.values)
    assert "<table" in outcome.values[1]["text/html"]


@pytest.mark.kernel
def test_it_is_shown_when_the_cell_fails(ready: KernelInUse) -> None:
    """With the request that failed, and the line of the cell that did."""
    outcome = ready.run(
        "%%httptrace\nawait nh.get(url + 'items')\nawait nh.get('http://127.0.0.1:9/')"
    )
    assert "ClientConnectorError" in outcome.error_name
    assert "200 OK" in outcome.text
    assert "2. [nh] GET http://127.0.0.1:9/: ClientConnectorError" in outcome.text
    outcome = ready.run("%%httptrace\n\n1 / 0")
    assert outcome.error_name == "ZeroDivisionError"
    assert "3 " in outcome.error
    assert outcome.text == "This cell sent nothing"


@pytest.mark.kernel
def test_it_is_shown_when_the_cell_is_stopped(ready: KernelInUse) -> None:
    """The request was under way."""
    outcome = ready.run("%%httptrace\nawait nh.get(url + 'slow')", stop_after=1)
    assert outcome.error_name == "KeyboardInterrupt"
    assert re.search(r"1\. \[nh\] GET \S+slow: CancelledError", outcome.text), outcome.text


@pytest.mark.kernel
def test_the_next_cell_has_no_table(ready: KernelInUse) -> None:
    """And nothing stands in the way of requests any more."""
    outcome = ready.run(
        "from notebook_http.client.session import ClientSession\n"
        "(await nh.get(url + 'items')).status, ClientSession._call.__name__"
    )
    assert outcome.text == "(200, '_call')"


@pytest.mark.kernel
def test_it_can_be_asked_for_help(ready: KernelInUse) -> None:
    """As any magic."""
    assert "httptrace" in ready.run("%lsmagic").text
    outcome = ready.run(
        "%unload_ext notebook_http\n'httptrace' in str(get_ipython().magics_manager.magics)"
    )
    assert outcome.text == "False"
    assert "not found" in ready.run("%%httptrace\n1").stderr
    ready.run("%load_ext notebook_http")


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%httptrace --all\n1", "takes nothing on its line"),
        ("%%httptrace\n%%http\nGET :3000/", "no other cell magic"),
    ],
    ids=["option", "another magic"],
)
def test_what_it_does_not_take_is_named(cell: str, says: str) -> None:
    """With where it stands."""
    with pytest.raises(MagicSyntaxError, match=says):
        await_trace(cell.splitlines(keepends=True))


@pytest.mark.parametrize("cell", ["", "1", "%%httptracer\n1", "%%httptrace?", "x\n%%httptrace"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    """The transformer sees them all."""
    lines: list[Any] = cell.splitlines(keepends=True)
    assert await_trace(lines) == lines
