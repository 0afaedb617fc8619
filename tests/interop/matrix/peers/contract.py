"""What every peer that is a program of its own says, whichever server it runs on.

A peer listens on two free ports of the loopback, says them as a line of JSON, and ends when its
standard input does. Its paths:

/hello               a short text, GET and HEAD
/echo, /echo/…       JSON: what the request looked like from there (see `echo`)
/large               8 MiB, streamed
/coded/CODING        `TEXT` in a content coding; the server's own encoder where it has one
/redirect/STATUS     to /echo, with a cookie
/status/STATUS       an answer without a body
/private             asks for Basic credentials: ana, secret
/refuse              413, before the body is read
/close               says Connection: close
/slow                no answer for a minute
/once                answers the first request of each connection, hangs up at the next one
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import ssl
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE = bytes(range(256)) * 256  # 64 KiB
PIECES = 128
TEXT = ("abracadabra " * 2000).encode()
CREDENTIALS = "Basic " + base64.b64encode(b"ana:secret").decode()
# A server that closes idle connections after so many seconds.
IDLE_SECONDS = int(os.environ.get("IDLE_SECONDS", "2"))
SLOW_SECONDS = 60

ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
# How often /echo saw a value of the field X-Token, so that a request that came twice shows.
seen: Counter[str] = Counter()


def large(pieces: int = PIECES) -> Iterator[bytes]:
    """Yield the pieces of the large body, or of one of another size."""
    for _ in range(pieces):
        yield PIECE


def echo(
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: hashlib._Hash,
    size: int,
) -> bytes:
    """Return as JSON how a request looked from here; fields by their names in lower case."""
    fields = {name.lower(): value for name, value in headers}
    token = fields.get("x-token", "")
    seen[token] += 1
    return json.dumps(
        {
            "method": method,
            "target": target,
            "headers": fields,
            "size": size,
            "sha256": body.hexdigest(),
            "seen": seen[token],
        }
    ).encode()


def certificate() -> ssl.SSLContext:
    """Return the TLS context of the PEM file (key and chain) that the last argument names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[-1])
    return context


def say_ports(port: int, tls_port: int) -> None:
    """Tell the test where this peer listens."""
    print(json.dumps({"port": port, "tls_port": tls_port}), flush=True)
