"""aiohttp's `web`: applications, requests, responses and the server.

Every name is imported when it is first used (PEP 562), so that a client pays nothing for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.web.access_log import AbstractAccessLogger as AbstractAccessLogger
    from notebook_http.web.access_log import AccessLogger as AccessLogger
    from notebook_http.web.app_key import AppKey as AppKey
    from notebook_http.web.app_key import NotAppKeyWarning as NotAppKeyWarning
    from notebook_http.web.app_key import RequestKey as RequestKey
    from notebook_http.web.app_key import ResponseKey as ResponseKey
    from notebook_http.web.application import Application as Application
    from notebook_http.web.application import Middleware as Middleware
    from notebook_http.web.application import middleware as middleware
    from notebook_http.web.cleanup_context import CleanupContext as CleanupContext
    from notebook_http.web.cleanup_context import CleanupError as CleanupError
    from notebook_http.web.connection_handler import RequestHandler as RequestHandler
    from notebook_http.web.connection_settings import ConnectionSettings as ConnectionSettings
    from notebook_http.web.exceptions import HTTPAccepted as HTTPAccepted
    from notebook_http.web.exceptions import HTTPBadGateway as HTTPBadGateway
    from notebook_http.web.exceptions import HTTPBadRequest as HTTPBadRequest
    from notebook_http.web.exceptions import HTTPClientError as HTTPClientError
    from notebook_http.web.exceptions import HTTPConflict as HTTPConflict
    from notebook_http.web.exceptions import HTTPCreated as HTTPCreated
    from notebook_http.web.exceptions import HTTPError as HTTPError
    from notebook_http.web.exceptions import HTTPException as HTTPException
    from notebook_http.web.exceptions import HTTPExpectationFailed as HTTPExpectationFailed
    from notebook_http.web.exceptions import HTTPFailedDependency as HTTPFailedDependency
    from notebook_http.web.exceptions import HTTPForbidden as HTTPForbidden
    from notebook_http.web.exceptions import HTTPFound as HTTPFound
    from notebook_http.web.exceptions import HTTPGatewayTimeout as HTTPGatewayTimeout
    from notebook_http.web.exceptions import HTTPGone as HTTPGone
    from notebook_http.web.exceptions import HTTPInsufficientStorage as HTTPInsufficientStorage
    from notebook_http.web.exceptions import HTTPInternalServerError as HTTPInternalServerError
    from notebook_http.web.exceptions import HTTPLengthRequired as HTTPLengthRequired
    from notebook_http.web.exceptions import HTTPMethodNotAllowed as HTTPMethodNotAllowed
    from notebook_http.web.exceptions import HTTPMisdirectedRequest as HTTPMisdirectedRequest
    from notebook_http.web.exceptions import HTTPMove as HTTPMove
    from notebook_http.web.exceptions import HTTPMovedPermanently as HTTPMovedPermanently
    from notebook_http.web.exceptions import HTTPMultipleChoices as HTTPMultipleChoices
    from notebook_http.web.exceptions import (
        HTTPNetworkAuthenticationRequired as HTTPNetworkAuthenticationRequired,
    )
    from notebook_http.web.exceptions import HTTPNoContent as HTTPNoContent
    from notebook_http.web.exceptions import (
        HTTPNonAuthoritativeInformation as HTTPNonAuthoritativeInformation,
    )
    from notebook_http.web.exceptions import HTTPNotAcceptable as HTTPNotAcceptable
    from notebook_http.web.exceptions import HTTPNotExtended as HTTPNotExtended
    from notebook_http.web.exceptions import HTTPNotFound as HTTPNotFound
    from notebook_http.web.exceptions import HTTPNotImplemented as HTTPNotImplemented
    from notebook_http.web.exceptions import HTTPNotModified as HTTPNotModified
    from notebook_http.web.exceptions import HTTPOk as HTTPOk
    from notebook_http.web.exceptions import HTTPPartialContent as HTTPPartialContent
    from notebook_http.web.exceptions import HTTPPaymentRequired as HTTPPaymentRequired
    from notebook_http.web.exceptions import HTTPPermanentRedirect as HTTPPermanentRedirect
    from notebook_http.web.exceptions import HTTPPreconditionFailed as HTTPPreconditionFailed
    from notebook_http.web.exceptions import HTTPPreconditionRequired as HTTPPreconditionRequired
    from notebook_http.web.exceptions import (
        HTTPProxyAuthenticationRequired as HTTPProxyAuthenticationRequired,
    )
    from notebook_http.web.exceptions import HTTPRedirection as HTTPRedirection
    from notebook_http.web.exceptions import HTTPRequestEntityTooLarge as HTTPRequestEntityTooLarge
    from notebook_http.web.exceptions import (
        HTTPRequestHeaderFieldsTooLarge as HTTPRequestHeaderFieldsTooLarge,
    )
    from notebook_http.web.exceptions import (
        HTTPRequestRangeNotSatisfiable as HTTPRequestRangeNotSatisfiable,
    )
    from notebook_http.web.exceptions import HTTPRequestTimeout as HTTPRequestTimeout
    from notebook_http.web.exceptions import HTTPRequestURITooLong as HTTPRequestURITooLong
    from notebook_http.web.exceptions import HTTPResetContent as HTTPResetContent
    from notebook_http.web.exceptions import HTTPSeeOther as HTTPSeeOther
    from notebook_http.web.exceptions import HTTPServerError as HTTPServerError
    from notebook_http.web.exceptions import HTTPServiceUnavailable as HTTPServiceUnavailable
    from notebook_http.web.exceptions import HTTPSuccessful as HTTPSuccessful
    from notebook_http.web.exceptions import HTTPTemporaryRedirect as HTTPTemporaryRedirect
    from notebook_http.web.exceptions import HTTPTooManyRequests as HTTPTooManyRequests
    from notebook_http.web.exceptions import HTTPUnauthorized as HTTPUnauthorized
    from notebook_http.web.exceptions import (
        HTTPUnavailableForLegalReasons as HTTPUnavailableForLegalReasons,
    )
    from notebook_http.web.exceptions import HTTPUnprocessableEntity as HTTPUnprocessableEntity
    from notebook_http.web.exceptions import HTTPUnsupportedMediaType as HTTPUnsupportedMediaType
    from notebook_http.web.exceptions import HTTPUpgradeRequired as HTTPUpgradeRequired
    from notebook_http.web.exceptions import HTTPUseProxy as HTTPUseProxy
    from notebook_http.web.exceptions import HTTPVariantAlsoNegotiates as HTTPVariantAlsoNegotiates
    from notebook_http.web.exceptions import HTTPVersionNotSupported as HTTPVersionNotSupported
    from notebook_http.web.exceptions import RequestPayloadError as RequestPayloadError
    from notebook_http.web.form import FileField as FileField
    from notebook_http.web.request import BaseRequest as BaseRequest
    from notebook_http.web.request import Request as Request
    from notebook_http.web.response import Response as Response
    from notebook_http.web.response import json_bytes_response as json_bytes_response
    from notebook_http.web.response import json_response as json_response
    from notebook_http.web.routing.match_info import UrlMappingMatchInfo as UrlMappingMatchInfo
    from notebook_http.web.routing.resource import AbstractResource as AbstractResource
    from notebook_http.web.routing.resource import DynamicResource as DynamicResource
    from notebook_http.web.routing.resource import PlainResource as PlainResource
    from notebook_http.web.routing.resource import Resource as Resource
    from notebook_http.web.routing.route import AbstractRoute as AbstractRoute
    from notebook_http.web.routing.route import Handler as Handler
    from notebook_http.web.routing.route import ResourceRoute as ResourceRoute
    from notebook_http.web.routing.route_table import AbstractRouteDef as AbstractRouteDef
    from notebook_http.web.routing.route_table import RouteDef as RouteDef
    from notebook_http.web.routing.route_table import RouteTableDef as RouteTableDef
    from notebook_http.web.routing.route_table import delete as delete
    from notebook_http.web.routing.route_table import get as get
    from notebook_http.web.routing.route_table import head as head
    from notebook_http.web.routing.route_table import options as options
    from notebook_http.web.routing.route_table import patch as patch
    from notebook_http.web.routing.route_table import post as post
    from notebook_http.web.routing.route_table import put as put
    from notebook_http.web.routing.route_table import route as route
    from notebook_http.web.routing.router import ResourcesView as ResourcesView
    from notebook_http.web.routing.router import RoutesView as RoutesView
    from notebook_http.web.routing.router import UrlDispatcher as UrlDispatcher
    from notebook_http.web.routing.sub_application import (
        PrefixedSubAppResource as PrefixedSubAppResource,
    )
    from notebook_http.web.run_application import run_app as run_app
    from notebook_http.web.runner import AppRunner as AppRunner
    from notebook_http.web.runner import BaseRunner as BaseRunner
    from notebook_http.web.runner import GracefulExit as GracefulExit
    from notebook_http.web.runner import ServerRunner as ServerRunner
    from notebook_http.web.server import Server as Server
    from notebook_http.web.sites import BaseSite as BaseSite
    from notebook_http.web.sites import SockSite as SockSite
    from notebook_http.web.sites import TCPSite as TCPSite
    from notebook_http.web.sites import UnixSite as UnixSite
    from notebook_http.web.stream_response import ContentCoding as ContentCoding
    from notebook_http.web.stream_response import StreamResponse as StreamResponse

# Where each name lives. A test holds this table against the imports above.
_NAMES_OF = {
    "access_log": (
        "AbstractAccessLogger",
        "AccessLogger",
    ),
    "app_key": (
        "AppKey",
        "NotAppKeyWarning",
        "RequestKey",
        "ResponseKey",
    ),
    "application": (
        "Application",
        "Middleware",
        "middleware",
    ),
    "cleanup_context": (
        "CleanupContext",
        "CleanupError",
    ),
    "connection_handler": ("RequestHandler",),
    "connection_settings": ("ConnectionSettings",),
    "exceptions": (
        "HTTPAccepted",
        "HTTPBadGateway",
        "HTTPBadRequest",
        "HTTPClientError",
        "HTTPConflict",
        "HTTPCreated",
        "HTTPError",
        "HTTPException",
        "HTTPExpectationFailed",
        "HTTPFailedDependency",
        "HTTPForbidden",
        "HTTPFound",
        "HTTPGatewayTimeout",
        "HTTPGone",
        "HTTPInsufficientStorage",
        "HTTPInternalServerError",
        "HTTPLengthRequired",
        "HTTPMethodNotAllowed",
        "HTTPMisdirectedRequest",
        "HTTPMove",
        "HTTPMovedPermanently",
        "HTTPMultipleChoices",
        "HTTPNetworkAuthenticationRequired",
        "HTTPNoContent",
        "HTTPNonAuthoritativeInformation",
        "HTTPNotAcceptable",
        "HTTPNotExtended",
        "HTTPNotFound",
        "HTTPNotImplemented",
        "HTTPNotModified",
        "HTTPOk",
        "HTTPPartialContent",
        "HTTPPaymentRequired",
        "HTTPPermanentRedirect",
        "HTTPPreconditionFailed",
        "HTTPPreconditionRequired",
        "HTTPProxyAuthenticationRequired",
        "HTTPRedirection",
        "HTTPRequestEntityTooLarge",
        "HTTPRequestHeaderFieldsTooLarge",
        "HTTPRequestRangeNotSatisfiable",
        "HTTPRequestTimeout",
        "HTTPRequestURITooLong",
        "HTTPResetContent",
        "HTTPSeeOther",
        "HTTPServerError",
        "HTTPServiceUnavailable",
        "HTTPSuccessful",
        "HTTPTemporaryRedirect",
        "HTTPTooManyRequests",
        "HTTPUnauthorized",
        "HTTPUnavailableForLegalReasons",
        "HTTPUnprocessableEntity",
        "HTTPUnsupportedMediaType",
        "HTTPUpgradeRequired",
        "HTTPUseProxy",
        "HTTPVariantAlsoNegotiates",
        "HTTPVersionNotSupported",
        "RequestPayloadError",
    ),
    "form": ("FileField",),
    "request": (
        "BaseRequest",
        "Request",
    ),
    "response": (
        "Response",
        "json_bytes_response",
        "json_response",
    ),
    "routing.match_info": ("UrlMappingMatchInfo",),
    "routing.resource": (
        "AbstractResource",
        "DynamicResource",
        "PlainResource",
        "Resource",
    ),
    "routing.route": (
        "AbstractRoute",
        "Handler",
        "ResourceRoute",
    ),
    "routing.route_table": (
        "AbstractRouteDef",
        "RouteDef",
        "RouteTableDef",
        "delete",
        "get",
        "head",
        "options",
        "patch",
        "post",
        "put",
        "route",
    ),
    "routing.router": (
        "ResourcesView",
        "RoutesView",
        "UrlDispatcher",
    ),
    "routing.sub_application": ("PrefixedSubAppResource",),
    "run_application": ("run_app",),
    "runner": (
        "AppRunner",
        "BaseRunner",
        "GracefulExit",
        "ServerRunner",
    ),
    "server": ("Server",),
    "sites": (
        "BaseSite",
        "SockSite",
        "TCPSite",
        "UnixSite",
    ),
    "stream_response": (
        "ContentCoding",
        "StreamResponse",
    ),
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
