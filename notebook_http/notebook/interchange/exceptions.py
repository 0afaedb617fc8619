"""What goes wrong when a request is to come from, or to become, a text of another program.

```
CurlSyntaxError (+ ValueError)     a curl command that cannot be read
UnwritableRequestError (+ ValueError)   a request that the form asked for cannot hold
HarError (+ ValueError)            an archive that is none
```
"""

from __future__ import annotations

from notebook_http.notebook.source_errors import SourceSyntaxError

__all__ = ["CurlSyntaxError", "HarError", "UnwritableRequestError"]


class CurlSyntaxError(SourceSyntaxError):
    """A curl command that cannot be read, or asks for what there is not here. The caller erred."""


class UnwritableRequestError(ValueError):
    """A request that the form asked for cannot hold, or whose body was not kept."""


class HarError(ValueError):
    """What should be an HTTP archive (HAR 1.2) is none; the message names the place in it."""
