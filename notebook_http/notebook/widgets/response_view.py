"""Show an exchange in tabs: Body, Table, Headers, Timing, Request; send it again, save its body.

All that a server sent is text here, escaped as HTML or set as text by our own control; nothing of
it is run. Works with ipywidgets 7.7 (which Colab has) and 8; without anywidget a JSON body is laid
out as text instead of a tree. Beside the live widget its output carries the card as HTML and plain
text: that is what a reader without a kernel sees.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from notebook_http.notebook.display.body import BodyKind
from notebook_http.notebook.display.body_preview import preview_html
from notebook_http.notebook.display.body_rows import table_html
from notebook_http.notebook.display.card import CardFacts, card_bundle, headers_html, status_words
from notebook_http.notebook.display.error import short_lines
from notebook_http.notebook.display.html import Html, join, tag
from notebook_http.notebook.display.size_budget import IMAGE_BYTES, cut, size_words
from notebook_http.notebook.display.timings_bar import duration_words, steps_of, timings_table
from notebook_http.notebook.last_error import last_error
from notebook_http.notebook.widgets.file_names import proposed_file_name
from notebook_http.notebook.widgets.json_nodes import JsonNodes
from notebook_http.notebook.widgets.json_tree import json_tree
from notebook_http.notebook.widgets.loop_calls import LoopCalls
from notebook_http.notebook.widgets.open_views import close_everything, note_view
from notebook_http.notebook.widgets.rows_view import rows_html
from notebook_http.wire.secrets import mask_url

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy
    from yarl import URL

__all__ = ["Viewed", "response_view"]

# Each tab lives in the notebook's widget state when that is saved: four times a card's body, or
# one image of the greatest size shown (base64 makes 3 bytes 4).
_TAB_BYTES = 160_000
_IMAGE_TAB_BYTES = IMAGE_BYTES * 4 // 3 + 4_000
_TABLE_ROWS = 200
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_TITLES = ("Body", "Table", "Headers", "Timing", "Request")
_PRE = "white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20em; overflow: auto"
_NO_ANYWIDGET = "pip install anywidget makes this tree one to search and copy from."


class _Sent(Protocol):
    """What was asked."""

    def to_curl(self) -> str:
        """Return the curl command."""

    def to_python(self) -> str:
        """Return Python code."""

    def to_http(self) -> str:
        """Return a `%%http` cell."""


class Viewed(Protocol):
    """The reply that a view is of."""

    content: bytes

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """Those of the answer."""

    @property
    def url(self) -> URL:
        """What was asked."""

    @property
    def request(self) -> Any:
        """What was sent: see `SentRequest`."""

    @property
    def content_type(self) -> str:
        """The media type."""

    def card_facts(self) -> CardFacts:
        """Return what a card shows."""

    def json(self) -> Any:
        """Return the body's values."""

    def df(self, path: str | None = None) -> Any:
        """Return the body's rows."""

    def resend(self) -> Awaitable[Any]:
        """Return the same request, to be sent when it is awaited."""


def response_view(reply: Viewed) -> Any:
    """Return a widget over the exchange of *reply*, secrets masked.

    ipywidgets is imported by the first call.
    """
    return _view_class()(reply)


def _timing(facts: CardFacts) -> Html:
    if facts.timings is None or not steps_of(facts.timings):
        return tag("div", "Nobody measured this exchange.")
    return timings_table(facts.timings)


def _request_html(sent: _Sent) -> Html:
    """Return the request in the three forms that can be sent again, its secrets masked."""
    parts = []
    forms = {"Python": sent.to_python, "%%http": sent.to_http, "curl": sent.to_curl}
    for title, write in forms.items():
        try:
            text = write()
        except ValueError as error:  # a body that was not kept
            text = str(error)
        shown = cut(text, _TAB_BYTES // 4)
        note = "" if shown.whole else f"… {len(text):,} characters in all"
        parts.append(tag("div", tag("strong", title)))
        parts.append(tag("pre", shown.text + note, style=_PRE, dir="auto"))
    return join(*parts)


def _headline(facts: CardFacts) -> Html:
    url = mask_url(facts.url)
    url = url if len(url) <= 300 else url[:299] + "…"
    body = facts.body
    size = "" if body.kind is BodyKind.EMPTY else f"{size_words(len(body.content))} "
    total = facts.timings.total if facts.timings is not None else None
    took = "" if total is None else f" in {duration_words(total)}"
    status = tag("strong", status_words(facts.status, facts.reason)[:200])
    words = f" {facts.method[:20]} {url}: {size}{body.kind.value}{took}"
    return tag("div", status, words, style="overflow-wrap: anywhere")


def _error_html(error: BaseException) -> Html:
    last_error.exception = error
    lines = short_lines(error, None)
    return tag("pre", "\n".join(lines), style="white-space: pre-wrap; margin: 0")


@lru_cache(maxsize=1)
def _view_class() -> Any:
    """Return the widget's class; made when first needed, as that imports ipywidgets."""
    import ipywidgets

    class ResponseView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
        """Tabs over one exchange; `reply` is the one that is shown, also when it was sent again."""

        static_card: dict[str, str] = {}

        def __init__(self, reply: Viewed) -> None:
            self.reply = reply
            self._sending: asyncio.Task[Any] | None = None
            self._began = 0.0
            self._may_overwrite = ""
            self.headline, self.status = ipywidgets.HTML(), ipywidgets.HTML()
            self.resend = _button(ipywidgets, "Resend", "Send the same request again")
            self.cancel = _button(ipywidgets, "Cancel", "Stop waiting for the answer")
            self.file_name = ipywidgets.Text(description="File", layout={"width": "22em"})
            self.save = _button(ipywidgets, "Save body", "Write the body into this file")
            self.tabs = ipywidgets.Tab()
            bar = ipywidgets.HBox([self.resend, self.cancel, self.file_name, self.save])
            bar.layout.flex_flow = "row wrap"
            super().__init__(children=[self.headline, bar, self.status, self.tabs])
            self.calls = LoopCalls(self._failed)
            self.cancel.disabled = True
            self.resend.on_click(lambda _: self.calls.call(self._begin_sending))
            self.cancel.on_click(lambda _: self.calls.call(self._cancel_sending))
            self.save.on_click(lambda _: self.calls.call(self._begin_saving))
            self.show(reply)
            note_view(self)

        def close(self) -> None:
            """End what runs, and close all parts. Idempotent."""
            if hasattr(self, "calls"):
                self.calls.close()
            close_everything(self, super().close)

        # What is shown

        def show(self, reply: Viewed) -> None:
            """Show *reply* in the place of what was there."""
            facts = reply.card_facts()
            self.reply = reply
            self.static_card = card_bundle(facts)
            self.headline.value = str(_headline(facts))
            table = table_html(facts.body, _TABLE_ROWS, _TAB_BYTES) or tag(
                "div", "There are no rows in this body: r.df() says why."
            )
            pages = [table, headers_html(facts), _timing(facts), _request_html(reply.request)]
            before = self.tabs.children
            others = [ipywidgets.HTML(value=str(html)) for html in pages]
            self.table = others[0]
            self.tabs.children = [self._body(facts), *others]
            for index, title in enumerate(_TITLES):
                self.tabs.set_title(index, title)
            for page in before:
                close_everything(page, page.close)
            self.file_name.value = proposed_file_name(
                reply.headers.get("Content-Disposition"), reply.url.raw_path, reply.content_type
            )

        def renew(self, reply: Viewed) -> None:
            """Show another *reply*, and nothing of the one before."""
            self._cancel_sending()
            self._sending = None  # how that ends is nobody's business here
            self.resend.disabled, self.cancel.disabled = False, True
            self._say("")
            self._may_overwrite = ""
            self.show(reply)

        def _body(self, facts: CardFacts) -> Any:
            note: Html | None = None
            if facts.body.kind is BodyKind.JSON:
                try:
                    return json_tree(self.reply.json(), self._show_rows)
                except ImportError:
                    note = tag("div", tag("small", _NO_ANYWIDGET))
                except ValueError:
                    pass  # malformed: the preview says where
            limit = max(_TAB_BYTES, _IMAGE_TAB_BYTES)
            preview = preview_html(facts.body, limit, table=False)
            return ipywidgets.HTML(value=str(join(preview, note)))

        async def _show_rows(self, nodes: JsonNodes, path: Sequence[int]) -> None:
            place = nodes.at(path)
            reply = self.reply
            # In a thread: a hundred thousand records take a second.
            html = await asyncio.to_thread(rows_html, place, reply.df, nodes.value, _TABLE_ROWS)
            if reply is self.reply:
                self.table.value = str(html)
                self.tabs.selected_index = 1

        def _say(self, what: str | Html) -> None:
            self.status.value = str(tag("div", what)) if what else ""

        def _failed(self, error: BaseException) -> None:
            self._say(_error_html(error))

        # Sending again

        def _begin_sending(self) -> None:
            if self._sending is not None:
                return
            if not self.calls.has_loop:
                self._say("No event loop runs here: await r.resend() in a coroutine.")
                return
            self.resend.disabled, self.cancel.disabled = True, False
            self._say("Sending…")
            self._began = time.monotonic()
            self._sending = self.calls.start(self._send_again())
            if self._sending is not None:
                self._sending.add_done_callback(self._ended)

        def _cancel_sending(self) -> None:
            if self._sending is not None:
                self._sending.cancel()

        async def _send_again(self) -> None:
            try:
                self.show(await self.reply.resend())
                self._say("Sent again: this is the new answer.")
            except Exception as error:
                self._failed(error)

        def _ended(self, task: asyncio.Task[Any]) -> None:
            # Also of a task that was cancelled before it had begun.
            if task is not self._sending:
                return
            self._sending = None
            self.resend.disabled, self.cancel.disabled = False, True
            if task.cancelled():
                self._say(f"Cancelled after {duration_words(time.monotonic() - self._began)}.")

        # Saving

        def _begin_saving(self) -> None:
            name = self.file_name.value.strip()
            if not name:
                self._say("A file needs a name.")
                return
            path, content = Path(name).expanduser(), self.reply.content
            overwrite, self._may_overwrite = self._may_overwrite == name, ""
            write = partial(_write, path, content, overwrite)
            if self.calls.has_loop:
                self.calls.start(self._save(name, write))
            else:
                self._saved(name, write())

        async def _save(self, name: str, write: Any) -> None:
            self._saved(name, await asyncio.to_thread(write))

        def _saved(self, name: str, outcome: str) -> None:
            self._may_overwrite = "" if outcome else name
            exists = f"{name} is there already. Another name, or Save body once more to replace it."
            self._say(outcome or exists)

        def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
            """Return the live view (while there is a front end for it) and the static card."""
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            return {**self.static_card, _WIDGET_VIEW: view}

        if hasattr(ipywidgets.Widget, "_ipython_display_"):
            # ipywidgets 7 publishes by itself, without any static form, unless told otherwise.
            def _ipython_display_(self, **_: Any) -> None:
                from IPython.display import display

                display(self._repr_mimebundle_(), raw=True)
                self._handle_displayed()

    return ResponseView


def _button(ipywidgets: Any, text: str, tooltip: str) -> Any:
    return ipywidgets.Button(description=text, tooltip=tooltip, layout={"width": "auto"})


def _write(path: Path, content: bytes, overwrite: bool) -> str:
    """Write *content*; return what was done, "" if the file is there and may not be replaced."""
    try:
        with path.open("wb" if overwrite else "xb") as file:
            file.write(content)
    except FileExistsError:
        return ""
    return f"{size_words(len(content))} saved as {path.resolve()}"
