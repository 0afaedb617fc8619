"""Our test utilities' names, arguments and attributes are aiohttp's, but for the tables below.

An entry of the tables that is no longer needed fails as well.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import aiohttp.pytest_plugin
import aiohttp.test_utils

from notebook_http import pytest_plugin, test_utils
from tests.interop.api_comparison import name_differences

# aiohttp's module has no `__all__`: its own names are those that it defines.
THEIRS = {
    name: thing
    for name, thing in vars(aiohttp.test_utils).items()
    if name[0] != "_" and getattr(thing, "__module__", "") == "aiohttp.test_utils"
}
THEIRS["REUSE_ADDRESS"] = aiohttp.test_utils.REUSE_ADDRESS

MISSING: dict[str, str] = {}

# What is different about a name that is here, as `api_comparison` writes it.
ACCEPTED: dict[str, tuple[str, str]] = {}


def differences() -> Iterator[tuple[str, list[str]]]:
    """Yield (name, differences) for every name of aiohttp's that is here."""
    for name, theirs in THEIRS.items():
        yield from name_differences(name, theirs, getattr(test_utils, name, None))


DIFFERENCES = {name: " ".join(sorted(found)) for name, found in differences() if found}


def test_every_name_of_test_utils_is_here_or_in_the_table() -> None:
    """And what is in the table is really missing."""
    missing = {name for name in THEIRS if getattr(test_utils, name, None) is None}
    assert sorted(missing - set(MISSING)) == [], "names of aiohttp that nobody explained"
    assert sorted(set(MISSING) - missing) == [], "take these out of MISSING: they are here"


def test_every_difference_of_test_utils_is_in_the_table() -> None:
    """And each one that is in the table is there."""
    assert {name: accepted for name, (accepted, _) in ACCEPTED.items()} == DIFFERENCES


def test_the_comparison_of_test_utils_has_something_to_compare() -> None:
    """It would be of no use if it found nothing."""
    assert len(THEIRS) > 12
    found: Any = dict(name_differences("TestClient", test_utils.TestClient, object))
    assert ".ws_connect" in found["TestClient attributes"]


def test_every_public_name_of_the_pytest_plugin_is_here() -> None:
    """Fixtures, their types, and what else is imported from there."""
    # Modules, and what aiohttp's plugin has from `typing` and its own package's insides.
    passed_on = {"Application", "BaseRequest", "Request", "uvloop", "Any", "Protocol", "overload"}
    passed_on |= {"Awaitable", "Callable", "Iterator"}
    theirs = {
        name
        for name, thing in vars(aiohttp.pytest_plugin).items()
        if name[0] != "_" and not name.startswith("pytest_") and not inspect.ismodule(thing)
    }
    missing = {name for name in theirs - passed_on if not hasattr(pytest_plugin, name)}
    assert missing == set()
    assert {"aiohttp_client", "loop", "AiohttpClient"} < theirs
