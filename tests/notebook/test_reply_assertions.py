"""`??` lines of a cell: what they say of a reply, and how that is shown."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from multidict import CIMultiDict

from notebook_http.notebook.magics.assertions import Finding, findings_bundle, read_assertion
from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source
from notebook_http.notebook.magics.scope import Scope

DATA = {
    "items": [{"id": 5, "tags": ["a", "b"]}],
    "ok": True,
    "one": 1,
    "text": "5",
    "none": None,
    "token": "c4n4ryc4n4ry",
}


def reply() -> Any:
    """A reply as plain data: what is asserted asks for nothing else."""
    import json

    return SimpleNamespace(
        status=200,
        reason="OK",
        url="http://h/a?token=c4n4ryc4n4ry",
        headers=CIMultiDict(
            {
                "Content-Type": "application/json",
                "Content-Length": "20",
                "X-Api-Key": "c4n4ryc4n4ry",
            }
        ),
        elapsed=timedelta(milliseconds=120),
        text=json.dumps(DATA),
        json=lambda: DATA,
    )


def finding(text: str, **names: object) -> Finding:
    assertion = read_assertion(text, Source(f"?? {text}", first_line=3))
    return assertion.check(reply(), Scope(dict(names)))


@pytest.mark.parametrize(
    "text",
    [
        "status == 200",
        "STATUS < 300",
        "status != {{bad}}",
        "reason == OK",
        "duration < 500",
        "duration >= 120",
        "url startsWith http://h/",
        "header content-type contains json",
        'header content-type == "application/json"',
        "header x-none not exists",
        "header content-length < 100",
        "header content-type > a",
        "header content-type exists",
        "body contains items",
        "body $.items[0].id == 5",
        "body $.items[0].id == {{five}}",
        "body $.items[0].id != 6",
        'body $.text == "5"',
        "body $.text != 5",
        "body $.ok == true",
        "body $.one != true",
        "body $.none == null",
        "body $.items[0].tags contains a",
        'body $.items[0] == {"id": 5, "tags": ["a", "b"]}',
        "body $.items contains {{item}}",
        "body $.gone not exists",
        "body $.token == c4n4ryc4n4ry",
    ],
)
def test_what_holds(text):
    """Numbers, texts, JSON and what is not there, each compared as what it is."""
    assert finding(text, bad=404, five=5, item=DATA["items"][0]).holds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status == 404", "200"),
        ("status == {{n}}", "200"),
        ("duration < 100", "120 ms"),
        ("header content-type contains xml", "application/json"),
        ("header content-tipe exists", "no such header (did you mean Content-Type?)"),
        ("header content-type not exists", "application/json"),
        ("body $.items[0].id == 6", "5"),
        ("body $.text == 5", '"5"'),
        ("body $.one == true", "1"),
        ("body $.text > 4", '"5"'),
        ("header content-length > 100", "20"),
        ("body $.item == 1", "$ has no 'item'; it has"),
    ],
)
def test_what_fails_says_what_there_is(text, found):
    """So that nobody has to run the cell again to see it."""
    made = finding(text, n=404)
    assert not made.holds
    assert made.found.startswith(found)
    assert made.line == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("statsu == 200", ["no 'statsu'", "Did you mean status?"]),
        ("js response.ok", ["no 'js'", "There are: status, reason"]),
        ("", ["to be looked at"]),
        ("status 200", ["no operator", "contains"]),
        ("status =~ 2..", ["no operator"]),
        ("status == ok", ["'ok' is no number"]),
        ("status ==", ["a value is expected"]),
        ("status exists 5", ["nothing is expected"]),
        ("header == 5", ["name of the header is missing"]),
        ("status x == 5", ["stands 'x'"]),
    ],
)
def test_what_cannot_be_asserted_is_told(text, words):
    """With its line, and what there is."""
    with pytest.raises(MagicSyntaxError) as caught:
        read_assertion(text, Source(f"?? {text}", first_line=7))
    for word in [*words, "(line 7)", "?? status == 200"]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "body $.token == c4n4ryc4n4r1",
        'body $.token == "c4n4ryc4n4r1"',
        "body contains c4n4ryc4n4r1=",
        "header x-api-key == c4n4ryc4n4r1",
        "url == http://h/?token=c4n4ryc4n4r1",
        "body == {{data}}",
    ],
)
def test_secrets_are_shown_on_neither_side(text):
    """Neither what was expected nor what was found."""
    made = finding(text, data={"token": "c4n4ryc4n4r1"})
    assert not made.holds
    shown = str(findings_bundle([made]))
    assert "c4n4ryc4n4ry" not in shown
    if "contains" not in text:
        assert "c4n4ryc4n4r1" not in shown


def test_what_a_stranger_sent_is_shown_as_text():
    """Markup, direction marks and control characters included."""
    hostile = "<img src=x onerror=alert(1)>\u202e\x1b[31m"
    bundle = findings_bundle([Finding(False, f"body == {hostile}", hostile, 1)])
    assert "<img" not in bundle["text/html"]
    for shown in bundle.values():
        assert "\u202e" not in shown
        assert "\x1b" not in shown
    assert bundle["text/plain"].startswith("1 assertion, 1 failed\n✗ body == ")
    held = findings_bundle([Finding(True, "status == 200", "", 1)])
    assert held["text/plain"] == "1 assertion, all hold\n✓ status == 200"
