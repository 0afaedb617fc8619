"""What to derive from, under aiohttp's name for the module: jars, resolvers, routers, access logs.

```python
class Pinned(abc.AbstractResolver):
    async def resolve(self, host, port=0, family=socket.AF_INET): ...
    async def close(self): ...
```

What belongs to the server is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
from notebook_http.transport.abstract_stream_writer import AbstractStreamWriter
from notebook_http.transport.resolver import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from notebook_http.web.access_log import AbstractAccessLogger
    from notebook_http.web.class_based_view import AbstractView
    from notebook_http.web.routing.abstract_router import AbstractMatchInfo, AbstractRouter

__all__ = [
    "AbstractAccessLogger",
    "AbstractCookieJar",
    "AbstractMatchInfo",
    "AbstractResolver",
    "AbstractRouter",
    "AbstractStreamWriter",
    "AbstractView",
    "ResolveResult",
]

_OF_THE_SERVER = {
    "AbstractAccessLogger": "access_log",
    "AbstractMatchInfo": "routing.abstract_router",
    "AbstractRouter": "routing.abstract_router",
    "AbstractView": "class_based_view",
}


def __getattr__(name: str) -> Any:
    """Import *name* from the server when it is first used."""
    home = _OF_THE_SERVER.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"notebook_http.web.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
