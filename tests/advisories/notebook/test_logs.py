"""Credentials that came to a server of the notebook, and its log, which a cell shows."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from tests.advisories.notebook.conftest import Served

pytestmark = pytest.mark.advisory


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes, as a kernel's does."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    access = logging.getLogger("notebook_http.access")
    access_level = access.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    access.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    access.setLevel(access_level)


async def test_cve_2022_24757_no_credential_is_logged_when_a_handler_fails(
    served: Served, log: io.StringIO
) -> None:
    """Jupyter wrote all headers of a request that ended in a 5xx."""
    await served.ask(
        "/fail", Authorization="token c4nary-header", Cookie="username-x=c4nary-cookie"
    )
    assert "RuntimeError" in log.getvalue()
    assert "c4nary" not in log.getvalue()


async def test_cve_2022_24758_neither_is_one_in_the_url(served: Served, log: io.StringIO) -> None:
    """`?token=`, in any part of the query, and as a parameter of the path."""
    await served.ask("/fail?a=1&token=c4nary-query")
    await served.ask("/nowhere;jsessionid=c4nary-path?access_token=c4nary")
    assert "/fail" in log.getvalue()
    assert "c4nary" not in log.getvalue()


async def test_cve_2026_86049_nor_one_in_the_referrer(served: Served, log: io.StringIO) -> None:
    """The page that a request came from has a token in its URL."""
    await served.ask("/", Referer="http://localhost:8888/lab?token=c4nary")
    await served.ask("/fail", Referer="http://al:c4nary@localhost:8888/lab")
    assert "c4nary" not in log.getvalue()
