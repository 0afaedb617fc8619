"""Answers that can be raised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from yarl import URL

from notebook_http import web
from notebook_http.web import exceptions

Ask = Callable[..., Awaitable[tuple[bytes, bytes]]]
Serve = Callable[..., Awaitable[int]]

SPECIAL: dict[str, tuple[Any, ...]] = {
    "HTTPMethodNotAllowed": ("GET", ["POST"]),
    "HTTPRequestEntityTooLarge": (10, 20),
    "HTTPUnavailableForLegalReasons": ("http://authority.example/",),
}
CLASSES = [
    each
    for name in exceptions.__all__
    if isinstance(each := getattr(exceptions, name), type)
    and issubclass(each, web.HTTPException)
    and each.status_code > 0
]


def made(each: type[web.HTTPException]) -> web.HTTPException:
    """Return an instance, with the arguments that its class wants."""
    arguments = SPECIAL.get(each.__name__, ("/there",) if issubclass(each, web.HTTPMove) else ())
    return each(*arguments)


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_every_class_is_a_response_and_an_exception(each: type[web.HTTPException]) -> None:
    """With the status and family that its name says."""
    answer = made(each)
    families = {2: web.HTTPSuccessful, 3: web.HTTPRedirection, 4: web.HTTPClientError}
    assert answer.status == each.status_code
    assert isinstance(answer, families.get(answer.status // 100, web.HTTPServerError))
    assert isinstance(answer, web.Response)
    assert answer.reason
    assert str(answer) == answer.reason
    assert (answer.text is None) is (answer.empty_body)
    assert answer


def test_there_is_a_class_for_every_status_that_aiohttp_has() -> None:
    """Sixty statuses of which nobody should have to remember what is missing."""
    aiohttp_web = pytest.importorskip("aiohttp.web")
    theirs = {
        name: getattr(aiohttp_web, name).status_code
        for name in dir(aiohttp_web)
        if name.startswith("HTTP")
    }
    ours = {each.__name__: each.status_code for each in CLASSES}
    assert ours == {name: status for name, status in theirs.items() if status > 0}


def test_special_fields() -> None:
    """Location, Allow and Link."""
    moved = web.HTTPFound(URL("/a b"))
    assert moved.headers["Location"] == "/a%20b"
    assert moved.location == URL("/a b")
    refused = web.HTTPMethodNotAllowed("GET", {"PUT", "POST"})
    assert refused.headers["Allow"] == "POST,PUT"
    assert (refused.method, refused.allowed_methods) == ("GET", {"PUT", "POST"})
    legal = web.HTTPUnavailableForLegalReasons("http://a.example/")
    assert legal.headers["Link"] == '<http://a.example/>; rel="blocked-by"'
    assert legal.link == URL("http://a.example/")
    assert "Link" not in web.HTTPUnavailableForLegalReasons(None).headers
    large = web.HTTPRequestEntityTooLarge(max_size=10, actual_size=20)
    assert large.text == "Maximum request body size 10 exceeded."
    with pytest.raises(ValueError, match="location"):
        web.HTTPFound("")


def test_text_body_fields_and_reason_can_be_given() -> None:
    """As to a response."""
    answer = web.HTTPForbidden(text="no", reason="Never", headers={"X-A": "1"})
    assert (answer.text, answer.reason, answer.headers["X-A"]) == ("no", "Never", "1")
    with pytest.warns(DeprecationWarning, match="give text"):
        assert web.HTTPForbidden(body=b"no").body == b"no"
    assert web.HTTPForbidden(text="<p>", content_type="text/html").content_type == "text/html"


@pytest.mark.parametrize("returned", [True, False])
async def test_raised_or_returned_is_the_same(serve: Serve, ask: Ask, returned: bool) -> None:
    """Through a middleware as well."""

    async def handle(request: web.Request) -> web.Response:
        answer = web.HTTPConflict(text="already")
        if returned:
            return answer
        raise answer

    head, body = await ask(await serve(handle))
    assert head.startswith(b"HTTP/1.1 409 Conflict")
    assert body == b"already"
