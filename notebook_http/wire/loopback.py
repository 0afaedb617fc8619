"""Tell which hosts are this machine: what is sent to them never leaves it (RFC 6761 §6.3)."""

from __future__ import annotations

from ipaddress import ip_address

__all__ = ["is_loopback_host"]


def is_loopback_host(host: str) -> bool:
    """Return whether *host*, a name or an address without brackets, is this machine.

    `localhost` and the names below it are, whatever a name server says; no name is resolved.
    """
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
