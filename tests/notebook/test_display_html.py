"""The elements that displays are made of, and the budget they keep to."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.display.html import Html, escape, join, tag, visible
from notebook_http.notebook.display.size_budget import cut, size_words


def test_text_is_escaped_and_html_of_ours_is_not() -> None:
    """The type tells them apart, so that nothing is escaped twice or never."""
    inner = tag("strong", "<b>")
    assert inner == "<strong>&lt;b&gt;</strong>"
    assert tag("div", inner, " & ", 5, None) == f"<div>{inner} &amp; 5</div>"
    assert isinstance(join("a", inner), Html)


def test_escaping_covers_both_quotes() -> None:
    """Text may stand in an attribute."""
    assert escape("\"'<>&") == "&quot;&#x27;&lt;&gt;&amp;"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("script", {}),
        ("iframe", {}),
        ("form", {}),
        ("svg", {}),
        ("div", {"onclick": "x"}),
        ("div", {"id": "x"}),
        ("div", {"name": "x"}),
        ("div", {"class": "x"}),
        ("div", {"data-commandlinker-command": "x"}),
        ("div", {"style": "background: url(//evil)"}),
        ("div", {"style": 'x"y'}),
        ("a", {"href": "javascript:alert(1)"}),
        ("a", {"href": "JaVaScRiPt:alert(1)"}),
        ("a", {"href": "//evil.example/"}),
        ("a", {"href": "/\\evil.example/"}),
        ("a", {"href": "data:text/html,x"}),
        ("img", {"src": "http://evil.example/x.png"}),
        ("img", {"src": "data:image/svg+xml;base64,AAAA"}),
        ("img", {"src": 'data:image/png;base64,AA" onerror="x'}),
    ],
)
def test_what_could_act_cannot_be_built(name: str, attributes: dict[str, str]) -> None:
    """The last guard: whatever a caller passes on from data."""
    with pytest.raises(ValueError, match=r"no element|no attribute"):
        tag(name, "text", **attributes)


def test_links_to_pages_and_images_from_bytes_can_be_built() -> None:
    """Cards of servers carry a link."""
    assert tag("a", "x", href="http://h/?a=1&b=2", rel="noopener noreferrer") == (
        '<a href="http://h/?a=1&amp;b=2" rel="noopener noreferrer">x</a>'
    )
    assert tag("a", "x", href="/user/me/proxy/8080/")
    assert tag("img", src="data:image/png;base64,AAAA", alt="<x>") == (
        '<img src="data:image/png;base64,AAAA" alt="&lt;x&gt;">'
    )


def test_what_cannot_be_seen_is_shown() -> None:
    """A body must not rewrite the text around it, nor break the message to the page."""
    assert visible("a\x00b\x1b[0m") == "a␀b␛[0m"
    assert visible("user\u202etxt.exe") == "user<U+202E>txt.exe"
    assert visible("\ud800!") == "\ufffd!"
    assert visible("tab\tand\r\nline") == "tab\tand\nline"
    assert visible("שלום עולם, naïve, 你好, 🦊") == "שלום עולם, naïve, 你好, 🦊"


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_can_be_sent_to_a_page(text: str) -> None:
    """Lone surrogates included: an exception in a display marks the cell as failed."""
    escape(text).encode("utf-8")
    assert visible(visible(text)) == visible(text)


@given(st.text(alphabet='a"<&é你🦊\n', max_size=3000), st.integers(0, 4000))
def test_a_cut_text_weighs_no_more_than_its_limit_and_no_less(text: str, limit: int) -> None:
    """Measured as it will be sent: escaped, in UTF-8; and the next character would not fit."""
    shown = cut(text, limit)
    assert text.startswith(shown.text)
    assert shown.whole == (shown.text == text)
    assert len(escape(shown.text).encode()) <= limit
    if not shown.whole:
        assert len(escape(text[: len(shown.text) + 1]).encode()) > limit


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 KB"),
        (9_960, "10 KB"),
        (913_400, "913 KB"),
        (999_700, "1.0 MB"),
        (34_000_000, "34 MB"),
        (7_200_000_000, "7.2 GB"),
    ],
)
def test_sizes_read_like_sizes(size: int, words: str) -> None:
    """Two digits are what a glance takes in."""
    assert size_words(size) == words
