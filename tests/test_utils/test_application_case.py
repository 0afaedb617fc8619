"""AioHTTPTestCase under plain `python -m unittest`, as its users run it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import unittest
from {name} import web
from {name}.test_utils import AioHTTPTestCase, TestClient, TestServer

class Hello(AioHTTPTestCase):
    async def get_application(self):
        async def hello(request):
            return web.Response(text="hello")

        app = web.Application()
        app.router.add_get("/", hello)
        app.on_cleanup.append(self.cleaned)
        return app

    async def cleaned(self, app):
        print("cleaned up")

    async def test_hello(self):
        async with self.client.get("/") as answer:
            self.assertEqual(answer.status, 200)
            self.assertEqual(await answer.text(), "hello")

    async def test_parts(self):
        self.assertIsInstance(self.client, TestClient)
        self.assertIs(self.client.server, self.server)
        self.assertIs(self.server.app, self.app)
        self.assertTrue(self.loop.is_running())

    async def test_failing(self):
        answer = await self.client.get("/nowhere")
        self.assertEqual(answer.status, 200)

class Older(AioHTTPTestCase):
    def get_app(self):
        return web.Application()

    async def setUpAsync(self):
        await super().setUpAsync()
        self.more = True

    async def test_nothing_there(self):
        self.assertTrue(self.more)
        self.assertEqual((await self.client.get("/")).status, 404)

class Forgotten(AioHTTPTestCase):
    async def test_it(self):
        pass

if __name__ == "__main__":
    unittest.main()
"""


def run(folder: Path, program: str) -> tuple[str, str]:
    (folder / "test_program.py").write_text(program)
    command = [sys.executable, "-W", "error", "-m", "unittest", "-v", "test_program"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr


def test_the_same_cases_pass_and_fail(library: Any, tmp_path: Path) -> None:
    out, report = run(tmp_path, PROGRAM.format(name=library.name))
    assert out.count("cleaned up") == 3
    assert "Did you forget to define get_application()?" in report
    assert "AssertionError: 404 != 200" in report
    assert re.search(r"FAILED \(failures=1, errors=1\)", report), report
    assert "Unclosed" not in report
    assert "ResourceWarning" not in report


def test_the_older_decorator_warns(library: Any) -> None:
    async def test() -> None: ...

    with pytest.warns(DeprecationWarning, match="no longer needed"):
        assert library.test_utils.unittest_run_loop(test) is test


FAILING_START = """
from notebook_http import web
from notebook_http.test_utils import AioHTTPTestCase

class Broken(AioHTTPTestCase):
    async def get_application(self):
        app = web.Application()
        app.on_startup.append(self.fail_to_start)
        return app

    async def fail_to_start(self, app):
        raise ValueError("no database")

    async def test_it(self):
        pass
"""


def test_a_failing_start_is_the_only_thing_reported(tmp_path: Path) -> None:
    _, report = run(tmp_path, FAILING_START)
    assert "ValueError: no database" in report
    assert "FAILED (errors=1)" in report
    assert "Unclosed" not in report
