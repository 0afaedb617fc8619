"""Our server's public names, arguments and attributes are aiohttp's, but for the tables below.

`aiohttp.web` and `aiohttp.abc` are asked by introspection. An entry of the tables that is no longer
needed fails as well, so that they say what is different now, and why.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import aiohttp.abc
import aiohttp.web
import pytest

import notebook_http.abc
from notebook_http import web
from tests.interop.api_comparison import name_differences

INSIDE = "undocumented: what aiohttp's own parts call each other with"
LOGGER = "a logger of this library's name"
DEFAULT = "the same default, said in another way"
OWN = "our own addition, a keyword with a default"
ATTRS = "aiohttp's list of its own attributes, for its debug mode"
SERVER = "made by `web.Server` alone, which takes the settings"
MADE = "made for each request: what is given in order costs less; the loop is the connection's"
NOT_GIVEN = "None stands for what was not given"

# Names of aiohttp.web and aiohttp.abc that are not here.
MISSING: dict[str, str] = {}

# What is different about a name that is here, as `api_comparison` writes it.
ACCEPTED: dict[str, tuple[str, str]] = {
    "Application": (
        "debug=Ellipsis->None "
        "logger=<Loggeraiohttp.web(WARNING)>-><Loggernotebook_http.web(WARNING)>",
        f"{LOGGER}; {DEFAULT}, None for the loop's own",
    ),
    "Application attributes": (
        ".ATTRS .make_handler",
        f"{ATTRS}; make_handler is deprecated there: AppRunner",
    ),
    "RequestHandler": (
        "+owner -access_log -access_log_class -access_log_format -auto_decompress -debug "
        "-keepalive_timeout -lingering_time -logger -manager -max_field_size -max_headers "
        "-max_line_size -read_bufsize -tcp_keepalive -timeout_ceil_threshold "
        "loop:KEYWORD_ONLY->POSITIONAL_OR_KEYWORD",
        SERVER,
    ),
    "RequestHandler attributes": (
        ".finish_response .handle_error .keep_alive .log_access .set_parser .start",
        INSIDE,
    ),
    "RequestHandler.resume_reading": (
        "-resume_parser",
        INSIDE,
    ),
    "BaseRequest": (
        "client_max_fields:KEYWORD_ONLY->POSITIONAL_OR_KEYWORD "
        "client_max_size:KEYWORD_ONLY->POSITIONAL_OR_KEYWORD loop=required->None",
        MADE,
    ),
    "BaseRequest attributes": (
        ".ATTRS",
        ATTRS,
    ),
    "BaseRequest.clone": (
        "client_max_fields=not-given->None client_max_size=not-given->None "
        "headers=not-given->None host=not-given->None method=not-given->None "
        "rel_url=not-given->None remote=not-given->None scheme=not-given->None",
        NOT_GIVEN,
    ),
    "Request": (
        "client_max_fields:KEYWORD_ONLY->POSITIONAL_OR_KEYWORD "
        "client_max_size:KEYWORD_ONLY->POSITIONAL_OR_KEYWORD loop=required->None",
        MADE,
    ),
    "Request attributes": (
        ".ATTRS",
        ATTRS,
    ),
    "Request.clone": (
        "client_max_fields=not-given->None client_max_size=not-given->None "
        "headers=not-given->None host=not-given->None method=not-given->None "
        "rel_url=not-given->None remote=not-given->None scheme=not-given->None",
        NOT_GIVEN,
    ),
    "StreamResponse": (
        "-_real_headers",
        INSIDE,
    ),
    "StreamResponse attributes": (
        ".ATTRS",
        ATTRS,
    ),
    "RouteDef": (
        "kwargs=required-><factory>",
        OWN,
    ),
    "DynamicResource attributes": (
        ".DYN .DYN_WITH_RE .GOOD",
        INSIDE,
    ),
    "Resource": (
        "+template",
        "abstract there; plain and dynamic ones are made of a path in both",
    ),
    "UrlMappingMatchInfo": (
        "+apps",
        OWN,
    ),
    "run_app": (
        "access_log=<Loggeraiohttp.access(WARNING)>-><Loggernotebook_http.access(WARNING)>",
        LOGGER,
    ),
    "WebSocketResponse.write_eof": (
        "+data",
        OWN,
    ),
}


def names() -> list[tuple[str, Any, Any]]:
    """Return (name, theirs, ours) for every public name of aiohttp's server."""
    found = [(name, getattr(aiohttp.web, name), web) for name in aiohttp.web.__all__]
    of_abc = [name for name in vars(aiohttp.abc) if name.startswith("Abstract")]
    found += [(f"abc.{name}", getattr(aiohttp.abc, name), notebook_http.abc) for name in of_abc]
    return [
        (name, theirs, getattr(home, name.split(".")[-1], None)) for name, theirs, home in found
    ]


NAMES = names()


def differences() -> Iterator[tuple[str, list[str]]]:
    """Yield (name, differences) for every name of aiohttp's that is here."""
    bases = [(theirs, ours) for _, theirs, ours in NAMES if inspect.isclass(theirs)]
    for name, theirs, ours in NAMES:
        yield from name_differences(name, theirs, ours, bases)


DIFFERENCES = {name: " ".join(sorted(found)) for name, found in differences() if found}


def test_every_name_of_the_server_is_here_or_in_the_table() -> None:
    """And what is in the table is really missing."""
    missing = {name for name, _, ours in NAMES if ours is None}
    assert sorted(missing - set(MISSING)) == [], "names of aiohttp that nobody explained"
    assert sorted(set(MISSING) - missing) == [], "take these out of MISSING: they are here"


@pytest.mark.parametrize("name", sorted({*DIFFERENCES, *ACCEPTED}))
def test_every_difference_of_the_server_is_in_the_table(name: str) -> None:
    """And each one that is in the table is there."""
    accepted, reason = ACCEPTED.get(name, ("", "none"))
    assert DIFFERENCES.get(name, "") == accepted, reason
    assert len(reason) > 3


ERRORS = [
    (name, theirs, ours)
    for name, theirs, ours in NAMES
    if inspect.isclass(theirs) and issubclass(theirs, BaseException) and ours is not None
]


@pytest.mark.parametrize("name", [name for name, _, _ in ERRORS])
def test_answers_are_caught_by_the_same_names(name: str) -> None:
    """`except web.HTTPClientError` catches here what it catches there."""
    theirs, ours = next(pair for key, *pair in ERRORS if key == name)

    def bases(error: type) -> set[str]:
        return {base.__name__ for base in error.__mro__} - {"HeadersMixin"}

    assert bases(theirs) - bases(ours) == set()
    assert getattr(theirs, "status_code", None) == getattr(ours, "status_code", None)
    assert getattr(theirs, "empty_body", None) == getattr(ours, "empty_body", None)


def test_the_comparison_has_something_to_compare() -> None:
    """It would be of no use if it found nothing."""
    assert len(NAMES) > 120
    assert len(ERRORS) > 60
