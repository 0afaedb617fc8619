"""Five clients behind one way to ask: ours, aiohttp, httpx, requests and curl.

An `Ask` says what is to be asked; a client turns it into calls of its own and the answers into
`Answer`. What a client cannot do stands in its `cannot`, and the cell is skipped with that reason.
"""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest

# Name, file name, type, content.
File = tuple[str, str, str, bytes]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request.

    Attributes:
        pieces: a body of unknown length, which leaves in chunks.
        form: fields; with *file* as multipart/form-data.
        expect: wait for 100 (Continue) before the body leaves.
    """

    path: str
    method: str = "GET"
    tls: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    data: bytes | None = None
    value: Any = None
    form: dict[str, str] | None = None
    file: File | None = None
    pieces: Sequence[bytes] | None = None
    follow: bool = False
    expect: bool = False
    version: str = "1.1"


@dataclass(frozen=True)
class Answer:
    """An answer; names of fields are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return what the body says."""
        return json.loads(self.body)


def lowered(items: Any) -> dict[str, str]:
    """Return fields as a dict; a name is what it is in lower case."""
    return {name.lower(): value for name, value in items}


async def in_turn(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Yield *pieces*, and let others run in between."""
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


class Client:
    """One library, or program.

    Attributes:
        cannot: why there are no cells for `Ask.expect` and `Ask.version`.

    Args:
        addresses: of the server, without and with TLS.
        authority: a PEM file with the certificate that the server's is signed with.
    """

    cannot: ClassVar[dict[str, str]] = {}

    def __init__(self, addresses: dict[bool, str], authority: Path) -> None:
        self.addresses, self.authority = addresses, authority

    async def ask(self, ask: Ask) -> Answer:
        """Return the answer to one request."""
        (answer,) = await self.ask_all([ask])
        return answer

    async def ask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Return the answers to several, one after the other, over one session."""
        if any(ask.expect for ask in asks) and "expect" in self.cannot:
            pytest.skip(self.cannot["expect"])
        if any(ask.version != "1.1" for ask in asks) and "version" in self.cannot:
            pytest.skip(self.cannot["version"])
        return await self.answers(asks)

    async def answers(self, asks: Sequence[Ask]) -> list[Answer]:
        """Do it. To be overridden, as `stream`."""
        raise NotImplementedError

    async def stream(self, path: str, first_came: Callable[[], None]) -> bytes:
        """Return a body; call *first_came*, in a thread, when its first bytes are there."""
        raise NotImplementedError


class AiohttpLike(Client):
    """The session of aiohttp, and ours."""

    library = "aiohttp"
    cannot: ClassVar = {
        "version": "HTTP/1.0 is for a whole session; tests/web speaks it in plain bytes"
    }

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Any]:
        import ssl

        library = import_module(self.library)
        context = ssl.create_default_context(cafile=self.authority)
        connector = library.TCPConnector(ssl=context)
        jar = library.CookieJar(unsafe=True)  # the server is a bare address
        async with library.ClientSession(connector=connector, cookie_jar=jar) as session:
            yield session

    def body(self, ask: Ask) -> Any:
        library = import_module(self.library)
        if ask.file is not None:
            form = library.FormData(quote_fields=False)  # names as they are, not in %XX
            for name, value in (ask.form or {}).items():
                form.add_field(name, value)
            name, file_name, kind, content = ask.file
            form.add_field(name, content, filename=file_name, content_type=kind)
            return form
        if ask.pieces is not None:
            return in_turn(ask.pieces)
        # aiohttp warns of large bytes: a file would not keep the loop.
        return ask.form or (ask.data and io.BytesIO(ask.data))

    async def answers(self, asks: Sequence[Ask]) -> list[Answer]:
        answers = []
        async with self.session() as session:
            for ask in asks:
                more: dict[str, Any] = {"json": ask.value} if ask.value is not None else {}
                if not more:
                    more["data"] = self.body(ask)
                async with session.request(
                    ask.method,
                    self.addresses[ask.tls] + ask.path,
                    headers=ask.headers,
                    allow_redirects=ask.follow,
                    expect100=ask.expect,
                    **more,
                ) as response:
                    body = await response.read()
                answers.append(Answer(response.status, lowered(response.headers.items()), body))
        return answers

    async def stream(self, path: str, first_came: Callable[[], None]) -> bytes:
        async with (
            self.session() as session,
            session.get(self.addresses[False] + path) as response,
        ):
            body: bytes = await response.content.readany()
            await asyncio.to_thread(first_came)
            return body + await response.read()


class Ours(AiohttpLike):
    """Our own session."""

    library = "notebook_http"


class Httpx(Client):
    """httpx, with its asynchronous client."""

    cannot: ClassVar = {
        "expect": "httpx does not wait for 100 (Continue)",
        "version": "httpx writes HTTP/1.1 only",
    }

    def session(self) -> Any:
        import ssl

        import httpx

        context = ssl.create_default_context(cafile=self.authority)
        return httpx.AsyncClient(verify=context, trust_env=False, timeout=20)

    async def answers(self, asks: Sequence[Ask]) -> list[Answer]:
        answers = []
        async with self.session() as session:
            for ask in asks:
                more: dict[str, Any] = {"data": ask.form, "json": ask.value}
                if ask.file is not None:
                    name, file_name, kind, content = ask.file
                    more["files"] = {name: (file_name, content, kind)}
                if ask.pieces is not None:
                    more = {"content": in_turn(ask.pieces)}
                elif ask.data is not None:
                    more = {"content": ask.data}
                response = await session.request(
                    ask.method,
                    self.addresses[ask.tls] + ask.path,
                    headers={name: value.encode() for name, value in ask.headers.items()},
                    follow_redirects=ask.follow,
                    **more,
                )
                headers = lowered(response.headers.items())
                answers.append(Answer(response.status_code, headers, response.content))
        return answers

    async def stream(self, path: str, first_came: Callable[[], None]) -> bytes:
        async with (
            self.session() as session,
            session.stream("GET", self.addresses[False] + path) as response,
        ):
            body = b""
            async for piece in response.aiter_raw():
                if not body:
                    await asyncio.to_thread(first_came)
                body += piece
            return body


class Requests(Client):
    """requests, which blocks: in a thread."""

    cannot: ClassVar = {
        "expect": "requests does not wait for 100 (Continue)",
        "version": "requests writes HTTP/1.1 only",
    }

    def session(self) -> Any:
        import requests

        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.authority)
        return session

    def blocking(self, asks: Sequence[Ask]) -> Iterator[Answer]:
        with self.session() as session:
            for ask in asks:
                more: dict[str, Any] = {"data": ask.form or ask.data, "json": ask.value}
                if ask.file is not None:
                    name, file_name, kind, content = ask.file
                    more["files"] = {name: (file_name, content, kind)}
                if ask.pieces is not None:
                    more = {"data": iter(ask.pieces)}
                response = session.request(
                    ask.method,
                    self.addresses[ask.tls] + ask.path,
                    headers={name: value.encode() for name, value in ask.headers.items()},
                    allow_redirects=ask.follow,
                    timeout=20,
                    **more,
                )
                headers = lowered(response.headers.items())
                yield Answer(response.status_code, headers, response.content)

    async def answers(self, asks: Sequence[Ask]) -> list[Answer]:
        return await asyncio.to_thread(lambda: [*self.blocking(asks)])

    async def stream(self, path: str, first_came: Callable[[], None]) -> bytes:
        def read() -> bytes:
            address = self.addresses[False] + path
            with self.session() as session, session.get(address, stream=True) as response:
                body = b""
                for piece in response.raw.stream(2**16):
                    if not body:
                        first_came()
                    body += piece
                return body

        return await asyncio.to_thread(read)


class Curl(Client):
    """The program."""

    async def run(self, *arguments: str, sent: bytes = b"") -> Any:
        program = shutil.which("curl")
        assert program is not None
        return await asyncio.create_subprocess_exec(
            *(program, "--silent", "--show-error", "--max-time", "20", "--noproxy", "*"),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    def arguments(self, ask: Ask, folder: Path, name: str) -> list[str]:
        written = ["--output", str(folder / f"{name}.body"), "--compressed", "--globoff"]
        written += ["--dump-header", str(folder / f"{name}.heads"), "--http" + ask.version]
        written += ["--cacert", str(self.authority), "--cookie", "", "--path-as-is"]
        written += ["--location"] * ask.follow
        written += ["--head"] if ask.method == "HEAD" else []
        headers = dict(ask.headers) if ask.expect else {"Expect": "", **ask.headers}
        if ask.method not in ("GET", "POST", "HEAD"):
            written += ["--request", ask.method]
        body = folder / f"{name}.sent"
        if ask.value is not None:
            body.write_bytes(json.dumps(ask.value).encode())
            written += ["--data-binary", f"@{body}"]
            headers["Content-Type"] = "application/json"
        elif ask.file is not None:
            part, file_name, kind, content = ask.file
            body.write_bytes(content)
            for key, text in (ask.form or {}).items():
                written += ["--form-string", f"{key}={text}"]
            written += ["--form", f"{part}=@{body};filename={file_name};type={kind}"]
        elif ask.form is not None:
            for key, text in ask.form.items():
                written += ["--data-urlencode", f"{key}={text}"]
        elif ask.data is not None or ask.pieces is not None:
            body.write_bytes(b"".join(ask.pieces or [ask.data or b""]))
            written += ["--data-binary", f"@{body}"]
            headers.setdefault("Content-Type", "application/octet-stream")
            if ask.pieces is not None:
                headers["Transfer-Encoding"] = "chunked"
        if ask.expect:
            headers["Expect"] = "100-continue"
        for key, text in headers.items():
            written += ["--header", f"{key}: {text}" if text else f"{key}:"]
        return [*written, self.addresses[ask.tls] + ask.path]

    async def answers(self, asks: Sequence[Ask]) -> list[Answer]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command: list[str] = []
            for number, ask in enumerate(asks):
                command += ["--next"] * bool(number)
                command += self.arguments(ask, folder, str(number))
            process = await self.run(*command)
            _, errors = await process.communicate()
            assert process.returncode == 0, errors.decode()
            return [self.answer(folder, str(number), ask) for number, ask in enumerate(asks)]

    def answer(self, folder: Path, name: str, ask: Ask) -> Answer:
        heads = (folder / f"{name}.heads").read_bytes().rstrip().split(b"\r\n\r\n")
        line, _, fields = heads[-1].partition(b"\r\n")
        raw = [each.partition(b":") for each in fields.split(b"\r\n")]
        headers = {key.decode().lower(): value.strip().decode() for key, _, value in raw}
        body = folder / f"{name}.body"
        content = body.read_bytes() if body.exists() and ask.method != "HEAD" else b""
        return Answer(int(line.split()[1]), headers, content)

    async def stream(self, path: str, first_came: Callable[[], None]) -> bytes:
        process = await self.run("--no-buffer", self.addresses[False] + path)
        process.stdin.close()
        body: bytes = await process.stdout.read(2**16)
        await asyncio.to_thread(first_came)
        body += await process.stdout.read()
        assert await process.wait() == 0
        return body


CLIENTS: dict[str, type[Client]] = {
    "ours": Ours,
    "aiohttp": AiohttpLike,
    "httpx": Httpx,
    "requests": Requests,
    "curl": Curl,
}
