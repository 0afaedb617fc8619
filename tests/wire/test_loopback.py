"""Which hosts are this machine."""

from __future__ import annotations

import pytest

from notebook_http.wire.loopback import is_loopback_host


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("0:0:0:0:0:0:0:1", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
        ("localhost.evil.example", False),
        ("evillocalhost", False),
        ("127.0.0.1.evil.example", False),
        ("127.1", False),
        ("2130706433", False),
        ("[::1]", False),
        ("example.org", False),
    ],
)
def test_this_machine(host: str, is_here: bool) -> None:
    """By its name or one below it, and by addresses in full."""
    assert is_loopback_host(host) is is_here
