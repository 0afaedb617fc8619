"""What to derive a cookie jar or a resolver of your own from, under aiohttp's name for the module.

```python
class Pinned(abc.AbstractResolver):
    async def resolve(self, host, port=0, family=socket.AF_INET): ...
    async def close(self): ...
```
"""

from __future__ import annotations

from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
from notebook_http.transport.resolver import AbstractResolver, ResolveResult

__all__ = ["AbstractCookieJar", "AbstractResolver", "ResolveResult"]
