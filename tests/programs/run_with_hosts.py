"""Run a script, unchanged, in a world where some host names mean local servers.

    python run_with_hosts.py '{"example.com": 40123}' script.py

Only name resolution differs, as with a line in /etc/hosts, but for the port, which such a line
cannot say and which nobody but root may choose to be 80.
"""

from __future__ import annotations

import json
import runpy
import socket
import sys
from typing import Any


def send_names_home(ports: dict[str, int]) -> None:
    """Let `socket.getaddrinfo` answer 127.0.0.1 and the given port for these names."""
    ask_the_system = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in ports:
            host, port = "127.0.0.1", ports[name]
        return ask_the_system(host, port, *arguments, **options)

    socket.getaddrinfo = getaddrinfo


if __name__ == "__main__":
    send_names_home(json.loads(sys.argv[1]))
    runpy.run_path(sys.argv[2], run_name="__main__")
