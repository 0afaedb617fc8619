"""How much is read at once, and what that costs the process: measured in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Prints the minor page faults of many reads into memory that was allocated as asyncio does it.
READS = """
import resource, socket
from notebook_http.transport.connection import read_bytes
size = {size}
left, right = socket.socketpair()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
left.send(b"x"); right.recv(size)
before = faults()
for _ in range(500):
    left.send(b"x")
    assert right.recv(size) == b"x"
print(faults() - before)
"""


def faults(size: str) -> int:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    finished = subprocess.run(
        [sys.executable, "-c", READS.format(size=size)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return int(finished.stdout)


@pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", {}), reason="needs glibc"
)
def test_reads_ask_the_system_for_no_memory() -> None:
    """Without the preparation each read maps its buffer anew, and touches a page of it."""
    assert faults("256 * 1024") >= 500
    assert faults("read_bytes()") < 50
