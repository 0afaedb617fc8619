"""The same answers that can be raised: what they are made of, tell, and send."""

from __future__ import annotations

import itertools
import pickle
from typing import Any

import aiohttp.web
import pytest

from notebook_http import web
from tests.interop.same_objects import agree, outcomes
from tests.interop.same_web_program import Asked
from tests.interop.same_wire import Handlers, differing, wire_both

CLASSES = sorted(
    name
    for name in aiohttp.web.__all__
    if isinstance(getattr(aiohttp.web, name), type)
    and issubclass(getattr(aiohttp.web, name), aiohttp.web.HTTPException)
)
RAISED = [name for name in CLASSES if getattr(aiohttp.web, name).status_code >= 0]
# What some of them cannot be made without.
NEEDED = {
    **{
        name: ["'/x?y=1#z'"]
        for name in RAISED
        if issubclass(getattr(aiohttp.web, name), aiohttp.web.HTTPMove)
    },
    "HTTPMethodNotAllowed": ["'get'", "['PUT', 'POST']"],
    "HTTPRequestEntityTooLarge": ["max_size=5", "actual_size=7"],
    "HTTPUnavailableForLegalReasons": ["'http://a.b/c'"],
}
OPTIONS = [
    "",
    "text='why'",
    "text=''",
    "reason='Because'",
    "reason=''",
    "reason='é'",
    "body=b'bytes'",
    "body='payload'",
    "content_type='text/html'",
    "text='<p>', content_type='text/html'",
    "headers={'X': 'y'}",
    "headers=[('X', '1'), ('X', '2')]",
    "headers={'Content-Type': 'a/b'}",
    "headers={'Content-Type': 'a/b'}, text='why'",
    "headers={'Content-Type': 'a/b'}, content_type='c/d'",
    "headers={'Location': '/l', 'Allow': 'X', 'Link': 'k'}",
    "text='a', body=b'b'",
    "text=5",
    "status=200",
    "reason='a\\r\\nb'",
    "content_type='a/b; charset=c'",
]


def call(name: str, *more: str) -> str:
    """Return the expression that makes one."""
    return f"web.{name}({', '.join(part for part in (*NEEDED.get(name, []), *more) if part)})"


@pytest.mark.parametrize("name", RAISED)
def test_every_class_with_every_argument(name: str) -> None:
    """Tells the same, warns of the same, or refuses the same."""
    for option in OPTIONS:
        theirs, ours = outcomes(
            f"r = {call(name, option)}",
            *("str(r)", "r.args", "bool(r)", "r.status_code", "r.empty_body", "r.prepared"),
            *("isinstance(r, web.Response)", "isinstance(r, Exception)", "repr(r)", "len(r)"),
        )
        assert agree(theirs, ours), (option, theirs, ours)


ARGUMENTS = {
    "HTTPFound": ["", "''", "None", "5", "'http://a.b/ä?ö'", "'a b'", "'/x', '/y'", "location='/'"],
    "HTTPMethodNotAllowed": ["", "'GET'", "'get', []", "'g', {'B', 'A'}", "5, ['A']", "'A', None"],
    "HTTPRequestEntityTooLarge": ["", "5", "5, 6", "5, 6, text='t'", "max_size=0", "5, nothing=1"],
    "HTTPUnavailableForLegalReasons": ["", "None", "''", "'http://ä.b'", "5", "link='/x'"],
    "HTTPNotFound": ["'text'", "text=b'x'", "nothing=1"],
    "HTTPNoContent": ["text='x'", "body=b'x'", "reason='r'"],
    "HTTPNotModified": ["text='x'", "headers={'ETag': '\"a\"'}"],
}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [(name, each) for name, several in ARGUMENTS.items() for each in several],
)
def test_arguments_of_their_own(name: str, arguments: str) -> None:
    """Given or not, right or not."""
    theirs, ours = outcomes(f"r = web.{name}({arguments})")
    assert agree(theirs, ours), (theirs, ours)


@pytest.mark.parametrize(
    "steps",
    [
        ("r = web.HTTPFound('/x')", "r.location = '/y'", "r.headers['Location']", "r.location"),
        ("r = web.HTTPMethodNotAllowed('A', ['B'])", "r.allowed_methods.add('C')", "r.method"),
        ("r = web.HTTPNotFound()", "r.text = 'other'", "r.body", "r.headers['Content-Type']"),
        ("r = web.HTTPNotFound()", "r.set_status(410)", "r.status", "r.status_code", "str(r)"),
        ("r = web.HTTPNotFound()", "r.set_cookie('a', 'b')", "r.body = b''", "r.content_length"),
        ("class Own(web.HTTPConflict): status_code = 499", "r = Own()", "r.text", "r.reason"),
        ("class Own(web.HTTPException): status_code = 299; empty_body = True", "r = Own()"),
        ("class Own(web.HTTPError): status_code = 418", "r = Own(text='short')", "r.reason"),
    ],
)
def test_what_programs_do_with_them(steps: tuple[str, ...]) -> None:
    """Change them, and derive from them."""
    theirs, ours = outcomes(*steps)
    assert agree(theirs, ours), (theirs, ours)


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in RAISED])
def test_bases_have_no_status(name: str) -> None:
    """Aiohttp makes an answer with status -1, which breaks when it is sent; ours is refused."""
    needed = "'/'" if name == "HTTPMove" else ""
    theirs, ours = outcomes(f"r = web.{name}({needed})")
    assert (theirs.values[-1]["status"], ours.error) == (-1, "ValueError")


def test_a_method_that_is_named_twice() -> None:
    """Stands in `Allow` twice there, and once here: it is a list of what there is."""
    theirs, ours = outcomes("web.HTTPMethodNotAllowed('A', ['C', 'B', 'C']).headers['Allow']")
    assert (theirs.values, ours.values) == (["B,C,C"], ["B,C"])


def test_the_tree() -> None:
    """What is an instance of what, for every pair of classes."""
    for one, other in itertools.product(CLASSES, repeat=2):
        there = issubclass(getattr(aiohttp.web, one), getattr(aiohttp.web, other))
        assert issubclass(getattr(web, one), getattr(web, other)) is there, (one, other)


def test_they_are_not_pickled_silently_wrong() -> None:
    """What comes back from another process has its status, or there is an error."""
    for error in (web.HTTPNotFound(text="t"), web.HTTPFound("/x")):
        try:
            again = pickle.loads(pickle.dumps(error))
        except (TypeError, pickle.PicklingError):
            continue
        assert again.status == error.status


def handler_of(name: str, option: str, way: str) -> Any:
    async def handle(web: Any, request: Any, note: Any) -> Any:
        answer = eval(call(name, option), {"web": web})
        if way == "raise":
            raise answer
        return answer

    return handle


HANDLERS: Handlers = {
    f"{name}-{number}-{way}": handler_of(name, option, way)
    for name in RAISED
    for number, option in enumerate(("", "text='why', headers={'X': 'y'}", "reason='Because'"))
    for way in ("raise", "return")
}
LENGTH = "Content-Length of a 304 is that of the 200 (RFC 9110 §8.6): ours keeps what the text has"


async def test_on_the_wire() -> None:
    """Raised and returned, byte by byte."""
    requests = [
        Asked(method, f"/{name}", version=version)
        for name in HANDLERS
        for method, version in (("GET", "1.1"), ("HEAD", "1.1"), ("GET", "1.0"))
    ]
    for request, theirs, ours in await wire_both(HANDLERS, requests):
        parts = differing(request, theirs, ours)
        if "HTTPNotModified-1" in request.target:
            assert "content-length: 3" in ours.fields, LENGTH
            assert parts == {"fields"}
        else:
            assert parts == set(), (request, theirs, ours)
