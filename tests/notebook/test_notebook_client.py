"""The notebook's client: requests that wait to be awaited, sessions that nobody has to close."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
import warnings
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from notebook_http.client import ClientError, ClientResponse, ClientResponseError, ClientSession
from notebook_http.notebook import client as nh
from notebook_http.notebook.client import Client, PendingRequest, default_client
from notebook_http.notebook.reply import Reply
from notebook_http.notebook.reply_errors import StatusError


class Server:
    """Answers by path on a real socket, keeps connections, and notes what it was sent."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.asked = asyncio.Event()
        self.url = ""

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.requests.append(head + await reader.readexactly(length))
                self.asked.set()
                writer.write(await self._answer(head.split(b" ")[1].decode()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, path: str) -> bytes:
        status, headers, body = b"200 OK", b"", b'[{"a": 1}, {"a": 2}]'
        if path == "/slow":
            await asyncio.sleep(30)
        elif path == "/half":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
        elif path == "/redirect":
            status, headers, body = b"302 Found", b"Location: /cars\r\n", b""
        elif path == "/login":
            headers = b"Set-Cookie: sid=s3cr3t; Path=/\r\n"
        elif path == "/missing":
            status, body = b"404 Not Found", b'{"detail": "no such car"}'
        return b"".join(
            [
                b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n" % status,
                headers,
                b"Content-Length: %d\r\n\r\n" % len(body),
                body,
            ]
        )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Return a running server."""
    served = Server()
    listening = await served.start()
    yield served
    listening.close()


@pytest.fixture(autouse=True)
async def _fresh_default_client() -> AsyncIterator[None]:
    """Close the default client behind each test, so that none sees the other's cookies."""
    yield
    await default_client().close()


# Sent when awaited


async def test_a_reply_comes_read_whole(server: Server) -> None:
    """Nothing to await twice, nothing to close."""
    r = await nh.get(server.url + "cars", params={"page": 2})
    assert isinstance(r, Reply)
    assert (r.status, r.reason, r.ok) == (200, "OK", True)
    assert r.json() == [{"a": 1}, {"a": 2}]
    assert r.text == '[{"a": 1}, {"a": 2}]'
    assert str(r.url) == server.url + "cars?page=2"
    assert r.headers["content-type"] == "application/json"
    assert r.request.method == "GET"
    assert r.request.headers["Host"] == server.url[7:-1]
    assert r.timings is not None
    assert r.timings.total is not None
    assert r.timings.connect is not None
    assert server.requests[0].startswith(b"GET /cars?page=2 HTTP/1.1\r\n")


async def test_nothing_is_sent_until_it_is_awaited(server: Server) -> None:
    """A request made too many costs nobody anything."""
    pending = nh.post(server.url, json={"a": 1})
    await asyncio.sleep(0.02)
    assert server.connections == 0
    await pending
    assert server.requests[0].startswith(b"POST / ")
    assert server.requests[0].endswith(b'{"a": 1}')


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete", "head", "options"])
async def test_every_verb_sends_its_method(server: Server, verb: str) -> None:
    """From the module and from a client alike."""
    client = Client(base_url=server.url)
    if verb == "head":  # the body of an answer to HEAD would be the server's mistake
        pendings = [nh.head(server.url), client.head("x")]
        for pending in pendings:
            assert pending._method == "HEAD"
            assert pending._options == {"allow_redirects": False}
        return
    await getattr(nh, verb)(server.url)
    await getattr(client, verb)("x")
    for sent in server.requests:
        assert sent.startswith(verb.upper().encode() + b" ")


@pytest.mark.parametrize(
    "run",
    [
        lambda pending: asyncio.create_task(pending),
        lambda pending: asyncio.gather(pending),
        lambda pending: asyncio.wait_for(pending, 5),
        lambda pending: asyncio.ensure_future(pending),
        lambda pending: asyncio.shield(pending),
    ],
    ids=["create_task", "gather", "wait_for", "ensure_future", "shield"],
)
async def test_it_is_a_coroutine_to_asyncio(
    server: Server, run: Callable[[PendingRequest], Any]
) -> None:
    """A hundred requests at once need no wrapper."""
    got = await run(nh.get(server.url))
    reply = got[0] if isinstance(got, list) else got
    assert reply.ok


async def test_it_runs_in_a_task_group(server: Server) -> None:
    """And a task of it names what it does."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(nh.get(server.url + "?token=s3cr3t"))
        assert f"coro=<GET {server.url}?token=•••• (len 6)" in repr(task)
    assert task.result().ok


def test_it_runs_under_asyncio_run(capfd: pytest.CaptureFixture[str]) -> None:
    """A script needs no function around it; made before there is a loop."""

    async def main() -> str:
        served = Server()
        async with await served.start():
            pending = nh.get(served.url)
            return (await pending).text

    assert asyncio.run(main()).startswith("[")
    gone = nh.get("http://127.0.0.1:9/")
    with pytest.raises(ClientError):
        asyncio.run(gone)
    gc.collect()
    assert capfd.readouterr().err == ""


async def test_awaited_twice_it_says_what_to_do(server: Server) -> None:
    """Running a cell again that awaits a request of another cell."""
    pending = nh.get(server.url)
    await pending
    with pytest.raises(RuntimeError, match=r"already sent.*r = await nh\.get\(…\).*again"):
        await pending
    with pytest.raises(RuntimeError, match="already sent"):
        async with pending:
            pass
    with pytest.raises(RuntimeError, match="already sent"):
        await asyncio.create_task(pending)
    assert len(server.requests) == 1


async def test_a_dropped_request_complains_of_nothing(server: Server) -> None:
    """The commonest slip is to forget the await: one hint is enough."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pending = nh.get(server.url)
        task = asyncio.create_task(nh.get(server.url))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        pending.close()
        del pending
        nh.get(server.url)
        gc.collect()
    assert caught == []
    assert server.requests == []


async def test_driven_by_hand_it_is_a_coroutine_too(server: Server) -> None:
    """Trio-like runners and debuggers call send, throw and close themselves."""
    pending = nh.get(server.url)
    pending.send(None)
    pending.close()
    pending.close()
    with pytest.raises(KeyError):
        nh.get(server.url).throw(KeyError("x"))
    unsent = nh.request("REPORT", server.url)
    unsent.close()
    with pytest.raises(RuntimeError, match=r"already given up.*nh\.request"):
        await unsent


# The forgotten await


class Page(HTMLParser):
    """The text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_as_a_value_it_says_that_it_was_not_sent() -> None:
    """In every form that a front end can choose, masked."""
    pending = nh.get("http://user:s3cr3t@h/<x>?token=s3cr3t")
    words = "GET http://•••• (len 11)@h/<x>?token=•••• (len 6): not sent yet. Put `await` in front."
    bundle = pending._repr_mimebundle_()
    assert repr(pending) == bundle["text/plain"] == words
    assert Page(bundle["text/html"]).text == words.replace("`", "")
    assert "<x>" not in bundle["text/html"]
    assert len(repr(nh.get("http://h/" + "x" * 9000))) < 300


async def test_once_sent_it_says_so(server: Server) -> None:
    """A variable of another cell, looked at again."""
    pending = nh.get(server.url)
    await pending
    assert repr(pending).endswith("already sent. Its reply is what `await` gave.")
    assert "already sent" in pending._repr_mimebundle_()["text/html"]
    dropped = nh.get(server.url)
    dropped.close()
    assert "already given up" in repr(dropped)


@pytest.mark.parametrize(
    "name", ["json", "text", "status", "df", "headers", "read", "content", "ok"]
)
def test_its_reply_is_not_there_yet(name: str) -> None:
    """`nh.get(url).json()` is what requests' users write."""
    with pytest.raises(AttributeError, match=rf"not sent yet.*\(await …\)\.{name}"):
        getattr(nh.get("http://h/"), name)


def test_other_names_are_just_not_there() -> None:
    """IPython asks objects for all kinds of methods."""
    pending = nh.get("http://h/")
    with pytest.raises(AttributeError, match="no attribute '_repr_html_'"):
        _ = pending._repr_html_
    assert not hasattr(pending, "cr_code")


# The core's response


async def test_entered_it_gives_the_core_response_and_closes_it(server: Server) -> None:
    """For bodies that are read in pieces; as aiohttp's `request` does."""
    async with nh.request("GET", server.url) as response:
        assert isinstance(response, ClientResponse)
        assert await response.json() == [{"a": 1}, {"a": 2}]
    assert response.closed
    async with Client(base_url=server.url).get("x") as response:
        assert response.status == 200


async def test_left_early_its_connection_is_not_used_again(server: Server) -> None:
    """Half a body is still on the wire."""
    client = Client()
    async with client.get(server.url + "half") as response:
        assert await response.content.read(2) == b"ha"
    assert (await client.get(server.url)).ok
    assert server.connections == 2


async def test_an_argument_of_a_session_gives_a_session_of_its_own(server: Server) -> None:
    """Aiohttp's `request` takes a connector; ours is left open, as it is the caller's."""
    from notebook_http.client import DummyCookieJar, TCPConnector

    connector = TCPConnector()
    assert (await nh.request("GET", server.url, connector=connector)).ok
    assert not connector.closed
    async with nh.request("GET", server.url, connector=connector) as response:
        assert response.status == 200
    await connector.close()
    assert (await nh.get(server.url + "login", cookie_jar=DummyCookieJar())).ok
    await nh.get(server.url)
    assert b"Cookie" not in server.requests[-1]


# Arguments


def test_a_misspelt_option_is_told_at_once() -> None:
    """In the line of the slip, not where it is awaited."""
    with pytest.raises(TypeError, match=r"'parms'\. Did you mean params=\?"):
        nh.get("http://h/", parms={"a": 1})
    with pytest.raises(TypeError, match=r"'jsn'\. Did you mean json=\?"):
        Client().post("http://h/", jsn={})
    with pytest.raises(TypeError, match=r"'base_ulr'\. Did you mean base_url=\?"):
        Client(base_ulr="http://h/")


async def test_a_session_that_was_given_takes_no_arguments_and_stays_open(server: Server) -> None:
    """Its owner closes it."""
    async with ClientSession(headers={"X-Mine": "1"}) as session:
        with pytest.raises(TypeError, match="give headers to ClientSession"):
            Client(session, headers={})
        client = Client(session)
        await client.get(server.url)
        await client.close()
        assert not session.closed
        assert b"X-Mine: 1\r\n" in server.requests[0]
        assert "on a session of yours" in repr(client)
    assert Client(session).closed


async def test_defaults_are_sent_with_every_request(server: Server) -> None:
    """The reason to make a client."""
    client = Client(base_url=server.url, headers={"X-Mine": "1"})
    await client.get("a", headers={"X-Other": "2"})
    await client.get("b")
    assert b"X-Mine: 1\r\nX-Other: 2\r\n" in server.requests[0]
    assert b"X-Mine: 1\r\n" in server.requests[1]
    assert server.connections == 1


# Status and redirects


async def test_a_judged_status_shows_what_the_server_said(server: Server) -> None:
    """The body mostly says what was wrong; asked for by request or by client."""
    for pending in (
        nh.get(server.url + "missing", raise_for_status=True),
        Client(raise_for_status=True).get(server.url + "missing"),
    ):
        with pytest.raises(ClientResponseError, match="no such car") as info:
            await pending
        assert isinstance(info.value, StatusError)
        assert info.value.status == 404
    client = Client(raise_for_status=True)
    assert (await client.get(server.url + "missing", raise_for_status=False)).status == 404


async def test_redirects_are_in_the_history(server: Server) -> None:
    """Heads, not bodies."""
    r = await nh.get(server.url + "redirect")
    assert [hop.status for hop in r.history] == [302]
    assert str(r.history[0].url) == server.url + "redirect"
    assert r.history[0].headers["location"] == "/cars"
    assert str(r.url) == server.url + "cars"
    assert (await nh.head(server.url + "redirect")).status == 302


# Cancel


async def test_a_cancel_closes_the_connection(server: Server) -> None:
    """Its answer would be read as the next one's."""
    client = Client()
    task = asyncio.create_task(client.get(server.url + "slow"))
    await server.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await client.get(server.url)).ok
    assert server.connections == 2


async def test_a_cancel_while_the_body_is_read_closes_the_connection(server: Server) -> None:
    """Half a body is still on the wire."""
    client = Client()
    task = asyncio.create_task(client.get(server.url + "half"))
    await server.asked.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await client.get(server.url)).ok
    assert server.connections == 2


# Sessions that nobody closes


async def settle() -> None:
    """Let the loop close what was dropped."""
    gc.collect()
    for _ in range(5):
        await asyncio.sleep(0.005)


async def test_a_cell_that_makes_a_client_can_be_run_again(
    server: Server, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """No "Unclosed client session", and no socket left behind."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(5):
            client = Client(base_url=server.url)
            await client.get("x")
        await settle()
        assert server.open == 1, "the one of the client that is still there"
        del client
        await settle()
    assert server.open == 0
    assert caught == []
    assert caplog.records == []
    assert capfd.readouterr().err == ""


async def test_a_client_caught_in_a_circle_is_closed_silently_too(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Tracebacks make such circles; the collector finalises what is in them in any order."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        circle: list[Any] = [Client()]
        circle.append(circle)
        await circle[0].get(server.url)
        del circle
        await settle()
    assert server.open == 0
    assert caught == []
    assert caplog.records == []


async def test_a_client_dropped_in_another_thread_is_closed_on_its_loop(server: Server) -> None:
    """The garbage collector runs wherever it likes."""
    client: Any = Client()
    await client.get(server.url)
    dropped = [client]
    del client
    await asyncio.to_thread(dropped.clear)
    await settle()
    assert server.open == 0


async def test_a_request_that_fails_closes_a_session_of_its_own(server: Server) -> None:
    """`async with` does not get to its end there."""
    with pytest.raises(ClientError):
        async with nh.get("http://127.0.0.1:9/", max_decoded_size=9) as _:
            pass


async def test_a_closed_client_says_so(server: Server) -> None:
    """After `async with` it is over."""
    async with Client() as client:
        await client.get(server.url)
    assert client.closed
    await client.close()
    with pytest.raises(RuntimeError, match=r"This client is closed\. Make a new one"):
        await client.get(server.url)
    await settle()
    assert server.open == 0


async def test_its_repr_tells_the_state(server: Server) -> None:
    """Masked, as everything that is shown."""
    client = Client(base_url=server.url.replace("//", "//user:s3cr3t@"))
    host = server.url[7:]
    assert repr(client) == f"<Client http://•••• (len 11)@{host} ready, 0 requests sent>"
    plain = Client()
    await plain.get(server.url)
    assert repr(plain) == "<Client ready, 1 request sent>"
    await plain.close()
    assert repr(plain) == "<Client closed, 1 request sent>"


def test_a_client_outlives_its_loop_and_stays_logged_in() -> None:
    """A script may call `asyncio.run` more than once; so may the IPython terminal."""
    client = Client()

    async def ask(path: str) -> tuple[bytes, int]:
        served = Server()
        async with await served.start():
            await client.get(served.url + path)
            await client.get(served.url)
            return served.requests[-1], served.connections

    first, connections = asyncio.run(ask("login"))
    assert (b"Cookie: sid=s3cr3t" in first, connections) == (True, 1)
    second, _ = asyncio.run(ask(""))
    assert b"Cookie: sid=s3cr3t" in second
    assert len(client._sessions) == 1


async def test_the_default_client_is_one_and_made_anew_once_closed(server: Server) -> None:
    """`nh.get` keeps its connections and cookies from cell to cell."""
    await nh.get(server.url + "login")
    await nh.get(server.url)
    assert server.connections == 1
    assert b"Cookie: sid=s3cr3t" in server.requests[1]
    first = default_client()
    assert default_client() is first
    await first.close()
    assert default_client() is not first


SCRIPTS = {
    "asyncio.run": """
        r = asyncio.run(nh.get(url))
        assert r.json() == [1]
    """,
    "two loops": """
        client = nh.Client(base_url=url)
        for _ in range(2):
            assert asyncio.run(client.get("x")).ok
    """,
    "a client that is left open": """
        async def main():
            global client
            client = nh.Client()
            assert (await client.get(url)).ok
        asyncio.run(main())
    """,
    "an error": """
        async def main():
            try:
                await nh.get(url, timeout=1e-9)
            except TimeoutError:
                pass
        asyncio.run(main())
    """,
    "nothing awaited": """
        nh.get(url)
        nh.Client()
        print(nh.get(url))
    """,
    "a task under way": """
        async def main():
            task = asyncio.create_task(nh.get(url + "slow"))
            await asyncio.sleep(0.1)
        asyncio.run(main())
    """,
}

PRELUDE = """
import asyncio, socket, threading
from notebook_http.notebook import client as nh

listening = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listening.getsockname()[1]}/"


def answer(connection):
    with connection:
        while head := connection.recv(65536):
            if b"slow" not in head:
                connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\n[1]")


def serve():
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


threading.Thread(target=serve, daemon=True).start()
"""


def end_of(script: Path, *flags: str) -> tuple[int, str]:
    """Return the exit status of a script, and what it complained of."""
    done = subprocess.run(
        [sys.executable, *flags, script], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_ends_without_a_word(name: str, tmp_path: Path) -> None:
    """Every warning is an error there, and asyncio's debug mode is on."""
    script = tmp_path / "script.py"
    script.write_text(PRELUDE + textwrap.dedent(SCRIPTS[name]) + "\nlistening.close()\n")
    assert end_of(script, "-W", "error", "-X", "dev") == (0, "")


def test_a_kernel_ends_without_a_word(tmp_path: Path) -> None:
    """It stops its loop and never closes it: no task is cancelled, no `finally` runs."""
    script = tmp_path / "kernel.py"
    script.write_text(
        PRELUDE
        + textwrap.dedent("""
            loop = asyncio.new_event_loop()
            client = nh.Client()
            for _ in range(2):
                assert loop.run_until_complete(nh.get(url)).ok
                assert loop.run_until_complete(client.get(url)).ok
                assert loop.run_until_complete(nh.Client().get(url)).ok
        """)
    )
    assert end_of(script) == (0, "")
