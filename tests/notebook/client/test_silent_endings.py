"""Scripts and kernels that end with requests behind them, or under way: without a word."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

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
    """Return the exit status of a script, and what it complained of.

    But for steps that took long: asyncio's debug mode tells of those on any machine that is busy.
    """
    done = subprocess.run(
        [sys.executable, *flags, script], capture_output=True, text=True, timeout=60, check=False
    )
    lines = done.stderr.splitlines(keepends=True)
    return done.returncode, "".join(line for line in lines if not line.startswith("Executing <"))


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
