"""Errors say host, cause and next step, and survive a trip through pickle."""

from __future__ import annotations

import errno
import pickle
import ssl

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http.client import exceptions as e
from notebook_http.client.connection_key import ConnectionKey

KEY = ConnectionKey("host.example", 8080, False)
INFO = e.RequestInfo(
    URL("http://h/a"),
    "GET",
    CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer s3cret"})),
    URL("http://h/a#f"),
)


def test_the_tree_is_aiohttps():
    """Programs that catch aiohttp's classes go on working."""
    import aiohttp

    for name in e.__all__:
        theirs = getattr(aiohttp, name, None) or getattr(aiohttp.client_exceptions, name, None)
        ours = getattr(e, name)
        if theirs is None or name == "RequestInfo":
            continue
        named = {base.__name__ for base in theirs.__mro__}
        missing = named - {base.__name__ for base in ours.__mro__} - {"_RequestInfo"}
        assert not missing, f"{name} lacks {missing}"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (e.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "refused")), "server running"),
        (e.ClientConnectorError(KEY, OSError(errno.EMFILE, "too many")), "limit="),
        (e.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), "Cannot resolve host.example"),
        (
            e.ClientConnectorSSLError(KEY, ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] x")),
            "http://",
        ),
        (e.UnixClientConnectorError("/s", KEY, OSError(errno.ENOENT, "none")), "/s"),
        (e.ClientConnectorCertificateError(KEY, ValueError("bad")), "not trusted"),
        (e.ServerFingerprintMismatch(b"\0", b"\1", "h", 1), "01, not 00"),
        (e.InvalidURL("x", "why"), "x - why"),
        (e.ServerDisconnectedError(), "Server disconnected"),
        (e.ClientResponseError(INFO, (), status=404, message="No"), "404, message='No'"),
    ],
)
def test_each_error_says_what_to_do_and_can_be_pickled(error, says):
    """Process pools send errors home in pickles."""
    assert says in str(error)
    if not isinstance(error, e.ClientResponseError):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_credentials_are_not_in_the_repr():
    """A cell that ends in an error value would save them with the notebook."""
    assert "s3cret" not in repr(e.ClientResponseError(INFO, (), status=401))


def test_code_is_an_older_name_of_status():
    """Either, not both."""
    assert e.ClientResponseError(INFO, (), code=400).status == 400
    assert e.ClientResponseError(INFO, (), status=400).code == 400
    with pytest.raises(ValueError, match="not both"):
        e.ClientResponseError(INFO, (), code=1, status=1)
