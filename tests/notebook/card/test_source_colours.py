"""Coloured source: readable in light and dark themes, the same text, in linear time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.display.card import CardFacts, card_bundle, card_html
from notebook_http.notebook.display.size_budget import BUNDLE_BYTES
from notebook_http.notebook.display.source_colours import HUES, OWN_PERCENT, coloured, language_of

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]

LANGUAGES = ["markup", "script", "settings", "query"]
# (the text's own colour as it appears, what is behind it): black, and JupyterLab's 87 %.
THEMES = {
    "white": ((0, 0, 0), (255, 255, 255)),
    "light": ((33, 33, 33), (255, 255, 255)),
    "dark": ((224, 224, 224), (17, 17, 17)),
    "black": ((255, 255, 255), (17, 17, 17)),
}


def _luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [part / 255 for part in colour]
    red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", HUES)
def test_every_colour_has_contrast_in_every_theme(theme: str, kind: str) -> None:
    """4.5 to 1, what WCAG asks of text; computed as `color-mix(in srgb, …)` does."""
    own, behind = THEMES[theme]
    share = OWN_PERCENT / 100
    mixed = tuple(share * a + (1 - share) * b for a, b in zip(own, HUES[kind], strict=True))
    pair = sorted((_luminance(mixed), _luminance(behind)))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


@given(st.text(alphabet="<>/!-=\"'`\\#*&;: \nabreturn09$_{}é", max_size=200))
def test_the_text_stays_the_same(read_safely: ReadSafely, text: str) -> None:
    """Colours are around it; nothing is lost, doubled or moved."""
    for language in LANGUAGES:
        assert read_safely(coloured(text, language, 100_000)).text == text
        assert read_safely(coloured(text, language, 200)).text == text


@pytest.mark.parametrize(
    ("content_type", "source", "parts"),
    [
        (
            "text/html",
            '<a href="x">&amp;</a><!-- c -->',
            [">&quot;x&quot;</span>", "<em>&lt;!-- c --&gt;</em>"],
        ),
        ("text/javascript", 'return "a" + 12 // c', ["<strong>return</strong>", "<em>// c</em>"]),
        ("text/css", "a { width: 12px } /* c */", [">12px</span>", "<em>/* c */</em>"]),
        ("text/x-python", "def f(): # c", ["<strong>def</strong>", "<em># c</em>"]),
        ("application/yaml", "name: 'x'\nn: 5\n", [">name</span>", "x&#x27;</span>", ">5</span>"]),
        ("application/sql", "SELECT 1 -- c", ["<strong>SELECT</strong>", "<em>-- c</em>"]),
        ("image/svg+xml", "<svg/>", ["&lt;svg</span>"]),
        ("application/json", '{"a": 1, oops}', [">1</span>"]),
    ],
)
def test_each_language_has_its_colours(
    facts: Facts, read_safely: ReadSafely, content_type: str, source: str, parts: list[str]
) -> None:
    """Told by the type of the body."""
    html = card_html(facts(source.encode(), content_type))
    for part in parts:
        assert part in html
    assert source in read_safely(html).text


def test_plain_text_has_none() -> None:
    """Prose is no source."""
    assert language_of("text/plain") == ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "piece",
    [
        '"',
        "'",
        "`",
        "<!--",
        "/*",
        "<a ",
        '="',
        "='",
        "\\",
        '"\\',
        "#",
        "\n -",
        "a",
        "1",
        "&#",
        '"""',
    ],
)
def test_no_text_takes_long(language: str, piece: str, most_cpu: Any) -> None:
    """A stranger wrote it; twice the text takes twice the time."""
    text = piece * (200_000 // len(piece))
    with most_cpu(2.0):
        coloured(text, language, 10_000_000)


def test_colours_keep_to_the_budget(facts: Facts, read_safely: ReadSafely) -> None:
    """The head is coloured, the rest is not, and the card is no heavier."""
    bundle = card_bundle(facts(b'<a b="c">&lt;</a>\n' * 50_000, "text/html"))
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
    assert read_safely(bundle["text/html"]).elements.count("span") > 100
    assert "Showing" in bundle["text/html"]
