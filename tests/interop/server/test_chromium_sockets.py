"""Chromium's `WebSocket` and `EventSource` in front of our server, in the clear and over TLS."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import trustme
from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

# Resolves to all that the page saw of one WebSocket, when that has closed. `talk` is given the
# socket once it is open, and every message.
WATCH = """
window.watch = (path, {protocols = [], opened = () => {}, got = () => {}} = {}) =>
  new Promise((resolve) => {
    const ws = new WebSocket(location.origin.replace("http", "ws") + path, protocols);
    ws.binaryType = "arraybuffer";
    const seen = {events: [], messages: []};
    ws.onopen = () => {
      seen.events.push("open");
      Object.assign(seen, {extensions: ws.extensions, protocol: ws.protocol});
      opened(ws);
    };
    ws.onerror = () => seen.events.push("error");
    ws.onmessage = ({data}) => {
      seen.messages.push(data instanceof ArrayBuffer ? new Uint8Array(data).join() : data);
      got(ws, seen.messages);
    };
    ws.onclose = ({code, reason, wasClean}) => {
      seen.events.push("close");
      resolve(Object.assign(seen, {code, reason, wasClean}));
    };
  });
"""

ECHOED = """
() => watch("/echo?name=echo", {
  protocols: ["chat", "soap"],
  opened(ws) {
    ws.send("héllo 日本 🎉");
    ws.send("");
    ws.send("abc ".repeat(16384));
    ws.send(new Uint8Array(65536).map((_, index) => index % 251));
    ws.send(new Blob(["blob"]));
  },
  got(ws, messages) { if (messages.length === 5) ws.close(1000, "bye"); },
})
"""


class Sockets:
    """The server's process: its two addresses, and what its handlers saw."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        ports = json.loads(line)
        self.process = process
        self.address = f"http://127.0.0.1:{ports['port']}"
        self.tls_address = f"https://127.0.0.1:{ports['tls_port']}"

    def seen(self, what: str, expected: object) -> bool:
        """Whether the handlers note *expected* within ten seconds."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with urlopen(self.address + "/seen") as response:
                if expected in json.load(response)[what]:
                    return True
            time.sleep(0.01)
        return False

    def stop(self) -> None:
        """End the server; what it wrote to its standard error fails the tests."""
        _, errors = self.process.communicate(timeout=10)
        assert errors == ""
        assert self.process.returncode == 0


@pytest.fixture(scope="module")
def sockets(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sockets]:
    """One server for all but the test that ends it."""
    yield from serve(authority, tmp_path_factory.mktemp("sockets"))


@pytest.fixture
def ending_sockets(authority: trustme.CA, tmp_path: Path) -> Iterator[Sockets]:
    """A server that its test may stop."""
    yield from serve(authority, tmp_path)


def serve(authority: trustme.CA, folder: Path) -> Iterator[Sockets]:
    pem_file = folder / "key_and_chain.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem_file))
    script = Path(__file__).with_name("served_sockets.py")
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", str(script), str(pem_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        served = Sockets(process)
        yield served
        if process.returncode is None:
            served.stop()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Where certificates of nobody's are taken."""
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(20_000)
    context.add_init_script(WATCH)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, sockets: Sockets) -> Iterator[Page]:
    page = context.new_page()
    page.goto(sockets.address + "/")
    yield page
    page.close()


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
def test_an_echo(context: BrowserContext, sockets: Sockets, secure: bool) -> None:
    """Text and bytes, compressed, under the first sub-protocol of the page's that we have."""
    page = context.new_page()
    page.goto((sockets.tls_address if secure else sockets.address) + "/")
    seen = page.evaluate(ECHOED)
    page.close()
    assert seen["events"] == ["open", "close"]
    assert seen["extensions"].split(";")[0] == "permessage-deflate"
    assert seen["protocol"] == "chat"
    text, empty, long, data, blob = seen["messages"]
    assert (text, empty, long) == ("héllo 日本 🎉", "", "abc " * 16384)
    assert data == ",".join(str(index % 251) for index in range(65536))
    assert blob == ",".join(str(byte) for byte in b"blob")
    assert (seen["code"], seen["reason"], seen["wasClean"]) == (1000, "", True)
    assert sockets.seen("closes", ["echo", 1000])


def test_many_messages_stay_in_order(page: Page, sockets: Sockets) -> None:
    """To the page, and there and back."""
    sent = [str(number) for number in range(1000)]
    counted = page.evaluate('() => watch("/counting")')
    assert counted["messages"] == sent
    assert (counted["code"], counted["wasClean"]) == (1000, True)
    echoed = page.evaluate(
        """
        () => watch("/echo?name=many", {
          opened(ws) { for (let number = 0; number < 1000; number += 1) ws.send(`${number}`); },
          got(ws, messages) { if (messages.length === 1000) ws.close(4999); },
        })
        """
    )
    assert echoed["messages"] == sent
    assert (echoed["code"], echoed["wasClean"]) == (1000, True)  # autoclose says it, as aiohttp's
    assert sockets.seen("closes", ["many", 4999])


def test_the_server_closes_with_a_reason(page: Page) -> None:
    seen = page.evaluate('() => watch("/closing")')
    assert seen["events"] == ["open", "close"]
    assert (seen["code"], seen["reason"], seen["wasClean"]) == (4001, "genug für heute", True)


def test_the_page_closes_with_a_reason(page: Page, sockets: Sockets) -> None:
    seen = page.evaluate(
        '() => watch("/reading_close", {opened(ws) { ws.close(1000, "schönen Tag"); }})'
    )
    assert (seen["code"], seen["wasClean"]) == (1000, True)
    assert sockets.seen("closes", ["CLOSE", 1000, "schönen Tag"])


def test_a_page_that_goes_away(context: BrowserContext, sockets: Sockets) -> None:
    """Chromium says 1001 for it."""
    page = context.new_page()
    page.goto(sockets.address + "/")
    page.evaluate(
        '() => new Promise((resolve) => { watch("/echo?name=gone", {opened: () => resolve()}); })'
    )
    page.close()
    assert sockets.seen("closes", ["gone", 1001])


def test_a_refused_handshake(page: Page) -> None:
    """By an answer of the application's, and by a path that is not there."""
    for path in ("/refused", "/nowhere"):
        seen = page.evaluate("(path) => watch(path)", path)
        assert seen["events"] == ["error", "close"], path
        assert (seen["code"], seen["reason"], seen["wasClean"]) == (1006, "", False), path


def test_a_server_that_shuts_down(context: BrowserContext, ending_sockets: Sockets) -> None:
    """WebSockets are told (1001); streams of events end, and are asked for in vain."""
    page = context.new_page()
    page.goto(ending_sockets.address + "/")
    page.evaluate(
        """
        async () => {
          await new Promise((resolve) => {
            window.ended = watch("/echo", {opened: () => resolve()});
          });
          const source = new EventSource("/endless_events?name=shutdown");
          await new Promise((resolve) => { source.onmessage = resolve; });
          window.failed = new Promise((resolve) => {
            source.onerror = () => { resolve(source.readyState); source.close(); };
          });
        }
        """
    )
    ending_sockets.stop()
    closed = page.evaluate("() => ended")
    assert closed["events"] == ["open", "close"]
    assert (closed["code"], closed["wasClean"]) == (1001, True)
    assert page.evaluate("() => failed") == 0  # CONNECTING: it was no error for good
    page.close()


def test_events_and_where_they_are_taken_up_again(page: Page, sockets: Sockets) -> None:
    """Names, ids, several lines; after the end of the stream the page says what it saw last."""
    seen = page.evaluate(
        """
        () => new Promise((resolve) => {
          const source = new EventSource("/events");
          const seen = [];
          const note = ({type, data, lastEventId}) => seen.push([type, data, lastEventId]);
          for (const type of ["message", "lines", "json"]) source.addEventListener(type, note);
          source.onerror = () => { seen.push(["error", source.readyState]); };
          source.addEventListener("again", (event) => {
            note(event);
            source.close();
            resolve(seen);
          });
        })
        """
    )
    assert seen == [
        ["message", "one", ""],
        ["lines", "first line\nsecond line\n\nfourth", "a"],
        ["json", '{"text": "\\u65e5\\u672c"}', "ä-2"],
        ["error", 0],
        ["again", "ä-2", "3"],
    ]
    assert sockets.seen("asked", "ä-2")


def test_a_stream_ends_when_its_page_does(context: BrowserContext, sockets: Sockets) -> None:
    """Or when the page has enough of it."""
    listen = """
    (path) => new Promise((resolve) => {
      window.source = new EventSource(path);
      source.onmessage = ({data}) => resolve(data);
    })
    """
    page = context.new_page()
    page.goto(sockets.address + "/")
    assert page.evaluate(listen, "/endless_events?name=closed") == "here"
    page.evaluate("() => source.close()")
    assert sockets.seen("left", "closed")
    assert page.evaluate(listen, "/endless_events?name=gone") == "here"
    page.close()
    assert sockets.seen("left", "gone")


@pytest.mark.parametrize("path", ["/no_events", "/", "/refused"])
def test_what_is_no_stream_ends_an_event_source(page: Page, path: str) -> None:
    """For good: 204, another media type, an error."""
    state = page.evaluate(
        """
        (path) => new Promise((resolve) => {
          const source = new EventSource(path);
          source.onerror = () => resolve(source.readyState);
        })
        """,
        path,
    )
    assert state == 2  # CLOSED
