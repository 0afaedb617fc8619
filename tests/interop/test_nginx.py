"""nginx on both sides of us: a server for our client, and a proxy in front of our server."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trustme

import notebook_http as nh

pytestmark = pytest.mark.peer

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
    access_log off; sendfile on; keepalive_requests 20; client_max_body_size 8m;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    types {{ text/plain txt; application/json json; }} default_type application/octet-stream;
    gzip_types application/json; gzip_min_length 100;
    upstream ours {{ server {upstream}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port}; root {folder}/files;
        location /zipped/ {{ alias {folder}/files/; gzip on; }}
        location /port {{ return 200 "$remote_port"; }}
        location /ours/ {{
            proxy_pass http://ours/; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
        location /unbuffered/ {{
            proxy_pass http://ours/; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_buffering off; proxy_request_buffering off;
        }}
    }}
    server {{
        listen 127.0.0.1:{tls_port} ssl; root {folder}/files;
        ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
    }}
}}
"""


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Nginx:
    """A running nginx, and where it listens."""

    def __init__(self, program: str, folder: Path, upstream: str, authority: trustme.CA) -> None:
        self._folder = folder
        port, tls_port = free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls_port}"
        certificate = authority.issue_cert("127.0.0.1")
        certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
        for part in certificate.cert_chain_pems:
            part.write_to_path(str(folder / "certificate.pem"), append=True)
        text = CONFIGURATION.format(
            folder=folder,
            port=port,
            tls_port=tls_port,
            upstream=upstream.removeprefix("http://"),
            user="user root;" if os.geteuid() == 0 else "",
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(text)
        self._process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")],
            stderr=subprocess.PIPE,
        )
        self._port = port

    async def ready(self) -> None:
        """Wait until it listens; fail with its own words when it does not start."""
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                if self._process.poll() is not None:
                    break
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
        pytest.fail(f"nginx did not start: {(self._folder / 'error.log').read_text()}")

    def stop(self) -> None:
        """Stop it at once."""
        self._process.terminate()
        self._process.wait(timeout=5)
        assert self._process.stderr is not None
        self._process.stderr.close()


@pytest.fixture
async def nginx(
    need_program: Callable[[str], str],
    tmp_path: Path,
    serve_on: Callable[..., Awaitable[str]],
    authority: trustme.CA,
    pattern: bytes,
    real_data: dict[str, tuple[str, bytes]],
) -> AsyncIterator[Nginx]:
    """An nginx with files of its own, and a server of ours behind it."""
    program = need_program("nginx")
    files = tmp_path / "files"
    files.mkdir()
    (files / "pattern.bin").write_bytes(pattern)
    (files / "countries.json").write_bytes(real_data["countries.json"][1])
    server = Nginx(program, tmp_path, await serve_on("notebook_http"), authority)
    try:
        await server.ready()
        yield server
    finally:
        server.stop()


@pytest.fixture
async def session() -> AsyncIterator[nh.ClientSession]:
    """A session of ours."""
    async with nh.ClientSession() as session:
        yield session


# Our client against nginx


async def test_file_with_a_known_length(
    nginx: Nginx, session: nh.ClientSession, pattern: bytes
) -> None:
    """1 MiB by sendfile on the other side."""
    async with session.get(f"{nginx.url}/pattern.bin") as response:
        assert response.headers["Content-Length"] == str(len(pattern))
        assert await response.read() == pattern


async def test_chunked_and_gzipped(
    nginx: Nginx, session: nh.ClientSession, real_data: dict[str, tuple[str, bytes]]
) -> None:
    """Gzip on the fly makes nginx send chunks."""
    async with session.get(f"{nginx.url}/zipped/countries.json") as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert response.headers["Content-Encoding"] == "gzip"
        assert await response.read() == real_data["countries.json"][1]


async def test_part_of_a_file(nginx: Nginx, session: nh.ClientSession, pattern: bytes) -> None:
    """206 with the bytes that were asked for."""
    headers = {"Range": "bytes=1000-1999"}
    async with session.get(f"{nginx.url}/pattern.bin", headers=headers) as response:
        assert response.status == 206
        assert await response.read() == pattern[1000:2000]


async def test_unchanged_file_is_304(nginx: Nginx, session: nh.ClientSession) -> None:
    """No body follows, and the next answer is its own."""
    async with session.head(f"{nginx.url}/pattern.bin") as response:
        tag = response.headers["ETag"]
    headers = {"If-None-Match": tag}
    async with session.get(f"{nginx.url}/pattern.bin", headers=headers) as response:
        assert (response.status, await response.read()) == (304, b"")


async def test_connection_is_kept_until_nginx_has_enough(
    nginx: Nginx, session: nh.ClientSession
) -> None:
    """Nginx hangs up after 20 requests; 50 in a row must not notice."""
    ports = []
    for _ in range(50):
        async with session.get(f"{nginx.url}/port") as response:
            ports.append(await response.text())
    assert len(ports) == 50
    assert len(set(ports)) == 3


async def test_error_pages(nginx: Nginx, session: nh.ClientSession) -> None:
    """404 with nginx's own HTML, 405 for a POST to a file."""
    async with session.get(f"{nginx.url}/nothing-here") as response:
        assert response.status == 404
        assert "nginx" in await response.text()
    async with session.post(f"{nginx.url}/countries.json", data=b"x") as response:
        assert response.status == 405


async def test_tls_is_verified(
    nginx: Nginx, session: nh.ClientSession, tls: Callable[..., ssl.SSLContext], pattern: bytes
) -> None:
    """Trusted: the file. Not trusted: an error that names the certificate, and no request."""
    async with session.get(f"{nginx.tls_url}/pattern.bin", ssl=tls(server=False)) as response:
        assert await response.read() == pattern
    with pytest.raises(nh.ClientConnectorCertificateError):
        await session.get(f"{nginx.tls_url}/pattern.bin")


# Our server behind nginx


async def test_large_answer_through_the_proxy(
    nginx: Nginx, session: nh.ClientSession, pattern: bytes
) -> None:
    """Nginx parses our chunks and our lengths, and keeps its connection to us."""
    for _ in range(3):
        for path in ("chunked", "sized"):
            async with session.get(f"{nginx.url}/ours/{path}") as response:
                assert response.status == 200
                assert await response.read() == pattern


async def test_upload_through_the_proxy(
    nginx: Nginx, session: nh.ClientSession, pattern: bytes
) -> None:
    """Buffered by nginx (sized), then passed on as it comes (chunked)."""
    wanted = {"size": len(pattern), "sha256": hashlib.sha256(pattern).hexdigest()}

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(pattern), 50_000):
            yield pattern[start : start + 50_000]

    for prefix in ("ours", "unbuffered"):
        async with session.post(f"{nginx.url}/{prefix}/digest", data=pieces()) as response:
            assert await response.json() == wanted


async def test_proxy_reuses_its_connection_to_us(nginx: Nginx, session: nh.ClientSession) -> None:
    """Our keep-alive answers satisfy nginx's upstream pool."""
    ports = set()
    for _ in range(10):
        async with session.get(f"{nginx.url}/ours/echo") as response:
            ports.add((await response.json())["peer_port"])
    assert len(ports) == 1


async def test_error_statuses_pass_the_proxy(nginx: Nginx, session: nh.ClientSession) -> None:
    """A 502 instead would mean that nginx could not read our answer."""
    for code in (204, 304, 404, 418, 500, 503):
        async with session.get(f"{nginx.url}/ours/status/{code}") as response:
            assert response.status == code
    async with session.head(f"{nginx.url}/ours/hello") as response:
        assert response.headers["Content-Length"] == "6"


async def test_compressed_answer_passes_the_proxy(nginx: Nginx) -> None:
    """What nginx hands on is still one whole gzip member."""
    headers = {"Accept-Encoding": "gzip"}
    async with (
        nh.ClientSession(auto_decompress=False) as session,
        session.get(f"{nginx.url}/ours/compressed", headers=headers) as response,
    ):
        assert gzip.decompress(await response.read()) == b"abracadabra " * 10_000
