"""The tabs over a reply: live with a kernel, a card without one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import ipywidgets
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http.client.timings import Timings
from notebook_http.notebook.reply import Reply, SentRequest

pytestmark = pytest.mark.usefixtures("nothing_left")
VIEW = "application/vnd.jupyter.widget-view+json"
HOSTILE = "</textarea></pre><script>alert(1)</script><img src=x onerror=alert(2)>"


def reply(content: bytes, content_type: str, *, timings: Timings | None = None) -> Reply:
    """Return a reply with these bytes."""
    url = URL("http://h/x?token=c4n4ryc4n4ry")
    headers = CIMultiDictProxy(
        CIMultiDict([("Content-Type", content_type), ("Set-Cookie", f"sid={HOSTILE}")])
    )
    sent = SentRequest(
        "GET", url, CIMultiDictProxy(CIMultiDict(Authorization="Bearer c4n4ryc4n4ry"))
    )
    return Reply(
        status=200,
        reason="OK",
        headers=headers,
        url=url,
        request=sent,
        content=content,
        timings=timings,
    )


def tabs(view: Any) -> dict[str, str]:
    """Return title to HTML; of a tree, what the page is told of it."""
    shown = view.tabs.children
    titles = [view.tabs.get_title(index) for index in range(len(shown))]
    values = [getattr(child, "value", None) or str(child.get_state()) for child in shown]
    return dict(zip(titles, values, strict=True))


class Elements(HTMLParser):
    """The elements and the text of a tab."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        assert not any(name.startswith("on") or name in ("id", "name") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_tabs_show_body_table_headers_and_timing() -> None:
    """The card's parts, with more room."""
    timings = Timings(0.0)
    timings.sent_at, timings.head_at, timings.completed_at = 0.001, 0.002, 0.003
    records = [{"a": n, "geo": {"lat": n}} for n in range(100)]
    answer = reply(json.dumps(records).encode(), "application/json", timings=timings)
    view = answer.widget()
    assert isinstance(view.tabs, ipywidgets.Tab)
    first = view.tabs.children[0].first
    assert (first["root"]["kind"], first["root"]["size"], len(first["rows"])) == ("array", 100, 100)
    shown = {title: Elements(html).text for title, html in tabs(view).items() if title != "Body"}
    assert list(shown) == ["Table", "Headers", "Timing", "Request"]
    assert "100 rows: r.df() makes a DataFrame of them." in shown["Table"]
    assert "Content-Type" in shown["Headers"]
    assert "Authorization" in shown["Headers"]
    assert "waited for the answer to begin" in shown["Timing"]
    assert "r = await nh.get(" in shown["Request"]
    assert "%%http" in shown["Request"]
    assert "curl " in shown["Request"]


def test_a_body_without_rows_says_so() -> None:
    """And one that nobody measured, too."""
    shown = tabs(reply(b"hello", "text/plain").widget())
    assert "There are no rows" in shown["Table"]
    assert "Nobody measured" in shown["Timing"]
    assert "hello" in shown["Body"]


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "text/csv"])
def test_nothing_from_the_server_becomes_markup_and_no_secret_is_shown(content_type: str) -> None:
    """A widget's HTML is set as it is: it has to be safe by itself."""
    bodies = {
        "text/html": HOSTILE,
        "application/json": json.dumps([{HOSTILE: HOSTILE, "token": "c4n4ryc4n4ry"}]),
        "text/csv": f"a,{HOSTILE}\n1,{HOSTILE}\n",
    }
    view = reply(bodies[content_type].encode(), content_type).widget()
    pages = tabs(view)
    tree = pages.pop("Body") if content_type == "application/json" else ""
    assert "c4n4ry" not in tree
    for html in [*pages.values(), view._repr_mimebundle_()["text/html"], view.headline.value]:
        assert not Elements(html).names & {"script", "textarea", "img"}
        assert "c4n4ry" not in html


def test_a_secret_column_of_csv_is_masked_in_every_tab() -> None:
    """In the text of a CSV nothing but the column tells that a value is a secret."""
    view = reply(b"user,password\nada,c4n4ryc4n4ry\n", "text/csv").widget()
    assert all("c4n4ryc4n4ry" not in html for html in tabs(view).values())
    view = reply(b"user,city\nada,London\n", "text/csv").widget()
    assert "user,city" in tabs(view)["Body"]


def test_its_output_carries_the_card_for_readers_without_a_kernel() -> None:
    """Nbconvert and GitHub show HTML; a front end with the kernel shows the tabs."""
    answer = reply(b"hello", "text/plain")
    view = answer.widget()
    bundle = view._repr_mimebundle_()
    assert bundle[VIEW]["model_id"] == view.model_id
    assert {name: bundle[name] for name in ("text/html", "text/plain")} == (
        answer._repr_mimebundle_()
    )


def test_an_image_is_shown_where_the_card_had_no_room() -> None:
    """Up to 256 KiB, from its own bytes."""
    body = tabs(reply(b"\x89PNG\r\n\x1a\n" + bytes(256 * 1024 - 8), "image/png").widget())["Body"]
    assert re.fullmatch(r'<div><img src="data:image/png;base64,[^"]+" [^<>]+></div>.*', body)
    larger = reply(b"\x89PNG\r\n\x1a\n" + bytes(256 * 1024 - 7), "image/png")
    assert "<img" not in tabs(larger.widget())["Body"]


def test_ipywidgets_is_imported_by_the_first_view_only() -> None:
    """It costs a third of a second."""
    code = (
        "import sys, notebook_http.notebook.reply, notebook_http.notebook.client\n"
        "heavy = {'ipywidgets', 'pandas', 'IPython', 'anywidget'} & set(sys.modules)\n"
        "print(heavy or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"
