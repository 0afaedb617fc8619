"""A pytest plugin: servers and clients for tests, and coroutines as tests.

```python
async def test_hello(http_client):
    client = await http_client(make_app())
    assert (await client.get("/")).status == 200
```

Fixtures: `http_client`, `http_server` and `http_raw_server` start what they are named after and
close it behind the test; `http_unused_port` finds ports; `http_client_cls` is the class of the
clients, to be overridden; `http_loop` is the event loop of the test. aiohttp's names
(`aiohttp_client`, `loop` …, see `aiohttp_fixtures`) are there, too, except those that another
plugin brings.

The loop is the one of whoever runs the test: pytest-asyncio, anyio, or this plugin, which runs
coroutines that none of them takes: those that use a fixture of ours, and all of them where
pytest-asyncio is not installed.

pytest imports this before anything else, in every project where the package is installed. So it
imports nothing but pytest until a fixture is used.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from notebook_http import aiohttp_fixtures

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Generator, Iterator

    from notebook_http.test_utils import (
        AiohttpClient as AiohttpClient,
        AiohttpRawServer as AiohttpRawServer,
        AiohttpServer as AiohttpServer,
    )

_AIOHTTPS_PLUGIN = "aiohttp.pytest_plugin"
# Names of this module's second plugin, which holds what depends on the others that are there.
_COMPANION = "notebook_http.pytest_plugin.companion"


def __getattr__(name: str) -> Any:
    """Return what programs import from aiohttp's module of this name: its fixtures and their types.

    They are no attributes, since pytest would take each of them for a fixture of this plugin.
    """
    if name in aiohttp_fixtures.FIXTURES:
        return getattr(aiohttp_fixtures, name)
    if not name.startswith(("_", "pytest")):
        from notebook_http import test_utils

        if name in test_utils.__all__:
            return getattr(test_utils, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# Hooks


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser
) -> Generator[None, object, object]:
    """Add aiohttp's options, unless its own plugin is there: an option can be added only once.

    Not before the conftests are loaded: one of them may ask for that plugin.
    """
    result = yield
    if not early_config.pluginmanager.has_plugin(_AIOHTTPS_PLUGIN):
        _add_options(parser)
    return result


def _add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("notebook-http", "servers and clients for tests")
    group.addoption(
        "--aiohttp-fast",
        action="store_true",
        default=False,
        help="do not collect garbage behind each event loop",
    )
    group.addoption(
        "--aiohttp-loop",
        default="pyloop",
        help="event loops that tests run with: pyloop, uvloop, both with a comma, or all",
    )
    group.addoption(
        "--aiohttp-enable-loop-debug",
        action="store_true",
        default=False,
        help="put the event loops into debug mode",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures under aiohttp's names that no other plugin has."""
    manager = config.pluginmanager
    others = [plugin for plugin in manager.get_plugins() if plugin is not sys.modules[__name__]]
    companion = ModuleType(_COMPANION)
    for name in aiohttp_fixtures.FIXTURES:
        if not any(_has_fixture(plugin, name) for plugin in others):
            setattr(companion, name, getattr(aiohttp_fixtures, name))
    if _has_pytest_asyncio(manager):
        import pytest_asyncio  # which is loaded, since its plugin is

        made = pytest_asyncio.fixture(_running_loop, loop_scope="function")
        companion._http_loop_of_pytest_asyncio = made  # type: ignore[attr-defined]
    manager.register(companion, _COMPANION)


def _has_pytest_asyncio(manager: pytest.PytestPluginManager) -> bool:
    # The second name is that of those who load their plugins one by one.
    return manager.has_plugin("asyncio") or manager.has_plugin("pytest_asyncio.plugin")


def _has_fixture(plugin: object, name: str) -> bool:
    found = inspect.getattr_static(plugin, name, None)
    # pytest 8.4 made a class of what was a mark on a function before.
    return type(found).__name__ == "FixtureFunctionDefinition" or hasattr(
        found, "_pytestfixturefunction"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each event loop of ``--aiohttp-loop``."""
    asked = metafunc.config.getoption("aiohttp_loop", "pyloop")
    if (
        "loop_factory" not in metafunc.fixturenames
        or asked == "pyloop"
        or metafunc.config.pluginmanager.has_plugin(_AIOHTTPS_PLUGIN)
    ):
        return
    from notebook_http.test_utils.event_loops import chosen_factories

    factories = chosen_factories(asked)
    metafunc.parametrize("loop_factory", list(factories.values()), ids=list(factories))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Run a coroutine or an asynchronous generator as a fixture, if no other plugin does.

    The innermost of all wrappers: what others take has become a plain function by now.
    """
    function: Any = fixturedef.func
    is_generator = inspect.isasyncgenfunction(function)
    if not (is_generator or inspect.iscoroutinefunction(function)) or not _is_ours(request):
        return (yield)
    loop = request.getfixturevalue("loop")
    bound = getattr(function, "__self__", None)
    if request.instance is not None and type(bound) is type(request.instance):
        function = function.__func__.__get__(request.instance)

    def run(**arguments: Any) -> Any:
        return loop.run_until_complete(function(**arguments))

    def run_generator(**arguments: Any) -> Iterator[Any]:
        generator = function(**arguments)
        yield loop.run_until_complete(anext(generator))
        try:
            loop.run_until_complete(anext(generator))
        except StopAsyncIteration:
            return
        pytest.fail(f"The fixture {fixturedef.argname!r} yields more than once")

    before = fixturedef.func
    fixturedef.func = run_generator if is_generator else run  # type: ignore[misc]
    try:
        return (yield)
    finally:
        fixturedef.func = before  # type: ignore[misc]


def _is_ours(request: Any) -> bool:
    """Tell whether coroutines of this test, or item, are left to us."""
    names, manager = request.fixturenames, request.config.pluginmanager
    if "anyio_backend" in names or manager.has_plugin(_AIOHTTPS_PLUGIN):
        return False
    return "http_loop" in names or "loop" in names or not _has_pytest_asyncio(manager)


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine as a test, if no other plugin does."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj) or not _is_ours(pyfuncitem):
        return None
    given: dict[str, Any] = pyfuncitem.funcargs
    arguments = {name: given[name] for name in pyfuncitem._fixtureinfo.argnames}
    loop = given.get("proactor_loop") or given.get("loop") or given.get("http_loop")
    with _no_forgotten_await():
        if loop is not None:
            loop.run_until_complete(pyfuncitem.obj(**arguments))
            return True
        from notebook_http.test_utils.event_loops import loop_context

        fast = pyfuncitem.config.getoption("aiohttp_fast", False)
        with loop_context(fast=bool(fast)) as own:
            own.run_until_complete(pyfuncitem.obj(**arguments))
    return True


@contextmanager
def _no_forgotten_await() -> Iterator[None]:
    """Turn the RuntimeWarning of a coroutine that nobody awaited into a failure of its test."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    told = []
    for one in caught:
        if one.category is RuntimeWarning:
            told.append(f"{one.filename}:{one.lineno}: {one.message}")
        else:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    if told:
        lines = "\n".join(told)
        raise RuntimeError(f"The test gave rise to {len(told)} RuntimeWarning(s):\n{lines}")


# Fixtures


async def _running_loop() -> asyncio.AbstractEventLoop:
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "The fixtures of notebook_http need asyncio: run the test with anyio's backend "
            "'asyncio' only (anyio_backend)"
        ) from None


_http_loop_of_anyio = pytest.fixture(name="_http_loop_of_anyio")(_running_loop)


@pytest.fixture
def http_loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    """Return the event loop of the test: that of whoever runs it, or one of its own."""
    if "anyio_backend" in request.fixturenames:
        yield request.getfixturevalue("_http_loop_of_anyio")
        return
    if _has_pytest_asyncio(request.config.pluginmanager):
        # Also for tests that it leaves to us: their fixtures may be its own.
        yield request.getfixturevalue("_http_loop_of_pytest_asyncio")
        return
    from notebook_http.test_utils.event_loops import loop_context

    factory = request.getfixturevalue("loop_factory")
    fast = request.config.getoption("aiohttp_fast", False)
    with loop_context(factory, fast=bool(fast)) as loop:
        if request.config.getoption("aiohttp_enable_loop_debug", False):
            loop.set_debug(True)
        yield loop


@pytest.fixture
def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the event loops of tests that this plugin runs."""
    import asyncio

    return asyncio.new_event_loop


@pytest.fixture
def http_unused_port() -> Callable[[], int]:
    """Return a function of no arguments; see `notebook_http.test_utils.unused_port`."""
    from notebook_http.test_utils import unused_port

    return unused_port


@pytest.fixture
def http_client_cls() -> type[Any]:
    """Return the class of the clients that `http_client` makes; override it for your own."""
    from notebook_http.test_utils import TestClient

    return TestClient


@pytest.fixture
def http_client(
    loop: asyncio.AbstractEventLoop, http_client_cls: type[Any]
) -> Iterator[AiohttpClient]:
    """Return what starts a client of an application or a server; see `AiohttpClient`."""
    from notebook_http.test_utils.fixture_factories import clients

    yield from clients(loop, http_client_cls)


@pytest.fixture
def http_server(loop: asyncio.AbstractEventLoop) -> Iterator[AiohttpServer]:
    """Return what starts a server of an application; see `AiohttpServer`."""
    from notebook_http.test_utils.fixture_factories import servers

    yield from servers()


@pytest.fixture
def http_raw_server(loop: asyncio.AbstractEventLoop) -> Iterator[AiohttpRawServer]:
    """Return what starts a server of one handler; see `AiohttpRawServer`."""
    from notebook_http.test_utils.fixture_factories import raw_servers

    yield from raw_servers()
