"""The control with the fields of a request; the other half of it is `request_form.js`.

Its state, which a notebook may save, is what the form is for: a base URL and the names of
operations. What is typed comes by messages. The password or token of a request is used for that
request, or for its code, and then forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from notebook_http.notebook.display.html import visible
from notebook_http.notebook.interchange.curl_text import curl_text
from notebook_http.notebook.interchange.http_text import http_text
from notebook_http.notebook.interchange.python_text import python_text
from notebook_http.notebook.shell import running_shell
from notebook_http.notebook.widgets.form_request import (
    Draft,
    FormError,
    read_form,
    without_secrets,
)
from notebook_http.notebook.widgets.loop_calls import LoopCalls
from notebook_http.notebook.widgets.open_views import close_everything
from notebook_http.notebook.widgets.page_files import file_text, module_text
from notebook_http.wire.secrets import mask_url

__all__ = ["Operation", "request_form"]

#: Requests that can be taken up again: what a list on a page is good for.
_MOST_HISTORY = 50
_WRITERS = {"python": python_text, "http": http_text, "curl": curl_text}


class Operation(Protocol):
    """One way to fill the form."""

    @property
    def label(self) -> str:
        """What a list shows, such as `GET /pets: all pets`."""

    def fill(self) -> tuple[dict[str, Any], str]:
        """Return the form's values, and a remark."""


def request_form(base_url: str, begin: Callable[[Draft], None], cancel: Callable[[], None]) -> Any:
    """Return the control.

    Args:
        base_url: what relative URLs are below of; "" for none.
        begin: called, on the loop, with what is to be sent.
        cancel: called, on the loop, when that is to end.

    Raises:
        ImportError: anywidget is not installed.
    """
    return _form_class()(base_url, begin, cancel)


@lru_cache(maxsize=1)
def _form_class() -> Any:
    """Return the widget's class; made when first needed, as that imports ipywidgets."""
    import anywidget
    import traitlets

    class RequestForm(anywidget.AnyWidget):
        """The fields of a request."""

        _esm = module_text("request_form.js")
        _css = file_text("request_form.css")
        setup = traitlets.Dict().tag(sync=True)

        def __init__(
            self, base_url: str, begin: Callable[[Draft], None], cancel: Callable[[], None]
        ) -> None:
            self._base_url = base_url
            self._begin, self._cancel = begin, cancel
            self._operations: Sequence[Operation] = ()
            self._past: list[tuple[str, dict[str, Any]]] = []  # the newest first
            self._form: dict[str, Any] | None = None
            self._running = False
            super().__init__(setup={"base_url": mask_url(base_url), "title": "", "operations": []})
            self.calls = LoopCalls(self._failed)
            self.on_msg(self._received)

        def close(self) -> None:
            """End what runs, and the connection to the page. Idempotent."""
            if hasattr(self, "calls"):
                self.calls.close()
            close_everything(self, super().close)

        # Called by the owner, on the loop

        def offer(self, title: str, base_url: str, operations: Sequence[Operation]) -> None:
            """Offer *operations*, and take *base_url* unless there is one."""
            self._base_url = self._base_url or base_url
            self._operations = operations
            labels = [visible(operation.label)[:200] for operation in operations]
            shown = {"base_url": mask_url(self._base_url), "title": visible(title)[:100]}
            self.setup = {**shown, "operations": labels}

        def tell(self, text: str, *, running: bool) -> None:
            """Show *text* as how it stands, and whether a request is under way."""
            self._running = running
            history = [label for label, _ in self._past]
            self.send({"type": "state", "running": running, "text": text, "history": history})

        # Called by the page

        def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
            # Perhaps in a thread of the kernel's that is not the loop's.
            self.calls.call(self._answer, content)

        def _failed(self, error: Exception) -> None:
            self.tell(visible(f"{type(error).__name__}: {error}")[:500], running=self._running)

        def _answer(self, content: Mapping[str, Any]) -> None:
            """Answer one question of the page."""
            asked = {"id": content.get("id")}
            try:
                self.send({**asked, **self._answer_to(content)})
            except FormError as error:
                problem = {"field": error.field, "text": visible(str(error))[:1_000]}
                self.send({**asked, "problem": problem})
            except (LookupError, ValueError, TypeError) as error:
                text = visible(f"{error}")[:1_000]
                self.send({**asked, "problem": {"field": "", "text": text}})

        def _answer_to(self, content: Mapping[str, Any]) -> dict[str, Any]:
            kind = content.get("type")
            if kind == "restore":
                history = [label for label, _ in self._past]
                return {"form": self._form, "history": history, "running": self._running}
            if kind == "send":
                self._submit(content["form"])
            elif kind == "cancel":
                self._cancel()
            elif kind == "refill":
                return {"form": self._past[int(content["index"])][1]}
            elif kind == "operation":
                form, note = self._operations[int(content["index"])].fill()
                return {"form": form, "note": visible(note)[:2_000]}
            elif kind == "code":
                draft = read_form(content["form"], self._base_url)
                return {"code": _WRITERS[content["kind"]](draft.parts())}
            elif kind == "cell":
                return {"text": _next_cell(str(content["code"]))}
            return {}

        def _submit(self, form: Mapping[str, Any]) -> None:
            draft = read_form(form, self._base_url)
            if self._running:
                return
            if not self.calls.has_loop:
                raise FormError("url", "No event loop runs here: await nh.get(…) in a coroutine.")
            self._form = without_secrets(form)
            label = visible(f"{draft.method} {mask_url(draft.url)}")[:200]
            # Once in the list: the same again moves to the front.
            others = [past for past in self._past if past[1] != self._form]
            self._past = [(label, self._form), *others][:_MOST_HISTORY]
            self._begin(draft)

    return RequestForm


def _next_cell(code: str) -> str:
    """Have the shell propose *code* for a cell; return when that comes."""
    shell = running_shell()
    propose = getattr(shell, "set_next_input", None)
    if propose is None:
        return "There is no notebook here: copy it."
    propose(code)
    # The page is told with the end of a cell, and none is running.
    return "It comes as a new cell below the next one that you run."
