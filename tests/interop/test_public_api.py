"""Our client's public names, arguments and attributes are aiohttp's, but for the table below.

aiohttp is installed and asked by introspection. An entry of the tables that is no longer needed
fails as well, so that they say what is different now, and why.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

import notebook_http
from notebook_http import client
from notebook_http.client.request_options import RequestOptions
from tests.interop.api_comparison import argument_differences, name_differences

SERVER = "of aiohttp's server workers, no client name"
INSIDE = "undocumented: what aiohttp's own parts call each other with"
NO_CAUSE = "None stands for no cause, as an exception that nobody raised does there"
DEFAULT = "the same default, said in the signature instead of filled in later"
OWN = "our own addition, a keyword with a default"
DEPRECATED = "aiohttp warns when it is used, and another argument says the same"

# Names of aiohttp that are not here.
MISSING: dict[str, str] = {
    "GunicornUVLoopWebWorker": SERVER,
    "GunicornWebWorker": SERVER,
    "set_zlib_backend": "zlib is zlib: what is faster (isal, zlib-ng) may be installed as it",
    "streamer": "deprecated since aiohttp 3.5: an async generator is a body",
}

# What is different about a name that is here, as `api_comparison` writes it.
ACCEPTED: dict[str, tuple[str, str]] = {
    "BaseConnector.connect": (
        "+fresh +key +timings +total_at -req -traces timeout:POSITIONAL_OR_KEYWORD->KEYWORD_ONLY",
        INSIDE,
    ),
    "ClientResponse": (
        "+exchange +fallback_charset +history +max_decoded_size +request -continue100 "
        "-loop -method -request_info -stream_writer -timer -traces -url -writer "
        "session=required->None",
        INSIDE,
    ),
    "ClientResponse attributes": (
        ".ATTRS .output_size .start .upload_complete .url_obj",
        f"{INSIDE}; aiohttp deprecates output_size and upload_complete for UploadTracker",
    ),
    "ClientRequest": (
        "+body +cookie +expect_continue +origin -auth -cookies -data -expect100 -loop "
        "-params -proxy -proxy_auth -proxy_headers -response_class -server_hostname "
        "-session -skip_auto_headers -ssl -timer -traces -trust_env",
        INSIDE,
    ),
    "ClientRequest attributes": (
        ".ALL_METHODS .DEFAULT_HEADERS .GET_METHODS .POST_METHODS .auth .close .response .send "
        ".terminate .update_auth .update_auto_headers .update_body_from_data "
        ".update_content_encoding .update_cookies .update_expect_continue .update_headers "
        ".update_host .update_proxy .update_transfer_encoding .update_version .write_bytes",
        f"the steps in which aiohttp makes and sends a request; {INSIDE}",
    ),
    "ClientSession": (
        "+max_decoded_size fallback_charset_resolver=a function->None "
        "ws_response_class=ClientWebSocketResponse->None",
        f"{OWN}; {DEFAULT}, without importing WebSockets",
    ),
    "ClientSession attributes": (
        ".ATTRS",
        INSIDE,
    ),
    "ClientSession.ws_connect": (
        "timeout=not-given->ClientWSTimeout(ws_receive=None,ws_close=10.0)",
        DEFAULT,
    ),
    "ClientWebSocketResponse": (
        "+receive_timeout +session +settings -autoclose -autoping -client_notakeover "
        "-compress -heartbeat -loop -reader -timeout -writer "
        "protocol:POSITIONAL_OR_KEYWORD->KEYWORD_ONLY",
        f"made by `ws_connect` alone; {INSIDE}",
    ),
    "Fingerprint attributes": (
        ".HASHFUNC_BY_DIGESTLEN",
        INSIDE,
    ),
    "TCPConnector": (
        "verify_ssl=True->None",
        f"{DEPRECATED}; None tells whether it was given",
    ),
    "TCPConnector.connect": (
        "+fresh +key +timings +total_at -req -traces timeout:POSITIONAL_OR_KEYWORD->KEYWORD_ONLY",
        INSIDE,
    ),
    "NamedPipeConnector.connect": (
        "+fresh +key +timings +total_at -req -traces timeout:POSITIONAL_OR_KEYWORD->KEYWORD_ONLY",
        INSIDE,
    ),
    "UnixConnector.connect": (
        "+fresh +key +timings +total_at -req -traces timeout:POSITIONAL_OR_KEYWORD->KEYWORD_ONLY",
        INSIDE,
    ),
    "CookieJar attributes": (
        ".DATE_DAY_OF_MONTH_RE .DATE_HMS_TIME_RE .DATE_MONTH_RE .DATE_TOKENS_RE "
        ".DATE_YEAR_RE .MAX_TIME .SUB_MAX_TIME",
        INSIDE,
    ),
    "DataQueue.set_exception": (
        "exc_cause=BaseException()->None",
        NO_CAUSE,
    ),
    "FlowControlDataQueue.set_exception": (
        "exc_cause=BaseException()->None",
        NO_CAUSE,
    ),
    "MultipartReader": (
        "+translate",
        OWN,
    ),
    "BytesIOPayload": (
        "+disposition",
        DEFAULT,
    ),
    "Payload": (
        "+disposition -**",
        "`**kwargs` were passed by and ignored; a disposition is the only one that was meant",
    ),
    "StreamReader": (
        "+decoder +translate limit=required->65536",
        OWN,
    ),
    "StreamReader.set_exception": (
        "exc_cause=BaseException()->None",
        NO_CAUSE,
    ),
    "request options": (
        "timeout=not-given->None",
        "None is the session's in both: aiohttp's own sentinel says nothing else",
    ),
}


def ours_for(name: str) -> Any:
    """Return what stands for aiohttp's *name*: the client's, where a notebook has another one."""
    return getattr(client, name, None) or getattr(notebook_http, name, None)


def differences() -> Iterator[tuple[str, list[str]]]:
    """Yield (name, differences) for every name of aiohttp's that is here."""
    for name in aiohttp.__all__:
        if name != "DefaultResolver":  # theirs is another one where aiodns is installed
            yield from name_differences(name, getattr(aiohttp, name), ours_for(name))
    # What `session.get(url, …)` and the others take.
    wanted = aiohttp.ClientSession._request
    found = argument_differences(wanted, RequestOptions)
    # They are handed over as `**options`: by name, whatever the class takes.
    by_position = ("-method", "-str_or_url", "KEYWORD_ONLY->POSITIONAL_OR_KEYWORD")
    yield "request options", [item for item in found if not item.endswith(by_position)]


DIFFERENCES = {name: " ".join(sorted(found)) for name, found in differences() if found}


def test_every_name_is_here_or_in_the_table() -> None:
    """And what is in the table is really missing."""
    missing = {name for name in aiohttp.__all__ if ours_for(name) is None}
    assert sorted(missing - set(MISSING)) == [], "names of aiohttp that nobody explained"
    assert sorted(set(MISSING) - missing) == [], "take these out of MISSING: they are here"


@pytest.mark.parametrize("name", sorted({*DIFFERENCES, *ACCEPTED}))
def test_every_difference_is_in_the_table(name: str) -> None:
    """And each one that is in the table is there."""
    accepted, reason = ACCEPTED.get(name, ("", "none"))
    assert DIFFERENCES.get(name, "") == accepted, reason
    assert len(reason) > 3


EXCEPTIONS = [
    name
    for name in aiohttp.__all__
    if inspect.isclass(thing := getattr(aiohttp, name))
    and issubclass(thing, BaseException)
    and ours_for(name) is not None
]


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_errors_are_caught_by_the_same_names(name: str) -> None:
    """`except aiohttp.ClientOSError` catches here what it catches there."""

    def bases(error: type) -> set[str]:
        # "asyncio.TimeoutError" and the built-in one are the same since Python 3.11.
        return {base.__name__ for base in error.__mro__}

    assert bases(getattr(aiohttp, name)) - bases(ours_for(name)) == set()


def test_the_comparison_compares() -> None:
    """It would be of no use if it found nothing."""

    def theirs(a: int, *, b: int = 1, c: int = 2) -> None: ...

    def ours(a: int, b: int = 1, *, c: int = 3, d: int = 4) -> None: ...

    found = argument_differences(theirs, ours)
    assert sorted(found) == ["+d", "b:KEYWORD_ONLY->POSITIONAL_OR_KEYWORD", "c=2->3"]
    assert len(EXCEPTIONS) > 20
