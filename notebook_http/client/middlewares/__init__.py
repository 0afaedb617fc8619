"""Ready client middlewares: retry, rate limit, concurrency limit, cache, log.

```python
import notebook_http as nh

middlewares = [nh.LoggingMiddleware(), nh.RetryMiddleware(), nh.RateLimitMiddleware(10, per=1.0)]
async with nh.ClientSession(middlewares=middlewares) as session:
    ...
```

The first one is the outermost. An order that serves most: `LoggingMiddleware` sees what the program
sees, `CacheMiddleware` spares all behind it, `RetryMiddleware` stands before the limits, so that
each try waits its turn, and `ConcurrencyLimitMiddleware` comes last. Each is imported when it is
first used. One object may serve several sessions, which then share its limits and its store.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.client.middlewares.cache import CacheMiddleware as CacheMiddleware
    from notebook_http.client.middlewares.concurrency_limit import (
        ConcurrencyLimitMiddleware as ConcurrencyLimitMiddleware,
    )
    from notebook_http.client.middlewares.rate_limit import (
        RateLimitMiddleware as RateLimitMiddleware,
    )
    from notebook_http.client.middlewares.request_log import LoggingMiddleware as LoggingMiddleware
    from notebook_http.client.middlewares.retry import RetryMiddleware as RetryMiddleware

_HOME_OF = {
    "CacheMiddleware": "cache",
    "ConcurrencyLimitMiddleware": "concurrency_limit",
    "LoggingMiddleware": "request_log",
    "RateLimitMiddleware": "rate_limit",
    "RetryMiddleware": "retry",
}

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
