"""What importing costs: seconds in fresh interpreters, both libraries in turn.

The clock starts inside the interpreter, so Python's own start is in none of the figures; asyncio,
which both need, is in both and shown beside them. A first run of each is not counted: it leaves the
compiled files that an installed package has.
"""

from __future__ import annotations

import os
import subprocess
import sys

SNIPPETS = {
    "asyncio alone": "import asyncio",
    "aiohttp": ("import aiohttp, aiohttp.web; aiohttp.ClientSession; aiohttp.web.Application"),
    "notebook_http": (
        "import notebook_http, notebook_http.web; "
        "notebook_http.ClientSession; notebook_http.web.Application"
    ),
    # As in a kernel: IPython and ipykernel are there before the first cell runs.
    "%load_ext notebook_http": (
        "import ipykernel.zmqshell, IPython.core.interactiveshell as i; "
        "shell = i.InteractiveShell.instance(); started = clock(); "
        "shell.run_line_magic('load_ext', 'notebook_http')"
    ),
}
CLOCKED = "from time import perf_counter as clock; started = clock(); {}; print(clock() - started)"


def measure(rounds: int) -> dict[str, list[float]]:
    """Return seconds by name, one figure a round; the names alternate within a round."""
    seconds: dict[str, list[float]] = {name: [] for name in SNIPPETS}
    for number in range(rounds + 1):
        for name, snippet in SNIPPETS.items():
            figure = seconds_of(name, CLOCKED.format(snippet))
            if number:
                seconds[name].append(figure)
    return seconds


def seconds_of(name: str, code: str) -> float:
    """Return what *code* prints, run by a fresh interpreter that may keep compiled files."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    finished = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        raise RuntimeError(f"{name}: {finished.stderr.strip().splitlines()[-1]}")
    return float(finished.stdout.split()[-1])
