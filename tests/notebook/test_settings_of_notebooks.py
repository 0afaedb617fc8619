"""Settings of the default client: in cells, in a project's file, and gone when unloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notebook_http import web
from notebook_http.notebook import client
from notebook_http.notebook.extension import load_ipython_extension, unload_ipython_extension
from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from tests.notebook.shell_cells import run


@pytest.fixture
async def url(shell: Any, tmp_path: Path, monkeypatch: Any) -> Any:
    """A server that answers with the header X-Team, and redirects; in a folder of its own."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/away":
            raise web.HTTPFound("/here")
        return web.json_response([request.path, request.headers.get("X-Team")])

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.chdir(tmp_path)
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    unload_ipython_extension(shell)
    await runner.cleanup()


async def test_a_cell_sets_them(shell, url, capsys):
    """For the magics and for `nh.get`; unloading takes them away."""
    load_ipython_extension(shell)
    await run(shell, f"%config NotebookHTTP.base_url = '{url}/v1/'")
    await run(shell, "%http_config headers = {'X-Team': 't', 'X-Api-Key': 'c4n4ryc4n4ry'}")
    await run(shell, "%http_config follow = False")
    assert (await run(shell, "%http /a")).json() == ["/a", "t"]
    assert (await client.get("b")).json() == ["/v1/b", "t"]
    assert (await client.get(f"{url}/away")).status == 302
    assert (await client.get(f"{url}/away", allow_redirects=True)).status == 200
    await run(shell, "%http_config")
    shown = capsys.readouterr().out
    assert "NotebookHTTP.follow = False" in shown
    assert "c4n4ry" not in shown
    unload_ipython_extension(shell)
    assert (await client.get(f"{url}/away")).json() == ["/here", None]


@pytest.mark.parametrize(
    "cell",
    [
        "%http_config",
        "%config NotebookHTTP",
        "%config NotebookHTTP.headers",
        "%config NotebookHTTP.base_url",
        "print(get_ipython().run_line_magic('config', 'NotebookHTTP.headers'))",
    ],
)
async def test_no_way_of_showing_them_shows_a_secret(shell, url, capsys, cell):
    """Neither of headers nor of the URL; what is sent is whole."""
    load_ipython_extension(shell)
    await run(shell, f"%config NotebookHTTP.base_url = 'http://me:c4n4ryc4n4ry@{url[7:]}/v1/'")
    await run(shell, "%config NotebookHTTP.headers = {'X-Team': 't', 'X-Api-Key': 'c4n4ryc4n4ry'}")
    await run(shell, cell)
    shown = capsys.readouterr().out
    assert "••••" in shown
    assert "c4n4ry" not in shown
    sent = (await run(shell, "%http /a")).request.headers
    assert sent["X-Api-Key"] == "c4n4ryc4n4ry"
    assert sent["Authorization"].startswith("Basic ")


async def test_a_time_limit_is_kept(shell, url):
    """As a number of seconds, whole ones too."""
    load_ipython_extension(shell)
    await run(shell, "%config NotebookHTTP.timeout = 10")
    assert client.default_client()._options == {"timeout": 10}
    with pytest.raises(MagicSyntaxError, match=r"(?s)does not fit timeout.*a float"):
        await run(shell, "%http_config timeout = soon")
    with pytest.raises(MagicSyntaxError, match=r"Did you mean timeout\?"):
        await run(shell, "%http_config timeuot = 5")


async def test_a_projects_file_sets_them(shell, url, tmp_path, monkeypatch):
    """The nearest above; what a cell says wins."""
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.notebook-http]\nbase-url = "{url}/"\ntimeout = 5\nheaders = {{X-Team = "file"}}\n'
    )
    below = tmp_path / "notebooks"
    below.mkdir()
    monkeypatch.chdir(below)
    load_ipython_extension(shell)
    assert (await run(shell, "%http /a")).json() == ["/a", "file"]
    await run(shell, "%config NotebookHTTP.headers = {'X-Team': 'cell'}")
    assert (await run(shell, "%http /a")).json() == ["/a", "cell"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timeuot = 5", ["no setting timeuot", "Did you mean timeout?", "pyproject.toml:3"]),
        ('timeout = "soon"', ["timeout has a value that does not fit", "float", ":3)"]),
        ("headers = 5", ["headers has a value that does not fit", "dict"]),
        ("verify = false", ["verify is no setting for a file", "%config NotebookHTTP.verify"]),
        ("timeout = ", ["cannot be read"]),
    ],
)
async def test_what_is_wrong_in_a_file_is_told(shell, url, tmp_path, text, words):
    """With the file, the line and the nearest right name; nothing is loaded then."""
    (tmp_path / "pyproject.toml").write_text(f"[project]\n[tool.notebook-http]\n{text}\n")
    with pytest.raises(MagicSyntaxError) as caught:
        load_ipython_extension(shell)
    for word in words:
        assert word in str(caught.value)
    assert shell.find_line_magic("http") is None
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    load_ipython_extension(shell)


async def test_loading_leaves_the_default_client_alone(shell, url):
    """Its cookies and connections are those of the cells before."""
    before = client.default_client()
    load_ipython_extension(shell)
    unload_ipython_extension(shell)
    assert client.default_client() is before
