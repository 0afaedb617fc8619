"""Our pytest plugin and aiohttp's: the same tests run with either, and with both at once."""

from __future__ import annotations

import json
import subprocess
import sys

import aiohttp.pytest_plugin  # noqa: F401  (see test_pytest_plugin)
import pytest

import notebook_http.pytest_plugin
import notebook_http.test_utils.fixture_factories
import notebook_http.test_utils.mocked_request  # noqa: F401
from notebook_http import web  # noqa: F401

pytest_plugins = "pytester"

ALONE = (
    *("-p", "no:asyncio", "-p", "no:anyio", "-W", "default"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
BOTH = ("aiohttp", "notebook_http")

PROGRAM = """
import pytest
from {name} import web
from {name}.test_utils import TestClient, TestServer, make_mocked_request

VALUE = web.AppKey("value", str)

async def hello(request):
    return web.Response(text="hello")

def make_app(loop=None):
    app = web.Application()
    app.router.add_get("/", hello)
    return app

async def test_hello(aiohttp_client):
    client = await aiohttp_client(make_app())
    resp = await client.get("/")
    assert resp.status == 200
    assert "hello" in await resp.text()

async def test_app_from_a_factory(aiohttp_client):
    client = await aiohttp_client(make_app)
    assert isinstance(client, TestClient)
    assert (await client.get("/")).status == 200

async def test_server(aiohttp_server, aiohttp_client):
    server = await aiohttp_server(make_app())
    assert isinstance(server, TestServer)
    client = await aiohttp_client(server)
    assert client.server is server
    assert (await client.get("/")).status == 200

async def test_raw_server(aiohttp_raw_server, aiohttp_client):
    async def handler(request):
        return web.Response(text=request.path)

    server = await aiohttp_raw_server(handler)
    client = await aiohttp_client(server)
    assert await (await client.get("/x")).text() == "/x"

async def test_port(aiohttp_server, aiohttp_unused_port):
    port = aiohttp_unused_port()
    assert (await aiohttp_server(make_app(), port=port)).port == port

async def test_wrong_argument(aiohttp_client):
    with pytest.raises(ValueError, match="Unknown argument type"):
        await aiohttp_client(None)

async def test_arguments_by_position(aiohttp_client):
    with pytest.raises(AssertionError, match="args should be empty"):
        await aiohttp_client(make_app(), 1, 2)

@pytest.fixture
async def cli(loop, aiohttp_client):
    return await aiohttp_client(make_app())

async def test_fixture(cli):
    assert (await cli.get("/")).status == 200

@pytest.fixture
async def generator(loop, aiohttp_client):
    client = await aiohttp_client(make_app())
    yield client
    assert (await client.get("/")).status == 200

async def test_generator(generator):
    assert (await generator.get("/")).status == 200

def test_plain(loop, aiohttp_client):
    client = loop.run_until_complete(aiohttp_client(make_app()))
    assert loop.run_until_complete(client.get("/")).status == 200

def test_mocked_request():
    assert make_mocked_request("GET", "/").path == "/"

async def test_failing(cli):
    assert (await cli.get("/nowhere")).status == 200

async def forgotten():
    pass

async def test_forgotten_await(loop):
    forgotten()
"""


@pytest.mark.parametrize("name", BOTH)
def test_the_same_tests_pass_and_fail(pytester: pytest.Pytester, name: str) -> None:
    pytester.makepyfile(PROGRAM.format(name=name))
    pytester.makeconftest(f"pytest_plugins = '{name}.pytest_plugin'")
    prefix = "no:" if name == "aiohttp" else ""
    ours = ("-p", f"{prefix}notebook_http.pytest_plugin")
    result = pytester.runpytest_inprocess(*ALONE, *ours, "--aiohttp-fast")
    counts = result.parseoutcomes()
    counts.pop("warnings", None)  # aiohttp's plugin says of itself that it is deprecated
    assert counts == {"passed": 11, "failed": 2}
    result.stdout.fnmatch_lines(["*404 == 200*", "*RuntimeError: *Runtime*Warning*"])


def test_ours_stays_back_where_aiohttps_is(pytester: pytest.Pytester) -> None:
    """Aiohttp's names are its own; ours work, on its loop. Options are added once."""
    pytester.makeconftest("pytest_plugins = 'aiohttp.pytest_plugin'")
    pytester.makepyfile(
        """
import asyncio
import aiohttp.web
import aiohttp.test_utils
import notebook_http.web
import notebook_http.test_utils

async def test_theirs(aiohttp_client):
    client = await aiohttp_client(aiohttp.web.Application())
    assert isinstance(client, aiohttp.test_utils.TestClient)

async def test_ours(http_client, loop):
    assert asyncio.get_running_loop() is loop
    client = await http_client(notebook_http.web.Application())
    assert isinstance(client, notebook_http.test_utils.TestClient)
    assert (await client.get("/")).status == 404

async def test_both(http_client, aiohttp_client):
    theirs = await aiohttp_client(aiohttp.web.Application())
    ours = await http_client(notebook_http.web.Application())
    assert (await theirs.get("/")).status == (await ours.get("/")).status == 404
"""
    )
    plugin = ("-p", "notebook_http.pytest_plugin", "--aiohttp-fast", "--aiohttp-loop=pyloop")
    result = pytester.runpytest_inprocess(*ALONE, *plugin)
    assert result.parseoutcomes()["passed"] == 3


def test_ours_stays_back_from_the_names_of_another_plugin(pytester: pytest.Pytester) -> None:
    """As pytest-aiohttp is one: it has some of the names, on pytest-asyncio's loop."""
    pytester.makepyfile(
        another="""
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

@pytest.fixture
def aiohttp_client_cls():
    return TestClient

@pytest_asyncio.fixture
async def aiohttp_client(aiohttp_client_cls):
    clients = []

    async def start(app):
        clients.append(aiohttp_client_cls(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    yield start
    for client in clients:
        await client.close()
""",
        test_both="""
import aiohttp.web
import aiohttp.test_utils
import notebook_http.web
import notebook_http.test_utils

async def test_it(http_client, aiohttp_client, aiohttp_server):
    theirs = await aiohttp_client(aiohttp.web.Application())
    assert isinstance(theirs, aiohttp.test_utils.TestClient)
    ours = await http_client(await aiohttp_server(notebook_http.web.Application()))
    assert isinstance(ours, notebook_http.test_utils.TestClient)
    assert (await theirs.get("/")).status == (await ours.get("/")).status == 404
""",
    )
    pytester.syspathinsert()
    plugins = ("-p", "another", "-p", "notebook_http.pytest_plugin", "-p", "no:anyio")
    asyncio_mode = ("--asyncio-mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")
    result = pytester.runpytest_inprocess("--import-mode=importlib", *plugins, *asyncio_mode)
    assert result.parseoutcomes()["passed"] == 1


def test_loading_it_loads_nothing_else() -> None:
    """Every pytest run of every project with this package pays for what it loads."""
    code = """
import sys, json, pytest, contextlib, inspect, warnings
before = set(sys.modules)
import notebook_http.pytest_plugin as plugin
class Config:
    pass
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == [
        "notebook_http",
        "notebook_http._version",
        "notebook_http.aiohttp_fixtures",
        "notebook_http.public_names",
        "notebook_http.pytest_plugin",
    ]


def test_nothing_is_loaded_until_a_fixture_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import sys

def test_nothing():
    wanted = ("notebook_http.client", "notebook_http.web", "notebook_http.test_utils", "asyncio",
              "yarl", "multidict")
    assert [name for name in wanted if name in sys.modules] == []

def test_something(aiohttp_unused_port):
    assert "notebook_http.test_utils.ports" in sys.modules
    assert "notebook_http.client" not in sys.modules
"""
    )
    plugins = ("-p", "notebook_http.pytest_plugin")
    # Without the others: some of them load asyncio by themselves.
    result = pytester.run(
        *(sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider"),
        *("-p", "no:asyncio", "-p", "no:anyio", "-p", "no:cov", "-p", "no:pytest_cov"),
        *("-p", "no:hypothesispytest", "-p", "no:_hypothesis_pytestplugin", "-p", "no:timeout"),
    )
    result.assert_outcomes(passed=2)
