"""The modules that run in the page: plain ones, that make text of what strangers sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import notebook_http

WIDGETS = Path(notebook_http.__file__).parent / "notebook" / "widgets"
MODULES = sorted(WIDGETS.glob("*.js"))
STYLES = sorted(WIDGETS.glob("*.css"))
# What makes markup or code of a text, or fetches something.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|srcdoc"
    r"|\beval\b|new Function|\bimport\b|\bfetch\b|XMLHttpRequest|https?://|url\(|localStorage"
)


def test_there_are_modules_and_styles() -> None:
    """Else the tests below look at nothing."""
    modules = ["json_tree.js", "page_elements.js", "request_form.js"]
    assert [path.name for path in MODULES] == modules
    assert [path.name for path in STYLES] == ["json_tree.css", "request_form.css"]


@pytest.mark.parametrize("path", MODULES + STYLES, ids=lambda path: path.name)
def test_nothing_becomes_markup_and_nothing_is_fetched(path: Path) -> None:
    """No CDN, no build step, no other file; nothing is stored in the browser either."""
    found = [line for line in path.read_text().splitlines() if FORBIDDEN.search(line)]
    assert found == []
