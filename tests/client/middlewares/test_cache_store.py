"""What the cache puts on disk, what never gets there, and what happens when the disk fails."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import trustme

from notebook_http import web
from notebook_http.client import ClientPayloadError, ClientSession, TCPConnector, UnixConnector
from notebook_http.client.middlewares import CacheMiddleware
from notebook_http.wire.credentials import BasicAuth

TABLE = "notebook_http_answers_1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.sqlite"


def all_bytes(path: Path) -> bytes:
    """Return what lies on the disk, the files beside the main one included."""
    return b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()))


def saying(**headers: str) -> Any:
    async def handler(request: web.Request) -> web.Response:
        fields = {"Cache-Control": "max-age=60"}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(text=request.headers.get("Authorization", "hello"), headers=fields)

    return handler


async def test_the_next_program_finds_it(serve_handler: Any, path: Path) -> None:
    server = await serve_handler(saying())
    for _ in range(2):
        async with (
            CacheMiddleware(path) as cache,
            ClientSession(middlewares=[cache]) as session,
        ):
            assert await (await session.get(server.url)).text() == "hello"
    assert len(server.requests) == 1


async def test_two_share_a_file_at_the_same_time(serve_handler: Any, path: Path) -> None:
    server = await serve_handler(saying())
    async with (
        CacheMiddleware(path) as one,
        CacheMiddleware(path) as two,
        ClientSession() as session,
    ):
        for number in range(20):
            for cache in (one, two):
                await session.get(f"{server.url}{number}", middlewares=[cache])
        await asyncio.gather(
            *(
                session.get(f"{server.url}{n}", middlewares=[cache])
                for n in range(20, 40)
                for cache in (one, two)
            )
        )
    assert len({request.path for request in server.requests[:20]}) == 20
    with sqlite3.connect(path) as connection:
        assert connection.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchone() == (40,)
    connection.close()


async def test_only_its_owner_reads_it(serve_handler: Any, path: Path) -> None:
    server = await serve_handler(saying())
    async with CacheMiddleware(path) as cache, ClientSession(middlewares=[cache]) as session:
        await session.get(server.url)
        for each in path.parent.iterdir():
            assert stat.S_IMODE(each.stat().st_mode) == 0o600, each


async def test_secrets_are_never_stored(serve_handler: Any, path: Path) -> None:
    server = await serve_handler(
        saying(
            Set_Cookie="session=S3CRET-COOKIE",
            X_Auth_Token="S3CRET-TOKEN",
            Cache_Control="public, max-age=60",
            X_Open="visible",
        )
    )
    sent = {"Authorization": "Bearer S3CRET-BEARER", "X-Api-Key": "S3CRET-KEY"}
    url = server.url.replace("//", "//user:S3CRET-PASSWORD@")
    async with CacheMiddleware(path) as cache, ClientSession(middlewares=[cache]) as session:
        live = await session.get(f"{server.url}?token=S3CRET-QUERY", cookies={"c": "S3CRET-SENT"})
        assert live.headers["Set-Cookie"] == "session=S3CRET-COOKIE"  # its first reader has it
        kept = await session.get(f"{server.url}?token=S3CRET-QUERY")
        assert "Age" in kept.headers
        assert "Set-Cookie" not in kept.headers
        await session.head(url + "b")
        await session.get(server.url + "c", headers={"X-Api-Key": "S3CRET-KEY"})
        response = await session.head(server.url + "d", headers=sent)
        assert response.headers["X-Open"] == "visible"
    stored = all_bytes(path)
    assert b"visible" in stored
    assert b"S3CRET" not in stored
    assert BasicAuth("user", "S3CRET-PASSWORD").encode().split()[1].encode() not in stored


async def test_what_varies_with_a_secret_is_not_kept(serve_handler: Any, path: Path) -> None:
    server = await serve_handler(saying(Vary="Cookie, Accept"))
    async with CacheMiddleware(path) as cache, ClientSession(middlewares=[cache]) as session:
        for _ in range(2):
            await session.get(server.url, headers={"Cookie": "id=S3CRET"})
        assert len(server.requests) == 2
        for _ in range(2):  # without one there is nothing to hide
            await session.get(server.url)
        assert len(server.requests) == 3
    assert b"S3CRET" not in all_bytes(path)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    ("control", "kept"),
    [
        ("max-age=60", False),
        ("private, max-age=60", False),
        ("public, max-age=60", True),
        ("max-age=60, must-revalidate", True),
        ("s-maxage=60", True),
    ],
)
async def test_what_credentials_opened_is_only_for_all_if_the_server_says_so(
    serve_handler: Any, *, shared: bool, control: str, kept: bool
) -> None:
    """RFC 9111 §3.5, and of a cache for one user, too: a session may speak for several."""
    server = await serve_handler(saying(Cache_Control=control))
    cache = CacheMiddleware(shared=shared)
    async with cache, ClientSession(middlewares=[cache]) as session:
        for user in ("ann", "bob"):
            response = await session.get(server.url, auth=BasicAuth(user, "password"))
            assert response.status == 200
    assert len(server.requests) == (1 if kept else 2)


async def test_credentials_that_are_added_behind_it_count(serve_handler: Any) -> None:
    async def sign(request: Any, handler: Any) -> Any:
        request.headers["Authorization"] = "Bearer later"
        return await handler(request)

    server = await serve_handler(saying())
    async with CacheMiddleware() as cache, ClientSession(middlewares=[cache, sign]) as session:
        await session.get(server.url)
        await session.get(server.url)
    assert len(server.requests) == 2


@pytest.mark.parametrize(("shared", "asked"), [(True, 2), (False, 1)])
async def test_private_answers_need_a_private_cache(
    serve_handler: Any, *, shared: bool, asked: int
) -> None:
    server = await serve_handler(saying(Cache_Control="private, max-age=60"))
    cache = CacheMiddleware(shared=shared)
    async with cache, ClientSession(middlewares=[cache]) as session:
        await session.get(server.url)
        await session.get(server.url)
    assert len(server.requests) == asked


# Sizes


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(("size", "asked"), [(100_000, 1), (100_001, 2)])
async def test_long_bodies_are_not_kept_but_delivered(
    serve_handler: Any, *, chunked: bool, size: int, asked: int
) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Cache-Control": "max-age=60"})
        if not chunked:
            response.content_length = size
        await response.prepare(request)
        await response.write(b"a" * 60_000)
        await response.write(b"b" * (size - 60_000))
        await response.write_eof()
        return response

    server = await serve_handler(handler)
    cache = CacheMiddleware(max_body_bytes=100_000)
    async with cache, ClientSession(middlewares=[cache]) as session:
        for _ in range(2):
            body = await (await session.get(server.url)).read()
            assert body == b"a" * 60_000 + b"b" * (size - 60_000)
    assert len(server.requests) == asked


async def test_a_body_that_breaks_off_is_an_error_and_not_kept(serve: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nhalf"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        await writer.drain()

    server = await serve(talk)
    async with CacheMiddleware() as cache, ClientSession(middlewares=[cache]) as session:
        for _ in range(2):
            response = await session.get(server.url)
            assert response.status == 200
            with pytest.raises(ClientPayloadError):
                await response.read()
    assert server.connections == 2


async def test_the_least_recently_used_goes_first(serve_handler: Any, path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=bytes(10_000), headers={"Cache-Control": "max-age=60"})

    server = await serve_handler(handler)
    cache = CacheMiddleware(path, max_bytes=35_000)
    async with cache, ClientSession(middlewares=[cache]) as session:
        for number in range(5):
            await session.get(f"{server.url}{number}")
        server.requests.clear()
        for number in (4, 3, 2):
            await session.get(f"{server.url}{number}")
        assert server.requests == []
        await session.get(f"{server.url}0")
        assert len(server.requests) == 1


async def test_what_is_over_all_room_drives_nothing_out(serve_handler: Any) -> None:
    sizes = {"/small": [1_000], "/large": [50_000], "/grows": [1_000, 50_000, 1_000]}
    asked: dict[str, int] = {}

    async def handler(request: web.Request) -> web.Response:
        turn = asked[request.path] = asked.get(request.path, -1) + 1
        told = {"Cache-Control": "no-cache" if request.path == "/grows" else "max-age=60"}
        each = sizes[request.path]
        told["ETag"] = f'"{min(turn, len(each) - 1)}"'
        return web.Response(body=bytes(each[min(turn, len(each) - 1)]), headers=told)

    server = await serve_handler(handler)
    cache = CacheMiddleware(max_bytes=20_000)
    async with cache, ClientSession(middlewares=[cache]) as session:
        for name in ("small", "large", "small"):
            await session.get(server.url + name)
        assert [request.path for request in server.requests] == ["/small", "/large"]
        for _ in range(3):
            await session.get(server.url + "grows")
    # What it had of the last one went when that was no longer true.
    conditions = [r.headers.get("If-None-Match") for r in server.requests[2:]]
    assert conditions == [None, '"0"', None]


async def test_servers_that_prove_nothing_are_kept_apart(serve: Any, path: Path) -> None:
    """Whether call, connector or context says so: no such answer is for those who verify."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    server = await serve(
        b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok", ssl=context
    )
    url = f"https://localhost:{server.port}/"
    asked = []
    async with CacheMiddleware(path) as cache:
        for tls in (False, careless, trusting, trusting):
            connector = TCPConnector(ssl=tls)
            async with ClientSession(middlewares=[cache], connector=connector) as session:
                assert await (await session.get(url)).text() == "ok"
                asked.append(len(server.requests))
    assert asked == [1, 1, 2, 2]


async def test_sockets_of_the_file_system_are_kept_apart(tmp_path: Path) -> None:
    """`http://localhost/` is another server behind each of them."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = Path(writer.get_extra_info("sockname")).name
        await reader.readuntil(b"\r\n\r\n")
        head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 1\r\n\r\n"
        writer.write(f"{head}{name}".encode())
        await writer.drain()
        writer.close()

    servers = [await asyncio.start_unix_server(talk, tmp_path / name) for name in "ab"]
    async with CacheMiddleware() as cache:
        for name in "aba":
            connector = UnixConnector(str(tmp_path / name))
            async with ClientSession(middlewares=[cache], connector=connector) as session:
                assert await (await session.get("http://localhost/")).text() == name
    for server in servers:
        server.close()


async def test_clear_forgets_all(serve_handler: Any) -> None:
    server = await serve_handler(saying())
    async with CacheMiddleware() as cache, ClientSession(middlewares=[cache]) as session:
        await session.get(server.url)
        await cache.clear()
        await session.get(server.url)
    assert len(server.requests) == 2


# Trouble


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    path.write_text("my thesis, the only copy\n" * 100)
    with pytest.raises(ValueError, match=r"cannot be kept in .*not a database.*Give the path"):
        CacheMiddleware(path)
    assert path.read_text().startswith("my thesis")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder that you may write to"):
        CacheMiddleware(tmp_path / "missing" / "cache.sqlite")


async def test_a_store_that_fails_fails_no_request(
    serve_handler: Any, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve_handler(saying())
    async with CacheMiddleware(path) as cache, ClientSession(middlewares=[cache]) as session:
        await session.get(server.url)
        connection = sqlite3.connect(path)
        connection.execute(f"DROP TABLE {TABLE}")
        connection.close()
        assert await (await session.get(server.url)).text() == "hello"
    assert len(server.requests) == 2
    assert "The cache does without its store for now" in caplog.text


async def test_a_row_that_cannot_be_read_is_none(serve_handler: Any, path: Path) -> None:
    server = await serve_handler(saying())
    async with CacheMiddleware(path) as cache, ClientSession(middlewares=[cache]) as session:
        await session.get(server.url)
        connection = sqlite3.connect(path)
        connection.execute(f"UPDATE {TABLE} SET answer = '{{\"half\": '")
        connection.commit()
        connection.close()
        assert await (await session.get(server.url)).text() == "hello"
        assert len(server.requests) == 2
        await session.get(server.url)
    assert len(server.requests) == 2


async def test_a_cancel_while_the_disk_is_busy_leaves_no_connection(
    serve_handler: Any, path: Path, session: ClientSession
) -> None:
    async def handler(request: web.Request) -> web.Response:
        size = 10 if request.method == "GET" else 4 * 1024 * 1024
        return web.Response(body=bytes(size), headers={"Cache-Control": "max-age=60"})

    server = await serve_handler(handler)
    async with CacheMiddleware(path) as cache:
        await session.get(server.url, middlewares=[cache])
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(session.post(server.url, middlewares=[cache]))
        while len(server.requests) < 2:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert not task.done()  # it waits to make the cache forget
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        other.execute("ROLLBACK")
        other.close()


async def test_a_closed_cache_lets_all_pass(serve_handler: Any, path: Path) -> None:
    server = await serve_handler(saying())
    cache = CacheMiddleware(path)
    async with ClientSession(middlewares=[cache]) as session:
        await session.get(server.url)
        await cache.close()
        await cache.close()
        assert await (await session.get(server.url)).text() == "hello"
    assert len(server.requests) == 2


def test_a_forgotten_cache_closes_its_file(path: Path) -> None:
    CacheMiddleware(path)
    gc.collect()
    sqlite3.connect(path, timeout=0.1).close()
