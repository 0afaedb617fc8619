"""Say, for each way a request can fail, what failed, why, and what to try next.

One table by class; that by status is `status_advice`'s. The texts add to the error's own message;
they never stand in its place.
"""

from __future__ import annotations

import errno
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from notebook_http.client import exceptions as failures
from notebook_http.notebook.display.status_advice import advice_for_status
from notebook_http.notebook.listening_ports import nearest_ports
from notebook_http.notebook.magics.exceptions import nearest
from notebook_http.notebook.secrets import mask_url
from notebook_http.wire.errors import HttpProcessingError

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person needs to know about an error. Each part may be empty.

    Attributes:
        what: what failed.
        why: the likely cause.
        next: the next thing to try.
    """

    what: str = ""
    why: str = ""
    next: str = ""


def explain(error: BaseException) -> Explanation | None:
    """Return what *error* means for the person at the notebook; None when its message says it all.

    Looks at the error alone, and for a refused connection at the ports that are listened on.
    """
    for cls in type(error).__mro__:
        if (explanation := _BY_CLASS.get(cls)) is not None:
            return explanation(error)
    return None


# URLs -------------------------------------------------------------------------------------------


def _invalid_url(error: failures.InvalidURL) -> Explanation:
    text = str(error.url)
    what = f"{mask_url(text)!r} is no URL that can be asked for"
    if not text.strip():
        return Explanation(what, "It is empty", "Is the variable that holds the URL set?")
    if text.startswith("/") and not text.startswith("//"):
        return Explanation(
            what,
            "It has a path, but no host",
            f"Write http://127.0.0.1:PORT{mask_url(text)}, or give the client a base_url=",
        )
    if "://" not in text:
        scheme = "http" if _is_this_machine(text) else "https"
        return Explanation(
            what,
            "It has no scheme",
            f"Did you forget {scheme}:// in front? {scheme}://{mask_url(text.lstrip('/'))}",
        )
    why = error.description or "Its host or port cannot be read"
    return Explanation(what, why, "Check it from left to right: http://host:port/path?name=value")


def _invalid_redirect(error: failures.InvalidURL) -> Explanation:
    return Explanation(
        f"The server redirects to {mask_url(error.url)!r}, which is no URL",
        "Its Location header is malformed",
        "See it with allow_redirects=False, and report it to whoever runs the server",
    )


# aiohttp gives the URL alone, ours a sentence that begins with it.
_URL_OF_SENTENCE = re.compile(r"(.*?)(?: \(redirected to from .*\))? is no http or https URL", re.S)


def _url_of(error: failures.NonHttpUrlClientError) -> str:
    found = _URL_OF_SENTENCE.fullmatch(str(error))
    return found.group(1) if found else str(error)


def _not_http(error: failures.NonHttpUrlClientError) -> Explanation:
    text = _url_of(error)
    scheme, colon, rest = text.partition(":")
    what = f"{mask_url(text)!r} cannot be asked for over HTTP"
    if colon and rest[:1].isdigit():  # `localhost:3000/x` reads as scheme `localhost`
        next_step = f"Did you forget http:// in front? http://{mask_url(text)}"
        return Explanation(what, "It has no scheme", next_step)
    near = nearest(scheme, ("http", "https")) if rest.startswith("//") else ""
    if scheme in ("ws", "wss"):
        next_step = f"For a request write {scheme.replace('ws', 'http')}:{mask_url(rest)}"
    elif near:
        next_step = f"Did you mean {near}:{mask_url(rest)} ?"
    else:
        next_step = "Give a URL that begins with http:// or https://"
    return Explanation(what, f"Its scheme is {scheme!r}, not http or https", next_step)


def _redirect_not_http(error: failures.NonHttpUrlClientError) -> Explanation:
    return Explanation(
        "The server redirects to something that is not HTTP",
        f"Its Location is {mask_url(_url_of(error))!r}",
        "See it with allow_redirects=False",
    )


def _is_this_machine(text: str) -> bool:
    return text.startswith(("localhost", "127.", "0.0.0.0", "[::1]"))


# The way to the server --------------------------------------------------------------------------


def _no_name(error: failures.ClientConnectorDNSError) -> Explanation:
    what = f"The name {error.host!r} does not resolve to an address"
    near = nearest(error.host, ("localhost",), likeness=0.8)
    if near:
        return Explanation(what, "No name server knows it", f"Did you mean {near} ?")
    if "." not in error.host:
        return Explanation(
            what,
            "It has no domain, so only this network could know it",
            f"Write the whole name ({error.host}.example.org), or localhost for this machine",
        )
    return Explanation(
        what,
        "It is misspelled, or this machine cannot reach a name server",
        "Check the spelling; if other names fail too, check network, VPN and proxy",
    )


def _no_connection(error: failures.ClientConnectorError) -> Explanation:
    place = error.host if error.port is None else f"{error.host}:{error.port}"
    what = f"No connection to {place}"
    number = error.os_error.errno
    if number == errno.ECONNREFUSED or isinstance(error.os_error, ConnectionRefusedError):
        return Explanation(
            what,
            f"Nothing listens on port {error.port} of {error.host}",
            _start_or_use(error.host, error.port),
        )
    if number in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        why, next_step = "There is no route to it", "Check the network, the VPN and the firewall"
    elif number == errno.EMFILE:
        why = "This kernel has no file descriptor left"
        next_step = "Close responses and sessions, or ask for less at once (limit=)"
    elif number == errno.EACCES:
        why, next_step = "The system does not allow it", "Check permissions and the firewall"
    elif isinstance(error.os_error, ConnectionResetError):
        why = "It hung up during the handshake"
        next_step = "Does this port speak the protocol of the URL? Try http:// in place of https://"
    else:
        why = str(error.os_error) or type(error.os_error).__name__
        next_step = "Check host, port and network"
    return Explanation(what, why, next_step)


def _start_or_use(host: str, port: int | None) -> str:
    if not (_is_this_machine(host) or host in ("::1", "::")) or port is None:
        return "Is the server running there, and is the port right?"
    ports = nearest_ports(port)
    listening = ", ".join([f"{name} on {at}" if name else str(at) for at, name in ports])
    start = "Start the server first, or check the port"
    return f"{start}. Listening here: {listening}" if listening else f"{start}."


def _no_socket(error: failures.UnixClientConnectorError) -> Explanation:
    return Explanation(
        f"No connection to the Unix socket {error.path}",
        str(error.os_error),
        "Is the server running, and is the path right?",
    )


def _no_proxy(error: failures.ClientProxyConnectionError) -> Explanation:
    return Explanation(
        f"No connection to the proxy {error.host}:{error.port}",
        str(error.os_error),
        "Check proxy= and the variables HTTP_PROXY and HTTPS_PROXY",
    )


_TRUST = "ssl=ssl.create_default_context(cafile='ca.pem')"
# OpenSSL's verification results (X509_V_ERR_*).
_UNKNOWN_ISSUER = frozenset({18, 19, 20, 21})
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


def _bad_certificate(error: failures.ClientConnectorCertificateError) -> Explanation:
    what = f"The certificate of {error.host}:{error.port} does not prove that it is {error.host}"
    cause = error.certificate_error
    code = getattr(cause, "verify_code", 0)
    reason = getattr(cause, "verify_message", "") or str(cause)
    if code in (_OTHER_NAME, _OTHER_ADDRESS):
        return Explanation(
            what,
            f"It was made out to another name: {reason}",
            "Ask for the name that is in the certificate, or give that name as server_hostname=",
        )
    if code == _EXPIRED:
        return Explanation(
            what, "It has expired", "Have it renewed; is this machine's clock right?"
        )
    if code == _NOT_YET_VALID:
        return Explanation(what, "It is not valid yet", "Is the clock of this machine right?")
    if code in _UNKNOWN_ISSUER:
        return Explanation(
            what,
            f"This machine does not know who signed it: {reason}",
            f"If you trust the signer, give its certificate: {_TRUST}",
        )
    return Explanation(what, reason, f"To trust an authority of your own: {_TRUST}")


def _no_tls(error: failures.ClientSSLError) -> Explanation:
    what = f"TLS with {error.host}:{error.port} failed"
    reason = getattr(error.os_error, "reason", None) or str(error.os_error)
    if "WRONG_VERSION_NUMBER" in reason or "HTTP_REQUEST" in reason:
        return Explanation(
            what,
            "That port does not speak TLS",
            f"Try http:// in place of https://: http://{error.host}:{error.port}/",
        )
    if isinstance(error.os_error, ssl.SSLEOFError | ConnectionResetError):
        return Explanation(
            what, "The server hung up during the handshake", "Is this port meant for https://?"
        )
    return Explanation(
        what, reason, "Server and client agree on no TLS version or cipher: see ssl="
    )


def _other_fingerprint(error: failures.ServerFingerprintMismatch) -> Explanation:
    return Explanation(
        f"The certificate of {error.host}:{error.port} is not the one that was expected",
        "The server has a new one, or somebody sits in between",
        "Make sure of the new fingerprint by another way, then give it to ssl=Fingerprint(…)",
    )


def _disconnected(error: failures.ServerDisconnectedError) -> Explanation:
    return Explanation(
        "The server hung up before its answer was whole",
        "It crashed, it was restarted, or it does not like the request",
        "Look at the server's own log; if it was restarted, run the cell again",
    )


def _reset(error: failures.ClientConnectionResetError) -> Explanation:
    return Explanation(
        "The connection broke while the request was being sent",
        "The server hung up: it may refuse a body of this size",
        "Look at the server's own log, then run the cell again",
    )


# Time-outs --------------------------------------------------------------------------------------


def _too_long(error: failures.TotalTimeoutError) -> Explanation:
    return Explanation(
        "The request as a whole took too long",
        "The server is slow, the body is big, or a cell was blocking the event loop",
        "Give it longer: timeout=ClientTimeout(total=seconds), or total=None for no limit",
    )


def _no_connection_in_time(error: failures.ConnectionTimeoutError) -> Explanation:
    return Explanation(
        "No connection was made in time",
        "The host does not answer (a firewall drops packets silently), or all connections are busy",
        "Check host and port, or give it longer: timeout=ClientTimeout(connect=…, sock_connect=…)",
    )


def _no_bytes_in_time(error: failures.ServerTimeoutError) -> Explanation:
    return Explanation(
        "The server went silent",
        "It still works on the answer, or it hangs",
        "Give it longer between two packets: timeout=ClientTimeout(sock_read=seconds)",
    )


def _limit_around_it(error: TimeoutError) -> Explanation:
    return Explanation(
        "A time limit around the request ran out",
        "It is not the client's own: asyncio.timeout(…) or asyncio.wait_for(…) stands around it",
        "Give it longer there",
    )


# The answer -------------------------------------------------------------------------------------


def _asked(error: failures.ClientResponseError) -> str:
    return f"{error.request_info.method} {mask_url(error.request_info.real_url)}"


def _too_many_redirects(error: failures.TooManyRedirects) -> Explanation:
    visited = [mask_url(response.url) for response in error.history if hasattr(response, "url")]
    loop = len(set(visited)) < len(visited)
    return Explanation(
        f"{_asked(error)} led to more than {len(error.history)} redirects",
        f"The last one came from {visited[-1]}" if visited else "The server keeps redirecting",
        "They go in a circle: is a cookie or a login missing? See them with allow_redirects=False"
        if loop
        else "Allow more: max_redirects=, or see them with allow_redirects=False",
    )


def _not_json(error: failures.ContentTypeError) -> Explanation:
    kind = error.headers.get("Content-Type", "") if error.headers else ""
    return Explanation(
        f"The answer to {_asked(error)} is not JSON",
        f"Its type is {kind}" if kind else "It does not say what type it is",
        "Look at it with .text; if it is JSON all the same, .json(content_type=None) reads it",
    )


def _no_websocket(error: failures.WSServerHandshakeError) -> Explanation:
    return Explanation(
        f"{mask_url(error.request_info.real_url)} did not open a WebSocket",
        f"It answered {error.status} {error.message}".rstrip(),
        "Is this the path of the WebSocket, and does it want a login?",
    )


def _proxy_refused(error: failures.ClientHttpProxyError) -> Explanation:
    why = f"It answered {error.status} {error.message}".rstrip()
    next_step = "Give it a login: proxy_auth=BasicAuth(user, password)"
    return Explanation(
        "The proxy did not let the request through",
        why,
        next_step if error.status == 407 else "Check proxy= and what it allows",
    )


def _bad_answer(error: failures.ClientResponseError) -> Explanation:
    # A response that breaks the rules of HTTP has no status that means anything.
    if error.status < 400 or isinstance(error.__cause__, HttpProcessingError):
        return Explanation(
            f"The answer to {_asked(error)} cannot be read",
            error.message or "It breaks the rules of HTTP",
            "Is this an HTTP server, and is the port right?",
        )
    return Explanation(
        f"{_asked(error)} was answered with {error.status} {error.message}".rstrip(),
        *advice_for_status(error.status, error.headers),
    )


# The body ---------------------------------------------------------------------------------------


def _body_broke_off(error: failures.ClientPayloadError) -> Explanation:
    text = str(error).lower()
    if "decod" in text or "decompress" in text or "content-encoding" in text:
        return Explanation(
            "The body of the answer cannot be decoded",
            "It is not compressed in the way that its Content-Encoding says",
            "Ask for it uncompressed: headers={'Accept-Encoding': 'identity'}",
        )
    return Explanation(
        "The body of the answer is not whole",
        "The connection ended before as many bytes had come as were announced",
        "Run the cell again; if it breaks off each time, look at the server's own log",
    )


_BY_CLASS: dict[type[BaseException], Callable[[Any], Explanation]] = {
    failures.InvalidUrlRedirectClientError: _invalid_redirect,
    failures.InvalidURL: _invalid_url,
    failures.NonHttpUrlRedirectClientError: _redirect_not_http,
    failures.NonHttpUrlClientError: _not_http,
    failures.ClientConnectorDNSError: _no_name,
    failures.ClientProxyConnectionError: _no_proxy,
    failures.UnixClientConnectorError: _no_socket,
    failures.ClientConnectorCertificateError: _bad_certificate,
    failures.ClientSSLError: _no_tls,
    failures.ClientConnectorError: _no_connection,
    failures.ServerFingerprintMismatch: _other_fingerprint,
    failures.ServerDisconnectedError: _disconnected,
    failures.ClientConnectionResetError: _reset,
    failures.ConnectionTimeoutError: _no_connection_in_time,
    failures.ServerTimeoutError: _no_bytes_in_time,
    failures.TotalTimeoutError: _too_long,
    TimeoutError: _limit_around_it,
    failures.TooManyRedirects: _too_many_redirects,
    failures.ContentTypeError: _not_json,
    failures.WSServerHandshakeError: _no_websocket,
    failures.ClientHttpProxyError: _proxy_refused,
    failures.ClientResponseError: _bad_answer,
    failures.ClientPayloadError: _body_broke_off,
}
