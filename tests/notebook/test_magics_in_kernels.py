"""The magics in cells of a real kernel: what is shown, in which order, and what stays."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel
SERVER = """
%load_ext notebook_http
import notebook_http as nh
from notebook_http import web

async def login(request):
    return web.json_response({"token": "c4n4ryc4n4ry", "items": [{"id": 5}]})

async def echo(request):
    return web.json_response({"path": request.path_qs, "token": request.headers.get("X-Token")})

app = web.Application()
app.router.add_post("/login", login)
app.router.add_route("*", "/{tail:.*}", echo)
runner = web.AppRunner(app, access_log=None)
await runner.setup()
await web.TCPSite(runner, "127.0.0.1", 0).start()
host = f"127.0.0.1:{runner.addresses[0][1]}"
"""


@pytest.fixture
def cells(kernel):
    """The kernel, with the extension loaded and a server running; `host` is where."""
    started = kernel.run(SERVER)
    assert started.error == ""
    return kernel


def test_replies_are_shown_in_their_order(cells):
    """One card for each request, and all of them as the cell's value."""
    done = cells.run(
        "%%http\n@base = http://{{host}}\n# @name login\nPOST {{base}}/login\n###\n"
        "GET {{base}}/a\nX-Token: {{login.response.body.$.token}}\n"
    )
    assert done.error == ""
    assert len(done.values) == 3
    assert "/login" in done.values[0]["text/plain"]
    assert "/a" in done.values[1]["text/plain"]
    assert done.text.startswith("<2 replies of a cell>\n  'login': <Reply 200 OK")
    assert cells.run("_[1].json()['token'][:6]").text == "'c4n4ry'"
    later = cells.run("%http {host}/b X-Token:{{login.response.body.$.token}}")
    assert later.error == ""
    assert len(later.values) == 1


def test_a_request_that_fails_is_named(cells):
    """In the twelve lines that a cell has for an error."""
    done = cells.run("%%http\nGET http://{{host}}/a\n###\nGET :1/\n###\nGET http://{{host}}/c\n")
    assert len(done.values) == 1
    assert "This was request 2 of 3 (line 4); the one behind it was not sent." in done.error
    assert len(done.error.splitlines()) <= 12


def test_what_a_cell_asserts_stands_below_the_card(cells):
    """One card, the list below it, and the reply as the cell's value."""
    done = cells.run(
        "%%http\nPOST http://{{host}}/login\n?? status == 200\n?? body $.items[0].id == 5\n"
    )
    assert done.error == ""
    assert len(done.values) == 2
    assert "/login" in done.values[0]["text/plain"]
    assert done.text == "2 assertions, all hold\n✓ status == 200\n✓ body $.items[0].id == 5"
    assert "✓ <code>status == 200</code>" in done.values[1]["text/html"]
    assert cells.run("_.status").text == "200"
    assert "/login" in cells.run("__").text  # another cell shows its card again


def test_an_assertion_that_fails_ends_the_cell_when_all_are_shown(cells):
    """In short, with its line and what was found."""
    done = cells.run(
        "%%http --into both\nPOST http://{{host}}/login\n?? status == 404\n?? duration < 60000\n"
        "###\nGET http://{{host}}/b\n?? body $.path == /b\n"
    )
    assert done.error_name == "ReplyAssertionError"
    assert "1 of 3 assertions failed" in done.error
    assert "line 3: ✗ status == 404: found 200" in done.error
    assert len(done.error.splitlines()) <= 12
    assert len(done.values) == 4
    assert cells.run("len(both)").text == "2"
    slip = cells.run("%%http\nGET http://{{host}}/b\n?? statsu == 200\n")
    assert "Did you mean status?" in slip.error
    assert slip.values == []


def test_a_frame_may_be_asserted_of_as_well(cells):
    """Its reply is looked at; the frame is the value."""
    done = cells.run("%%http --df\nPOST http://{{host}}/login\n?? status == 200\n")
    assert done.error == ""
    assert cells.run("type(_).__name__").text == "'DataFrame'"


def test_tab_proposes_what_fits(cells):
    """On the magic's own line on every IPython; below it where IPython tells what is above."""
    ask = """
from IPython.core.completer import provisionalcompleter
def proposed(code):
    with provisionalcompleter():
        return [each.text for each in get_ipython().Completer.completions(code, len(code))]
"""
    cells.run(ask)
    cells.run("await nh.get(f'http://ada:c4n4ry@{host}/')")
    assert "--timeout" in cells.run("proposed('%http GET :1/a --tim')").text
    hosts = cells.run("[each for each in proposed('%http GET http') if host in each]").text
    assert "127.0.0.1" in hosts
    assert "c4n4ry" not in hosts


def test_settings_are_set_in_cells_and_gone_when_unloaded(cells):
    """By IPython's own `%config`."""
    assert cells.run("%config NotebookHTTP.base_url = f'http://{host}/'").error == ""
    assert cells.run("(await nh.get('a')).json()['path']").text == "'/a'"
    assert "NotebookHTTP.base_url = 'http://127.0.0.1:" in cells.run("%http_config").text
    slip = cells.run("%http_config timeuot = 5")
    assert "Did you mean timeout?" in slip.error
    assert len(slip.error.splitlines()) <= 12
    cells.run("%unload_ext notebook_http")
    left = cells.run(
        "[each for each in get_ipython().configurables if 'notebook_http' in type(each).__module__]"
    )
    assert left.text == "[]"
    cells.run("%load_ext notebook_http")
