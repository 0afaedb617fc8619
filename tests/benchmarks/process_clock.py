"""CPU time of this process and of those it has started, in seconds.

A server may spend its time in threads and in processes of its own: all of them count.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

TASKS = Path("/proc")


def measures_children() -> bool:
    """Whether this system tells the CPU time of other processes, to the nanosecond."""
    return sys.platform == "linux" and Path(f"/proc/self/task/{os.getpid()}/children").exists()


def descendants(process_id: int) -> Iterator[int]:
    """Yield the ids of all living processes below *process_id*."""
    for task in TASKS.joinpath(str(process_id), "task").iterdir():
        for child in map(int, task.joinpath("children").read_text().split()):
            yield child
            yield from descendants(child)


def tree_cpu_seconds() -> float:
    """Return what this process and those below it, with all their threads, have spent so far."""
    spent = time.process_time()
    if measures_children():
        # Linux's clock of another process: clock_getcpuclockid(3), which Python does not have.
        spent += sum(time.clock_gettime(~child << 3 | 2) for child in descendants(os.getpid()))
    return spent
