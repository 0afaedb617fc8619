"""What each error means for the person at the notebook; those that need no server to be made."""

from __future__ import annotations

import errno
import os
import ssl
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http.client import exceptions as failures
from notebook_http.client.connection_key import ConnectionKey
from notebook_http.notebook.display.explanations import Explanation, explain
from notebook_http.notebook.display.status_advice import advice_for_status

KEY = ConnectionKey("api.example", 8443, True)
ASKED = failures.RequestInfo(
    URL("http://api.example/x?token=t0ken-abcdef"),
    "GET",
    CIMultiDictProxy(CIMultiDict()),
    URL("http://api.example/x?token=t0ken-abcdef"),
)


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def answered(kind: type[failures.ClientResponseError], status: int, **headers: str) -> Any:
    return kind(ASKED, (), status=status, message="As Said", headers=CIMultiDict(headers))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            failures.ClientConnectorError(KEY, os_error(errno.ECONNREFUSED)),
            ["api.example:8443", "Nothing listens", "running there"],
        ),
        (failures.ClientConnectorError(KEY, os_error(errno.EHOSTUNREACH)), ["no route", "VPN"]),
        (failures.ClientConnectorError(KEY, os_error(errno.ENETUNREACH)), ["no route", "firewall"]),
        (failures.ClientConnectorError(KEY, os_error(errno.EMFILE)), ["descriptor", "limit="]),
        (failures.ClientConnectorError(KEY, os_error(errno.EACCES)), ["not allow", "permissions"]),
        (failures.ClientConnectorError(KEY, os_error(errno.ECONNRESET)), ["hung up", "http://"]),
        (failures.ClientConnectorError(KEY, os_error(errno.EADDRNOTAVAIL)), ["Check host, port"]),
        (failures.ClientConnectorDNSError(KEY, os_error(errno.EIO)), ["'api.example'", "spelling"]),
        (
            failures.ClientConnectorDNSError(ConnectionKey("db", 80, False), os_error(errno.EIO)),
            ["has no domain", "db.example.org"],
        ),
        (
            failures.ClientProxyConnectionError(KEY, os_error(errno.ECONNREFUSED)),
            ["proxy api.example:8443", "HTTPS_PROXY"],
        ),
        (
            failures.UnixClientConnectorError("/run/x.sock", KEY, os_error(errno.ENOENT)),
            ["/run/x.sock", "No such file", "path right"],
        ),
        (failures.ClientConnectorSSLError(KEY, ssl.SSLEOFError(8, "EOF")), ["hung up", "https://"]),
        (failures.ClientConnectorSSLError(KEY, ssl.SSLError(1, "handshake")), ["TLS", "ssl="]),
        (
            failures.ClientConnectorCertificateError(KEY, ssl.CertificateError("odd")),
            ["certificate", "odd", "cafile="],
        ),
        (
            failures.ServerFingerprintMismatch(b"\1", b"\2", "api.example", 8443),
            ["api.example:8443", "another way", "Fingerprint"],
        ),
        (failures.ClientConnectionResetError("x"), ["being sent", "refuse", "own log"]),
        (failures.UploadAbortedError("x"), ["to its end", "answered early", "status"]),
        (failures.ClientOSError(errno.EPIPE, "Broken pipe"), ["Broken pipe", "again"]),
        (failures.ClientConnectionError("Connector is closed"), ["was closed", "session open"]),
        (failures.ConnectionTimeoutError("x"), ["in time", "sock_connect="]),
        (failures.ServerTimeoutError("x"), ["silent", "sock_read="]),
        (failures.TotalTimeoutError("x"), ["too long", "total="]),
        (answered(failures.WSServerHandshakeError, 200), ["WebSocket", "200", "ordinary", "path"]),
        (answered(failures.ClientHttpProxyError, 407), ["proxy", "407", "proxy_auth="]),
        (answered(failures.ClientHttpProxyError, 502), ["proxy", "502", "proxy="]),
        (answered(failures.ContentTypeError, 200), ["not JSON", "what type", ".text"]),
        (answered(failures.TooManyRedirects, 302), ["redirects", "max_redirects="]),
        (answered(failures.ClientResponseError, 0), ["cannot be read", "HTTP server"]),
    ],
)
def test_each_says_what_why_and_what_next(error, words):
    """And none of it shows a secret of the URL."""
    explanation = explain(error)
    assert explanation is not None
    assert explanation.what
    assert explanation.why
    assert explanation.next
    text = f"{explanation.what}\n{explanation.why}\n{explanation.next}"
    for word in words:
        assert word in text
    assert "t0ken-abcdef" not in text


def test_every_error_of_the_client_is_explained():
    """A class that is added has to be thought of here, too."""
    from notebook_http.notebook.display import explanations

    classes = {
        cls
        for name in failures.__all__
        if isinstance(cls := getattr(failures, name), type) and issubclass(cls, Exception)
    }
    # A redirect's own classes are below it; the two roots are never raised by themselves.
    classes -= {failures.ClientError, failures.RedirectClientError}
    for cls in classes:
        assert any(parent in explanations._BY_CLASS for parent in cls.__mro__), cls


@pytest.mark.parametrize("status", [*range(400, 452), *range(500, 512), 599])
def test_every_status_has_advice(status):
    """Known ones their own, the others that of their class."""
    why, next_step = advice_for_status(status, None)
    assert why
    assert next_step


def test_what_the_server_advises_is_passed_on():
    """It knows best."""
    date = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert "after Wed, 21 Oct 2026" in advice_for_status(503, date)[1]
    assert advice_for_status(429, {"Retry-After": "30"})[1].endswith("after 30 s)")
    assert "GET, HEAD" in advice_for_status(405, {"Allow": "GET, HEAD"})[1]
    assert "wants Digest" in advice_for_status(401, {"WWW-Authenticate": "Digest realm=x"})[1]
    assert advice_for_status(404, {"Allow": "GET"}) == advice_for_status(404, None)


def test_an_explanation_may_be_partly_empty():
    """A short message is better than a padded one."""
    assert Explanation("what") == Explanation("what", "", "")
