"""Run httpbin on Werkzeug's WSGI server until standard input closes; say the port first.

With a PEM file (key and chain) as its argument it serves TLS too, on a second port.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading

from httpbin import app
from werkzeug.serving import WSGIRequestHandler, make_server


class Http11Handler(WSGIRequestHandler):
    """Werkzeug's handler, on HTTP/1.1: it answers in chunks, and closes behind each answer."""

    protocol_version = "HTTP/1.1"


def main() -> None:
    """Serve on free ports of the loopback."""
    contexts: dict[str, ssl.SSLContext | None] = {"port": None}
    if len(sys.argv) > 1:
        contexts["tls_port"] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
    servers = {
        name: make_server(
            "127.0.0.1",
            0,
            app,
            threaded=True,
            request_handler=Http11Handler,
            ssl_context=context,
        )
        for name, context in contexts.items()
    }
    print(json.dumps({name: server.server_port for name, server in servers.items()}), flush=True)
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    for server in servers.values():
        server.shutdown()


if __name__ == "__main__":
    main()
