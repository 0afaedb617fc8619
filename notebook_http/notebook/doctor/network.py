"""Check the way to the network without going there: loopback, names, proxies, certificates."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from ipaddress import ip_address
from pathlib import Path
from urllib.request import getproxies_environment

from yarl import URL

from notebook_http import web
from notebook_http.notebook.doctor.check import Finding, bad, fine, in_thread, neither
from notebook_http.wire.loopback import is_loopback_host
from notebook_http.wire.secrets import mask_url

__all__ = ["certificates", "localhost", "loopback", "proxies"]

_HOST = "127.0.0.1"
# A proxy on this machine that does not answer by then is as good as none.
_PROXY_SECONDS = 0.5


async def loopback() -> Finding:
    """Measure a request to a server of ours; by a plain connection, which nothing records."""
    runner = web.ServerRunner(web.Server(_answer), shutdown_timeout=0)
    try:
        await runner.setup()
        await web.TCPSite(runner, _HOST, 0).start()
        port = runner.addresses[0][1]
        began = time.perf_counter()
        status = await _status_line(port)
        seconds = time.perf_counter() - began
    except OSError as error:
        return bad(f"no server can be reached: {error}", f"let a firewall pass {_HOST}")
    finally:
        await runner.cleanup()
    if status.split(" ")[1:2] != ["204"]:
        return bad(f"another than our server answered: {status!r}", f"let a firewall pass {_HOST}")
    return fine(f"a request to a server in this kernel took {seconds * 1000:.1f} ms")


async def _answer(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=204)


async def _status_line(port: int) -> str:
    reader, writer = await asyncio.open_connection(_HOST, port)
    try:
        writer.write(f"GET / HTTP/1.1\r\nHost: {_HOST}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.readline()).decode("latin-1").rstrip()
    finally:
        writer.transport.abort()


async def localhost() -> Finding:
    """Judge what the name `localhost` stands for."""
    fix = f"a line `{_HOST} localhost` in /etc/hosts"
    try:
        found = await in_thread(
            lambda: socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
        )
    except OSError as error:
        return bad(f"does not resolve: {error}", fix)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    words = ", ".join(addresses)
    if not all(ip_address(each.partition("%")[0]).is_loopback for each in addresses):
        return bad(f"{words}: that is not this machine", fix)
    return fine(words)


async def proxies() -> Finding:
    """Judge the proxies that the environment names; only those on this machine are tried."""
    found = getproxies_environment()
    direct = found.pop("no", "")
    if not found:
        return fine("none in the environment")
    for kind, given in found.items():
        name = f"{kind.upper()}_PROXY"
        trouble = await _proxy_trouble(given)
        if trouble:
            return bad(
                f"{name}={mask_url(given)}: {trouble}",
                f"%env {name}=http://host:port, or `del os.environ['{name}']` (or in lower case)",
            )
    words = ", ".join(f"{kind.upper()}_PROXY={mask_url(each)}" for kind, each in found.items())
    besides = f"; not for {direct}" if direct else ""
    return fine(f"{words}{besides}; used by sessions with trust_env=True")


async def _proxy_trouble(given: str) -> str:
    try:
        url = URL(given if "://" in given else f"http://{given}")
        host, port = url.host, url.port
    except ValueError:
        return "no URL"
    if url.scheme not in ("http", "https"):
        return f"{url.scheme} is not spoken, only http and https are"
    if not host or port is None:
        return "names no host"
    if not is_loopback_host(host):
        return ""
    try:
        async with asyncio.timeout(_PROXY_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:  # TimeoutError, too
        return "nobody listens there"
    writer.transport.abort()
    return ""


async def certificates() -> Finding:
    """Count the authorities that a TLS connection of ours would trust."""
    return await in_thread(_certificates)


def _certificates() -> Finding:
    paths = ssl.get_default_verify_paths()
    fix = "conda or apt install ca-certificates, or %env SSL_CERT_FILE=/path/of/ca.pem"
    for name in (paths.openssl_cafile_env, paths.openssl_capath_env):
        given = os.environ.get(name)
        if given and not Path(given).exists():
            return bad(f"{name}={given}: no such file", f"del os.environ['{name}'], or {fix}")
    place = paths.cafile or paths.capath or "the system's store"
    count = ssl.create_default_context().cert_store_stats()["x509_ca"]
    if count:
        return fine(f"{count} authorities from {place}")
    # OpenSSL reads a directory only when it looks for an authority.
    if paths.capath and any(Path(paths.capath).iterdir()):
        return neither(f"{place} is a directory that is read when needed")
    return bad(f"no authority in {place}: every certificate will be refused", fix)
