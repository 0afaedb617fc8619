"""The same responses in both libraries: how they are made, what they tell, what may be changed."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.interop.same_objects import LIBRARIES, agree, described, outcomes, web_of

LEFT_OUT: Any = object()
ARGUMENTS: dict[str, list[Any]] = {
    "body": [LEFT_OUT, None, b"", b"abc", bytearray(b"x"), "text", io.BytesIO, 5],
    "text": [LEFT_OUT, None, "", "é", 5, b"b"],
    "content_type": [LEFT_OUT, "", "text/html", "a/b; charset=x", "a/b;x=y"],
    "charset": [LEFT_OUT, "", "latin-1", "UTF-8", "nonsense"],
    "headers": [
        *(LEFT_OUT, {}, {"X": "1"}, {"content-type": "a/b"}, [("X", "1"), ("X", "2")]),
        *({"Content-Type": "text/plain; charset=latin-1"}, {"Content-Length": "3"}),
    ],
    "status": [LEFT_OUT, 404],
}


def made(library: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return what a response of these arguments tells, or the error."""
    given = {
        name: io.BytesIO(b"file") if value is io.BytesIO else value
        for name, value in arguments.items()
        if value is not LEFT_OUT
    }
    try:
        return described(web_of(library).Response(**given))
    except Exception as error:
        return {"error": type(error).__name__}


def explained(arguments: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> set[str]:
    """Return the names of what differs without a reason."""
    different = {name for name in {*theirs, *ours} if theirs.get(name) != ours.get(name)}
    if (theirs.get("error"), ours.get("error")) == ("AssertionError", "TypeError"):
        different -= {"error"}
    if arguments["content_type"] == "":  # what is no media type has no parameters (RFC 9110 §8.3.1)
        different -= {"charset", "text"}
    return different


def test_every_combination_of_arguments() -> None:
    """Makes the same response, or raises the same error."""
    count = 0
    for values in itertools.product(*ARGUMENTS.values()):
        arguments = dict(zip(ARGUMENTS, values, strict=True))
        theirs, ours = (made(library, arguments) for library in LIBRARIES)
        assert explained(arguments, theirs, ours) == set(), (arguments, theirs, ours)
        count += 1
    assert count == 16800


RESPONSE, STREAM = "r = web.Response()", "r = web.StreamResponse()"
TYPED = "r = web.Response(text='é', content_type='text/html', charset='latin-1')"
WITH_PARAMETERS = "r = web.StreamResponse(headers={'content-type': 'a/b; x=y; charset=\"q\"'})"
BEGINNINGS = (RESPONSE, STREAM, TYPED, WITH_PARAMETERS)

CHANGES = [
    *(f"r.content_type = {value}" for value in ("'text/html'", "'TEXT/HTML'", "'a/b; c=d'")),
    *(f"r.charset = {value}" for value in ("'latin-1'", "'UTF-8'", "None", "5", "''")),
    *(f"r.content_length = {value}" for value in ("5", "0", "'7'", "'x'", "-1", "1.9", "None")),
    *(
        f"r.last_modified = {value}"
        for value in (
            *("0", "1.0", "-1", "1e9", "True", "None", "'text'", "b'x'", "dt.date(2020, 1, 1)"),
            *("dt.datetime(2020, 1, 2, 3, 4, 5)", "1e30", "float('nan')"),
            "dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))",
        )
    ),
    *(
        f"r.etag = {value}"
        for value in (
            *("'a'", "'a b'", "'\"'", "'W/\"x\"'", "ETag('a')", "ETag('a', is_weak=True)"),
            *("ETag('\"')", "5", "b'a'", "None", "'é'", "'a\\r\\nb'", "ETag(5)"),
        )
    ),
    *(f"r.headers['ETag'] = {value}" for value in ("'\"a\"'", "'W/\"a\"'", "'a'", "'w/\"a\"'")),
    *(
        f"r.headers['Last-Modified'] = {value}"
        for value in ("'Sun, 06 Nov 1994 08:49:37 GMT'", "'x'", "''")
    ),
    *(
        f"r.set_status({value})"
        for value in (
            *("200", "'201'", "404, 'Away'", "999", "100", "'x'", "None", "200.7", "299", "418"),
            *("200, ''", "200, 'é'", "200, 'a\\nb'", "200, 'a\\rb'", "200, 'a\\tb'", "200, 5"),
        )
    ),
    *(f"r.enable_chunked_encoding({value})" for value in ("", "5", "None", "chunk_size=0")),
    "r.content_length = 5; r.enable_chunked_encoding()",
    *(f"r.enable_chunked_encoding(); r.content_length = {value}" for value in ("5", "'x'", "None")),
    "r.force_close()",
    *("r.prepared", "repr(r)", "bool(r)", "r == r", "r == 5", "len({r, r})"),
    *("r.text = 'é'", "r.text = b'x'", "r.text = 5", "r.text = ''"),
    *("r.headers['X'] = 'é'", "r.headers.add('X', '1')", "r.headers", "r.headers['none']"),
]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_changes(beginning: str) -> None:
    """What may be set, to what, and what is there then."""
    for change in CHANGES:
        theirs, ours = outcomes(beginning, change)
        assert agree(theirs, ours), (change, theirs, ours)


PROGRAMS = [
    *(
        f"r = web.json_response({arguments})"
        for arguments in (
            *("{'a': 1}", "[]", "None", "''", "'é'", "object()", "", "float('nan')", "1, text=''"),
            *("1, text='x'", "1, body=b'x'", "text='x'", "text='x', body=b'x'", "body=b'x'"),
            *("1, body=b''", "data={1: 2}, dumps=str", "1, dumps=lambda o: b'x'"),
            *("1, content_type='a/b'", "1, headers={'Content-Type': 'x/y'}", "1, charset='x'"),
            *("1, status=404, reason='R'", "1, headers={'X': 'y'}"),
            "text='x', content_type='a/b; charset=x'",
        )
    ),
    *(
        f"r = web.json_bytes_response({arguments})"
        for arguments in (
            *("1, dumps=lambda o: b'x'", "dumps=lambda o: b'x'", "1", "dumps=1, body=b'y'"),
            *("1, dumps=lambda o: b'x', body=b'y'", "1, dumps=lambda o: b'x', text='x'"),
            "1, dumps=lambda o: b'x', status=201, reason='q', headers={'X': 'y'}",
            "1, dumps=lambda o: bytearray(b'x'), content_type='a/b', body=None",
        )
    ),
    *(
        f"r = web.{call}"
        for call in (
            *("Response(b'x')", "Response(5)", "StreamResponse(5)", "Response(nonsense=1)"),
            *("StreamResponse(headers=[('a', 'b'), ('A', 'c')])", "Response(headers='x')"),
            *("Response(headers=5)", "Response(zlib_executor_size=1)", "Response(status='404')"),
            *("Response(reason='Away')", "StreamResponse(status=404, reason='Away')"),
            *("Response(body={})", "Response(body=object())", "StreamResponse(body=b'')"),
        )
    ),
    *(
        f"{STREAM}; r.enable_compression({arguments})"
        for arguments in (
            *("", "None", "True", "False", "web.ContentCoding.gzip", "'gzip'", "5"),
            *("force=None, strategy=3", "web.ContentCoding.deflate, 1"),
        )
    ),
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program: str) -> None:
    """Come out the same, with the same warnings."""
    theirs, ours = outcomes(program)
    assert agree(theirs, ours), (theirs, ours)


RFC_TAG = "a tag is quoted, and may be empty (RFC 9110 §8.8.3); `*` is for conditions alone"
NOT_AHEAD = "a date must not lie ahead, so fractions are dropped (RFC 9110 §8.8.2.1)"
THREE_DIGITS = "another status makes no status line (RFC 9112 §4)"
NO_CONTROL = "a reason that holds control characters makes no status line (RFC 9112 §4)"
# Changes whose outcome differs on purpose: a look at it, what is seen there and here, and why.
DIFFERENT: list[tuple[str, str, Any, Any, str]] = [
    ("r.last_modified = 1.5", "r.last_modified.second", 2, 1, NOT_AHEAD),
    ("r.last_modified = dt.datetime(2020,1,2,3,4,5,6)", "r.last_modified.second", 6, 5, NOT_AHEAD),
    ("r.etag = ''", "r.headers['ETag']", "ValueError", '""', RFC_TAG),
    ("r.etag = '*'", "r.headers['ETag']", "*", '"*"', RFC_TAG),
    ("r.etag = ETag('*', True)", "r.headers['ETag']", "*", 'W/"*"', RFC_TAG),
    ("r.headers['ETag'] = '*'", "r.etag", ("ETag", "*", False), None, RFC_TAG),
    ("r.headers['ETag'] = '\"a\" '", "r.etag", None, ("ETag", "a", False), "white space around"),
    ("r.set_status(99)", "r.status", 99, "ValueError", THREE_DIGITS),
    ("r.set_status(1000)", "r.status", 1000, "ValueError", THREE_DIGITS),
    ("r.set_status(200, 'a\\0b')", "r.reason", "a\0b", "ValueError", NO_CONTROL),
    ("r.enable_compression()", "r.content_length", 0, None, "known when it is compressed"),
    ("r.body = 'é'", "r.content_length", None, 2, "the size of a payload is known, so it is told"),
    ("r.text = None", "r.body", "AttributeError", None, "as `body`, which may be None in both"),
    ("r.content_type = ''", "r.charset", None, None, "what is no media type has no parameters"),
    ("r.output_length", "r.output_length", "AssertionError", 0, "nothing was sent yet"),
]


@pytest.mark.parametrize(
    ("change", "look", "there", "here", "reason"), DIFFERENT, ids=[row[0] for row in DIFFERENT]
)
def test_what_differs_on_purpose(
    change: str, look: str, there: Any, here: Any, reason: str
) -> None:
    """Each with what is seen on both sides."""
    theirs, ours = (got.error or got.values[2] for got in outcomes(RESPONSE, change, look))
    assert (theirs, ours) == (there, here), reason


MAPPING = [
    *("r['k'] = 1", "r['k']", "r['none']", "len(r)", "'k' in r", "del r['k']"),
    *("r.update(a=1, b=2)", "r.pop('a')", "r.setdefault('q', [])", "r.get('z', 5)", "r.clear()"),
    *("r[KEY] = 5", "r[KEY]", "sorted(map(str, r))", "del r['none']", "r.pop('none')"),
]


@given(st.lists(st.sampled_from(MAPPING), max_size=8))
def test_what_is_left_on_a_response(steps: list[str]) -> None:
    """It is a mapping; keys of no type are warned of once."""
    key = "KEY = web.ResponseKey('key', int)"
    theirs, ours = outcomes(RESPONSE, key, *steps, "list(map(str, r.values()))")
    assert agree(theirs._replace(warned=[]), ours._replace(warned=[])), (theirs, ours)


@pytest.mark.parametrize("kind", ["Response", "StreamResponse"])
def test_a_key_that_is_text(kind: str) -> None:
    """Is warned of the first time that the program uses it."""
    steps = [f"r = web.{kind}()", f"r['first of {kind}'] = 1", f"r['first of {kind}'] = 2"]
    theirs, ours = outcomes(*steps, "r[web.ResponseKey('typed', int)] = 3")
    assert theirs.warned == ours.warned == ["NotAppKeyWarning"]
