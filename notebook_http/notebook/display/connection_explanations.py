"""Say why there is no connection to a server, or no more: names, ports, TLS, and who hung up."""

from __future__ import annotations

import errno
import ssl

from notebook_http.client import exceptions as failures
from notebook_http.notebook.display.explanation import Explain, Explanation
from notebook_http.notebook.display.url_explanations import names_this_machine
from notebook_http.notebook.listening_ports import nearest_ports
from notebook_http.notebook.source_errors import nearest

__all__ = ["CONNECTION_EXPLANATIONS"]


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
    if not (names_this_machine(host) or host in ("::1", "::")) or port is None:
        return "Is the server running there, and is the port right?"
    ports = nearest_ports(port)
    listening = ", ".join([f"{name} on {at}" if name else f"port {at}" for at, name in ports])
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


def _upload_aborted(error: failures.UploadAbortedError) -> Explanation:
    return Explanation(
        "The body of the request was not sent to its end",
        "The server answered early, the request was cancelled, or there was no connection",
        "Look at the response's status, and at what the request itself raised",
    )


def _broken(error: failures.ClientOSError) -> Explanation:
    return Explanation(
        "The connection broke before the answer was whole",
        error.strerror or str(error),
        "Run the cell again; if it breaks each time, look at the server's own log",
    )


def _closed(error: failures.ClientConnectionError) -> Explanation:
    return Explanation(
        "The connection was given up on this side",
        "The session, the connector or the response was closed, by another cell perhaps",
        "Keep the session open until the body is read, or make a new one",
    )


CONNECTION_EXPLANATIONS: dict[type[BaseException], Explain] = {
    failures.ClientConnectorDNSError: _no_name,
    failures.ClientProxyConnectionError: _no_proxy,
    failures.UnixClientConnectorError: _no_socket,
    failures.ClientConnectorCertificateError: _bad_certificate,
    failures.ClientSSLError: _no_tls,
    failures.ClientConnectorError: _no_connection,
    failures.ClientOSError: _broken,
    failures.ClientConnectionError: _closed,
    failures.ServerFingerprintMismatch: _other_fingerprint,
    failures.ServerDisconnectedError: _disconnected,
    failures.ClientConnectionResetError: _reset,
    failures.UploadAbortedError: _upload_aborted,
}
