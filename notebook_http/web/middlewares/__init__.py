"""Ready server middlewares: request id, log, errors, CORS, authentication, rate limit, compression.

```python
from notebook_http import web
from notebook_http.web import middlewares as ready

app = web.Application(middlewares=[ready.RequestIdMiddleware(), ready.RequestLogMiddleware()])
```

The first one is the outermost. They work in any order; one that serves most: `RequestIdMiddleware`
(all that follow log with its id), `RequestLogMiddleware`, `CORSMiddleware` (a browser's preflight
carries no credentials, so it has to be answered outside of the authentication),
`ProblemDetailsMiddleware` (answers the errors of all behind it), `RateLimitMiddleware`,
`BasicAuthMiddleware` or `BearerAuthMiddleware`, `CompressionMiddleware`. Streams and WebSockets
pass through all of them. Each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.web.middlewares.authentication import (
        USER as USER,
        BasicAuthMiddleware as BasicAuthMiddleware,
        BearerAuthMiddleware as BearerAuthMiddleware,
    )
    from notebook_http.web.middlewares.compression import (
        CompressionMiddleware as CompressionMiddleware,
    )
    from notebook_http.web.middlewares.cors import CORSMiddleware as CORSMiddleware
    from notebook_http.web.middlewares.problem_details import (
        ProblemDetailsMiddleware as ProblemDetailsMiddleware,
    )
    from notebook_http.web.middlewares.rate_limit import RateLimitMiddleware as RateLimitMiddleware
    from notebook_http.web.middlewares.request_id import (
        REQUEST_ID as REQUEST_ID,
        RequestIdFilter as RequestIdFilter,
        RequestIdMiddleware as RequestIdMiddleware,
        current_request_id as current_request_id,
    )
    from notebook_http.web.middlewares.request_log import (
        RequestLogMiddleware as RequestLogMiddleware,
    )

# Where each name lives. A test holds this table against the imports above.
_NAMES_OF = {
    "authentication": ("BasicAuthMiddleware", "BearerAuthMiddleware", "USER"),
    "compression": ("CompressionMiddleware",),
    "cors": ("CORSMiddleware",),
    "problem_details": ("ProblemDetailsMiddleware",),
    "rate_limit": ("RateLimitMiddleware",),
    "request_id": ("REQUEST_ID", "RequestIdFilter", "RequestIdMiddleware", "current_request_id"),
    "request_log": ("RequestLogMiddleware",),
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
