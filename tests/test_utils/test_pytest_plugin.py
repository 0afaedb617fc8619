"""The pytest plugin, in test runs of its own: alone, and beside pytest-asyncio and anyio."""

from __future__ import annotations

from typing import Any

import pytest

# Loaded here, so that a run within this process does not load them once more, and forget them.
import notebook_http.pytest_plugin
import notebook_http.test_utils.fixture_factories
import notebook_http.test_utils.mocked_request
from notebook_http import web  # noqa: F401

pytest_plugins = "pytester"

# This process has imported the plugin before, so that its asserts cannot be rewritten.
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
OURS = ("-p", "notebook_http.pytest_plugin", "--aiohttp-fast", "-W", "default", *QUIET)
ERRORS = ("-W", "error", *QUIET)
ALONE = (*OURS, "-p", "no:asyncio", "-p", "no:anyio")
SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")
AUTO = (*OURS, *SCOPE, "--asyncio-mode=auto", "-p", "no:anyio")
STRICT = (*OURS, *SCOPE, "--asyncio-mode=strict", "-p", "no:anyio")

APP = """
import asyncio
import pytest
from notebook_http import web
from notebook_http.test_utils import RawTestServer, TestClient, TestServer

@pytest.fixture
def app():
    async def hello(request):
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    return app
"""

PROGRAM = (
    APP
    + """
class Mine(TestClient):
    pass

@pytest.fixture
def http_client_cls():
    return Mine

@pytest.fixture
async def client(app, http_client):
    client = await http_client(app)
    yield client
    assert (await client.get("/")).status == 200  # open yet

async def test_client(client):
    assert isinstance(client, Mine)
    assert await (await client.get("/")).text() == "hello"

async def test_servers(app, http_server, http_raw_server, http_client, http_unused_port):
    port = http_unused_port()
    server = await http_server(app, port=port)
    assert server.port == port
    assert (await (await http_client(server)).get("/")).status == 200

    async def handler(request):
        return web.Response(text=request.path)

    client = await http_client(await http_raw_server(handler))
    assert await (await client.get("/raw")).text() == "/raw"

async def test_the_loop_is_the_one_that_runs(http_loop, loop):
    assert http_loop is loop is asyncio.get_running_loop()

async def test_wrong_argument(http_client):
    with pytest.raises(ValueError, match="Unknown argument type"):
        await http_client(42)

def test_without_a_coroutine(http_loop, http_client, app):
    client = http_loop.run_until_complete(http_client(app))
    assert http_loop.run_until_complete(client.get("/")).status == 200

class TestInAClass:
    greeting = "hello"

    @pytest.fixture
    async def text(self, app, aiohttp_client):
        client = await aiohttp_client(app)
        assert self.greeting == "hello"
        return await (await client.get("/")).text()

    async def test_method(self, text):
        assert text == self.greeting
"""
)


@pytest.mark.parametrize("plugins", [ALONE, AUTO], ids=["alone", "pytest-asyncio"])
def test_all_fixtures(pytester: pytest.Pytester, plugins: tuple[str, ...]) -> None:
    pytester.makepyfile(PROGRAM)
    result = pytester.runpytest_inprocess(*plugins, *ERRORS)
    result.assert_outcomes(passed=6)


def test_in_strict_mode(pytester: pytest.Pytester) -> None:
    """Marked tests are pytest-asyncio's; those that use our fixtures run without a mark, too."""
    pytester.makepyfile(
        APP
        + """
import pytest_asyncio

@pytest_asyncio.fixture
async def theirs(app, http_client):
    client = await http_client(app)
    yield client
    assert (await client.get("/")).status == 200

@pytest.fixture
async def plain(app, http_client):
    client = await http_client(app)
    yield client
    assert (await client.get("/")).status == 200

@pytest.mark.asyncio
async def test_marked(theirs, http_loop):
    assert http_loop is asyncio.get_running_loop()
    assert (await theirs.get("/")).status == 200

@pytest.mark.asyncio
async def test_plain_fixture(plain):
    assert (await plain.get("/")).status == 200

async def test_unmarked(http_client, app, http_loop):
    assert http_loop is asyncio.get_running_loop()
    assert (await (await http_client(app)).get("/")).status == 200

async def test_unmarked_with_a_fixture_of_theirs(theirs):
    assert (await theirs.get("/")).status == 200

@pytest.mark.asyncio(loop_scope="module")
async def test_in_the_loop_of_a_module(http_client, app):
    assert (await (await http_client(app)).get("/")).status == 200
"""
    )
    result = pytester.runpytest_inprocess(*STRICT)  # pytest-asyncio warns of the plain fixture
    result.assert_outcomes(passed=5, warnings=1)


def test_what_is_not_ours_is_left_alone(pytester: pytest.Pytester) -> None:
    """In strict mode a coroutine without a mark fails, with or without this plugin."""
    pytester.makepyfile("async def test_it(): pass")
    result = pytester.runpytest_inprocess(*STRICT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*async def functions are not natively supported*"])


def test_with_anyio(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        APP
        + """
pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.fixture
async def client(app, http_client):
    client = await http_client(app)
    yield client
    assert (await client.get("/")).status == 200

async def test_client(client, http_loop):
    assert http_loop is asyncio.get_running_loop()
    assert await (await client.get("/")).text() == "hello"
"""
    )
    for others in (("-p", "no:asyncio"), (*SCOPE, "--asyncio-mode=strict")):
        result = pytester.runpytest_inprocess(*OURS, *others, *ERRORS)
        result.assert_outcomes(passed=1)


def test_everything_is_closed_behind_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        APP
        + """
kept = []

async def test_first(app, aiohttp_client, aiohttp_server):
    kept.append(await aiohttp_server(app))
    client = await aiohttp_client(kept[0])
    kept.extend([client, client.session, await client.get("/")])

def test_second():
    assert [each.closed for each in (kept[0], kept[2], kept[3])] == [True] * 3

async def test_failing_clean_up(aiohttp_client):
    async def fail(app):
        raise ValueError("no clean-up")

    for _ in range(2):
        app = web.Application()
        app.on_cleanup.append(fail)
        kept.append(await aiohttp_client(app))

def test_both_were_closed():
    assert [client.session.closed for client in kept[-2:]] == [True, True]
"""
    )
    result = pytester.runpytest_inprocess(*ALONE)
    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*ValueError: no clean-up*"])


def test_a_forgotten_await_fails_its_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import warnings

async def coroutine(): pass

async def test_it():
    coroutine()

async def test_other_warnings_go_on():
    warnings.warn("seen", UserWarning)
"""
    )
    result = pytester.runpytest_inprocess(*ALONE)
    result.assert_outcomes(failed=1, passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*RuntimeError: The test gave rise to 1 RuntimeWarning*"])


def test_a_fixture_that_yields_twice(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import pytest

@pytest.fixture
async def twice():
    yield 1
    yield 2

async def test_it(twice):
    assert twice == 1
"""
    )
    result = pytester.runpytest_inprocess(*ALONE)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*'twice' yields more than once*"])


def test_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
async def test_it(loop, loop_debug, fast, aiohttp_unused_port):
    assert loop.get_debug() and loop_debug and fast
    assert aiohttp_unused_port() > 0
"""
    )
    options = ("--aiohttp-enable-loop-debug", "--aiohttp-loop=pyloop,nosuch?")
    pytester.runpytest_inprocess(*ALONE, *options).assert_outcomes(passed=1)


def test_a_loop_for_which_something_is_missing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("async def test_it(loop_factory, loop): pass")
    result = pytester.runpytest_inprocess(*ALONE, "--aiohttp-loop=nosuch")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*Unknown loop 'nosuch'*"])


def test_a_loop_of_the_users_own(pytester: pytest.Pytester) -> None:
    """A conftest's `loop` takes the place of ours."""
    pytester.makepyfile(
        APP
        + """
made = []

@pytest.fixture
def loop():
    made.append(asyncio.new_event_loop())
    yield made[-1]
    made[-1].close()

async def test_it(http_client, app):
    assert made == [asyncio.get_running_loop()]
    assert (await (await http_client(app)).get("/")).status == 200
"""
    )
    pytester.runpytest_inprocess(*ALONE).assert_outcomes(passed=1)


def test_older_names_warn(pytester: pytest.Pytester) -> None:
    older = ("unused_port", "test_client", "test_server", "raw_test_server")
    pytester.makepyfile("\n".join(f"def test_{name}({name}): pass" for name in older))
    result = pytester.runpytest_inprocess(*ALONE)
    result.assert_outcomes(passed=4, warnings=4)
    result.stdout.fnmatch_lines_random(
        [f"*DeprecationWarning: Deprecated, use aiohttp_*{name}*" for name in older]
    )


def test_what_is_imported_from_it_by_name() -> None:
    plugin: Any = notebook_http.pytest_plugin
    from notebook_http import aiohttp_fixtures, test_utils

    assert plugin.aiohttp_client is aiohttp_fixtures.aiohttp_client
    assert plugin.AiohttpClient is test_utils.AiohttpClient
    assert plugin.loop_context is test_utils.loop_context
    with pytest.raises(AttributeError, match="no_such_thing"):
        plugin.no_such_thing  # noqa: B018
