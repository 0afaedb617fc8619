"""Tell a card what it shows of a reply, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_http.notebook.display.body import Body
from notebook_http.notebook.display.card import CardFacts, Hop
from notebook_http.notebook.display.timings_bar import age_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebook_http.client.timings import Timings
    from notebook_http.notebook.reply_head import ReplyHead

__all__ = ["card_facts"]


def card_facts(
    reply: ReplyHead,
    body: Body,
    *,
    history: Sequence[ReplyHead],
    timings: Timings | None,
    wire_size: int | None,
) -> CardFacts:
    """Return what a card shows of a reply with this head and *body*; unmasked."""
    coding = reply.headers.get("Content-Encoding", "").strip()
    return CardFacts(
        status=reply.status,
        reason=reply.reason,
        method=reply.request.method,
        url=str(reply.url),
        headers=tuple(reply.headers.items()),
        request_headers=tuple(reply.request.headers.items()),
        body=body,
        timings=timings,
        redirects=tuple(
            Hop(
                status=hop.status,
                reason=hop.reason,
                method=hop.request.method,
                url=str(hop.url),
                location=hop.headers.get("Location", ""),
            )
            for hop in history
        ),
        source=_source(reply, timings),
        wire_size=wire_size,
        coding="" if coding.lower() == "identity" else coding,
        tries=1 if timings is None else timings.tries,
    )


def _source(reply: ReplyHead, timings: Timings | None) -> str:
    """Return who answered in the server's place; "" if it was the server."""
    if timings is None or timings.was_sent:
        return ""
    age = reply.headers.get("Age", "")[:10]
    if not (age.isascii() and age.isdecimal()):
        return "from a recording"
    return f"from the cache, {age_words(int(age))} old"
