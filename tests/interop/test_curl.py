"""curl against our server: a client that shares no code and no author with us."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.peer


@dataclass
class Answer:
    """What curl saw: the last response's head and body, and what it told about the exchange."""

    heads: list[str]
    body: bytes
    log: str

    @property
    def status_line(self) -> str:
        return self.heads[-1].split("\r\n")[0]

    def header(self, name: str) -> str | None:
        for line in self.heads[-1].split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None

    def json(self) -> dict[str, object]:
        answer: dict[str, object] = json.loads(self.body)
        return answer


Curl = Callable[..., Awaitable[Answer]]


@pytest.fixture
def curl(need_program: Callable[[str], str], tmp_path: Path) -> Curl:
    """Run curl with the given arguments; it must end well."""
    program = need_program("curl")

    async def run(*arguments: str, sent: bytes | None = None) -> Answer:
        heads, body = tmp_path / "heads", tmp_path / "body"
        process = await asyncio.create_subprocess_exec(
            program,
            *("--silent", "--show-error", "--verbose", "--max-time", "20", "--noproxy", "*"),
            *("--dump-header", str(heads), "--output", str(body)),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, log = await process.communicate(sent)
        assert process.returncode == 0, log.decode()
        return Answer(
            heads.read_bytes().decode("latin-1").strip().split("\r\n\r\n"),
            body.read_bytes() if body.exists() else b"",
            log.decode("utf-8", "replace"),
        )

    return run


@pytest.fixture
async def url(serve_on: Callable[..., Awaitable[str]]) -> str:
    """Our server with the peer application."""
    return await serve_on("notebook_http")


async def test_get(curl: Curl, url: str) -> None:
    """The status line and the fields that curl users look at."""
    answer = await curl(f"{url}/hello")
    assert answer.status_line == "HTTP/1.1 200 OK"
    assert answer.header("Content-Type") == "text/plain; charset=utf-8"
    assert answer.header("Content-Length") == "6"
    assert answer.header("Date")
    assert answer.body.decode() == "héllo"


async def test_head(curl: Curl, url: str) -> None:
    """Curl -I ends at once: the length is told, nothing follows."""
    answer = await curl("--head", f"{url}/hello")
    assert answer.status_line == "HTTP/1.1 200 OK"
    assert answer.header("Content-Length") == "6"


async def test_data_is_a_form(curl: Curl, url: str) -> None:
    """--data and --data-urlencode, as people paste them."""
    answer = await curl("--data", "a=1&b=two+words", "--data-urlencode", "c=ü&=", f"{url}/form")
    assert json.loads(answer.body) == [["a", "1"], ["b", "two words"], ["c", "ü&="]]


async def test_form_with_a_file(curl: Curl, url: str, tmp_path: Path, pattern: bytes) -> None:
    """-F: curl's own multipart writer, boundaries and all."""
    path = tmp_path / "pattern.bin"
    path.write_bytes(pattern)
    answer = await curl(
        *("-F", "note=first line"),
        *("-F", f"file=@{path};type=application/x-pattern"),
        f"{url}/form",
    )
    digest = hashlib.sha256(pattern).hexdigest()
    assert json.loads(answer.body) == [
        ["note", "first line"],
        ["file", "pattern.bin", "application/x-pattern", digest],
    ]


async def test_expect_continue(curl: Curl, url: str, pattern: bytes) -> None:
    """Curl waits for 100 Continue before it sends the body."""
    answer = await curl(
        *("-H", "Expect: 100-continue", "--expect100-timeout", "10", "--data-binary", "@-"),
        f"{url}/digest",
        sent=pattern,
    )
    assert answer.heads[0].split("\r\n")[0] == "HTTP/1.1 100 Continue"
    assert answer.json()["size"] == len(pattern)


async def test_chunked_upload(curl: Curl, url: str, pattern: bytes) -> None:
    """A body of unknown length from standard input."""
    answer = await curl(
        *("-X", "POST", "-H", "Transfer-Encoding: chunked", "--upload-file", "-"),
        f"{url}/digest",
        sent=pattern,
    )
    assert answer.json() == {"size": len(pattern), "sha256": hashlib.sha256(pattern).hexdigest()}


async def test_chunked_download(curl: Curl, url: str, pattern: bytes) -> None:
    """Our chunks, read by somebody else's parser."""
    answer = await curl(f"{url}/chunked")
    assert answer.header("Transfer-Encoding") == "chunked"
    assert answer.header("Content-Length") is None
    assert answer.body == pattern


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_compressed(curl: Curl, url: str, coding: str) -> None:
    """--compressed: curl's own inflate reads our coding."""
    accept = f"Accept-Encoding: {coding}"
    answer = await curl("--compressed", "-H", accept, f"{url}/compressed")
    assert answer.header("Content-Encoding") == coding
    assert answer.body == b"abracadabra " * 10_000


async def test_http_1_0_is_closed_and_never_chunked(curl: Curl, url: str, pattern: bytes) -> None:
    """RFC 9112 §6.1: no chunks to a client that does not know them; the close ends the body."""
    answer = await curl("--http1.0", f"{url}/chunked")
    assert answer.header("Transfer-Encoding") is None
    assert answer.body == pattern


async def test_connection_is_reused(curl: Curl, url: str) -> None:
    """Two URLs on one command line, one connection."""
    answer = await curl(f"{url}/sized", f"{url}/hello", "--output", "/dev/null")
    # Newer ones say "Re-using existing http: connection".
    assert re.search(r"Re-using existing (\w+: )?connection", answer.log)


async def test_redirects(curl: Curl, url: str) -> None:
    """-L follows our relative Location fields."""
    answer = await curl("--location", f"{url}/redirect/2")
    assert [head.split(" ")[1] for head in answer.heads] == ["302", "302", "200"]


async def test_cookies(curl: Curl, url: str, tmp_path: Path) -> None:
    """Curl's cookie engine understands our Set-Cookie fields."""
    jar = str(tmp_path / "jar")
    await curl("--cookie-jar", jar, f"{url}/set-cookies")
    answer = await curl("--cookie", jar, f"{url}/cookies")
    assert answer.json() == {"flavour": "chocolate", "size": "large"}


async def test_basic_auth(curl: Curl, url: str) -> None:
    """-u name:password, with a password outside of ASCII."""
    answer = await curl("--user", "ana:contraseña", f"{url}/echo")
    headers = dict(answer.json()["headers"])  # type: ignore[call-overload]
    wanted = base64.b64encode("ana:contraseña".encode()).decode()
    assert headers["Authorization"] == f"Basic {wanted}"


async def test_errors(curl: Curl, url: str) -> None:
    """404 and 405 keep the connection in step."""
    answer = await curl(f"{url}/nowhere", "-o", "/dev/null", f"{url}/hello")
    assert [head.split(" ")[1] for head in answer.heads] == ["404", "200"]
    answer = await curl("-X", "DELETE", f"{url}/hello")
    assert answer.status_line == "HTTP/1.1 405 Method Not Allowed"


async def test_tls(
    curl: Curl,
    serve_on: Callable[..., Awaitable[str]],
    tls: Callable[..., ssl.SSLContext],
    authority_file: str,
) -> None:
    """Curl checks our certificate and reads a large body through TLS."""
    url = await serve_on("notebook_http", scheme="https", ssl_context=tls(server=True))
    answer = await curl("--cacert", authority_file, f"{url}/sized")
    assert answer.status_line == "HTTP/1.1 200 OK"
    assert len(answer.body) == 1024**2
