"""Show a server, or all of them: HTML for the page, and a few lines of plain text.

Pure functions of plain data. Names and paths were written by the notebook's author, but may come
from a file or a reply all the same: everything is escaped and cut to a small budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notebook_http.notebook.display.html import Html, join, table, tag, visible
from notebook_http.notebook.display.size_budget import PLAIN_LINES, cut
from notebook_http.wire.secrets import mask_text, mask_url

__all__ = ["ServerFacts", "server_bundle", "servers_bundle"]

#: Routes that a card lists, in HTML and in the lines that plain text may have.
_HTML_ROUTES = 30
_PLAIN_ROUTES = 8
#: Rows of the table of servers.
_HTML_SERVERS = 100
_PLAIN_SERVERS = PLAIN_LINES - 2
# Bytes, escaped, and characters of one line.
_NAME_BYTES = 200
_PATH_BYTES = 300
_TROUBLE_BYTES = 4000
_TROUBLE_LINES = 6
_LINE_CHARACTERS = 120
_LEFT = "text-align: left; vertical-align: top"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What is shown of a server, unescaped.

    Attributes:
        name: what its author calls it; empty if nothing.
        url: where it listens; empty when it never did.
        state: in words: `running`, `stopped`, `failed` …
        routes: (method, path) pairs, in the order in which they were added.
        trouble: why it failed; empty if it did not.
    """

    name: str
    url: str
    state: str
    routes: Sequence[tuple[str, str]]
    trouble: str = ""


def server_bundle(facts: ServerFacts) -> dict[str, str]:
    """Return {"text/html": …, "text/plain": …} of one server's card; about 16 KiB at the most."""
    return {"text/html": _card_html(facts), "text/plain": _card_text(facts)}


def servers_bundle(servers: Sequence[ServerFacts]) -> dict[str, str]:
    """Return {"text/html": …, "text/plain": …} of a table of servers."""
    return {"text/html": _table_html(servers), "text/plain": _table_text(servers)}


# As HTML ----------------------------------------------------------------------------------------


def _card_html(facts: ServerFacts) -> Html:
    return tag(
        "details",
        tag(
            "summary",
            tag("strong", _title(facts)),
            f" ({facts.state}) ",
            _link(facts.url, "") if facts.state == "running" else mask_url(facts.url),
        ),
        _trouble_html(facts.trouble) if facts.trouble else None,
        _routes_html(facts),
        open="open",
        style="border-left: 0.25em solid; padding-left: 0.75em",
    )


def _title(facts: ServerFacts) -> str:
    return f"Server {cut(facts.name, _NAME_BYTES).text}" if facts.name else "Server"


def _link(url: str, path: str) -> Html:
    """Return a link to *path* of the server at *url*; text alone where nothing can be opened."""
    shown = path or mask_url(url)
    target = url.rstrip("/") + path if path else url
    openable = target.startswith(("http://", "https://")) and not set(target) & set(" {}\"'<>\\^`")
    if not openable or len(target) > _PATH_BYTES:
        return join(cut(shown, _PATH_BYTES).text)
    return tag("a", shown, href=target, target="_blank", rel="noopener noreferrer")


def _trouble_html(trouble: str) -> Html:
    return tag("pre", cut(mask_text(trouble), _TROUBLE_BYTES).text, style="overflow-wrap: anywhere")


def _routes_html(facts: ServerFacts) -> Html:
    if not facts.routes:
        if facts.state != "running":
            return tag("div", "It has no routes.")
        return tag("div", "It has no routes: every request is answered 404 Not Found.")
    rows = [
        tag(
            "tr",
            tag("td", cut(method, _NAME_BYTES).text, style=_LEFT),
            # Only what a click asks for, and only while somebody answers.
            tag(
                "td",
                _link(facts.url, path)
                if method == "GET" and facts.state == "running"
                else cut(path, _PATH_BYTES).text,
                style=_LEFT,
            ),
        )
        for method, path in facts.routes[:_HTML_ROUTES]
    ]
    head = tag("tr", *(tag("th", word, scope="col", style=_LEFT) for word in ("method", "path")))
    rest = len(facts.routes) - len(rows)
    return join(
        # In the text's own colour, which a page without a doctype would not give to a table.
        tag("table", tag("thead", head), tag("tbody", *rows), style="color: inherit"),
        tag("div", tag("small", f"and {rest:,} more")) if rest else None,
    )


def _table_html(servers: Sequence[ServerFacts]) -> Html:
    if not servers:
        return tag("div", _no_servers())
    head = tag(
        "tr",
        *(tag("th", word, scope="col", style=_LEFT) for word in ("name", "URL", "routes", "state")),
    )
    rows = [
        tag(
            "tr",
            tag("th", cut(each.name, _NAME_BYTES).text, scope="row", style=_LEFT),
            tag("td", _link(each.url, ""), style=_LEFT),
            tag("td", len(each.routes), style=_LEFT),
            tag("td", _state_words(each), style=_LEFT),
        )
        for each in servers[:_HTML_SERVERS]
    ]
    rest = len(servers) - len(rows)
    return join(
        table("Servers of this notebook", head, rows),
        tag("div", tag("small", f"and {rest:,} more")) if rest else None,
    )


# As plain text ----------------------------------------------------------------------------------


def _card_text(facts: ServerFacts) -> str:
    title = _title(facts)
    lines = [_line(f"{title} ({facts.state})  {mask_url(facts.url)}".rstrip())]
    if facts.trouble:
        told = mask_text(facts.trouble).splitlines()
        lines += [_line(f"  {line}") for line in told[-_TROUBLE_LINES:]]
    room = PLAIN_LINES - len(lines) - 1
    shown = facts.routes[: min(_PLAIN_ROUTES, room)]
    width = max((len(method) for method, _ in shown), default=0)
    lines += [_line(f"  {method:<{width}}  {path}") for method, path in shown]
    if len(facts.routes) > len(shown):
        lines.append(f"  and {len(facts.routes) - len(shown):,} more routes")
    return "\n".join(lines)


def _table_text(servers: Sequence[ServerFacts]) -> str:
    if not servers:
        return _no_servers()
    rows = [("name", "URL", "routes", "state")] + [
        (_line(each.name)[:30], mask_url(each.url), str(len(each.routes)), _state_words(each))
        for each in servers[:_PLAIN_SERVERS]
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(3)] + [0]
    lines = [
        _line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
        for row in rows
    ]
    if len(servers) > _PLAIN_SERVERS:
        lines.append(f"and {len(servers) - _PLAIN_SERVERS:,} more")
    return "\n".join(lines)


def _state_words(facts: ServerFacts) -> str:
    last = mask_text(facts.trouble).strip().rpartition("\n")[2]
    return f"{facts.state}: {cut(last, _PATH_BYTES).text}" if last else facts.state


def _no_servers() -> str:
    return "No server runs in this notebook. Start one: srv = await nh.serve(app)"


def _line(text: str) -> str:
    text = " ".join(visible(text).split("\n"))
    return text if len(text) <= _LINE_CHARACTERS else text[: _LINE_CHARACTERS - 1] + "…"
