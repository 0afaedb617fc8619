"""Find ports of this machine that somebody listens on, near one where nobody does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["nearest_ports"]

_LISTEN = "0A"  # the kernel's number for TCP_LISTEN
# Linux's default; above it are ports that programs were given, not ones that they chose. The five
# of each Jupyter kernel are there, and nobody means them.
_FIRST_EPHEMERAL_PORT = 32_768


def nearest_ports(port: int, *, count: int = 3) -> list[tuple[int, str]]:
    """Return up to *count* (port, name) pairs nearest to *port*; the notebook's own servers first.

    The name is that of a server of this notebook; empty for others, which only Linux tells of.
    """
    ours = _own_servers()
    others = sorted(
        (other for other in _ports_chosen() if other not in ours),
        key=lambda other: abs(other - port),
    )
    own = sorted(ours.items(), key=lambda item: abs(item[0] - port))
    return [*own, *[(other, "") for other in others]][:count]


def _own_servers() -> dict[int, str]:
    """Return the ports and names of the servers that run in this notebook."""
    module = sys.modules.get("notebook_http.notebook.server")
    if module is None:
        return {}
    return {
        server.port: str(server.name or "a server of this notebook") for server in module.servers()
    }


def _ports_chosen() -> set[int]:
    """Return the listening ports below the ephemeral range; empty where /proc does not tell."""
    ports: set[int] = set()
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{os.getpid()}/net/{name}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 3 and fields[3] == _LISTEN:
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return {port for port in ports if port < _FIRST_EPHEMERAL_PORT}
