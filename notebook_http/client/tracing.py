"""Tell listeners what happens to each request of a session, step by step.

```python
tracing = TraceConfig()

@tracing.on_request_end
async def ended(session, context, params):
    print(params.method, params.url, params.response.status)

async with ClientSession(trace_configs=[tracing]) as session: ...
```

A listener is ``async def f(session, context, params)``; the request waits for it, and what it
raises ends the request. `context` is one object for each request and `TraceConfig`, to keep notes
on between two events; its `trace_request_ctx` is what the call passed as `trace_request_ctx=`.

Order of events:

- `on_request_start`: its `headers` may be changed, and are sent so;
- `on_connection_reuseconn`, or `on_connection_create_start`, the name look-up (`on_dns_cache_hit`,
  or `on_dns_cache_miss`, `on_dns_resolvehost_start`, `on_dns_resolvehost_end`) and
  `on_connection_create_end`; before either, `on_connection_queued_start` and
  `on_connection_queued_end` if all connections were taken;
- `on_request_headers_sent`, and `on_request_chunk_sent` for each piece of the body;
- `on_request_redirect`, and again from the connection on;
- `on_request_end` or `on_request_exception`;
- `on_response_chunk_received`, when the body has been read whole with `read`, `text` or `json`.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from aiosignal import Signal

from notebook_http.client import trace_params as told
from notebook_http.client.redirects import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from multidict import CIMultiDict
    from yarl import URL

    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["TraceConfig", "Traces"]

P = TypeVar("P")


class _On(Generic[P]):
    """One signal of a `TraceConfig`: a list of listeners, and a decorator that adds one."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, config: None, owner: type) -> _On[P]: ...

    @overload
    def __get__(self, config: TraceConfig, owner: type) -> Signal[Any, Any, P]: ...

    def __get__(self, config: TraceConfig | None, owner: type) -> Any:
        return self if config is None else config._signals[self._name]

    def __set__(self, config: TraceConfig, value: object) -> None:
        text = f"{self._name} cannot be replaced: append a listener to it"
        raise AttributeError(text)


class TraceConfig:
    """Who is told about which steps of a session's requests; see the module for the steps.

    Args:
        trace_config_ctx_factory: called with `trace_request_ctx=` for each request; makes the
            context that the listeners get.
    """

    on_request_start = _On[told.TraceRequestStartParams]()
    on_request_headers_sent = _On[told.TraceRequestHeadersSentParams]()
    on_request_chunk_sent = _On[told.TraceRequestChunkSentParams]()
    on_request_redirect = _On[told.TraceRequestRedirectParams]()
    on_request_end = _On[told.TraceRequestEndParams]()
    on_request_exception = _On[told.TraceRequestExceptionParams]()
    on_response_chunk_received = _On[told.TraceResponseChunkReceivedParams]()
    on_connection_queued_start = _On[told.TraceConnectionQueuedStartParams]()
    on_connection_queued_end = _On[told.TraceConnectionQueuedEndParams]()
    on_connection_create_start = _On[told.TraceConnectionCreateStartParams]()
    on_connection_create_end = _On[told.TraceConnectionCreateEndParams]()
    on_connection_reuseconn = _On[told.TraceConnectionReuseconnParams]()
    on_dns_resolvehost_start = _On[told.TraceDnsResolveHostStartParams]()
    on_dns_resolvehost_end = _On[told.TraceDnsResolveHostEndParams]()
    on_dns_cache_hit = _On[told.TraceDnsCacheHitParams]()
    on_dns_cache_miss = _On[told.TraceDnsCacheMissParams]()

    def __init__(self, trace_config_ctx_factory: Callable[..., Any] = SimpleNamespace) -> None:
        self._context_factory = trace_config_ctx_factory
        self._signals: dict[str, Signal[Any, Any, Any]] = {
            name: Signal(self) for name, member in vars(TraceConfig).items() if type(member) is _On
        }

    def trace_config_ctx(self, trace_request_ctx: Any = None) -> Any:
        """Return a new context for the listeners of one request."""
        return self._context_factory(trace_request_ctx=trace_request_ctx)

    def freeze(self) -> None:
        """Take no more listeners. A session does this to the configurations that it gets."""
        for signal in self._signals.values():
            signal.freeze()


class Traces:
    """What one call tells those who listen to it.

    Attributes:
        method: of the request that is under way, the last one after redirects.
        url: its URL.
        headers: what the caller and the session say it carries, automatic headers excepted;
            listeners may change them.
    """

    __slots__ = ("_listeners", "_session", "headers", "method", "url")

    def __init__(self, session: object, method: str, url: URL, headers: CIMultiDict[str]) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self._session = session
        self._listeners: list[tuple[TraceConfig, Any]] = []

    def move(self, method: str, url: URL, *, trusted: bool) -> None:
        """Go on with the next request of a call, after a redirect.

        Credentials and cookies go out of `headers` unless all hops so far are *trusted*.
        """
        self.method = method
        self.url = url
        if not trusted:
            self.headers = without_credentials(self.headers)

    async def _tell(self, name: str, params: Any) -> None:
        for config, context in self._listeners:
            signal = getattr(config, name)
            if signal:
                await signal.send(self._session, context, params)

    # The request

    async def request_start(self, configs: Sequence[TraceConfig], request_context: Any) -> None:
        """Tell that the call begins, and from then on all that happens to it."""
        for config in configs:
            context = config.trace_config_ctx(trace_request_ctx=request_context)
            params = told.TraceRequestStartParams(self.method, self.url, self.headers)
            await config.on_request_start.send(self._session, context, params)
            # Only who saw the start sees the end.
            self._listeners.append((config, context))

    async def headers_sent(self, request: ClientRequest) -> None:
        """Tell which head leaves."""
        params = told.TraceRequestHeadersSentParams(request.method, request.url, request.headers)
        await self._tell("on_request_headers_sent", params)

    async def chunk_sent(self, request: ClientRequest, chunk: bytes) -> None:
        """Tell which piece of the body leaves, not yet encoded or framed."""
        params = told.TraceRequestChunkSentParams(request.method, request.url, chunk)
        await self._tell("on_request_chunk_sent", params)

    async def request_redirect(self, response: ClientResponse) -> None:
        """Tell that *response* leads elsewhere."""
        params = told.TraceRequestRedirectParams(self.method, self.url, self.headers, response)
        await self._tell("on_request_redirect", params)

    async def request_end(self, response: ClientResponse) -> None:
        """Tell that the call is answered."""
        params = told.TraceRequestEndParams(self.method, self.url, self.headers, response)
        await self._tell("on_request_end", params)

    async def request_exception(self, error: BaseException) -> None:
        """Tell that the call failed, or was cancelled."""
        params = told.TraceRequestExceptionParams(self.method, self.url, self.headers, error)
        await self._tell("on_request_exception", params)

    async def chunk_received(self, response: ClientResponse, chunk: bytes) -> None:
        """Tell the body that was read."""
        params = told.TraceResponseChunkReceivedParams(response.method, response.url, chunk)
        await self._tell("on_response_chunk_received", params)

    # The connection

    async def connection_queued_start(self) -> None:
        """Tell that the request waits for another one to end."""
        params = told.TraceConnectionQueuedStartParams()
        await self._tell("on_connection_queued_start", params)

    async def connection_queued_end(self) -> None:
        """Tell that the request's turn has come."""
        await self._tell("on_connection_queued_end", told.TraceConnectionQueuedEndParams())

    async def connection_create_start(self) -> None:
        """Tell that a new connection is being made."""
        params = told.TraceConnectionCreateStartParams()
        await self._tell("on_connection_create_start", params)

    async def connection_create_end(self) -> None:
        """Tell that the new connection is there."""
        await self._tell("on_connection_create_end", told.TraceConnectionCreateEndParams())

    async def connection_reuseconn(self) -> None:
        """Tell that the request goes over a connection that was kept."""
        await self._tell("on_connection_reuseconn", told.TraceConnectionReuseconnParams())

    # The name

    async def dns_cache(self, host: str, *, hit: bool) -> None:
        """Tell whether the addresses of *host* are known already."""
        if hit:
            await self._tell("on_dns_cache_hit", told.TraceDnsCacheHitParams(host))
        else:
            await self._tell("on_dns_cache_miss", told.TraceDnsCacheMissParams(host))

    async def dns_resolvehost_start(self, host: str) -> None:
        """Tell that the resolver is asked for *host*."""
        await self._tell("on_dns_resolvehost_start", told.TraceDnsResolveHostStartParams(host))

    async def dns_resolvehost_end(self, host: str) -> None:
        """Tell that the resolver has answered."""
        await self._tell("on_dns_resolvehost_end", told.TraceDnsResolveHostEndParams(host))
