"""Child process: one server with the benchmark's routes, until standard input closes.

    python server_under_test.py SERVER FOLDER [PEM_FILE_WITH_KEY_AND_CERTIFICATE]

SERVER is a library of aiohttp's shape, an ASGI server with the Starlette application, or `asgi`:
our server with that application.

It begins by saying its ports, by the path that is asked for there ("" is for all others). Each line
in is answered by one line out: `{"ask": "cpu"}` by the CPU seconds that the server has
spent so far with all its threads and processes, `{"ask": "memory"}` by the bytes that are resident.

The process has freed a large object, as any program with data has: client_under_test says why.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from process_clock import tree_cpu_seconds
from resident_memory import resident_bytes
from server_applications import FOLDER_VARIABLE, applications, starlette_application

# How the ASGI servers are started, by their own command lines. Both on asyncio's loop, as the
# others are; their access logs are off.
APPLICATION = "server_applications:starlette_application"
COMMANDS = {
    "uvicorn": "--factory --loop asyncio --no-access-log --log-level warning",
    "granian": "--factory --loop asyncio --no-access-log --log-level warning --interface asgi",
}
CERTIFICATE_OPTIONS = {
    "uvicorn": ("--ssl-certfile", "--ssl-keyfile"),
    "granian": ("--ssl-certificate", "--ssl-keyfile"),
}
START_SECONDS = 15.0


def answer_lines() -> None:
    """Answer lines until there are no more."""
    for line in sys.stdin:
        match json.loads(line)["ask"]:
            case "cpu":
                figure: float = tree_cpu_seconds()
            case "memory":
                gc.collect()
                figure = resident_bytes()
            case other:
                raise SystemExit(f"nobody knows {other!r}")
        print(json.dumps(figure), flush=True)


async def serve(
    library: str, made: Callable[[Any], dict[str, Any]], certificate: str | None
) -> None:
    """Serve what *made* makes of a library of aiohttp's shape on free ports, and say which."""
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    web = importlib.import_module(f"{library}.web")
    runners = []
    ports = {}
    for path, app in made(web).items():
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        ports[path] = runner.addresses[0][1]
        runners.append(runner)
    print(json.dumps(ports), flush=True)
    await asyncio.to_thread(answer_lines)
    for runner in runners:
        await runner.cleanup()


def command(server: str, folder: Path, certificate: str | None) -> None:
    """Run an ASGI server below this process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = [*COMMANDS[server].split(), "--host", "127.0.0.1", "--port", str(port)]
    if certificate is not None:
        for option in CERTIFICATE_OPTIONS[server]:
            options += [option, certificate]
    process = subprocess.Popen(
        [sys.executable, "-m", server, *options, APPLICATION],
        cwd=Path(__file__).parent,
        env=os.environ | {FOLDER_VARIABLE: str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )
    try:
        await_port(process, port)
        print(json.dumps({"": port}), flush=True)
        answer_lines()
    finally:
        process.terminate()
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            process.kill()


def await_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when somebody listens."""
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"{process.args!r} does not listen")


def asgi_on_ours(web: Any) -> dict[str, Any]:
    """Return what the ASGI servers serve, for ours."""
    return {"": web.asgi_app(starlette_application())}


def main(server: str, folder: str, certificate: str | None = None) -> None:
    """Serve until standard input closes."""
    bytes(4 << 20)
    if server in COMMANDS:
        command(server, Path(folder), certificate)
    elif server == "asgi":
        os.environ[FOLDER_VARIABLE] = folder
        asyncio.run(serve("notebook_http", asgi_on_ours, certificate))
    else:
        made = partial(applications, folder=Path(folder))
        asyncio.run(serve(server, made, certificate))


if __name__ == "__main__":
    main(*sys.argv[1:])
