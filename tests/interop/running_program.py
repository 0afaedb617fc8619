"""A program that calls `run_app`, run with aiohttp and with us: only its import differs.

Used by the tests of `run_app`; what a program said and how it ended comes back with ports and the
library's name made alike, so that two runs can be compared.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LIBRARIES = ("aiohttp", "notebook_http")

# Every handler, signal and clean-up says when it is run.
PREAMBLE = """
import asyncio, logging, os, signal, socket, sys
from LIBRARY import web

def say(text):
    print(text, flush=True)

def said(text):
    async def run(app):
        say(text)
    return run

async def context(app):
    say("context up")
    yield
    say("context down")

async def hello(request):
    return web.Response(text="hello")

async def slow(request):
    say("slow begins")
    try:
        await asyncio.sleep(float(request.query.get("seconds", 0.5)))
    except asyncio.CancelledError:
        say("slow cancelled")
        raise
    say("slow ends")
    return web.Response(text="slow")

async def pieces(request):
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first\\n")
    say("first is out")
    await asyncio.sleep(0.4)
    await response.write(b"second\\n")
    return response

async def stop(request):
    say("stop")
    raise web.GracefulExit

app = web.Application()
app.router.add_get("/", hello)
app.router.add_get("/slow", slow)
app.router.add_get("/pieces", pieces)
app.router.add_get("/stop", stop)
app.cleanup_ctx.append(context)
app.on_startup.append(said("startup"))
app.on_shutdown.append(said("shutdown"))
app.on_cleanup.append(said("cleanup"))
"""


@dataclass(frozen=True)
class Ended:
    """What became of a program.

    Attributes:
        out: lines on its standard output.
        error: the last line of its standard error, or "".
        code: what it returned to the system.
        notes: what the driver found meanwhile.
    """

    out: list[str]
    error: str
    code: int
    notes: list[object]


class Running:
    """A program that runs."""

    def __init__(self, library: str, code: str, folder: Path) -> None:
        path = folder / "program.py"
        path.write_text((PREAMBLE + textwrap.dedent(code)).replace("LIBRARY", library))
        self.library, self.folder = library, folder
        self.out: list[str] = []
        self.port = 0
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(path)],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, line: str) -> None:
        """Return when the program has said *line*."""
        while line not in self.out:
            self.next_line()

    def next_line(self) -> None:
        """Read what the program says next."""
        assert self.process.stdout is not None
        got = self.process.stdout.readline()
        assert got, (self.library, self.out, self.process.communicate()[1])
        self.out.append(got.rstrip("\n"))
        if found := re.search(r"(?:0\.0\.0\.0|127\.0\.0\.1):(\d+) ", got):
            self.port = int(found[1])

    def ready(self) -> None:
        """Return when the program serves."""
        self.wait_for("(Press CTRL+C to quit)")

    def connect(self, data: bytes = b"") -> socket.socket:
        """Return a connection over which *data* was sent."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        client.sendall(data)
        return client

    def get(self, path: str = "/", *fields: str) -> socket.socket:
        """Return a connection over which a GET was sent."""
        lines = [f"GET {path} HTTP/1.1", "Host: a", *fields, "", ""]
        return self.connect("\r\n".join(lines).encode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self, notes: list[object]) -> Ended:
        """Return what became of the program, once it has ended."""
        out, error = self.process.communicate(timeout=15)
        lines = [self.alike(line) for line in (*self.out, *out.splitlines())]
        last = error.rstrip().rpartition("\n")[2]
        return Ended(lines, self.alike(last), self.process.returncode, notes)

    def alike(self, text: str) -> str:
        """Return *text* without what differs between any two runs."""
        text = text.replace(self.library, "LIBRARY").replace(str(self.folder), "FOLDER")
        return re.sub(r"(?<=\d:)\d{4,5}\b", "PORT", text)


Drive = Callable[[Running], list[object]]


def rest(client: socket.socket) -> tuple[str, str]:
    """Return the status line and the body of all that comes until the connection ends."""
    data = b""
    with client:
        try:
            while piece := client.recv(2**16):
                data += piece
        except ConnectionResetError:
            data += b"[reset]"
    head, _, body = data.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0].decode(), body.decode()


def run_both(code: str, drive: Drive) -> tuple[Ended, Ended]:
    """Return what became of the program with aiohttp and with us, both driven alike."""

    def run(library: str) -> Ended:
        with tempfile.TemporaryDirectory() as folder:
            running = Running(library, code, Path(folder))
            with running.process:
                try:
                    return running.end(drive(running))
                finally:
                    running.process.kill()

    with ThreadPoolExecutor(2) as threads:
        theirs, ours = threads.map(run, LIBRARIES)
    return theirs, ours
