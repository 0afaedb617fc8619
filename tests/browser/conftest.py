"""JupyterLab as its users have it: a server of its own, and Debian's Chromium in front of it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

ROOT = Path(__file__).parents[2]
# All cells stay in the page (not only those on screen), and nobody asks about news.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Lab:
    """A running JupyterLab, and the folder that it shows."""

    url: str
    token: str
    folder: Path

    def address_of(self, notebook: str) -> str:
        """Return the address that opens a notebook, everything else closed."""
        return f"{self.url}lab/tree/{notebook}?token={self.token}&reset"

    def notebook_address_of(self, notebook: str) -> str:
        """Return the address that opens a notebook in Notebook 7, which the same server has."""
        return f"{self.url}notebooks/{notebook}?token={self.token}"


@pytest.fixture(scope="module")
def lab(
    need_program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """JupyterLab on copies of the tutorials, its own folders, and a token of its own."""
    need_program("chromium")  # nobody else will look at it
    home = tmp_path_factory.mktemp("lab")
    folder = home / "work"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".*"))
    for name, setting in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(setting))
    token = secrets.token_hex(16)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if "JUPYTER" not in name}
    environment |= {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    log_path = home / "lab.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"),
                *("--allow-root", "--ip=127.0.0.1", f"--port={port}", "--port-retries=0"),
                f"--ServerApp.root_dir={folder}",
                f"--IdentityProvider.token={token}",
                "--JupyterNotebookApp.expose_app_in_browser=True",
            ],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_it_listens(process, port, log_path)
            yield Lab(f"http://127.0.0.1:{port}/", token, folder)
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log_path: Path) -> None:
    """Return when the port answers; fail with the end of the log when it never does."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"JupyterLab did not start:\n{log_path.read_text()[-2000:]}")


@pytest.fixture
async def page(need_program: Callable[[str], str]) -> AsyncIterator[Page]:
    """An empty page of a headless Chromium."""
    chromium = need_program("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = await browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(60_000)  # milliseconds
        yield await context.new_page()
        await browser.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where pictures go, to be looked at."""
    folder = ROOT / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
