"""What strangers cannot do with a card: none of their bytes becomes markup or an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http.notebook.display.card import CardFacts, Hop, card_bundle

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><script>alert(1)</script>',
    "'><img src=//evil.example/x>",
    "</textarea><script>alert(1)</script>",
    "</pre></td></table></details><script>alert(1)</script>",
    "</summary><a href=javascript:alert(1)>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<form action=//evil.example><button>x",
    "<a id=jupyter-config-data>{}</a>",
    "<div data-commandlinker-command='x' data-commandlinker-args='{}'>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script/>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "\u202e<script>\u202c",
    "\x00<\x00script>",
    "\ud800<script>\udfff",
    "${alert(1)} {{alert(1)}} $$\\href{javascript:alert(1)}{x}$$",
    "javascript:alert(1)//http://h",
    "data:text/html,<script>alert(1)</script>",
    "\r\n<script>\r\nalert(1)</script>",
    "<base href=//evil.example/><meta http-equiv=refresh content=0>",
]


BODY_TYPES = [
    "text/html",
    "text/plain",
    "application/json",
    "text/csv",
    "application/x-ndjson",
    "image/svg+xml",
    "application/octet-stream",
    "image/png",
    '"><script>alert(1)</script>',
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("content_type", BODY_TYPES)
def test_nothing_that_a_server_sends_becomes_markup(
    facts: Facts, read_safely: ReadSafely, payload: str, content_type: str
) -> None:
    """Every field of the card comes from a stranger; GHSA-c469-p3jp-2vhx and its kin."""
    raw = payload.encode("utf-8", "surrogatepass")
    bodies = [
        raw,
        json.dumps({payload: payload, "a": [payload]}).encode(),
        json.dumps([{payload: payload, "n": payload}] * 3).encode(),
        json.dumps([{payload: payload}, {"n": [payload, {payload: 1}]}]).encode() + b"\n",
        b"a,b\n" + raw + b"," + raw + b"\n",
    ]
    for content in bodies:
        exchange = facts(
            content,
            content_type,
            status=200,
            reason=payload,
            method=payload,
            url=payload,
            headers=[(payload, payload), ("Location", payload), ("Set-Cookie", payload)],
            request_headers=[(payload, payload), ("Cookie", payload)],
            redirects=[Hop(302, payload, payload, payload, payload)],
        )
        bundle = card_bundle(exchange)
        read_safely(bundle["text/html"])
        for shown in bundle.values():
            shown.encode("utf-8")
            assert "\x00" not in shown
            assert "\u202e" not in shown


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(
    content=st.one_of(
        st.binary(max_size=400),
        st.text(alphabet='{}[]":,\\ \n\t0"aé<&\u202e', max_size=200).map(str.encode),
    ),
    content_type=st.sampled_from([*BODY_TYPES, "", "text/tab-separated-values", "image/gif"]),
    word=st.text(alphabet=st.characters(codec=None), max_size=40),
    status=st.integers(0, 1000),
)
def test_a_card_never_raises(
    facts: Facts, read_safely: ReadSafely, content: bytes, content_type: str, word: str, status: int
) -> None:
    """An exception in a display marks the cell as failed although the request went well."""
    bundle = card_bundle(
        facts(content, content_type, status=status, reason=word, url=word, headers=[(word, word)])
    )
    read_safely(bundle["text/html"])
    for shown in bundle.values():
        shown.encode("utf-8")
    assert bundle["text/plain"].count("\n") < 12
