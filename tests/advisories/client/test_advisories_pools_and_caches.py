"""Who shares a connection with whom, what is remembered, and what odd headers cost."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest
import trustme

from notebook_http import (
    ClientConnectorCertificateError,
    ClientSession,
    DefaultResolver,
    TCPConnector,
)

pytestmark = pytest.mark.advisory

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def secure(raw_server, authority):
    """A server whose `names` are those that handshakes asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "a.example", "b.example").configure_cert(context)
    names: list[str | None] = []
    context.sni_callback = lambda sock, name, context: names.append(name)
    server = await raw_server(OK, ssl=context)
    server.names = names
    return server


@pytest.fixture
def trusting(authority) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_cve_2026_54275_two_names_are_two_handshakes(secure, session, read_whole, trusting):
    """The pool did not look at `server_hostname`: a verified name stood for another one."""
    for name in ("a.example", "b.example", "a.example", None):
        options = {"ssl": trusting, "server_hostname": name}
        await read_whole(session, secure.url, **options)
    assert secure.names == ["a.example", "b.example", None]


async def test_cve_2024_35195_not_verifying_is_for_the_request_that_said_so(
    secure, session, read_whole
):
    """One request with verification off, and the connection served all that followed."""
    await read_whole(session, secure.url, ssl=False)
    with pytest.raises(ClientConnectorCertificateError):
        await read_whole(session, secure.url)
    await read_whole(session, secure.url, ssl=False)
    assert len(secure.requests) == 2
    assert len(secure.names) == 2  # handshakes: one unverified, one broken off


async def test_cve_2024_35195_a_context_is_for_the_requests_that_gave_it(
    secure, session, read_whole, trusting
):
    """Client certificates and authorities are the context's: it is part of the key."""
    other = ssl.create_default_context()
    await read_whole(session, secure.url, ssl=trusting)
    with pytest.raises(ClientConnectorCertificateError):
        await read_whole(session, secure.url, ssl=other)


class Everywhere(DefaultResolver):
    """Every name is 127.0.0.1."""

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]


async def test_cve_2026_34513_the_dns_cache_is_bounded(raw_server, read_whole):
    """It grew with every name, and a crawler meets many."""
    server = await raw_server(OK)
    connector = TCPConnector(resolver=Everywhere(), dns_cache_max_size=10, force_close=True)
    async with ClientSession(connector=connector) as session:
        for n in range(15):
            await read_whole(session, f"http://h{n}.example:{server.port}/")
        assert len(connector._dns_cache) == 10
    assert len(server.requests) == 15


async def test_cve_2024_52303_nothing_is_kept_for_each_host_or_path(raw_server, most_memory):
    """What the other side names was remembered for good."""
    server = await raw_server(OK)
    connector = TCPConnector(resolver=Everywhere(), force_close=True)
    async with ClientSession(connector=connector) as session:

        async def ask(n: int) -> None:
            url = f"http://h{n}.example:{server.port}/{n}"
            async with session.get(url, headers={f"X-{n}": "a"}) as response:
                await response.read()

        for n in range(300):
            await ask(n)
        with most_memory(2):
            for n in range(300, 600):
                await ask(n)
                server.requests.clear()
        assert len(session._settings.factory._origins) <= 256
        assert connector._pool.idle_count == connector._pool.busy_count == 0


async def test_cve_2024_49769_a_reset_leaves_no_socket(raw_server, session, read_whole):
    """A peer that was gone before it was served leaked its socket."""
    resets = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal resets
        await reader.readuntil(b"\r\n\r\n")
        resets += 1
        writer.transport.abort()

    server = await raw_server(talk=talk)
    for _ in range(20):
        with pytest.raises(OSError, match=r"."):  # or an end without a word: see below
            await _ask_reset(session, server.url)
    assert resets == 20
    assert list(session.connector._pool.connections()) == []


async def _ask_reset(session: ClientSession, url: str) -> None:
    from notebook_http import ClientConnectionError

    try:
        await session.post(url, data=b"x")
    except ClientConnectionError as error:
        raise ConnectionResetError(str(error)) from error


MANY = 2**20 // 2


@pytest.mark.filterwarnings("ignore:a parameter of a Content-Disposition:RuntimeWarning")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Type", "a/b" + ";" * MANY),
        ("Content-Type", "a/b; " + "a=" * MANY),
        ("Content-Type", 'text/plain; charset="' + "\\" * MANY),
        ("Content-Type", 'a/b; x="' + 'a\\"' * (MANY // 3)),
        ("Content-Disposition", "attachment; " + "a" * MANY),
        ("Content-Disposition", 'attachment; filename="' + "\\" * MANY),
        ("Content-Disposition", "attachment" + "; filename*0=a" * (MANY // 14)),
        ("Link", "<" * MANY),
        ("Link", "<a>;" + " " * MANY),
        ("Link", "<a>; rel=" + '"' * MANY),
        ("Link", "<a>,," * (MANY // 5)),
        ("Set-Cookie", "a=b" + "; " * MANY),
        ("Connection", "," * MANY),
    ],
)
async def test_cve_2024_24762_header_values_are_read_in_linear_time(
    raw_server, session, most_cpu, name, value
):
    """Expressions for media types and parameters took quadratic time, and worse."""
    server = await raw_server(
        f"HTTP/1.1 200 OK\r\n{name}: {value}\r\nContent-Length: 2\r\n\r\nok".encode()
    )
    with most_cpu(2):
        async with session.get(server.url, max_field_size=2**21) as response:
            assert await response.read() == b"ok"
            assert isinstance(response.content_type, str)
            assert response.charset is None or isinstance(response.charset, str)
            assert response.content_disposition is None or response.content_disposition.type != 1
            assert len(response.links) >= 0
            assert len(response.cookies) >= 0


async def test_cve_2026_24486_a_file_name_is_text(raw_server, session, tmp_path, monkeypatch):
    """The name of a download was used as a path."""
    monkeypatch.chdir(tmp_path)
    value = b'attachment; filename="../../etc/passwd"'
    server = await raw_server(
        OK.replace(b"Content-L", b"Content-Disposition: " + value + b"\r\nContent-L")
    )
    async with session.get(server.url) as response:
        await response.read()
        assert response.content_disposition.filename == "../../etc/passwd"
    assert list(tmp_path.iterdir()) == []


async def test_promise_bytes_that_are_no_utf8_survive(raw_server, session):
    """They come as surrogates, go out as the same bytes, and are checked again on the way."""
    server = await raw_server(OK.replace(b"Content", b"X: a\xff\xc3\xa4b\r\nContent"))
    async with session.get(server.url) as response:
        value = response.headers["X"]
    async with session.get(server.url, headers={"Y": value}) as response:
        await response.read()
    assert b"\r\nY: a\xff\xc3\xa4b\r\n" in server.requests[1]
    with pytest.raises(ValueError, match="Y"):
        await session.get(server.url, headers={"Y": value + "\r\n"})
