"""Cells of a real kernel that carry ids, as JupyterLab's do, and what a stranger gets back."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Empty
from typing import Any

import pytest

START = """
import asyncio
import notebook_http as nh
from notebook_http import web
"""


@dataclass
class Ran:
    """What one run of a cell left behind.

    `others` holds what earlier cells' servers and tasks sent meanwhile.
    """

    stdout: str = ""
    stderr: str = ""
    cards: list[dict[str, str]] = field(default_factory=list)
    value: dict[str, str] = field(default_factory=dict)
    updates: list[dict[str, str]] = field(default_factory=list)
    error: str = ""
    others: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add(self, kind: str, content: dict[str, Any]) -> None:
        """Take one message of the kernel's output channel."""
        if kind == "stream":
            setattr(self, content["name"], getattr(self, content["name"]) + content["text"])
        elif kind == "display_data":
            self.cards.append(content["data"])
        elif kind == "update_display_data":
            self.updates.append(content["data"])
        elif kind == "execute_result":
            self.value = content["data"]
        elif kind == "error":
            self.error = "\n".join(content["traceback"])


class Kernel:
    """A real kernel in a process of its own."""

    def __init__(self, manager: Any, client: Any) -> None:
        self.manager = manager
        self.client = client

    def run(self, code: str, cell_id: str | None = None, *, limit: float = 60) -> Ran:
        """Run *code* as the cell *cell_id* (None: a front end without ids) and wait for its end."""
        (ran,) = self.run_all([(code, cell_id)], limit=limit)
        return ran

    def run_all(self, sources: list[tuple[str, str | None]], *, limit: float = 60) -> list[Ran]:
        """Run (code, cell id) pairs, each right behind the one before it, as Run All does."""
        ids = [self._send(code, cell_id) for code, cell_id in sources]
        rans = {msg_id: Ran() for msg_id in ids}
        busy, ends = set(ids), time.monotonic() + limit
        while busy:
            if time.monotonic() > ends:
                message = f"these cells did not end: {sources}"
                raise TimeoutError(message)
            try:
                got = self.client.get_iopub_msg(timeout=0.1)
            except Empty:
                continue
            parent, content = got["parent_header"].get("msg_id"), got["content"]
            ran = rans.get(parent)
            if ran is None:
                ran = rans[ids[0]]
                # An update names the display that it changes, whoever sends it.
                if got["msg_type"] == "update_display_data":
                    ran.add(got["msg_type"], content)
                ran.others.append((got["msg_type"], content))
            elif got["msg_type"] == "status":
                if content["execution_state"] == "idle":
                    busy.discard(parent)
            else:
                ran.add(got["msg_type"], content)
        return list(rans.values())

    def _send(self, code: str, cell_id: str | None) -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        metadata = {"cellId": cell_id} if cell_id else {}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])


def start_kernel(cwd: str | None = None) -> Kernel:
    """Start a kernel with this interpreter, which warns of everything that Python can warn of."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel(cwd=cwd)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return Kernel(manager, client)


@pytest.fixture(scope="module")
def cells() -> Iterator[Kernel]:
    """One kernel for the tests of one file, with the package imported and no extension loaded."""
    kernel = start_kernel()
    assert kernel.run(START).error == ""
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)
    kernel.manager.cleanup_resources()


@pytest.fixture
def get() -> Callable[..., tuple[int, str]]:
    """Ask for an address with the standard library's client: nothing of ours, no loop."""

    def ask(url: str, method: str = "GET") -> tuple[int, str]:
        host, _, path = url.removeprefix("http://").partition("/")
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, f"/{path}")
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    return ask
