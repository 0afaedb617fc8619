"""Our client's public names, arguments and attributes are aiohttp's, but for the table below.

aiohttp is installed and asked by introspection. An entry of the tables that is no longer needed
fails as well, so that they say what is different now, and why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest

import notebook_http
from notebook_http import client
from notebook_http.client.request_options import RequestOptions

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

# What is different about a name that is here: "-x" is missing, "+x" is ours alone, "x=a->b" has
# another default, "x:a->b" is of another kind, ".x" is a missing attribute.
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


def default_of(parameter: inspect.Parameter) -> str:
    """Return a default as text that is the same on both sides."""
    value = parameter.default
    if value is inspect.Parameter.empty:
        return "required"
    if inspect.isclass(value):
        return value.__name__
    if inspect.isroutine(value):
        return "a function"
    text = repr(value).replace(" ", "")
    return "not-given" if "sentinel" in text.lower() or "NotGiven" in text else text


def arguments(thing: Callable[..., Any]) -> dict[str, inspect.Parameter] | None:
    """Return the arguments that a caller can name; None when Python cannot tell."""
    try:
        signature = inspect.signature(thing)
    except (ValueError, TypeError):
        return None
    found = {}
    for parameter in signature.parameters.values():
        # The names of `*args` and `**options` are nobody's to use.
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        found[stars.get(parameter.kind, parameter.name)] = parameter
    found.pop("self", None)
    return found


def argument_differences(theirs: Callable[..., Any], ours: Callable[..., Any]) -> list[str]:
    """Return how *ours* is called in another way than *theirs*."""
    before, after = arguments(theirs), arguments(ours)
    if before is None or after is None:
        return []
    found = [f"+{name}" for name in after if name not in before]
    for name, parameter in before.items():
        other = after.get(name)
        if other is None:
            found.append(f"-{name}")
            continue
        if parameter.kind is not other.kind:
            found.append(f"{name}:{parameter.kind.name}->{other.kind.name}")
        if default_of(parameter) != default_of(other):
            found.append(f"{name}={default_of(parameter)}->{default_of(other)}")
    return found


def ours_for(name: str) -> Any:
    """Return what stands for aiohttp's *name*: the client's, where a notebook has another one."""
    return getattr(client, name, None) or getattr(notebook_http, name, None)


def differences() -> Iterator[tuple[str, list[str]]]:
    """Yield (name, differences) for every name of aiohttp's that is here."""
    for name in aiohttp.__all__:
        theirs, ours = getattr(aiohttp, name), ours_for(name)
        if name == "DefaultResolver":
            # Theirs is another class where aiodns is installed; ours is the threaded one.
            theirs = aiohttp.ThreadedResolver
        if ours is None or not callable(theirs):
            continue
        if name == "DefaultResolver":  # theirs is another one where aiodns is installed
            continue
        yield name, argument_differences(theirs, ours)
        if not inspect.isclass(theirs):
            continue
        public = [key for key in dir(theirs) if key[0] != "_"]
        yield f"{name} attributes", [f".{key}" for key in public if not hasattr(ours, key)]
        for key in public:
            method = getattr(theirs, key)
            if inspect.isroutine(method) and hasattr(ours, key):
                yield f"{name}.{key}", argument_differences(method, getattr(ours, key))
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
