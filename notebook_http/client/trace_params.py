"""What listeners are told with each event of a request; see `client.tracing` for the events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multidict import CIMultiDict
    from yarl import URL

    from notebook_http.client.response import ClientResponse

__all__ = [
    "TraceConnectionCreateEndParams",
    "TraceConnectionCreateStartParams",
    "TraceConnectionQueuedEndParams",
    "TraceConnectionQueuedStartParams",
    "TraceConnectionReuseconnParams",
    "TraceDnsCacheHitParams",
    "TraceDnsCacheMissParams",
    "TraceDnsResolveHostEndParams",
    "TraceDnsResolveHostStartParams",
    "TraceRequestChunkSentParams",
    "TraceRequestEndParams",
    "TraceRequestExceptionParams",
    "TraceRequestHeadersSentParams",
    "TraceRequestRedirectParams",
    "TraceRequestStartParams",
    "TraceResponseChunkReceivedParams",
]


@dataclass(frozen=True, slots=True)
class TraceRequestStartParams:
    """A call begins. What is changed in `headers` is sent so; automatic headers come later."""

    method: str
    url: URL
    headers: CIMultiDict[str]


@dataclass(frozen=True, slots=True)
class TraceRequestHeadersSentParams:
    """The head of a request leaves, with all its headers."""

    method: str
    url: URL
    headers: CIMultiDict[str]


@dataclass(frozen=True, slots=True)
class TraceRequestChunkSentParams:
    """A piece of a request's body leaves; `chunk` is neither encoded nor framed yet."""

    method: str
    url: URL
    chunk: bytes


@dataclass(frozen=True, slots=True)
class TraceRequestRedirectParams:
    """A request was answered with a redirect, which is `response`."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    response: ClientResponse


@dataclass(frozen=True, slots=True)
class TraceRequestEndParams:
    """A call is answered; the body of `response` may still be on its way."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    response: ClientResponse


@dataclass(frozen=True, slots=True)
class TraceRequestExceptionParams:
    """A call failed or was cancelled; the caller gets `exception` next."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    exception: BaseException


@dataclass(frozen=True, slots=True)
class TraceResponseChunkReceivedParams:
    """A response's body was read whole; `chunk` is all of it, decoded."""

    method: str
    url: URL
    chunk: bytes


@dataclass(frozen=True, slots=True)
class TraceConnectionQueuedStartParams:
    """A request waits for a connection: the connector's limit is reached."""


@dataclass(frozen=True, slots=True)
class TraceConnectionQueuedEndParams:
    """A request waits no longer for a connection."""


@dataclass(frozen=True, slots=True)
class TraceConnectionCreateStartParams:
    """A new connection is being made."""


@dataclass(frozen=True, slots=True)
class TraceConnectionCreateEndParams:
    """A new connection is there, TLS included."""


@dataclass(frozen=True, slots=True)
class TraceConnectionReuseconnParams:
    """A request goes over a connection that an earlier one left."""


@dataclass(frozen=True, slots=True)
class TraceDnsResolveHostStartParams:
    """The resolver is asked for the addresses of `host`."""

    host: str


@dataclass(frozen=True, slots=True)
class TraceDnsResolveHostEndParams:
    """The resolver has answered with the addresses of `host`."""

    host: str


@dataclass(frozen=True, slots=True)
class TraceDnsCacheHitParams:
    """The addresses of `host` are known, or another request is asking for them already."""

    host: str


@dataclass(frozen=True, slots=True)
class TraceDnsCacheMissParams:
    """The addresses of `host` are not known: the resolver has to be asked."""

    host: str
