"""The facts of an exchange, and a reader of its card that finds what could act."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest

from notebook_http.notebook.display.body_preview import Body
from notebook_http.notebook.display.card import CardFacts


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


def _facts(content: bytes = b"", content_type: str = "", **changes: object) -> CardFacts:
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


_STRUCTURE = "details summary table caption thead tbody tr th td pre div ul li"
_WORDS = "span strong em small img audio"
ELEMENTS = {*_STRUCTURE.split(), *_WORDS.split()}


MIXED = r"color:color-mix\(in srgb,currentcolor 60%,rgb\(\d+ \d+ \d+\)\)"


def _read_safely(html: str) -> Reader:
    """Return the card as read, after checking that nothing in it can act."""
    card = Reader(html)
    assert set(card.elements) <= ELEMENTS
    for element, name, value in card.attributes:
        assert name in {"style", "scope", "open", "dir", "alt", "src", "controls"}, (element, name)
        if name == "src":
            kinds = r"(image/(png|gif|jpeg|webp|bmp|x-icon|avif)|audio/\w+)"
            assert re.fullmatch(rf"data:{kinds};base64,[A-Za-z0-9+/=]+", value)
        if name == "style":
            assert not re.search(r"url|expression|@|background|[<>\"'\\]", value), value
            if not re.fullmatch(MIXED, value):
                assert not re.search(r"color(?!: inherit)", value), value
    return card


@pytest.fixture(scope="session")
def facts() -> Callable[..., CardFacts]:
    """Make the facts of a plain GET: `facts(content, content_type, **changes)`."""
    return _facts


@pytest.fixture(scope="session")
def read_safely() -> Callable[[str], Reader]:
    """Read a card, and fail when anything in it can act."""
    return _read_safely
