"""What an installed package gives to pytest: the plugin is there without being asked for."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[2]
PROGRAM = """
from notebook_http import web

async def test_it(http_client, pytestconfig):
    assert (await (await http_client(web.Application())).get("/")).status == 404
    assert pytestconfig.getoption("aiohttp_fast") is True
"""


@pytest.fixture
def installed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put what an installer makes of pyproject.toml's entry points on the path."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = ["[pytest11]"]
    lines += [f"{name} = {module}" for name, module in project["entry-points"]["pytest11"].items()]
    folder = pytester.mkdir("installed")
    metadata = folder / "notebook_http-0.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: notebook-http\nVersion: 0.0\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT)]))


@pytest.mark.usefixtures("installed")
def test_it_is_loaded_once(pytester: pytest.Pytester) -> None:
    """Also where a conftest asks for it by name, as it does for aiohttp's."""
    pytester.makepyfile(PROGRAM)
    pytester.makeconftest("pytest_plugins = ['notebook_http.pytest_plugin']")
    others = ("-p", "no:asyncio", "-p", "no:anyio", "-p", "no:cacheprovider")
    result = pytester.runpytest_subprocess(*others, "--aiohttp-fast", "-W", "error")
    result.assert_outcomes(passed=1)


@pytest.mark.usefixtures("installed")
def test_it_can_be_left_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(http_client): pass")
    result = pytester.runpytest_subprocess("-p", "no:notebook_http.pytest_plugin")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'http_client' not found*"])


@pytest.mark.usefixtures("installed")
def test_plugins_that_are_loaded_one_by_one(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pytest-asyncio has another name then, and runs the test all the same."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(PROGRAM)
    plugins = ("-p", "notebook_http.pytest_plugin", "-p", "pytest_asyncio.plugin")
    options = ("--aiohttp-fast", "--asyncio-mode=auto", "-W", "error", "-p", "no:cacheprovider")
    scope = ("-o", "asyncio_default_fixture_loop_scope=function")
    result = pytester.runpytest_subprocess(*plugins, *options, *scope)
    result.assert_outcomes(passed=1)
