"""The cards and tables of servers: safe, small, and readable without HTML."""

from __future__ import annotations

import re

import pytest

from notebook_http.notebook.display.server_card import (
    ServerFacts,
    server_bundle,
    servers_bundle,
)

URL = "http://127.0.0.1:40123/"
ROUTES = [("GET", "/cars"), ("POST", "/notes"), ("GET", "/countries/{code}")]


def facts(**changes: object) -> ServerFacts:
    return ServerFacts(
        **{"name": "data", "url": URL, "state": "running", "routes": ROUTES, **changes}  # type: ignore[arg-type]
    )


def test_a_card_says_name_state_address_and_routes() -> None:
    """In words: nothing is told by a colour, and plain text has it all too."""
    bundle = server_bundle(facts())
    for shown in bundle.values():
        for word in ("data", "running", URL, "/cars", "POST", "/notes", "/countries/{code}"):
            assert word in shown
    assert len(bundle["text/plain"].splitlines()) <= 12


def test_addresses_that_a_click_can_open_are_links() -> None:
    """GET without variables, while it runs; nothing else leads anywhere."""
    targets = re.findall(r'href="([^"]*)"', server_bundle(facts())["text/html"])
    assert targets == [URL, URL + "cars"]
    for state in ("stopped", "failed", "not started"):
        assert "href" not in server_bundle(facts(state=state))["text/html"]


@pytest.mark.parametrize(
    "nasty",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "'/onclick='x",
        "javascript:alert(1)",
        "a\x00\x1b[31m\u202eb\ud800",
        "&lt;",
    ],
)
def test_names_and_paths_are_text(nasty: str) -> None:
    """They may come from a file or a reply; the card is trusted by the page."""
    bad = facts(
        name=nasty, routes=[("GET", f"/{nasty}"), (nasty, "/")], trouble=nasty, state="running"
    )
    for bundle in (server_bundle(bad), servers_bundle([bad])):
        html = bundle["text/html"]
        html.encode()
        assert not re.search(r"<(script|img)|\son\w+=\"", html)
        assert not re.search(r'href="(?!http://127\.0\.0\.1:40123/)', html)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e\ud800-\udfff]", bundle["text/plain"])
        bundle["text/plain"].encode()


def test_hundreds_of_routes_stay_a_small_card() -> None:
    """A saved notebook keeps every card; the rest is counted."""
    many = facts(routes=[("GET", f"/{number}/{'x' * 5000}") for number in range(500)])
    bundle = server_bundle(many)
    assert len(bundle["text/html"]) < 32_000
    assert "and 470 more" in bundle["text/html"]
    assert len(bundle["text/plain"].splitlines()) <= 12
    assert max(map(len, bundle["text/plain"].splitlines())) <= 120
    assert "and 492 more routes" in bundle["text/plain"]


def test_trouble_is_shown_masked() -> None:
    """Start-up errors quote connection strings; the routes are still there."""
    trouble = "\n".join(
        ["OSError: postgres://ada:hunter2secret@db/x refused", "Cell In[3], line 4:  connect()"]
    )
    for shown in server_bundle(facts(state="failed", trouble=trouble)).values():
        assert "hunter2secret" not in shown
        assert "Cell In[3], line 4" in shown
        assert "/cars" in shown


def test_a_server_without_routes_says_what_it_answers() -> None:
    """An empty table would look like a fault of the card."""
    assert "404 Not Found" in server_bundle(facts(routes=[]))["text/html"]


def test_the_table_has_a_row_for_each_server() -> None:
    """Name, address, number of routes, state; and a hint when there is none."""
    bundle = servers_bundle([facts(), facts(name="", url="http://127.0.0.1:1/", routes=[])])
    assert bundle["text/plain"].splitlines() == [
        "name  URL                      routes  state",
        "data  http://127.0.0.1:40123/  3       running",
        "      http://127.0.0.1:1/      0       running",
    ]
    assert bundle["text/html"].count("<tr>") == 3
    assert "nh.serve(app)" in servers_bundle([])["text/plain"]
    assert "nh.serve(app)" in servers_bundle([])["text/html"]


def test_a_long_table_is_cut_and_says_so() -> None:
    """Twelve lines of plain text, a hundred rows of HTML."""
    bundle = servers_bundle([facts()] * 300)
    assert len(bundle["text/plain"].splitlines()) <= 12
    assert "and 290 more" in bundle["text/plain"]
    assert "and 200 more" in bundle["text/html"]
    assert len(bundle["text/html"]) < 64 * 1024


def test_a_server_that_does_not_run_answers_nothing() -> None:
    """Not even 404."""
    assert "404" in server_bundle(facts(routes=[]))["text/html"]
    assert "404" not in server_bundle(facts(routes=[], state="failed"))["text/html"]


def test_tables_have_the_colour_of_the_text_around_them() -> None:
    """On a dark page without a doctype they would be black on black."""
    for bundle in (server_bundle(facts()), servers_bundle([facts()])):
        assert re.findall(r"<table[^>]*>", bundle["text/html"]) == [
            '<table style="color: inherit">'
        ]
