"""A real IPython shell in this process, and a real kernel in one of its own."""

from __future__ import annotations

import atexit
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

_COLOURS = re.compile(r"\x1b\[[\d;]*m")
_ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_default_client() -> Iterator[None]:
    """Let the cookies of the client behind `nh.get` end with the test that it was given them in."""
    from notebook_http.notebook import client

    yield
    client._default = None


@pytest.fixture
def shell() -> Iterator[Any]:
    """A fresh IPython shell, with the extension not loaded; cells run on the test's own loop."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config, colors="nocolor")
    from notebook_http.notebook.extension import unload_ipython_extension

    yield made
    unload_ipython_extension(made)
    InteractiveShell.clear_instance()
    made.atexit_operations()
    atexit.unregister(made.atexit_operations)


@dataclass
class Outcome:
    """What one cell left behind."""

    stdout: str = ""
    stderr: str = ""
    values: list[dict[str, Any]] = field(default_factory=list)  # MIME bundles, in order
    updates: list[dict[str, Any]] = field(default_factory=list)  # of displays, as bundles
    error_name: str = ""
    error: str = ""  # as the front end shows it, colours taken away
    seconds: float = 0.0
    seconds_after_stop: float = 0.0

    @property
    def text(self) -> str:
        """The last value or display as plain text."""
        return self.values[-1].get("text/plain", "") if self.values else ""

    def add(self, kind: str, content: dict[str, Any]) -> None:
        """Take one message of the kernel's output channel."""
        if kind == "stream":
            text = _COLOURS.sub("", content["text"])
            setattr(self, content["name"], getattr(self, content["name"]) + text)
        elif kind in ("execute_result", "display_data"):
            self.values.append(content["data"])
        elif kind == "update_display_data":
            self.updates.append(content["data"])
        elif kind == "error":
            self.error_name = content["ename"]
            self.error = _COLOURS.sub("", "\n".join(content["traceback"]))


class KernelInUse:
    """A running kernel, one cell after the other."""

    def __init__(self, manager: Any, client: Any) -> None:
        self._manager = manager
        self._client = client
        self._outcomes: dict[str, Outcome] = {}  # by request; an earlier cell may go on

    def run(self, code: str, *, stop_after: float | None = None, limit: float = 60) -> Outcome:
        """Execute *code* and wait until it is done; press Stop after *stop_after* seconds."""
        outcome = Outcome()
        began = time.monotonic()
        stopped = 0.0
        request = self._client.execute(code)
        self._outcomes[request] = outcome
        while True:
            if stop_after is not None and not stopped and time.monotonic() - began > stop_after:
                self._manager.interrupt_kernel()
                stopped = time.monotonic()
            assert time.monotonic() - began < limit, f"the cell did not end: {code}"
            try:
                message = self._client.get_iopub_msg(timeout=0.02)
            except Empty:
                continue
            parent = message["parent_header"].get("msg_id")
            content = message["content"]
            if message["msg_type"] == "status":
                if parent == request and content["execution_state"] == "idle":
                    break
            elif parent in self._outcomes:
                self._outcomes[parent].add(message["msg_type"], content)
        if self._was_aborted(request, limit):
            # Kernels drop what is asked in the moment after an error, as they drop the cells behind
            # it in "Run all"; whoever presses Shift-Enter comes later.
            return self.run(code, stop_after=stop_after, limit=limit)
        outcome.seconds = time.monotonic() - began
        outcome.seconds_after_stop = time.monotonic() - stopped if stopped else 0.0
        return outcome

    def _was_aborted(self, request: str, limit: float) -> bool:
        """Tell whether the kernel answered *request* without running it."""
        while True:
            reply = self._client.get_shell_msg(timeout=limit)
            if reply["parent_header"].get("msg_id") == request:
                return bool(reply["content"]["status"] == "aborted")

    def restart(self) -> None:
        """End the kernel as the page's menu does, and start it anew."""
        self._manager.restart_kernel()
        self._client.wait_for_ready(timeout=60)


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelInUse]:
    """A kernel for the tests of one file; nothing is loaded.

    It is this interpreter's own, or that of $NOTEBOOK_HTTP_KERNEL_PYTHON (`make test-kernels`).
    """
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.kernel_spec.argv[0] = os.environ.get("NOTEBOOK_HTTP_KERNEL_PYTHON", sys.executable)
    manager.start_kernel(cwd=str(_ROOT))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield KernelInUse(manager, client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()
