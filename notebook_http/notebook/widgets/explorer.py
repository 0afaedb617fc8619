"""A request form, and below it the reply that it brought; nothing here knows a client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Any

from notebook_http.notebook.display.error import short_lines
from notebook_http.notebook.display.html import tag
from notebook_http.notebook.display.timings_bar import duration_words
from notebook_http.notebook.last_error import last_error
from notebook_http.notebook.widgets.form_request import Draft
from notebook_http.notebook.widgets.loop_calls import LoopCalls
from notebook_http.notebook.widgets.open_views import close_everything, note_view
from notebook_http.notebook.widgets.request_form import Operation, request_form
from notebook_http.notebook.widgets.response_view import Viewed, response_view

__all__ = ["Described", "explorer"]

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_STATIC = "nh.explore(): a form for requests. It needs its kernel: run this cell again."

Send = Callable[[Draft], Awaitable[Viewed]]
#: Title, base URL and operations of an API.
Described = tuple[str, str, Sequence[Operation]]


def explorer(
    base_url: str,
    send: Send,
    described: Described | None = None,
    describe: Callable[[], Awaitable[Described]] | None = None,
) -> Any:
    """Return the widget.

    Args:
        base_url: what relative URLs are below of; "" for none.
        send: sends a request.
        described: an API's operations.
        describe: fetches them, if they are not there yet.

    Raises:
        ImportError: anywidget is not installed.
    """
    return _explorer_class()(base_url, send, described, describe)


@lru_cache(maxsize=1)
def _explorer_class() -> Any:
    """Return the widget's class; made when first needed, as that imports ipywidgets."""
    import ipywidgets

    class Explorer(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
        """A request form and what came of it; `reply` is the last reply, None before."""

        def __init__(
            self,
            base_url: str,
            send: Send,
            described: Described | None,
            describe: Callable[[], Awaitable[Described]] | None,
        ) -> None:
            self._sender = send
            self._sending: asyncio.Task[str] | None = None
            self._began = 0.0
            self._view: Any = None
            self.form = request_form(base_url, self._begin, self._cancel)
            self.error = ipywidgets.HTML()
            self.answer = ipywidgets.VBox()
            super().__init__(children=[self.form, self.error, self.answer])
            self.calls = LoopCalls(self._failed)
            if described is not None:
                self.form.offer(*described)
            if describe is not None:
                self.calls.start(self._describe(describe))
            note_view(self)

        @property
        def reply(self) -> Any:
            """The reply that is shown; None before the first."""
            return self._view.reply if self._view is not None else None

        def close(self) -> None:
            """End what runs, and close all parts. Idempotent."""
            if hasattr(self, "calls"):
                self.calls.close()
            close_everything(self, super().close)

        def _failed(self, error: BaseException) -> None:
            last_error.exception = error
            lines = "\n".join(short_lines(error, None))
            style = "white-space: pre-wrap; margin: 0"
            self.error.value = str(tag("pre", lines, style=style))

        async def _describe(self, describe: Callable[[], Awaitable[Described]]) -> None:
            self.form.tell("Reading the API's description…", running=False)
            try:
                self.form.offer(*await describe())
            except Exception as error:
                self._failed(error)
                self.form.tell("Its description cannot be had: see below.", running=False)
            else:
                self.form.tell("", running=False)

        # Called by the form

        def _begin(self, draft: Draft) -> None:
            self.error.value = ""
            self.form.tell("Sending…", running=True)
            self._began = time.monotonic()
            self._sending = self.calls.start(self._fetch(draft))
            if self._sending is not None:
                self._sending.add_done_callback(self._ended)

        def _cancel(self) -> None:
            if self._sending is not None:
                self._sending.cancel()

        async def _fetch(self, draft: Draft) -> str:
            try:
                reply = await self._sender(draft)
                self._show(reply)
            except Exception as error:
                self._failed(error)
                return "There is no answer: see below."
            return f"{reply.card_facts().status} after {self._took()}"

        def _ended(self, task: asyncio.Task[str]) -> None:
            # Also of a task that was cancelled before it had begun.
            self._sending = None
            text = f"Cancelled after {self._took()}." if task.cancelled() else task.result()
            self.form.tell(text, running=False)

        def _took(self) -> str:
            return duration_words(time.monotonic() - self._began)

        def _show(self, reply: Viewed) -> None:
            if self._view is None:
                self._view = response_view(reply)
                self.answer.children = [self._view]
            else:
                self._view.renew(reply)

        def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
            """Return the live view (while there is a front end for it), and words for others."""
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            html = str(tag("div", _STATIC))
            return {"text/plain": _STATIC, "text/html": html, _WIDGET_VIEW: view}

        if hasattr(ipywidgets.Widget, "_ipython_display_"):
            # ipywidgets 7 publishes by itself, without any static form, unless told otherwise.
            def _ipython_display_(self, **_: Any) -> None:
                from IPython.display import display

                display(self._repr_mimebundle_(), raw=True)
                self._handle_displayed()

    return Explorer
