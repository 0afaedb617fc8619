"""Status, fields and cookies of a response."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from notebook_http import web
from notebook_http.wire.entity_tag import ETag


def set_cookies(response: web.StreamResponse) -> list[str]:
    """Return the Set-Cookie fields that would be sent."""
    from multidict import CIMultiDict

    fields: CIMultiDict[str] = CIMultiDict()
    response._add_cookie_fields(fields)
    return fields.getall("Set-Cookie", [])


def test_content_type_and_charset_are_two_views_of_one_field() -> None:
    """Other parameters stay."""
    response = web.StreamResponse(headers={"Content-Type": "text/html; a=b; charset=latin-1"})
    assert (response.content_type, response.charset) == ("text/html", "latin-1")
    response.content_type = "text/plain"
    response.charset = "UTF-8"
    assert response.headers["Content-Type"] == "text/plain; a=b; charset=utf-8"
    response.charset = None
    assert response.headers["Content-Type"] == "text/plain; a=b"
    assert web.StreamResponse().content_type == "application/octet-stream"
    with pytest.raises(RuntimeError, match="octet-stream"):
        web.StreamResponse().charset = "utf-8"


def test_status_brings_its_reason() -> None:
    """Unless the handler has one, without control characters (CVE-2026-34519)."""
    response = web.StreamResponse(status=404)
    assert (response.status, response.reason) == (404, "Not Found")
    response.set_status(299)
    assert response.reason == ""
    response.set_status(200, "Fine")
    assert response.reason == "Fine"
    for reason in ("a\nb", "a\rX: y", "a\0"):
        with pytest.raises(ValueError, match="Reason"):
            web.Response(reason=reason)


@pytest.mark.parametrize("status", [-1, 0, 99, 1000, 99999])
def test_a_status_has_three_digits(status: int) -> None:
    """Anything else would break the line that it stands in."""
    with pytest.raises(ValueError, match="three digits"):
        web.Response(status=status)


def test_a_cookies_value_may_be_a_number() -> None:
    """As in aiohttp, which writes what `str` says."""
    response = web.Response()
    value: Any = 5
    response.set_cookie("n", value)
    assert set_cookies(response) == ["n=5; Path=/"]


def test_last_modified_takes_what_tells_a_time() -> None:
    """Seconds, an aware moment, or text."""
    response = web.StreamResponse()
    moment = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    for value in (moment, moment.timestamp(), "Sun, 06 Nov 1994 08:49:37 GMT"):
        response.last_modified = value
        assert response.headers["Last-Modified"] == "Sun, 06 Nov 1994 08:49:37 GMT"
        assert response.last_modified == moment
    response.last_modified = None
    assert response.last_modified is None
    wrong: Any = []
    with pytest.raises(TypeError):
        response.last_modified = wrong


def test_etag_is_quoted_and_checked() -> None:
    """RFC 9110 §8.8.3."""
    response = web.StreamResponse()
    response.etag = "abc"
    assert response.headers["ETag"] == '"abc"'
    response.etag = ETag("abc", is_weak=True)
    assert response.headers["ETag"] == 'W/"abc"'
    assert response.etag == ETag("abc", is_weak=True)
    for wrong in ('a"b', "a b", "a\nb", 5):
        with pytest.raises(ValueError, match="etag"):
            response.etag = wrong  # type: ignore[assignment]
    response.etag = None
    assert response.etag is None


def test_cookies_are_written_with_their_attributes() -> None:
    """A second one of the same name has its value, and what it says of itself."""
    response = web.Response()
    response.set_cookie("a", "old", path="/x")
    response.set_cookie("a", "b c", max_age=5, httponly=True, secure=True, samesite="Lax")
    response.set_cookie("p", "1", partitioned=True, domain="example.org")
    response.del_cookie("gone")
    a, p, gone = set_cookies(response)
    assert a == 'a="b c"; Path=/; Max-Age=5; Secure; HttpOnly; SameSite=Lax' or (
        a.startswith('a="b c"; ') and "Path=/x" not in a
    )
    assert {"Max-Age=5", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(a.split("; "))
    assert p.endswith("; Partitioned")
    assert "Domain=example.org" in p
    assert "Max-Age=0" in gone
    assert "Expires=Thu, 01 Jan 1970 00:00:00 GMT" in gone


def test_a_cookie_that_is_set_again_keeps_what_is_not_said_again() -> None:
    """HttpOnly above all, as in aiohttp; not its age. Deleting it forgets the rest."""
    response = web.Response()
    response.set_cookie("a", "1", httponly=True, secure=True, max_age=5, partitioned=True)
    response.set_cookie("a", "2")
    (line,) = set_cookies(response)
    assert set(line.split("; ")) == {"a=2", "Path=/", "HttpOnly", "Secure", "Partitioned"}
    response.del_cookie("a")
    (line,) = set_cookies(response)
    assert "HttpOnly" not in line
    assert "Partitioned" not in line
    response.set_cookie("a", "3")
    assert set_cookies(response) == ["a=3; Path=/"]


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("a;b", {}),
        ("", {}),
        ("a\r\nX", {}),
        ("a", {"path": "/; Domain=evil"}),
        ("a", {"domain": "x\r\nSet-Cookie: b=c"}),
        ("a", {"samesite": "Lax; Secure"}),
        ("a", {"expires": "now;"}),
        ("a", {"max_age": "5; x"}),
    ],
)
def test_a_cookie_cannot_smuggle_another_attribute(name: str, attributes: dict[str, Any]) -> None:
    """Checked when it is set, where the handler is (CVE-2026-35536)."""
    response = web.Response()
    with pytest.raises(ValueError, match=r"cookie|Cookie"):
        response.set_cookie(name, "v", **attributes)
    assert not response.cookies


def test_cookies_can_be_changed_through_the_mapping() -> None:
    """It is the standard library's type, as in aiohttp."""
    response = web.Response()
    response.cookies["a"] = "1"
    response.cookies["a"]["path"] = "/p"
    assert set_cookies(response) == ["a=1; Path=/p"]
