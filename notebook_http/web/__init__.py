"""aiohttp's `web`: applications, requests, responses and the server.

Every name is imported when it is first used (PEP 562), so that a client pays nothing for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notebook_http.web import middlewares as middlewares
    from notebook_http.web.access_log import (
        AbstractAccessLogger as AbstractAccessLogger,
        AccessLogger as AccessLogger,
    )
    from notebook_http.web.app_key import (
        AppKey as AppKey,
        NotAppKeyWarning as NotAppKeyWarning,
        RequestKey as RequestKey,
        ResponseKey as ResponseKey,
    )
    from notebook_http.web.application import (
        Application as Application,
        middleware as middleware,
    )
    from notebook_http.web.asgi.application import asgi_app as asgi_app
    from notebook_http.web.asgi.wsgi import wsgi_app as wsgi_app
    from notebook_http.web.class_based_view import View as View
    from notebook_http.web.cleanup_context import (
        CleanupContext as CleanupContext,
        CleanupError as CleanupError,
    )
    from notebook_http.web.coding_choice import ContentCoding as ContentCoding
    from notebook_http.web.connection_handler import RequestHandler as RequestHandler
    from notebook_http.web.connection_settings import ConnectionSettings as ConnectionSettings
    from notebook_http.web.event_source_response import (
        EventSourceResponse as EventSourceResponse,
        sse_response as sse_response,
    )
    from notebook_http.web.exceptions import (
        HTTPAccepted as HTTPAccepted,
        HTTPBadGateway as HTTPBadGateway,
        HTTPBadRequest as HTTPBadRequest,
        HTTPClientError as HTTPClientError,
        HTTPConflict as HTTPConflict,
        HTTPCreated as HTTPCreated,
        HTTPError as HTTPError,
        HTTPException as HTTPException,
        HTTPExpectationFailed as HTTPExpectationFailed,
        HTTPFailedDependency as HTTPFailedDependency,
        HTTPForbidden as HTTPForbidden,
        HTTPFound as HTTPFound,
        HTTPGatewayTimeout as HTTPGatewayTimeout,
        HTTPGone as HTTPGone,
        HTTPInsufficientStorage as HTTPInsufficientStorage,
        HTTPInternalServerError as HTTPInternalServerError,
        HTTPLengthRequired as HTTPLengthRequired,
        HTTPMethodNotAllowed as HTTPMethodNotAllowed,
        HTTPMisdirectedRequest as HTTPMisdirectedRequest,
        HTTPMove as HTTPMove,
        HTTPMovedPermanently as HTTPMovedPermanently,
        HTTPMultipleChoices as HTTPMultipleChoices,
        HTTPNetworkAuthenticationRequired as HTTPNetworkAuthenticationRequired,
        HTTPNoContent as HTTPNoContent,
        HTTPNonAuthoritativeInformation as HTTPNonAuthoritativeInformation,
        HTTPNotAcceptable as HTTPNotAcceptable,
        HTTPNotExtended as HTTPNotExtended,
        HTTPNotFound as HTTPNotFound,
        HTTPNotImplemented as HTTPNotImplemented,
        HTTPNotModified as HTTPNotModified,
        HTTPOk as HTTPOk,
        HTTPPartialContent as HTTPPartialContent,
        HTTPPaymentRequired as HTTPPaymentRequired,
        HTTPPermanentRedirect as HTTPPermanentRedirect,
        HTTPPreconditionFailed as HTTPPreconditionFailed,
        HTTPPreconditionRequired as HTTPPreconditionRequired,
        HTTPProxyAuthenticationRequired as HTTPProxyAuthenticationRequired,
        HTTPRedirection as HTTPRedirection,
        HTTPRequestEntityTooLarge as HTTPRequestEntityTooLarge,
        HTTPRequestHeaderFieldsTooLarge as HTTPRequestHeaderFieldsTooLarge,
        HTTPRequestRangeNotSatisfiable as HTTPRequestRangeNotSatisfiable,
        HTTPRequestTimeout as HTTPRequestTimeout,
        HTTPRequestURITooLong as HTTPRequestURITooLong,
        HTTPResetContent as HTTPResetContent,
        HTTPSeeOther as HTTPSeeOther,
        HTTPServerError as HTTPServerError,
        HTTPServiceUnavailable as HTTPServiceUnavailable,
        HTTPSuccessful as HTTPSuccessful,
        HTTPTemporaryRedirect as HTTPTemporaryRedirect,
        HTTPTooManyRequests as HTTPTooManyRequests,
        HTTPUnauthorized as HTTPUnauthorized,
        HTTPUnavailableForLegalReasons as HTTPUnavailableForLegalReasons,
        HTTPUnprocessableEntity as HTTPUnprocessableEntity,
        HTTPUnsupportedMediaType as HTTPUnsupportedMediaType,
        HTTPUpgradeRequired as HTTPUpgradeRequired,
        HTTPUseProxy as HTTPUseProxy,
        HTTPVariantAlsoNegotiates as HTTPVariantAlsoNegotiates,
        HTTPVersionNotSupported as HTTPVersionNotSupported,
        PayloadAccessError as PayloadAccessError,
        RequestPayloadError as RequestPayloadError,
    )
    from notebook_http.web.file_response import FileResponse as FileResponse
    from notebook_http.web.form import FileField as FileField
    from notebook_http.web.path_normalization import (
        normalize_path_middleware as normalize_path_middleware,
    )
    from notebook_http.web.request import BaseRequest as BaseRequest, Request as Request
    from notebook_http.web.response import Response as Response
    from notebook_http.web.response_json import (
        json_bytes_response as json_bytes_response,
        json_response as json_response,
    )
    from notebook_http.web.routing.domain import (
        AbstractRuleMatching as AbstractRuleMatching,
        Domain as Domain,
        MaskDomain as MaskDomain,
    )
    from notebook_http.web.routing.match_info import UrlMappingMatchInfo as UrlMappingMatchInfo
    from notebook_http.web.routing.resource import (
        AbstractResource as AbstractResource,
        DynamicResource as DynamicResource,
        PlainResource as PlainResource,
        Resource as Resource,
    )
    from notebook_http.web.routing.route import (
        AbstractRoute as AbstractRoute,
        Handler as Handler,
        ResourceRoute as ResourceRoute,
    )
    from notebook_http.web.routing.route_table import (
        AbstractRouteDef as AbstractRouteDef,
        RouteDef as RouteDef,
        RouteTableDef as RouteTableDef,
        StaticDef as StaticDef,
        delete as delete,
        get as get,
        head as head,
        options as options,
        patch as patch,
        post as post,
        put as put,
        route as route,
        static as static,
        view as view,
    )
    from notebook_http.web.routing.route_views import (
        ResourcesView as ResourcesView,
        RoutesView as RoutesView,
    )
    from notebook_http.web.routing.router import UrlDispatcher as UrlDispatcher
    from notebook_http.web.routing.static_resource import StaticResource as StaticResource
    from notebook_http.web.routing.sub_application import (
        MatchedSubAppResource as MatchedSubAppResource,
        PrefixedSubAppResource as PrefixedSubAppResource,
    )
    from notebook_http.web.run_application import run_app as run_app
    from notebook_http.web.runner import (
        AppRunner as AppRunner,
        BaseRunner as BaseRunner,
        GracefulExit as GracefulExit,
        ServerRunner as ServerRunner,
    )
    from notebook_http.web.server import Server as Server
    from notebook_http.web.sites import (
        BaseSite as BaseSite,
        NamedPipeSite as NamedPipeSite,
        SockSite as SockSite,
        TCPSite as TCPSite,
        UnixSite as UnixSite,
    )
    from notebook_http.web.stream_response import (
        StreamResponse as StreamResponse,
    )
    from notebook_http.web.websocket_response import (
        WebSocketReady as WebSocketReady,
        WebSocketResponse as WebSocketResponse,
        WSMsgType as WSMsgType,
    )

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
        "middleware",
    ),
    "asgi.application": ("asgi_app",),
    "asgi.wsgi": ("wsgi_app",),
    "cleanup_context": (
        "CleanupContext",
        "CleanupError",
    ),
    "coding_choice": ("ContentCoding",),
    "connection_handler": ("RequestHandler",),
    "connection_settings": ("ConnectionSettings",),
    "event_source_response": (
        "EventSourceResponse",
        "sse_response",
    ),
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
        "PayloadAccessError",
        "RequestPayloadError",
    ),
    "file_response": ("FileResponse",),
    "form": ("FileField",),
    "path_normalization": ("normalize_path_middleware",),
    "response_json": (
        "json_bytes_response",
        "json_response",
    ),
    "pipeline": ("Middleware",),
    "request": (
        "BaseRequest",
        "Request",
    ),
    "response": ("Response",),
    "routing.domain": (
        "AbstractRuleMatching",
        "Domain",
        "MaskDomain",
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
        "StaticDef",
        "delete",
        "get",
        "head",
        "options",
        "patch",
        "post",
        "put",
        "route",
        "static",
        "view",
    ),
    "routing.route_views": (
        "ResourcesView",
        "RoutesView",
    ),
    "routing.router": ("UrlDispatcher",),
    "routing.static_resource": ("StaticResource",),
    "routing.sub_application": (
        "MatchedSubAppResource",
        "PrefixedSubAppResource",
    ),
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
        "NamedPipeSite",
        "SockSite",
        "TCPSite",
        "UnixSite",
    ),
    "stream_response": ("StreamResponse",),
    "websocket_response": (
        "WSMsgType",
        "WebSocketReady",
        "WebSocketResponse",
    ),
    "class_based_view": ("View",),
}
_HOME_OF = {name: room for room, names in _NAMES_OF.items() for name in names}

__all__ = [*_HOME_OF]


def __getattr__(name: str) -> Any:
    """Import *name* from its room when it is first used."""
    if name == "middlewares":
        return import_module(f"{__name__}.middlewares")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "middlewares"})
