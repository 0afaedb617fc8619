"""aiohttp's `test_utils`: servers, clients, loops and requests for tests.

```python
async with TestClient(TestServer(app)) as client:
    response = await client.get("/")
```

Nothing here needs pytest; its fixtures are `notebook_http.pytest_plugin`'s. Every name is imported
when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.test_utils.application_case import (
        AioHTTPTestCase as AioHTTPTestCase,
        unittest_run_loop as unittest_run_loop,
    )
    from notebook_http.test_utils.client import TestClient as TestClient
    from notebook_http.test_utils.event_loops import (
        loop_context as loop_context,
        setup_test_loop as setup_test_loop,
        teardown_test_loop as teardown_test_loop,
    )
    from notebook_http.test_utils.fixture_shapes import (
        AiohttpClient as AiohttpClient,
        AiohttpRawServer as AiohttpRawServer,
        AiohttpServer as AiohttpServer,
    )
    from notebook_http.test_utils.mocked_coroutine import make_mocked_coro as make_mocked_coro
    from notebook_http.test_utils.mocked_request import make_mocked_request as make_mocked_request
    from notebook_http.test_utils.ports import (
        REUSE_ADDRESS as REUSE_ADDRESS,
        get_port_socket as get_port_socket,
        get_unused_port_socket as get_unused_port_socket,
        unused_port as unused_port,
    )
    from notebook_http.test_utils.servers import (
        BaseTestServer as BaseTestServer,
        RawTestServer as RawTestServer,
        TestServer as TestServer,
    )

# Where each name lives. A test holds this table against the imports above.
_NAMES_OF = {
    "application_case": ("AioHTTPTestCase", "unittest_run_loop"),
    "client": ("TestClient",),
    "event_loops": ("loop_context", "setup_test_loop", "teardown_test_loop"),
    "fixture_shapes": ("AiohttpClient", "AiohttpRawServer", "AiohttpServer"),
    "mocked_coroutine": ("make_mocked_coro",),
    "mocked_request": ("make_mocked_request",),
    "ports": ("REUSE_ADDRESS", "get_port_socket", "get_unused_port_socket", "unused_port"),
    "servers": ("BaseTestServer", "RawTestServer", "TestServer"),
}
_HOME_OF = {name: room for room, names in _NAMES_OF.items() for name in names}

__all__ = [*_HOME_OF]


def __getattr__(name: str) -> Any:
    """Import *name* from its room when it is first used."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
