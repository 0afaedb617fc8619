"""Our server in a process of its own, and each client in turn in front of it.

A test of this folder is a row of the matrix and takes a `client`: it runs once with each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.interop.server.clients import CLIENTS, Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Served:
    """The server: addresses by whether TLS is spoken, and the file that it serves as /file."""

    def __init__(self, ports: dict[str, int], file: Path) -> None:
        self.addresses = {
            False: f"http://127.0.0.1:{ports['port']}",
            True: f"https://127.0.0.1:{ports['tls_port']}",
        }
        self.file = file


@pytest.fixture(scope="session")
def served(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The one server that all cells ask; what it writes to its standard error fails them."""
    pem_file = tmp_path_factory.mktemp("served") / "key_and_chain.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem_file))
    script = Path(__file__).with_name("served.py")
    with subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", str(script), str(pem_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Served(json.loads(line), script)
        _, errors = process.communicate(timeout=10)
    assert errors == ""
    assert process.returncode == 0


@pytest.fixture(params=CLIENTS)
def client(
    request: pytest.FixtureRequest,
    served: Served,
    authority_file: str,
    need_program: Callable[[str], str],
) -> Client:
    """Each client in turn."""
    name: str = request.param
    if name == "curl":
        need_program("curl")
    return CLIENTS[name](served.addresses, Path(authority_file))


@pytest.fixture(scope="module")
def browser(need_program: Callable[[str], str]) -> Iterator[Browser]:
    """Chromium, as long as a file's tests run: asyncio cannot run in its thread meanwhile."""
    from playwright.sync_api import sync_playwright

    program = need_program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()
