"""Run httpbin on Werkzeug's WSGI server until standard input closes; say the port first."""

from __future__ import annotations

import json
import sys
import threading

from httpbin import app
from werkzeug.serving import WSGIRequestHandler, make_server


class KeepAliveHandler(WSGIRequestHandler):
    """Werkzeug's handler, on HTTP/1.1: connections stay open between requests."""

    protocol_version = "HTTP/1.1"


def main() -> None:
    """Serve on a free port of the loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=KeepAliveHandler)
    print(json.dumps({"port": server.server_port}), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
