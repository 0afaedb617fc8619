"""What a server sent is text to a notebook: nothing of it runs, or is followed, or is a path."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

import notebook_http as nh
from notebook_http.notebook.display.html import escape, tag
from notebook_http.notebook.widgets.file_names import proposed_file_name
from tests.advisories.notebook.conftest import Show, Shown

pytestmark = pytest.mark.advisory


async def shown_as_text(show: Show, payload: str) -> None:
    """Send *payload* as body, header and JSON: it is there to be read, and harmless."""
    for body, kind in ((payload, "text/html"), (payload, "text/markdown"), (payload, "text/plain")):
        _, card = await show(body, kind, {"X-Note": payload.replace("\n", " ")})
        assert card.is_harmless, card.tags
        assert payload.split("\n")[0][:40] in card.text
    _, card = await show(nh_json(payload), "application/json")
    assert card.is_harmless, card.tags


def nh_json(payload: str) -> str:
    """Return JSON with it as key and value."""
    return json.dumps([{payload: payload}, {payload: 1}])


async def test_cve_2018_8768_html_of_a_body_is_source(show: Show) -> None:
    """A script, and an element whose error runs one."""
    await shown_as_text(show, "<script>alert(1)</script><img src=x onerror=alert(1)>")


async def test_cve_2021_32798_no_sanitiser_is_relied_on(show: Show) -> None:
    """What a sanitiser was got around with, by way of style and noscript."""
    await shown_as_text(show, "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>")


async def test_cve_2021_32797_a_form_has_no_action(show: Show) -> None:
    """`form action=javascript:` ran at a click."""
    await shown_as_text(show, "<form action='javascript:alert(1)'><input type=submit></form>")


async def test_cve_2024_22420_markdown_is_source(show: Show) -> None:
    """A link in Markdown was one in the page."""
    await shown_as_text(show, "[click](javascript:alert(1)) <a href='data:text/html,x'>y</a>")


async def test_cve_2024_43805_nothing_clobbers_the_page(show: Show) -> None:
    """`id` and `name` of a body became variables of the page."""
    await shown_as_text(show, "<a id=defaultView name=body><a id=document name=forms>x</a></a>")


async def test_cve_2021_32862_converted_output_is_text_too(show: Show) -> None:
    """What nbconvert writes into a page is our HTML as it stands."""
    from nbconvert import HTMLExporter
    from nbformat import v4

    payload = "</script></textarea></style><svg/onload=alert(1)>"
    reply, _ = await show(payload, "image/svg+xml", {"X-Note": payload})
    output = v4.new_output("execute_result", reply._repr_mimebundle_())
    page = v4.new_notebook(cells=[v4.new_code_cell("r", outputs=[output])])
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(page)
    assert "svg/onload" in html
    assert "<svg/onload" not in html
    assert "</textarea><" not in html


async def test_cve_2026_40171_no_command_hides_in_a_display(show: Show) -> None:
    """`data-commandlinker-command` runs at a click."""
    await shown_as_text(
        show, "<button data-commandlinker-command='notebook:run-all-cells'>next</button>"
    )


async def test_cve_2026_42557_no_attribute_comes_from_data(show: Show) -> None:
    """A value cannot end its attribute, and its name is one of ours."""
    payload = "\" data-commandlinker-command='terminal:create-new' x=\""
    await shown_as_text(show, payload)
    with pytest.raises(ValueError, match="data-x"):
        tag("span", "x", **{"data-x": "1"})
    assert Shown(tag("span", "x", title=payload)).tags == [("span", {"title": payload})]


SVG = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script></svg>"


async def test_cve_2026_73415_an_svg_is_never_drawn_unasked(show: Show) -> None:
    """Inline it would be part of the page, in a tab one of its origin."""
    _, card = await show(SVG, "image/svg+xml")
    assert card.is_harmless, card.tags
    assert "onload" in card.text


async def test_cve_2015_7337_a_body_is_no_page_by_its_type(show: Show) -> None:
    """HTML that says it is an image is none."""
    _, card = await show("<script>alert(1)</script>", "image/png")
    assert card.is_harmless, card.tags
    assert not any(name == "img" for name, _ in card.tags)


async def test_cve_2018_19352_a_saved_body_is_no_page(show: Show, tmp_path: Path) -> None:
    """Whatever it is called there: it is written, and opened by nobody."""
    reply, _ = await show(SVG, "image/svg+xml")
    bundle = reply._repr_mimebundle_()
    assert set(bundle) <= {"text/html", "text/plain", "application/vnd.jupyter.widget-view+json"}


async def test_cve_2018_21030_no_display_brings_a_type_that_runs(show: Show) -> None:
    """JavaScript is source as well."""
    reply, card = await show("alert(1)", "application/javascript")
    assert card.is_harmless
    assert not any("javascript" in kind for kind in reply._repr_mimebundle_())


@pytest.mark.parametrize("target", ["javascript:alert(1)", "//evil.example", "data:text/html,x"])
def test_cve_2025_59842_links_are_http_and_keep_no_opener(target: str) -> None:
    """Of all that a display may hold; ours say `noopener noreferrer`."""
    with pytest.raises(ValueError, match="href"):
        tag("a", "x", href=target)
    sources = Path(nh.__file__).parent.joinpath("notebook").rglob("*.py")
    links = [
        line
        for path in sources
        for line in path.read_text().splitlines()
        if re.search(r'tag\(\s*"a"', line)
    ]
    assert links
    assert all('rel="noopener noreferrer"' in line for line in links)


async def test_cve_2024_22421_no_link_takes_a_token_along(show: Show) -> None:
    """A body's links are text, and so is a `Location` with a token in it."""
    _, card = await show(
        "<a href='https://evil.example'>x</a>",
        headers={"Location": "https://evil.example/?token=c4nary", "Link": "<//evil>; rel=next"},
    )
    assert not any(name == "a" for name, _ in card.tags)
    assert "c4nary" not in card.text


async def test_promise_widgets_show_text(show: Show) -> None:
    """`textContent` in our modules, and no HTML widget around a stranger's words."""
    folder = Path(nh.__file__).parent / "notebook" / "widgets"
    for path in folder.glob("*.js"):
        source = path.read_text()
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in source, f"{path.name}: {word}"
    reply, _ = await show("<img src=x onerror=alert(1)>", headers={"X-Note": "<svg onload=x>"})
    view = reply.widget()
    todo, seen = [view], 0
    while todo:
        widget = todo.pop()
        todo += getattr(widget, "children", ())
        if type(widget).__name__ == "HTML":
            seen += 1
            assert Shown(widget.value).is_harmless, widget.value
    assert seen


NAMES = ["../../x", "/etc/passwd", "..\\..\\x", "C:\\x", "a/b", "\x00x", ".bashrc", "-rf", "x\n.py"]


@pytest.mark.parametrize("name", NAMES)
def test_cve_2026_39377_saved_names_have_no_path(name: str) -> None:
    """Whatever `Content-Disposition` says."""
    made = proposed_file_name(f"attachment; filename*=UTF-8''{quote(name, safe='')}", "/", "")
    assert Path(made).name == made
    assert made not in ("", ".", "..")
    assert not re.search(r"[/\\\x00\n:]", made)
    assert not made.startswith((".", "-"))


@pytest.mark.parametrize("name", NAMES)
def test_cve_2026_39378_names_of_a_url_have_no_path(name: str) -> None:
    """Neither have those that are made of the path."""
    made = proposed_file_name(None, f"/{quote(name, safe='')}", "")
    assert Path(made).name == made
    assert not re.search(r"[/\\\x00\n:]", made)


async def test_cve_2018_19351_output_is_harmless_where_scripts_run(show: Show) -> None:
    """A saved notebook may be served in any origin: nothing in it depends on trust."""
    _, card = await show("<iframe srcdoc='<script>top.x=1</script>'></iframe>")
    assert card.is_harmless
    assert escape("<&>\"'") == "&lt;&amp;&gt;&quot;&#x27;"


async def test_cve_2026_44727_so_is_plain_text(show: Show) -> None:
    """The other form of a display holds no escape codes that a terminal obeys."""
    reply, _ = await show("\x1b]0;title\x07\x1b[31mred", "text/plain", {"X-A": "1"})
    assert "\x1b" not in reply._repr_mimebundle_()["text/plain"]
    assert "\x1b" not in str(reply)
