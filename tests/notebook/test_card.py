"""The card of an exchange: what it says, what it weighs, and what strangers cannot do with it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http.notebook.display.body_preview import Body, BodyKind, preview_html
from notebook_http.notebook.display.card import CardFacts, Hop, card_bundle, card_html, card_text
from notebook_http.notebook.display.size_budget import BUNDLE_BYTES, IMAGE_BYTES

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@dataclass(frozen=True)
class Times:
    """Seconds a step, as the client's `Timings` has them."""

    queued: float | None = 0.0
    dns: float | None = 0.002
    connect: float | None = 0.001
    tls: float | None = None
    sent: float | None = 0.0001
    first_byte: float | None = 0.012
    body: float | None = 0.003
    total: float | None = 0.0181


def facts(content: bytes = b"", content_type: str = "", **changes: object) -> CardFacts:
    """Return the facts of a plain GET with this body."""
    charset = changes.pop("charset", "utf-8")
    values: dict[str, object] = {
        "status": 200,
        "reason": "OK",
        "method": "GET",
        "url": "http://127.0.0.1:8080/cars?page=1",
        "headers": [("Content-Type", content_type), ("Server", "x")],
        "request_headers": [("Accept", "*/*")],
        "body": Body(content, content_type, str(charset)),
        "timings": Times(),
    }
    return CardFacts(**{**values, **changes})  # type: ignore[arg-type]


class Reader(HTMLParser):
    """Reads a card as a browser does: elements, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text_pieces: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text_pieces.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append("<!--")

    def handle_decl(self, decl: str) -> None:
        self.elements.append("<!")

    def unknown_decl(self, data: str) -> None:
        self.elements.append("<![")

    def handle_pi(self, data: str) -> None:
        self.elements.append("<?")

    @property
    def text(self) -> str:
        return "".join(self.text_pieces)


ELEMENTS = set(
    "details summary table caption thead tbody tr th td pre div span strong small img".split()  # noqa: SIM905
)


def read_safely(html: str) -> Reader:
    """Return the card as read, after checking that nothing in it can act."""
    card = Reader(html)
    assert set(card.elements) <= ELEMENTS
    for element, name, value in card.attributes:
        assert name in {"style", "scope", "open", "dir", "alt", "src"}, (element, name)
        if name == "src":
            assert re.fullmatch(r"data:image/(png|gif|jpeg|webp);base64,[A-Za-z0-9+/=]+", value)
        if name == "style":
            assert not re.search(r"url|expression|@|background|[<>\"'\\]", value), value
            assert not re.search(r"color(?!: inherit)", value), value
    return card


# What it says


def test_the_status_is_said_in_words() -> None:
    """Nobody has to tell green from red."""
    assert "200 OK (success)" in read_safely(card_html(facts())).text
    assert "404 Not Found (client error)" in card_text(facts(status=404, reason=""))
    assert "503 Away (server error)" in card_text(facts(status=503, reason="Away"))
    assert "799 (server error)" in card_text(facts(status=799, reason=""))


def test_method_url_size_and_time_stand_in_the_first_line() -> None:
    """A folded card still says what happened."""
    html = card_html(facts(b"x" * 1234, "text/plain"))
    summary = html[html.index("<summary>") : html.index("</summary>")]
    assert "GET" in summary
    assert "http://127.0.0.1:8080/cars?page=1" in summary
    assert "1.2 KB text in 18 ms" in summary


def test_the_time_is_split_into_the_steps_that_happened() -> None:
    """A step that did not happen (no TLS) is not a step of zero."""
    card = read_safely(card_html(facts()))
    assert "Time: 18 ms (dns 2.0 ms, connect 1.0 ms, sent 0.1 ms, wait 12 ms" in card.text
    assert "tls" not in card.text
    assert "waited for the answer to begin" in card.text


def test_a_card_without_timings_has_no_time() -> None:
    """A recorded answer was not measured."""
    assert "Time" not in read_safely(card_html(facts(timings=None))).text


def test_headers_stand_in_tables_with_captions_and_scopes() -> None:
    """A screen reader says which header a value belongs to."""
    html = card_html(facts(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    card = read_safely(html)
    assert "Response headers (2)" in card.text
    assert "Request headers (1)" in card.text
    assert card.elements.count("caption") >= 3
    assert ("th", "scope", "row") in card.attributes
    assert ("th", "scope", "col") in card.attributes


def test_redirects_are_listed_with_where_they_led() -> None:
    """A login that bounces is found here."""
    hops = [Hop(302, "Found", "POST", "http://h/login", "/home?token=abcdef")]
    card = read_safely(card_html(facts(redirects=hops)))
    assert "Redirects (1)" in card.text
    assert "POST http://h/login" in card.text
    assert "/home?token=•••• (len 6)" in card.text
    assert "redirected once, first from http://h/login" in card_text(facts(redirects=hops))


def test_no_secret_is_in_any_part_of_the_card() -> None:
    """Saved notebooks are shared."""
    canary = "c4n4ryc4n4ry"
    exchange = facts(
        json.dumps(
            {"token": canary, "deep": [{"password": canary}], "log": f"key={canary}"}
        ).encode(),
        "application/json",
        url=f"http://user:{canary}@h/?api_key={canary}#access_token={canary}",
        headers=[("Set-Cookie", f"sid={canary}"), ("Location", f"/?sig={canary}")],
        request_headers=[("Authorization", f"Bearer {canary}"), ("Cookie", f"a={canary}")],
        redirects=[Hop(302, "Found", "GET", f"http://h/?token={canary}", f"/?token={canary}")],
    )
    for shown in card_bundle(exchange).values():
        assert canary not in shown
        assert "•••• (len 12)" in shown


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (
            b'[{"id": 1, "token": "c4n4ryc4n4ry"}, {"id": 2, "token": "c4n4ryc4n4ry"}]',
            "application/json",
        ),
        (b"id,password\n1,c4n4ryc4n4ry\n", "text/csv"),
        (b'{"secret": ["c4n4ryc4n4ry"], "a": {"secret": "c4n4ry"}}\n', "application/x-ndjson"),
        (b"user=x&password=c4n4ryc4n4ry", "application/x-www-form-urlencoded"),
        (b"<a href='http://h/?token=c4n4ryc4n4ry'>", "text/html"),
        (b"Authorization: Bearer c4n4ryc4n4ry", "text/plain"),
        (b'[{"name": "Cookie", "value": "c4n4ryc4n4ry"}]', "application/json"),
        (b'{"headers": {"name": "Cookie", "value": "c4n4ryc4n4ry"}}', "application/json"),
    ],
)
def test_bodies_of_every_kind_are_masked(content: bytes, content_type: str) -> None:
    """Echo services and log-in pages send secrets back."""
    for shown in card_bundle(facts(content, content_type)).values():
        assert "c4n4ry" not in shown
        assert "••••" in shown


# The body by its type


@pytest.mark.parametrize(
    ("content", "content_type", "kind"),
    [
        (b"", "application/json", BodyKind.EMPTY),
        (b"{}", "application/json", BodyKind.JSON),
        (b"{}", "application/problem+json", BodyKind.JSON),
        (b' {"a": 1}', "", BodyKind.JSON),
        (b"{not json}", "text/plain", BodyKind.TEXT),
        (b"{}\n{}", "application/x-ndjson", BodyKind.JSON_LINES),
        (b"a,b", "text/csv", BodyKind.CSV),
        (PNG, "image/png", BodyKind.IMAGE),
        (b"<svg/>", "image/svg+xml", BodyKind.TEXT),
        (b"<p>", "text/html", BodyKind.TEXT),
        (b"<a/>", "application/atom+xml", BodyKind.TEXT),
        (b"hello", "application/x-unheard-of", BodyKind.TEXT),
        (b"\x00\x01", "application/x-unheard-of", BodyKind.BINARY),
        (b"\x00\x01", "", BodyKind.BINARY),
        ("naïve".encode("utf-16"), "text/plain", BodyKind.TEXT),
    ],
)
def test_the_kind_of_a_body_is_told_by_its_type_then_by_its_look(
    content: bytes, content_type: str, kind: BodyKind
) -> None:
    """Half the servers that send JSON call it something else."""
    assert Body(content, content_type).kind is kind


def test_json_is_laid_out() -> None:
    """As it was sent: numbers keep their digits, escapes become letters."""
    content = b'{"a":1.50,"b":[],"c":{},"d":"caf\\u00e9","e":[true,null,{"f":-0}]}'
    text = read_safely(card_html(facts(content, "application/json"))).text
    assert (
        '{\n  "a": 1.50,\n  "b": [],\n  "c": {},\n  "d": "café",\n  "e": [\n    true,\n    null,\n'
        '    {\n      "f": -0\n    }\n  ]\n}'
    ) in text


def test_json_records_become_a_table() -> None:
    """That is what `r.df()` will give, at a glance."""
    records = [{"name": f"car {n}", "geo": {"lat": n, "lng": 0}, "n": n} for n in range(406)]
    records[1]["late"] = [1, 2]
    card = read_safely(card_html(facts(json.dumps(records).encode(), "application/json")))
    assert "First 20 of 406 rows: r.df() has all." in card.text
    assert "car 19" in card.text
    assert "car 20" not in card.text
    assert "{lat, lng}" in card.text
    assert "late" in card.text


def test_rows_are_columns_in_plain_text_too() -> None:
    """A terminal shows the same glance."""
    content = json.dumps([{"name": "a\nb", "n": 1, "password": "x"}] * 3).encode()
    assert card_text(facts(content, "application/json")).split("\n")[2:] == [
        "name  n  password",
        "a b   1  •••• (len 1)",
        "a b   1  •••• (len 1)",
        "a b   1  •••• (len 1)",
    ]


def test_a_table_has_twelve_columns_and_names_the_rest() -> None:
    """Wider than a screen is not a glance."""
    record = {f"column{n}": n for n in range(30)}
    card = read_safely(card_html(facts(json.dumps([record]).encode(), "application/json")))
    assert "1 row: r.df()" in card.text
    assert "18 more columns: column12, " in card.text


def test_csv_becomes_a_table_whatever_its_delimiter() -> None:
    """European spreadsheets write semicolons."""
    content = 'Ort;Höhe;Höhe\n"Zug; Stadt";425;1\nBern;540;2\n'.encode()
    card = read_safely(card_html(facts(content, "text/csv")))
    assert "2 rows: r.df()" in card.text
    assert "Zug; Stadt" in card.text
    assert "Höhe (2)" in card.text


def test_csv_with_any_line_end_becomes_a_table() -> None:
    """And so does what names a column twice, or not at all."""
    for end in ("\n", "\r\n", "\r"):
        content = f"a\tb\t{end}1\t2\t3{end}{end}4\t5\t6{end}".encode()
        text = card_text(facts(content, "text/tab-separated-values"))
        assert "a  b  column 3" in text
        assert "4  5  6" in text


def test_what_is_no_table_is_shown_as_its_text() -> None:
    """One column is prose; a list of mixed things has no columns."""
    assert "<table" not in preview_html(Body(b"Dear all\nhello", "text/csv"), 9000)
    assert "<table" not in preview_html(Body(b'[{"a": 1}, 5]', "application/json"), 9000)
    assert "<table" not in preview_html(Body(b"[1]\n[2]\n", "application/jsonl"), 9000)
    head = b'[5, {"a": 1}, ' + b"1, " * 100_000 + b"1]"
    assert "<table" not in preview_html(Body(head, "application/json"), 9000)


def test_a_table_is_cut_to_the_rows_that_fit() -> None:
    """Down to one, or to words when not even that fits."""
    records = [{f"c{n}": '"' * 60 for n in range(12)} for _ in range(20)]
    body = Body(json.dumps(records).encode(), "application/json")
    shown = preview_html(body, 30_000)
    assert "First 5 of 20 rows" in shown
    assert len(shown.encode()) <= 30_000
    assert preview_html(body, 2_000) == "<div>12 columns: r.df() has them.</div>"


def test_what_is_called_json_and_is_not_is_shown_as_text_with_the_reason() -> None:
    """A proxy's error page under the API's content type."""
    card = read_safely(card_html(facts(b"<html>Bad gateway", "application/json")))
    assert "Not JSON, though it is sent as application/json: Expecting value" in card.text
    assert "<html>Bad gateway" in card.text


def test_html_and_svg_are_shown_as_source() -> None:
    """A page from a stranger never becomes part of this one."""
    for content_type in ("text/html", "image/svg+xml", "application/xhtml+xml"):
        content = b"<svg onload='alert(1)'><script>alert(2)</script></svg>"
        card = read_safely(card_html(facts(content, content_type)))
        assert "<script>alert(2)</script>" in card.text


def test_a_small_image_is_shown_from_its_own_bytes() -> None:
    """Nothing is fetched to show a card."""
    card = read_safely(card_html(facts(PNG, "image/png")))
    assert "img" in card.elements
    assert ("img", "alt", f"image/png, {len(PNG)} bytes") in card.attributes


def test_an_image_that_is_too_big_says_where_it_is() -> None:
    """The card keeps its budget; the bytes are not lost."""
    card = read_safely(card_html(facts(PNG + b"\0" * IMAGE_BYTES, "image/png")))
    assert "img" not in card.elements
    assert "r.content has its bytes" in card.text


def test_binary_is_shown_in_hex() -> None:
    """Enough to recognise a magic number."""
    card = read_safely(card_html(facts(b"\x7fELF" + bytes(300), "application/octet-stream")))
    assert "000000  7f 45 4c 46" in card.text
    assert ".ELF" in card.text
    assert "Showing 256 of 304 bytes: r.content has all." in card.text


def test_what_is_cut_is_said() -> None:
    """Nobody takes a head for the whole."""
    card = read_safely(card_html(facts(b"0123456789" * 91_300, "text/plain")))
    assert re.search(r"Showing \d\d of 913 KB: r\.text has all\.", card.text)


def test_other_charsets_are_decoded_and_a_mark_at_the_front_is_dropped() -> None:
    """The reply says which codec to use."""
    content = "\ufeffnaïve €".encode("utf-16")
    assert "naïve €" in read_safely(card_html(facts(content, "text/plain", charset="utf-16"))).text


# What it weighs

HEAVY = {
    "quotes": (b'"' * 2_000_000, "text/plain"),
    "tags": (b"<" * 2_000_000, "text/html"),
    "records": (
        json.dumps([{"a": n, "b": "x" * 50} for n in range(30_000)]).encode(),
        "application/json",
    ),
    "object": (json.dumps({"a": [{"b": n} for n in range(150_000)]}).encode(), "application/json"),
    "one string": (json.dumps({"a": "x" * 2_000_000}).encode(), "application/json"),
    "one number": (b"[" + b"1" * 2_000_000 + b"]", "application/json"),
    "quoted cells": (
        json.dumps([{"a" * 60: '"' * 60} for _ in range(20_000)]).encode(),
        "application/json",
    ),
    "wide rows": (
        json.dumps([{f"{n:060}": '"' * 60 for n in range(500)}] * 20).encode(),
        "application/json",
    ),
    "csv": (b"a,b,c\n" + b"1,2,3\n" * 300_000, "text/csv"),
    "csv of quotes": (b'a,b\n"' + b"x" * 2_000_000, "text/csv"),
    "wide csv": (b"a," * 1_000_000, "text/csv"),
    "deep": (b"[" * 1000 + b"]" * 1000, "application/json"),
    "deeper": (b'{"a":' * 200_000, "application/json"),
    "binary": (bytes(range(256)) * 8000, "application/octet-stream"),
    "image": (PNG + bytes(200_000), "image/png"),
    "foxes": ("🦊".encode() * 500_000, "text/plain"),
    "surrogates": (b"\xed\xa0\x80" * 600_000, "text/plain"),
    "controls": (b"\x1b[0m" * 500_000, "text/plain"),
    "lines": (b"\n" * 2_000_000, "text/plain"),
}


@pytest.mark.parametrize("case", HEAVY)
def test_a_card_of_two_megabytes_is_small_and_quick(case: str) -> None:
    """64 KiB for all representations; 30 ms on an idle machine, with room for a busy one here."""
    exchange = facts(*HEAVY[case])
    card_bundle(exchange)
    started = time.process_time()
    bundle = card_bundle(exchange)
    seconds = time.process_time() - started
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
    assert seconds < 0.12
    read_safely(bundle["text/html"])


def test_endless_headers_urls_and_redirects_keep_to_the_budget() -> None:
    """Every part has its own limit, so that none crowds out the others."""
    long = '"<&' * 3000
    many = [(f"X-Name-{n}-{long}", long) for n in range(500)]
    bundle = card_bundle(
        facts(
            b'"' * 100_000,
            "text/plain",
            headers=many,
            request_headers=many,
            url=f"http://h/{long}",
            method=long,
            reason=long,
            redirects=[Hop(302, long, long, long, long)] * 20,
        )
    )
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
    card = read_safely(bundle["text/html"])
    assert re.search(r"and \d+ more", card.text)
    assert "Showing" in card.text


@pytest.mark.parametrize("case", [*HEAVY, "none"])
def test_the_plain_text_has_twelve_lines_at_most(case: str) -> None:
    """It fits on a terminal beside the command that made it."""
    exchange = facts(*HEAVY.get(case, (b"", "")), redirects=[Hop(301, "", "GET", "a", "b")])
    lines = card_text(exchange).split("\n")
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 120


# What strangers cannot do with it

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
def test_nothing_that_a_server_sends_becomes_markup(payload: str, content_type: str) -> None:
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
def test_a_card_never_raises(content: bytes, content_type: str, word: str, status: int) -> None:
    """An exception in a display marks the cell as failed although the request went well."""
    bundle = card_bundle(
        facts(content, content_type, status=status, reason=word, url=word, headers=[(word, word)])
    )
    read_safely(bundle["text/html"])
    for shown in bundle.values():
        shown.encode("utf-8")
    assert bundle["text/plain"].count("\n") < 12
