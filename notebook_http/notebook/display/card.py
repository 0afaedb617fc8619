"""Turn one exchange into a card: HTML for the page, and twelve lines of plain text.

A pure function of plain data (`CardFacts`): no network, no clock, no library of the notebook. The
card is made of `details`, `table` and `pre`, so that it reads in any theme, without CSS and by a
screen reader; no meaning is carried by a colour. Everything in it came from a stranger: all of it
is masked, then escaped, and cut to a budget that says what it left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from notebook_http.notebook.display.body import Body, BodyKind
from notebook_http.notebook.display.body_lines import preview_lines
from notebook_http.notebook.display.body_preview import preview_html
from notebook_http.notebook.display.html import Html, join, table, tag, visible
from notebook_http.notebook.display.size_budget import (
    BUNDLE_BYTES,
    PLAIN_LINES,
    cut,
    size_words,
)
from notebook_http.notebook.display.timings_bar import (
    StepTimes,
    duration_words,
    steps_of,
    timings_table,
    timings_words,
)
from notebook_http.wire.secrets import mask_header, mask_url

__all__ = [
    "CardFacts",
    "Hop",
    "card_bundle",
    "card_html",
    "card_text",
    "headers_html",
    "status_words",
]

# What each part may weigh, escaped, in bytes. The body gets what the others leave.
_URL_BYTES = 1500
_HEADER_VALUE_BYTES = 600
_RESPONSE_HEADERS_BYTES = 10_000
_REQUEST_HEADERS_BYTES = 4_000
_REDIRECTS_BYTES = 4_000
_PLAIN_BYTES = 6_000
_FRAME_BYTES = 1_000
_BODY_BYTES = 40_000
_LINE_CHARACTERS = 120
_LEFT = "text-align: left; vertical-align: top"
_WRAP = "text-align: left; overflow-wrap: anywhere"


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect on the way: its status, method and URL, and where it led (its Location)."""

    status: int
    reason: str
    method: str
    url: str
    location: str


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card shows, unmasked and unescaped.

    Attributes:
        status, reason: of the final response.
        method, url: of the request that it answers, as sent.
        headers, request_headers: (name, value) pairs in their order, repeated ones too.
        body: the body read whole.
        timings: seconds a step; None when nobody measured.
        redirects: the hops before this response, oldest first.
        wire_size: bytes of the body as they came, before decoding; None when nobody counted.
        coding: how it was coded then (`gzip`); "" if it was not.
        tries: how often the request was sent.
        source: who answered in the server's place, such as "from the cache, 2 h old".
    """

    status: int
    reason: str
    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    request_headers: Sequence[tuple[str, str]]
    body: Body
    timings: StepTimes | None = None
    redirects: Sequence[Hop] = ()
    source: str = ""
    wire_size: int | None = None
    coding: str = ""
    tries: int = 1


def status_words(status: int, reason: str) -> str:
    """Return `404 Not Found`: the reason as sent, or the usual one when the server sent none."""
    if not reason:
        try:
            reason = HTTPStatus(status).phrase
        except ValueError:
            reason = ""
    return f"{status} {reason}".rstrip()


def _outcome(status: int) -> str:
    """Return what a status means, in words: what others show by a colour."""
    if status < 200:
        return "interim"
    if status < 300:
        return "success"
    if status < 400:
        return "redirect"
    return "client error" if status < 500 else "server error"


def card_bundle(facts: CardFacts, *, body_note: str = "") -> dict[str, str]:
    """Return {"text/html": …, "text/plain": …}, at most 64 KiB in all, counted in UTF-8.

    A *body_note* replaces the preview of the body, when that is shown elsewhere.
    """
    plain = card_text(facts)
    limit = BUNDLE_BYTES - len(plain.encode("utf-8"))
    return {"text/html": card_html(facts, limit, body_note=body_note), "text/plain": plain}


# As HTML ----------------------------------------------------------------------------------------


def card_html(facts: CardFacts, limit: int = BUNDLE_BYTES, *, body_note: str = "") -> Html:
    """Return the card as HTML of at most *limit* bytes (no less than 32 KiB make sense)."""
    folded = join(
        _time_section(facts),
        _redirects_section(facts.redirects),
        _headers_section("Response headers", facts.headers, _RESPONSE_HEADERS_BYTES),
        _headers_section("Request headers", facts.request_headers, _REQUEST_HEADERS_BYTES),
    )
    left = limit - len(folded.encode("utf-8")) - _URL_BYTES - _FRAME_BYTES
    body = tag("div", body_note) if body_note else preview_html(facts.body, min(left, _BODY_BYTES))
    return tag(
        "details",
        tag("summary", _summary(facts)),
        tag("div", body, style="margin: 0.5em 0"),
        folded,
        open="open",
        style="border-left: 0.25em solid; padding-left: 0.75em",
    )


def headers_html(facts: CardFacts) -> Html:
    """Return the tables of both sides' headers and of the redirects, secrets masked."""
    return join(
        _headers_section("Response headers", facts.headers, 3 * _RESPONSE_HEADERS_BYTES),
        _headers_section("Request headers", facts.request_headers, 3 * _REQUEST_HEADERS_BYTES),
        _redirects_section(facts.redirects),
    )


def _summary(facts: CardFacts) -> Html:
    return join(
        tag("strong", cut(status_words(facts.status, facts.reason), 300).text),
        f" ({_outcome(facts.status)}) ",
        cut(facts.method, 60).text,
        " ",
        tag("span", _cut_words(mask_url(facts.url), _URL_BYTES), style="overflow-wrap: anywhere"),
        f": {_what_and_how_long(facts)}",
    )


def _what_and_how_long(facts: CardFacts) -> str:
    """Return `1.2 KB JSON (300 bytes as gzip) in 14 ms, from the cache, 2 h old`."""
    body = facts.body
    what = body.kind.value
    if body.kind is not BodyKind.EMPTY:
        what = f"{size_words(len(body.content))} {what}"
        if facts.coding and facts.wire_size is not None:
            what += f" ({size_words(facts.wire_size)} as {cut(facts.coding, 60).text})"
    total = facts.timings.total if facts.timings is not None else None
    what = what if total is None else f"{what} in {duration_words(total)}"
    if facts.tries > 1:
        what += f", after {facts.tries} tries"
    return f"{what}, {facts.source}" if facts.source else what


def _cut_words(text: str, limit: int) -> str:
    """Return *text*, or its head and how long it was."""
    shown = cut(text, limit)
    return shown.text if shown.whole else f"{shown.text}… ({len(text):,} characters)"


def _time_section(facts: CardFacts) -> Html | None:
    if facts.timings is None or not steps_of(facts.timings):
        return None
    total = duration_words(facts.timings.total)
    words = timings_words(facts.timings)
    return tag(
        "details",
        tag("summary", f"Time: {total}{f' ({words})' if words else ''}"),
        timings_table(facts.timings),
    )


def _headers_section(caption: str, headers: Sequence[tuple[str, str]], limit: int) -> Html | None:
    if not headers:
        return None
    rows = [
        (_cut_words(name, 200), _cut_words(mask_header(name, value), _HEADER_VALUE_BYTES))
        for name, value in headers
    ]
    return _section(f"{caption} ({len(headers)})", ("name", "value"), rows, limit)


def _redirects_section(redirects: Sequence[Hop]) -> Html | None:
    if not redirects:
        return None
    rows = [
        (
            cut(status_words(hop.status, hop.reason), 200).text,
            _cut_words(f"{hop.method} {mask_url(hop.url)}", _HEADER_VALUE_BYTES),
            _cut_words(mask_url(hop.location), _HEADER_VALUE_BYTES),
        )
        for hop in redirects
    ]
    return _section(
        f"Redirects ({len(redirects)})",
        ("status", "asked", "was sent on to"),
        rows,
        _REDIRECTS_BYTES,
    )


def _section(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], limit: int
) -> Html:
    """Return a folded table of as many *rows* as weigh at most *limit* bytes."""
    shown: list[Html] = []
    for row in rows:
        first, *others = row
        cells = (tag("td", cell, style=_WRAP, dir="auto") for cell in others)
        line = tag("tr", tag("th", first, scope="row", style=_LEFT), *cells)
        limit -= len(line.encode("utf-8"))
        if limit < 0:
            break
        shown.append(line)
    head = tag("tr", *(tag("th", column, scope="col", style=_LEFT) for column in columns))
    rest = len(rows) - len(shown)
    return tag(
        "details",
        tag("summary", caption),
        table(caption, head, shown),
        tag("div", tag("small", f"and {rest:,} more")) if rest else None,
    )


# As plain text ----------------------------------------------------------------------------------


def card_text(facts: CardFacts) -> str:
    """Return the card as plain text of at most 12 lines."""
    lines = [
        _line(
            f"{status_words(facts.status, facts.reason)} ({_outcome(facts.status)})  "
            f"{facts.method} {mask_url(facts.url)}"
        ),
        _line(f"{_what_and_how_long(facts)}{_type_words(facts)}{_time_words(facts)}"),
    ]
    if facts.redirects:
        first = facts.redirects[0]
        count = len(facts.redirects)
        times = "once" if count == 1 else f"{count} times"
        lines.append(_line(f"redirected {times}, first from {mask_url(first.url)}"))
    lines += preview_lines(facts.body, PLAIN_LINES - len(lines))
    return cut("\n".join(lines[:PLAIN_LINES]), _PLAIN_BYTES).text


def _line(text: str) -> str:
    text = " ".join(visible(text).splitlines())
    return text if len(text) <= _LINE_CHARACTERS else text[: _LINE_CHARACTERS - 1] + "…"


def _type_words(facts: CardFacts) -> str:
    return f", {facts.body.content_type}" if facts.body.content_type else ""


def _time_words(facts: CardFacts) -> str:
    words = timings_words(facts.timings) if facts.timings is not None else ""
    return f" ({words})" if words else ""
