"""Canaries in every place that a secret can be in: nothing that is shown or saved has one."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.kernel

TUTORIALS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.ipynb"))
NAMES = ["env", "header", "query", "basic", "bearer", "cookie", "json", "form", "proxy", "server"]
# No letters that need escaping in some and many in others; none looks like a token by its shape.
CANARIES = {name: f"c4n-{name}/{number} wïth+&='mark" for number, name in enumerate(NAMES)}

SETUP = """
%load_ext notebook_http
import logging, os, sys
import notebook_http as nh
from notebook_http import web
logging.basicConfig(filename="all.log", level=logging.DEBUG, force=True)
s = {name: nh.secret(f"CANARY_{name.upper()}") for name in NAMES}
async def echo(request):
    body = await request.text()
    return web.json_response({"headers": dict(request.headers), "url": str(request.url),
                              "body": body, "note": f"said {s['server']} itself"},
                             headers={"X-Said": quote(s["server"])})
async def fail(request):
    raise RuntimeError(f"with {s['server']} in it")
app = web.Application()
app.router.add_route("*", "/echo", echo)
app.router.add_get("/fail", fail)
server = await nh.serve(app)
url = server.url + "echo"
tape = nh.cassette("tape.json").start()
"""
CELLS = [
    "server",
    "r = await nh.get(url, headers={'X-Note': quote(s['header']), 'X-Env': b64(s['env'])})\nr",
    "await nh.get(url, params={'note': s['query']})",
    "await nh.get(url, auth=nh.BasicAuth('al', s['basic']))",
    "await nh.get(url, headers={'Authorization': 'Bearer ' + b64(s['bearer'])})",
    "await nh.get(url, headers={'Cookie': 'note=' + quote(s['cookie'])})",
    "p = await nh.post(url, json={'note': s['json'], 'deep': [{s['json']: 1}]})\np",
    "f = await nh.post(url, data={'note': s['form']})\nf",
    "print(p); print(f.text); print(p.json())",
    "p.request, f.request, p.headers, f.request.headers",
    "print(p.request.to_curl()); print(p.request.to_python()); print(f.request.to_http())",
    "p.widget()",
    "p.df()",
    "%http GET {url} note=={s['query']} X-Note:{quote(s['header'])}",
    "%%httptrace\nasync with nh.ClientSession() as session:\n"
    "    async with session.get(url, params={'a': s['query']}) as response:\n"
    "        print(await response.text())",
    "(await nh.fetch_all([url + '?q=' + quote(s['query'])])).df()",
    "nh.history()",
    "nh.history().df()",
    "_ = nh.history().har('all.har')",
    "await nh.get(server.url + 'fail')",
    "s, list(s.values()), f'{s}'",
    "for each in s.values(): print(each, repr(each), f'<{each}>', file=sys.stderr)",
    "raise ValueError(*s.values())",
    "await nh.get('http://127.0.0.1:9/?note=' + quote(s['query']))",
    "await nh.get(url, proxy='http://al:' + quote(s['proxy'], safe='') + '@127.0.0.1:9/')",
    "nh.last_error",
    "await nh.get(server.url + 'nowhere/' + quote(s['query'], safe=''), raise_for_status=True)",
    "nh.get(url + '?a=' + quote(s['query']))",
    "import traceback\ntry:\n    {}[s['json']]\nexcept KeyError: traceback.print_exc()",
    "logging.warning('%s and %r', s['env'], s['env'])",
    "tape.stop()",
    "await server.stop()",
]


def forms(value: str) -> list[str]:
    """Return parts of *value* as they look in different writings; each is only in it."""
    head = value.split(" ")[0]
    coded = b64encode(f"al:{value}".encode()).decode()
    alone = b64encode(value.encode()).decode()
    return [head, quote(head, safe=""), head.split("/")[0], coded[8:24], alone[2:18]]


def leaks(text: str) -> list[str]:
    """Return the names of the canaries that *text* holds, in any form."""
    return [name for name, value in CANARIES.items() if any(f in text for f in forms(value))]


def run(notebook: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return *notebook*, run in *folder* with the canaries in its environment, and saved."""
    for name, value in CANARIES.items():
        monkeypatch.setenv(f"CANARY_{name.upper()}", value)
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=60,
        allow_errors=True,
        store_widget_state=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    nbformat.write(notebook, folder / "saved.ipynb")
    return notebook


def test_nothing_that_is_shown_or_saved_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notebook with its widgets' state, the recording, the HTTP archive."""
    first = (
        "from base64 import b64encode\nfrom urllib.parse import quote\n"
        "def b64(value): return b64encode(value.encode()).decode()\n"
        f"NAMES = {NAMES!r}\n"
    )
    sources = [first, SETUP, *CELLS]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources]
    )
    run(notebook, tmp_path, monkeypatch)
    for cell in notebook.cells[:3]:
        assert not [out for out in cell.outputs if out.output_type == "error"], cell.outputs
    for cell in notebook.cells:
        assert not leaks(json.dumps(cell.outputs, ensure_ascii=False)), cell.source
        assert "is not defined" not in json.dumps(cell.outputs), cell.source
    state = json.dumps(notebook.metadata.get("widgets", {}), ensure_ascii=False)
    assert "state" in state
    assert not leaks(state)
    for name in ("saved.ipynb", "tape.json", "all.har"):
        text = (tmp_path / name).read_text()
        assert len(text) > 1000
        assert not leaks(text), name
    assert json.loads((tmp_path / "tape.json").read_text())["interactions"][2:]
    ours = [
        line for line in (tmp_path / "all.log").read_text().splitlines() if "notebook_http" in line
    ]
    assert ours
    assert not leaks("\n".join(ours)), [line for line in ours if leaks(line)]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorials_show_no_secret_that_they_are_given(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a default client whose every request carries some."""
    notebook = nbformat.read(path, as_version=4)
    more = (
        "import os\nfrom base64 import b64encode\nimport notebook_http as nh\n"
        f"for _name in {NAMES!r}: nh.secret('CANARY_' + _name.upper())\n"
        "_mine = {'X-Note': os.environ['CANARY_HEADER'].encode('ascii', 'ignore').decode()}\n"
        "_t = nh.secret('CANARY_BEARER')\n"
        "async def _give(request, handler):\n"
        "    request.headers['Authorization'] = 'Bearer ' + b64encode(_t.encode()).decode()\n"
        "    return await handler(request)\n"
        "from notebook_http.notebook.client import let_all_pass\n"
        "let_all_pass((_give,))\n"
    )
    notebook.cells.insert(0, nbformat.v4.new_code_cell(more))
    run(notebook, tmp_path, monkeypatch)
    assert not [out for out in notebook.cells[0].outputs if out.output_type == "error"]
    assert not leaks((tmp_path / "saved.ipynb").read_text())


def test_a_leak_would_be_seen() -> None:
    """Else the tests above could not fail."""
    for name, value in CANARIES.items():
        for text in (value, quote(value), f"<{b64encode(f'al:{value}'.encode()).decode()}>"):
            assert name in leaks(text)
