"""Sockets that listen before anybody serves, and what is said when they cannot be had."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from notebook_http.notebook.listening_socket import (
    PortTakenError,
    address_url,
    addresses_of,
    listen,
    listen_on_path,
)


def test_who_connects_before_the_server_is_up_waits() -> None:
    """The kernel takes the connection; it is refused by nobody."""
    (listening,) = listen("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname(), timeout=1) as client:
        client.send(b"hello")
        assert not listening.getblocking()


def test_connections_that_linger_are_not_in_the_way() -> None:
    """A restart would else fail for a minute: the sockets of old connections are in TIME_WAIT."""
    (listening,) = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        accepted, _ = listening.accept()
        accepted.close()
        assert client.recv(1) == b""
    listening.close()
    (again,) = listen("127.0.0.1", port)
    again.close()


def test_a_taken_port_keeps_no_socket_and_says_who_has_it() -> None:
    """This process has it itself here; psutil comes with ipykernel."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            listen("127.0.0.1", port)
    assert caught.value.errno == errno.EADDRINUSE
    assert (caught.value.host, caught.value.port) == ("127.0.0.1", port)
    assert "something else in this process" in str(caught.value)


@pytest.mark.parametrize(
    ("host", "said"),
    [("no-such-host.invalid", "does not resolve"), ("192.0.2.1", "Cannot listen on 192.0.2.1")],
)
def test_addresses_that_are_not_ours_are_refused(host: str, said: str) -> None:
    """A name without an address, and an address of another machine (RFC 5737)."""
    with pytest.raises(OSError, match=said):
        listen(host, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen on every port")
def test_a_port_that_needs_rights_says_so() -> None:
    """The next thing to try is a port from 1024 on."""
    with pytest.raises(PermissionError, match="from 1024 on"):
        listen("127.0.0.1", 80)


def test_a_name_with_two_addresses_listens_on_both_at_one_port() -> None:
    """`localhost` is often 127.0.0.1 and ::1; a free port must be the same for both."""
    sockets = listen("localhost", 0)
    assert len({each.getsockname()[1] for each in sockets}) == 1
    assert {str(each.getsockname()[0]) for each in sockets} == {
        address for address, _ in addresses_of("localhost", 0)
    }
    for each in sockets:
        each.close()


def test_urls_are_ones_that_this_machine_can_open() -> None:
    """All interfaces are no address, and IPv6 wants brackets."""
    for host, url in (("0.0.0.0", "http://127.0.0.1"), ("::1", "http://[::1]")):
        if host == "::1" and not socket.has_ipv6:
            continue
        try:
            (listening,) = listen(host, 0)
        except OSError:
            continue  # no IPv6 loopback in this container
        port = listening.getsockname()[1]
        assert address_url(listening) == (f"{url}:{port}/", port)
        assert address_url(listening, secure=True)[0].startswith("https://")
        listening.close()


def test_a_unix_socket_left_over_is_replaced_and_other_files_are_not(tmp_path: Path) -> None:
    """A kernel that was killed leaves its socket file behind; a file with content is somebody's."""
    path = tmp_path / "s"
    for _ in range(2):
        listening = listen_on_path(path)
        assert address_url(listening) == (f"unix:{path}", 0)
        listening.close()
    other = tmp_path / "notes"
    other.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        listen_on_path(other)
    assert other.read_text() == "mine"
