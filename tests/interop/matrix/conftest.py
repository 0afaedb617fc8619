"""Seven servers in processes of their own, and one way to ask each of them.

A test of this folder is a row of the matrix and takes a `peer`: it runs once with each. What a
peer cannot do stands in `CANNOT` with the reason, which is what its skipped cell says.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import importlib.util
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme

import notebook_http as nh

PEERS = Path(__file__).with_name("peers")
spec = importlib.util.spec_from_file_location("contract", PEERS / "contract.py")
assert spec is not None
assert spec.loader is not None
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)

HTTP_1_0 = "HTTP/1.0 closes after each answer: there is no kept connection"
WERKZEUG = "Werkzeug closes after each answer: there is no kept connection"
# (peer, test): why there is no such cell.
CANNOT = {
    ("http10", "test_part_of_a_file"): "http.server does not know Range",
    ("http11", "test_part_of_a_file"): "http.server does not know Range",
    ("httpbin", "test_coding_is_undone[zstd]"): "httpbin has no zstd",
    ("http10", "test_idle_connection_that_the_server_closed_is_replaced"): HTTP_1_0,
    ("httpbin", "test_idle_connection_that_the_server_closed_is_replaced"): WERKZEUG,
    ("http10", "test_dead_kept_connection_is_replaced_once_for_a_get_only"): HTTP_1_0,
    ("uvicorn", "test_dead_kept_connection_is_replaced_once_for_a_get_only"): (
        "ASGI has no message that hangs up without an answer"
    ),
    ("httpbin", "test_dead_kept_connection_is_replaced_once_for_a_get_only"): WERKZEUG,
    ("httpbin", "test_large_download_is_streamed"): "httpbin sends at most 100 KiB",
    ("httpbin", "test_large_upload_is_streamed[sized-True]"): (
        "httpbin sends an upload back inside JSON; test_httpbin.py uploads what fits"
    ),
    ("httpbin", "test_large_upload_is_streamed[sized-False]"): (
        "httpbin sends an upload back inside JSON; test_httpbin.py uploads what fits"
    ),
}


class Peer:
    """A server that speaks the contract, or something that is asked like one.

    Attributes:
        name: what the test's id says.
        url, tls_url: of its root, without a slash at the end.
        hello: what /hello answers.
        unchunked: the status with which it refuses chunked uploads; None if it reads them.
        keeps: whether it keeps connections.
        lingers: whether it reads on for a while after an early answer (RFC 9112 §9.6).
    """

    paths: ClassVar[dict[str, str]] = {}
    hello = "héllo"
    file = PEERS / "web_peer.py"

    def __init__(self, name: str, port: int, tls_port: int, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.url, self.tls_url = f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls_port}"
        self.keeps = name not in ("http10", "httpbin")
        self.lingers = not name.startswith("http1")
        self.unchunked = {"http10": 411, "http11": 411, "httpbin": 501}.get(name)
        if name == "uvicorn":
            self.file = PEERS / "starlette_peer.py"

    def at(self, path: str, *, tls: bool = False) -> str:
        """Return the address of a path of the contract."""
        return (self.tls_url if tls else self.url) + self.paths.get(path, path)

    async def echo(self, response: Any) -> dict[str, Any]:
        """Return what the peer says of the request; names of fields are in lower case."""
        echo: dict[str, Any] = await response.json()
        return echo

    async def upload(
        self, session: nh.ClientSession, data: Any, *, tls: bool = False, **more: Any
    ) -> tuple[int, str]:
        """Send *data*; return size and SHA-256 of what came there."""
        url = self.at("/echo", tls=tls)
        async with session.put(url, data=data, **more) as response:
            assert response.status == 200
            echo = await self.echo(response)
            return echo["size"], echo["sha256"]

    async def seen(self, session: nh.ClientSession, token: str) -> int:
        """Return how many requests with a token have come."""
        async with session.get(self.at("/echo"), headers={"X-Token": token}) as response:
            seen: int = (await response.json())["seen"]
            return seen - 1


class Nginx(Peer):
    """Files, variables, and DAV for uploads."""

    file = PEERS / "contract.py"
    uploads = 0

    async def upload(
        self, session: nh.ClientSession, data: Any, *, tls: bool = False, **more: Any
    ) -> tuple[int, str]:
        """PUT a file and look at it on the disk."""
        self.uploads += 1
        path = f"/upload/{self.uploads}"
        async with session.put(self.at(path, tls=tls), data=data, **more) as response:
            assert response.status == 201
        stored = self.folder / "files" / path[1:]
        with stored.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        stored.unlink()
        return size, digest

    async def seen(self, session: nh.ClientSession, token: str) -> int:
        """Count in its log, which it writes behind an answer."""
        await asyncio.sleep(0.1)
        return (self.folder / "tokens.log").read_text().split().count(token)


class Httpbin(Peer):
    """Other paths, and echoes in httpbin's own form."""

    hello = "User-agent: *\nDisallow: /deny\n"
    paths: ClassVar = {
        "/hello": "/robots.txt",
        "/echo": "/anything",
        "/coded/gzip": "/gzip",
        "/coded/deflate": "/deflate",
        "/coded/br": "/brotli",
        "/private": "/basic-auth/ana/secret",
        "/refuse": "/status/413",
        "/close": "/response-headers?Connection=close",
        "/slow": "/delay/10",
        "/file": "/range/1000",
        **{
            f"/redirect/{code}": f"/redirect-to?url=%2Fanything%3Fredirected&status_code={code}"
            for code in (301, 302, 303, 307, 308)
        },
    }

    async def echo(self, response: Any) -> dict[str, Any]:
        """Translate."""
        echo = await response.json()
        body = echo.get("data", "").encode()
        return {
            "method": echo["method"],
            "target": echo["url"].removeprefix(self.url),
            "headers": {name.lower(): value for name, value in echo["headers"].items()},
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_nginx(program: str, folder: Path, pem_file: Path) -> tuple[Any, dict[str, int]]:
    """Return an nginx that listens, and its ports."""
    ports = {"port": free_port(), "tls_port": free_port()}
    files = folder / "files"
    for name in ("coded", "upload"):
        (files / name).mkdir(parents=True)
    (files / "large").write_bytes(b"".join(contract.large()))
    (files / "text.txt").write_bytes(contract.TEXT)
    (files / "file").write_bytes(Nginx.file.read_bytes())
    for coding, encode in contract.ENCODERS.items():
        (files / "coded" / coding).write_bytes(encode(contract.TEXT))
    (folder / "users").write_text("ana:{PLAIN}secret\n")
    text = (PEERS / "nginx.conf").read_text()
    for word, value in {
        "FOLDER": folder,
        "TLS_PORT": ports["tls_port"],
        "PORT": ports["port"],
        "PEM_FILE": pem_file,
        "USER": "user root;" if os.geteuid() == 0 else "",
    }.items():
        text = text.replace(word, str(value))
    (folder / "nginx.conf").write_text(text)
    command = [program, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", ports["port"])) == 0:
                return process, ports
        time.sleep(0.05)
    process.kill()
    pytest.fail(f"nginx did not start: {(folder / 'error.log').read_text()}")


SCRIPTS: dict[str, list[Any]] = {
    "ours": [PEERS / "web_peer.py", "notebook_http"],
    "aiohttp": [PEERS / "web_peer.py", "aiohttp"],
    "uvicorn": [PEERS / "starlette_peer.py"],
    "nginx": [],
    "httpbin": [PEERS.parents[1] / "httpbin_process.py"],
    "http10": [PEERS / "standard_library_peer.py", "HTTP/1.0"],
    "http11": [PEERS / "standard_library_peer.py", "HTTP/1.1"],
}


def asked_for(peer: str | tuple[str, int]) -> tuple[str, int]:
    """Return a peer's name, and after how many idle seconds it closes a connection."""
    return (peer, contract.IDLE_SECONDS) if isinstance(peer, str) else peer


@pytest.fixture(scope="session", params=SCRIPTS)
def peer(
    request: pytest.FixtureRequest,
    need_program: Callable[[str], str],
    authority: trustme.CA,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Peer]:
    """Each server in turn, in a process of its own that all its rows share.

    Rows for which a server must not close idle connections ask for `(name, seconds)`.
    """
    name, idle_seconds = asked_for(request.param)
    folder = tmp_path_factory.mktemp(name)
    pem_file = folder / "key_and_chain.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem_file))
    if name == "nginx":
        process, ports = start_nginx(need_program("nginx"), folder, pem_file)
    else:
        command = [sys.executable, "-W", "ignore", *map(str, SCRIPTS[name]), str(pem_file)]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"IDLE_SECONDS": str(idle_seconds)},
        )
        line = process.stdout.readline()
        assert line, f"{name} did not start: {' '.join(command)}"
        ports = json.loads(line)
    kind = {"nginx": Nginx, "httpbin": Httpbin}.get(name, Peer)
    with process:
        yield kind(name, ports["port"], ports["tls_port"], folder)
        if name == "nginx":
            process.terminate()


@pytest.fixture(autouse=True)
def cell(request: pytest.FixtureRequest) -> None:
    """Say why there is no such cell, where there is none."""
    if "peer" not in request.fixturenames:
        return
    name, _ = asked_for(request.node.callspec.params["peer"])
    function = request.function.__name__
    others = [value for key, value in request.node.callspec.params.items() if key != "peer"]
    for test in (function, f"{function}[{'-'.join(map(str, others))}]"):
        if reason := CANNOT.get((name, test)):
            pytest.skip(f"{name} cannot: {reason}")


class Dialled:
    """Makes the client's sockets, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, address: Any) -> socket.socket:
        self.count += 1
        return socket.socket(*address[:3])


@pytest.fixture
def dialled() -> Dialled:
    """How many connections the session of this test has made."""
    return Dialled()


@pytest.fixture
async def session(dialled: Dialled) -> AsyncIterator[nh.ClientSession]:
    """A session of ours; afterwards no slot is taken, nobody waits and no task is left."""
    before = asyncio.all_tasks()
    connector = nh.TCPConnector(socket_factory=dialled)
    jar = nh.CookieJar(unsafe=True)  # cookies of a bare IP address too
    async with nh.ClientSession(connector=connector, cookie_jar=jar) as session:
        yield session
        assert connector._pool.busy_count == 0
        assert connector._pool.waiting_count == 0
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    gc.collect()  # an unclosed response or transport warns here, in its own test


@pytest.fixture(scope="session")
def spoken() -> Any:
    """What peers speak: `spoken.TEXT`, `spoken.large()`."""
    return contract


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's TLS context that trusts the certificates of all peers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="session")
def cannot() -> dict[tuple[str, str], str]:
    """The cells that are not there, with their reasons."""
    return CANNOT
