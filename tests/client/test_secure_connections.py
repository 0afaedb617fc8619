"""TLS: who is trusted, who is not, and what the error says."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import threading

import pytest
import trustme

from notebook_http.client import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientSession,
    ClientTimeout,
    Fingerprint,
    ServerFingerprintMismatch,
    TCPConnector,
)
from notebook_http.transport.accelerated import SWITCH

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=["aiofastnet", "asyncio"], autouse=True)
def transports(request, monkeypatch) -> str:
    """Whose transports TLS is spoken by: all is the same with both."""
    if request.param == "asyncio":
        monkeypatch.setenv(SWITCH, "1")
    return request.param


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("localhost", "example.test")


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts our authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
async def secure(serve, certificate: trustme.LeafCert):
    """A server whose certificate is for localhost; its `names` are those that clients asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    names: list[str | None] = []
    context.sni_callback = lambda sock, name, context: names.append(name)
    server = await serve(OK, ssl=context)
    server.names = names
    server.url = f"https://localhost:{server.port}"
    return server


async def test_the_transports_are_those_that_were_asked_for(secure, session, trusting, transports):
    """The faster ones unless they are switched off."""
    async with session.get(secure.url, ssl=trusting) as response:
        await response.read()
    (connection,) = session.connector._pool.connections()
    assert type(connection.transport).__module__.partition(".")[0] == transports


async def test_a_trusted_certificate_of_the_right_name_is_fine(secure, session, trusting):
    """And the connection is kept like any other."""
    for _ in range(2):
        async with session.get(secure.url, ssl=trusting) as response:
            assert await response.text() == "ok"
    assert secure.connections == 1


async def test_the_handshake_has_a_time_of_its_own(secure, session, trusting):
    """Cards split a request's time; a kept connection has none to show."""
    async with session.get(secure.url, ssl=trusting) as response:
        assert response.timings.tls > 0
        assert response.timings.connect > 0
    async with session.get(secure.url, ssl=trusting) as response:
        assert response.timings.tls is None


async def test_an_unknown_authority_is_refused(secure, session):
    """By default everything is verified; the message says what to do about an own authority."""
    with pytest.raises(ClientConnectorCertificateError) as caught:
        await session.get(secure.url)
    error = caught.value
    assert isinstance(error, ssl.CertificateError)
    assert isinstance(error, ClientConnectorError)
    assert "is not trusted" in str(error)
    assert f"localhost:{secure.port}" in str(error)
    assert "ssl=" in str(error)
    assert isinstance(error.certificate_error, ssl.SSLCertVerificationError)


async def test_a_wrong_name_is_refused(secure, session, trusting):
    """The certificate is good, but for somebody else."""
    with pytest.raises(ClientConnectorCertificateError, match=r"127\.0\.0\.1") as caught:
        await session.get(f"https://127.0.0.1:{secure.port}/", ssl=trusting)
    assert "server_hostname=" in str(caught.value)
    assert "cafile" not in str(caught.value)


async def test_the_name_to_expect_can_be_given(secure, session, trusting):
    """`server_hostname=`: asked for in SNI, and checked."""
    url = f"https://127.0.0.1:{secure.port}/"
    async with session.get(url, ssl=trusting, server_hostname="example.test") as response:
        assert await response.text() == "ok"
    assert secure.names == ["example.test"]


async def test_another_name_or_setting_gets_another_connection(secure, session, trusting):
    """CVE-2026-54275, requests' CVE-2024-35195: what one request did not check, another must."""
    await session.get(secure.url, ssl=trusting)
    await session.get(secure.url, ssl=trusting, server_hostname="example.test")
    await session.get(secure.url, ssl=False)
    await session.get(secure.url, ssl=trusting)
    assert secure.connections == 3
    with pytest.raises(ClientConnectorCertificateError):
        await session.get(secure.url)


async def test_verification_can_be_switched_off(secure):
    """By the request or by the connector, under the old name as well."""
    for connector in (TCPConnector(ssl=False), TCPConnector(verify_ssl=False)):
        async with ClientSession(connector=connector) as session:
            assert await (await session.get(secure.url)).text() == "ok"
    async with ClientSession() as session:
        assert await (await session.get(secure.url, verify_ssl=False)).text() == "ok"


async def test_a_fingerprint_recognises_one_certificate(secure, session, certificate):
    """And refuses every other, whoever signed it."""
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    digest = hashlib.sha256(der).digest()
    async with session.get(secure.url, ssl=Fingerprint(digest)) as response:
        assert await response.text() == "ok"
    with pytest.raises(ServerFingerprintMismatch, match="not 0000") as caught:
        await session.get(secure.url, ssl=Fingerprint(bytes(32)))
    assert caught.value.got == digest
    await asyncio.sleep(0.02)


async def test_https_to_a_plain_port_says_so(serve, session):
    """The most common TLS error there is."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await serve(plain)
    with pytest.raises(ClientConnectorSSLError, match="http://") as caught:
        await session.get(server.url.replace("http:", "https:"))
    assert isinstance(caught.value, ssl.SSLError)


async def test_a_server_that_hangs_up_in_the_handshake_is_an_error(serve, session):
    """Not a hang, and not a naked OSError."""

    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)

    server = await serve(rude)
    with pytest.raises(ClientConnectorError, match="does this port speak the protocol"):
        await session.get(server.url.replace("http:", "https:"))


async def test_large_bodies_pass_both_ways(serve, session, trusting, certificate):
    """TLS records, backpressure and the pool do not get in each other's way."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    body = bytes(range(256)) * 8000
    server = await serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2048000\r\n\r\n" + body, ssl=context)
    for _ in range(2):
        url = f"https://localhost:{server.port}/"
        async with session.post(url, data=body, ssl=trusting) as response:
            assert await response.read() == body
    assert server.requests[0].endswith(body)
    assert server.connections == 1


async def test_closing_says_goodbye(certificate, trusting):
    """close_notify goes out, so that the server sees an end and not an accident (RFC 8446 §6.1)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def serve_one(listener: socket.socket) -> bytes:
        plain, _ = listener.accept()
        plain.settimeout(10)
        # An end without close_notify is an SSLEOFError here, which asyncio would hide.
        with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as sock:
            while b"\r\n\r\n" not in sock.recv(65536):
                pass
            sock.sendall(OK)
            return sock.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = asyncio.create_task(asyncio.to_thread(serve_one, listener))
        async with ClientSession() as session:
            await session.get(f"https://localhost:{listener.getsockname()[1]}", ssl=trusting)
        assert await served == b""


async def test_a_silent_peer_is_not_waited_for_at_the_end(serve, certificate, trusting):
    """One that never says goodbye would keep the socket for half a minute."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        writer.transport.pause_reading()
        try:
            await asyncio.sleep(20)
        finally:
            writer.transport.abort()

    server = await serve(silent, ssl=context)
    async with ClientSession(connector=TCPConnector(keepalive_timeout=0.05)) as session:
        async with session.get(f"https://localhost:{server.port}", ssl=trusting) as response:
            await response.read()
        (connection,) = session.connector._pool.connections()
        gone = connection.lost()
        async with asyncio.timeout(4):
            await gone


async def test_a_peer_that_hangs_up_during_the_handshake_is_not_logged(session, caplog):
    """The caller is told; the event loop has nothing to report. What is an error, it still has."""
    loop = asyncio.get_running_loop()
    reported: list[dict] = []
    loop.set_exception_handler(lambda _, context: reported.append(context))

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ClientConnectorError, match="hung up at once"):
            await session.get(f"https://127.0.0.1:{port}/")
        await asyncio.sleep(0)
    assert reported == []
    assert not caplog.records
    loop.call_exception_handler({"message": "an error"})
    assert reported == [{"message": "an error"}]


async def test_a_setting_of_the_wrong_type_is_refused(session):
    """Before anything is dialled."""
    with pytest.raises(TypeError, match="SSLContext, Fingerprint, or bool"):
        await session.get("https://127.0.0.1/", ssl="no")
    with pytest.raises(ValueError, match="mutually exclusive"):
        await session.get("https://127.0.0.1/", ssl=False, verify_ssl=False)


async def test_a_handshake_that_was_given_up_leaves_no_timer(serve, session):
    """Each would hold its transport, half a megabyte, for the minute that a handshake may take."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await serve(talk)
    loop = asyncio.get_running_loop()
    url = server.url.replace("http:", "https:")
    for _ in range(5):
        asking = asyncio.create_task(session.get(url))
        connected = server.connections
        while server.connections == connected:
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    with pytest.raises(TimeoutError):
        await session.get(url, timeout=ClientTimeout(total=0.1))
    await asyncio.sleep(0)
    names = [str(timer) for timer in loop._scheduled if not timer.cancelled()]
    assert [name for name in names if "handshake" in name] == []


async def test_a_goodbye_that_is_not_answered_leaves_no_timer(certificate):
    """The connection is cut after a while; what asyncio would have waited for goes with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        with listener, context.wrap_socket(listener.accept()[0], server_side=True) as sock:
            sock.recv(10_000)
            sock.sendall(OK)
            done.wait(20)  # and no goodbye

    thread = threading.Thread(target=serve)  # not on this loop, whose timers are counted
    thread.start()
    loop = asyncio.get_running_loop()
    async with ClientSession(connector=TCPConnector(ssl=False)) as session:
        pool = session.connector._pool
        pool.goodbye_seconds = 0.1
        async with session.get(f"https://127.0.0.1:{listener.getsockname()[1]}/") as response:
            assert await response.text() == "ok"
        (connection,) = pool.connections()
    async with asyncio.timeout(10):
        while connection.transport is not None:
            await asyncio.sleep(0.01)
    names = [str(timer) for timer in loop._scheduled if not timer.cancelled()]
    assert [name for name in names if "shutdown" in name] == []
    done.set()
    thread.join()
