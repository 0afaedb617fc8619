"""What `ssl=` may be, and what follows."""

from __future__ import annotations

import ssl

import pytest

from notebook_http.transport.tls import (
    Fingerprint,
    check_tls_setting,
    client_context,
    merge_tls_settings,
    ready_context,
)


def test_the_default_verifies():
    """Names and chains; `False` verifies neither. Each context is made once."""
    context = client_context(True)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert client_context(True) is context
    assert ready_context(True) is context
    loose = client_context(False)
    assert loose.verify_mode is ssl.CERT_NONE
    assert not loose.check_hostname
    own = ssl.create_default_context()
    assert client_context(own) is own


def test_a_fingerprint_is_a_sha_256_digest():
    """Others can be forged, or are nothing."""
    Fingerprint(bytes(32))
    for size, says in ((16, "insecure"), (20, "insecure"), (31, "32 bytes")):
        with pytest.raises(ValueError, match=says):
            Fingerprint(bytes(size))
    assert Fingerprint(bytes(32)) == Fingerprint(bytes(32))


def test_settings_are_checked():
    """None is an older word for True."""
    assert check_tls_setting(None) is True
    with pytest.raises(TypeError, match="got 'yes'"):
        check_tls_setting("yes")


def test_older_names_mean_the_same():
    """One of them at a time."""
    context = ssl.create_default_context()
    assert merge_tls_settings(True, None, None, None) is True
    assert merge_tls_settings(True, True, None, None) is True
    assert merge_tls_settings(True, False, None, None) is False
    assert merge_tls_settings(True, None, context, None) is context
    assert merge_tls_settings(True, None, None, bytes(32)) == Fingerprint(bytes(32))
    for arguments in ((False, False, None, None), (True, False, context, None)):
        with pytest.raises(ValueError, match="mutually exclusive"):
            merge_tls_settings(*arguments)
    with pytest.raises(TypeError, match=r"got 'ca\.pem'"):
        merge_tls_settings(True, None, "ca.pem", None)
