"""A reply read whole: its text in every encoding, its JSON and its errors, what a cell shows."""

from __future__ import annotations

import atexit
import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from multidict import CIMultiDict, CIMultiDictProxy
from traitlets.config import Config
from yarl import URL

from notebook_http.client.exceptions import ClientResponseError, ContentTypeError
from notebook_http.client.timings import Timings
from notebook_http.notebook.display.size_budget import BUNDLE_BYTES, IMAGE_BYTES
from notebook_http.notebook.reply import Reply, ReplyHead, SentRequest
from notebook_http.notebook.reply_errors import BodyNotJSONError, StatusError

PNG = b"\x89PNG\r\n\x1a\n"


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    """Return response or request headers."""
    return CIMultiDictProxy(CIMultiDict(pairs))


def reply(content: bytes = b"", content_type: str | None = None, **changes: Any) -> Reply:
    """Return what a GET of `/x` was answered with."""
    url = URL(changes.pop("url", "http://127.0.0.1/x"))
    pairs = [
        *changes.pop("headers", []),
        *([("Content-Type", content_type)] if content_type else []),
    ]
    sent = SentRequest("GET", url, headers(("Authorization", "Bearer c4n4ryc4n4ry")))
    values: dict[str, Any] = {
        "status": 200,
        "reason": "OK",
        "headers": headers(*pairs),
        "url": url,
        "request": sent,
        "content": content,
    }
    return Reply(**{**values, **changes})


# Text


@pytest.mark.parametrize(
    ("content", "content_type", "encoding", "text"),
    [
        ("naïve".encode(), None, "utf-8", "naïve"),
        ("naïve".encode(), "text/plain; charset=utf-8", "utf-8", "naïve"),
        ("naïve".encode("latin-1"), "text/plain; charset=ISO-8859-1", "iso8859-1", "naïve"),
        ("\ufeffnaïve".encode(), "text/plain; charset=utf-8", "utf-8-sig", "naïve"),
        ("\ufeffnaïve".encode(), "text/plain", "utf-8-sig", "naïve"),
        ("naïve".encode("utf-16"), "text/plain", "utf-16", "naïve"),
        ("naïve".encode("utf-32"), None, "utf-32", "naïve"),
        ('["é"]'.encode("utf-16-le"), "application/json", "utf-16-le", '["é"]'),
        ("你好".encode("gb18030"), 'text/plain; charset="GB18030"', "gb18030", "你好"),
        (b"plain", "text/plain; charset=made-up", "utf-8", "plain"),
        (b"plain", "text/plain; charset=base64", "utf-8", "plain"),
        (b"plain", "text/plain; charset=idna", "utf-8", "plain"),
        (b"bad \xff", "text/plain", "utf-8", "bad \ufffd"),
        (b"\xff", "text/plain; charset=utf-16", "utf-16", "\ufffd"),
        (b"", "text/plain; charset=utf-16", "utf-16", ""),
        (b"x", "not a type", "utf-8", "x"),
    ],
)
def test_text_never_raises_and_uses_what_was_said(
    content: bytes, content_type: str | None, encoding: str, text: str
) -> None:
    """A charset is a claim; a look at a body must not fail on a wrong one."""
    answer = reply(content, content_type)
    assert answer.encoding == encoding
    assert answer.text == text
    assert answer.text is answer.text, "decoded once"


def test_the_type_is_there_without_its_parameters() -> None:
    """As `ClientResponse.content_type` has it."""
    assert reply(b"", "Text/HTML; charset=utf-8").content_type == "text/html"
    assert reply(b"").content_type == "application/octet-stream"


# JSON


def test_json_is_read_whatever_it_is_called() -> None:
    """Half the servers that send JSON call it something else."""
    assert reply(b' {"a": [1, 12345678901234567890123]}\n', "text/plain").json() == {
        "a": [1, 12345678901234567890123]
    }
    assert reply('\ufeff["é"]'.encode(), "application/json").json() == ["é"]
    assert reply(b"1.10", "application/json").json(loads=lambda text: text) == "1.10"


@pytest.mark.parametrize(
    "caught", [ValueError, json.JSONDecodeError, ContentTypeError, ClientResponseError]
)
def test_a_body_that_is_no_json_is_the_error_people_catch(caught: type[Exception]) -> None:
    """From aiohttp, requests, httpx or the standard library."""
    with pytest.raises(caught) as info:
        reply(b"<html>", "text/html", status=200).json()
    assert isinstance(info.value, BodyNotJSONError)
    assert (info.value.status, info.value.pos, info.value.lineno) == (200, 0, 1)


def test_the_error_names_url_type_place_and_shows_it() -> None:
    """Nobody has to print the body to see what is wrong with it."""
    content = b'{\n  "a": 1,\n  "b": oops\n}'
    with pytest.raises(BodyNotJSONError) as info:
        reply(content, "application/json", url="http://h/x?token=c4n4ryc4n4ry").json()
    assert str(info.value) == (
        "The body is not JSON: Expecting value at line 3, column 8.\n"
        "It came as application/json, 25 bytes, in answer to\n"
        "200 OK: GET http://h/x?token=•••• (len 12)\n"
        '      "b": oops\n'
        "           ^\n"
        "r.text has the whole body, r.content its bytes."
    )


@pytest.mark.parametrize(
    ("content", "status", "hint"),
    [
        (b"<!DOCTYPE html>\n<p>Log in", 200, "It is a page, not data"),
        (b"", 200, "There is no body at all"),
        (b"   \n", 200, "There is no body at all"),
        (b"oops", 500, "r.raise_for_status() says more"),
        (b'{"a": 1}\n{"a": 2}', 200, "one JSON value a line"),
        (b'["\xff"]', 200, "byte 2 is no utf-8"),
        (b"[" * 100_000, 200, "nested deeper than"),
        (b'{"a": ' + b"x" * 5000, 200, "Expecting value at line 1, column 7"),
        (("\n" * 500 + "\x00\u202e\x1b").encode(), 200, "␀<U+202E>␛"),
    ],
)
def test_the_error_says_what_to_try_in_twelve_lines(content: bytes, status: int, hint: str) -> None:
    """Whatever was sent."""
    with pytest.raises(BodyNotJSONError) as info:
        reply(content, "application/json", status=status).json()
    lines = str(info.value).split("\n")
    assert hint in str(info.value)
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    "content",
    [
        b'{"token": c4n4ryc4n4ry}',
        b'{"token": "c4n4ryc4n4ry" oops}',
        b'{"token": "c4n4ryc4n4ry',
        b"token=c4n4ryc4n4ry&a=b",
        b'{"password": "c4n4ry\nc4n4ry"}',
    ],
)
def test_no_error_shows_a_secret(content: bytes) -> None:
    """Tracebacks are saved with the notebook, and pasted into tickets."""
    answer = reply(content, "application/json", status=400, reason="Bad")
    with pytest.raises(BodyNotJSONError) as info:
        answer.json()
    with pytest.raises(StatusError) as status_info:
        answer.raise_for_status()
    for error in (info.value, status_info.value):
        assert "c4n4ry" not in str(error)
        assert "c4n4ry" not in repr(error)


def test_the_errors_can_be_copied() -> None:
    """Executors and test runners do."""
    with pytest.raises(BodyNotJSONError) as info:
        reply(b"x").json()
    with pytest.raises(StatusError) as status_info:
        reply(b"x", status=404).raise_for_status()
    for error in (info.value, status_info.value):
        assert str(copy.copy(error)) == str(error)


# Status


def test_a_good_status_passes_and_a_bad_one_says_what_the_server_said() -> None:
    """The class is the one that aiohttp's users catch."""
    good = reply(b"x", status=399)
    assert good.raise_for_status() is good
    assert good.ok
    bad = reply(b'{"detail": "no such car"}', "application/json", status=404, reason="Not Found")
    assert (bad.ok, bad.status_code) == (False, 404)
    with pytest.raises(ClientResponseError) as info:
        bad.raise_for_status()
    assert (info.value.status, info.value.message) == (404, "Not Found")
    assert str(info.value) == (
        "404 Not Found: GET http://127.0.0.1/x\n"
        '    {"detail": "no such car"}\n'
        "The server has nothing at this path. Check the path, letter by letter."
    )


def test_what_the_server_advises_is_in_the_message() -> None:
    """It said in Retry-After how long to wait."""
    with pytest.raises(StatusError, match=r"Too many requests.*after 7 s"):
        reply(b"", status=429, headers=[("Retry-After", "7")]).raise_for_status()
    with pytest.raises(StatusError, match="The server failed"):
        reply(b"", status=599).raise_for_status()


def test_a_long_error_page_is_cut_to_twelve_lines() -> None:
    """A page of error is still a page."""
    with pytest.raises(StatusError) as info:
        reply(b"<p>error\n" * 1000, "text/html", status=500).raise_for_status()
    assert str(info.value).count("\n") < 12


# What a cell shows


def timed() -> Timings:
    """Return the times of an exchange that took 14 ms."""
    timings = Timings(10.0)
    timings.sent_at, timings.head_at, timings.completed_at = 10.001, 10.013, 10.014
    return timings


def test_the_repr_is_one_masked_line() -> None:
    """A list of replies is readable."""
    answer = reply(b"x" * 1234, url="http://h/?key=abcdef", timings=timed())
    assert repr(answer) == "<Reply 200 OK GET http://h/?key=•••• (len 6) 1.2 KB in 14 ms>"
    hostile = reply(b"", url="http://h/" + "x" * 5000, reason="\x1b[31m\ud800")
    assert len(repr(hostile)) < 400
    repr(hostile).encode()
    assert repr(answer.request) == (
        "<SentRequest GET http://h/?key=•••• (len 6) [Authorization: Bearer •••• (len 12)]>"
    )


def test_printing_gives_the_plain_card() -> None:
    """`print(r)` is for terminals and for log cells."""
    answer = reply(b'{"a": 1}', "application/json", timings=timed())
    assert str(answer).split("\n") == [
        "200 OK (success)  GET http://127.0.0.1/x",
        "8 bytes JSON in 14 ms, application/json (sent 1.0 ms, wait 12 ms, read 1.0 ms)",
        "{",
        '  "a": 1',
        "}",
    ]


def test_the_bundle_is_html_and_plain_text() -> None:
    """What a front end, nbconvert and GitHub can choose from."""
    answer = reply(b"hello", "text/plain")
    bundle = answer._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == str(answer)
    assert set(answer._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert set(answer._repr_mimebundle_(exclude={"text/plain"})) == {"text/html"}


def test_a_fault_in_the_card_does_not_fail_the_cell() -> None:
    """Since ipykernel 7.3 an exception in a display marks the cell as failed."""
    answer = reply(b"x")
    answer.history = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        answer.card_facts()
    bundle = answer._repr_mimebundle_()
    assert "no card: TypeError" in bundle["text/plain"]


def test_redirects_are_in_the_history_and_on_the_card() -> None:
    """Heads only: their bodies are not read."""
    sent = SentRequest("POST", URL("http://h/login"), headers())
    hop = ReplyHead(
        status=302,
        reason="Found",
        headers=headers(("location", "/home")),
        url=URL("http://h/login"),
        request=sent,
    )
    answer = reply(b"x", history=(hop,))
    assert repr(hop) == "<ReplyHead 302 Found POST http://h/login>"
    assert (hop.ok, hop.status_code) == (True, 302)
    assert "/home" in answer._repr_mimebundle_()["text/html"]


Shown = Callable[[Reply], "tuple[dict[str, Any], list[dict[str, Any]]]"]


@pytest.fixture
def shown() -> Iterator[Shown]:
    """Return what shows a reply in a real shell: (the value's bundle, bundles displayed)."""
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))

    def show(answer: Reply) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        with capture_output() as captured:
            bundle, _ = shell.display_formatter.format(answer)
        return bundle, [output.data for output in captured.outputs]

    yield show
    InteractiveShell.clear_instance()
    atexit.unregister(shell.atexit_operations)


def test_ipython_shows_the_card_as_the_value(shown: Shown) -> None:
    """It stays the cell's value, with its number."""
    bundle, displayed = shown(reply(b"hello", "text/plain"))
    assert "<summary><strong>200 OK" in bundle["text/html"]
    assert displayed == []


def test_an_image_too_big_for_the_card_is_an_output_of_its_own(shown: Shown) -> None:
    """The card keeps its 64 KiB, and the picture is seen all the same."""
    answer = reply(PNG + bytes(200_000), "image/png")
    bundle, displayed = shown(answer)
    assert bundle == {}
    card, image = displayed
    assert "The image is shown below." in card["text/html"]
    assert re.fullmatch(r'<img src="data:image/png;base64,[^"]+" alt=[^>]+>', image["text/html"])
    for beyond in (PNG + bytes(IMAGE_BYTES), b""):
        bundle, displayed = shown(reply(beyond, "image/png"))
        assert displayed == []
        assert sum(len(form.encode()) for form in bundle.values()) <= BUNDLE_BYTES


def test_elapsed_is_a_timedelta() -> None:
    """As requests and httpx have it."""
    assert reply(timings=timed()).elapsed.total_seconds() == pytest.approx(0.014)
    assert reply().elapsed.total_seconds() == 0


def test_rows_become_a_frame() -> None:
    """The point of asking an API from a notebook."""
    frame = reply(b'[{"a": {"b": 1}}, {"a": {"b": 2}}]', "application/json").df()
    assert list(frame["a.b"]) == [1, 2]
    frame = reply(b'{"x": {"rows": [{"a": 1}]}, "y": [{"b": 1}]}').df(path="x.rows")
    assert list(frame["a"]) == [1]


@pytest.mark.parametrize("charset", ["utf8mb4", "binary", "ansi"])
def test_a_charset_that_is_none_keeps_nobody_from_a_frame(charset: str) -> None:
    """`.text` and `.json()` go on as if the server had said nothing; `.df()` does, too."""
    assert reply(b'[{"a": 1}]', f"application/json; charset={charset}").df().shape == (1, 1)
    assert reply(b"a,b\n1,2\n", f"text/csv; charset={charset}").df().shape == (1, 2)


def test_a_number_of_too_many_digits_is_no_json() -> None:
    """Python raises a plain ValueError of its own there."""
    with pytest.raises(BodyNotJSONError, match="Exceeds the limit"):
        reply(b"1" * 5000, "application/json").json()


def test_headers_as_a_cells_value_hide_secrets_and_stay_what_they_are() -> None:
    """Who looks what was sent saves it with the notebook."""
    shown = reply(b"", headers=[("Set-Cookie", "sid=c4n4ry; Path=/"), ("X-A", "1")])
    assert "c4n4ry" not in repr(shown.headers) + repr(shown.request.headers)
    assert "Path=/" in repr(shown.headers)
    assert shown.headers["set-cookie"] == "sid=c4n4ry; Path=/"
    assert shown.request.headers["AUTHORIZATION"] == "Bearer c4n4ryc4n4ry"
    assert isinstance(shown.headers, CIMultiDictProxy)
