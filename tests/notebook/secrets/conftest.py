"""A server that says back what it was sent, and a registry of secrets for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from notebook_http import web
from notebook_http.notebook import secret as secret_module
from notebook_http.wire import registered_secrets


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No secret of another test, no `.env` of this machine."""
    monkeypatch.setattr(registered_secrets, "_known", {})
    monkeypatch.setattr(secret_module, "_typed", {})
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def echo_url() -> AsyncIterator[str]:
    """The address, with a slash at its end, of a server that answers with the request as JSON."""

    async def echo(request: web.Request) -> web.Response:
        return web.json_response(
            {
                "method": request.method,
                "path": request.raw_path,
                "headers": dict(request.headers),
                "body": (await request.read()).decode("utf-8", "replace"),
            }
        )

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()
