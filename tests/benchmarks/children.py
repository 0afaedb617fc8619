"""Benchmark processes: each on a core of its own, and none left behind.

A child prints one line of JSON when it is ready and one for each line it is sent. It ends when its
standard input closes, which also happens when this process dies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


Cores = tuple[int | None, int | None]


def two_cores() -> Cores:
    """Return the cores for (what is measured, its load); the same one twice on a single core.

    `(None, None)` where the system cannot pin processes: then the scheduler decides.
    """
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


def pin(process_id: int, core: int | None) -> None:
    """Keep a process on one core; 0 is this process."""
    if core is not None:
        os.sched_setaffinity(process_id, {core})


class Child:
    """A Python script of this folder, running beside us.

    `ready` is what it said when it was up, for example `{"port": 40123}`.
    """

    def __init__(self, script: str, *arguments: str, core: int | None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        pin(self._process.pid, core)
        self.ready = self._answer()

    def ask(self, **question: Any) -> Any:
        """Send one JSON line, return the JSON line that comes back."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            command = " ".join(map(str, self._process.args))  # type: ignore[union-attr]
            raise RuntimeError(f"{command} ended early, with code {self._process.wait()}")
        return json.loads(line)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
