"""The same program on both libraries: what only the import tells apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp
import aiohttp.test_utils
import aiohttp.web
import pytest

import notebook_http

LIBRARIES = {"aiohttp": aiohttp, "notebook_http": notebook_http}


@pytest.fixture(params=sorted(LIBRARIES))
def library(request: pytest.FixtureRequest) -> Any:
    """This library and aiohttp, one after the other: `web`, `test_utils` and the top level."""
    top: Any = LIBRARIES[request.param]
    return SimpleNamespace(top=top, web=top.web, test_utils=top.test_utils, name=request.param)
