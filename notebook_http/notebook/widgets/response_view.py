"""Show an exchange in tabs: Body, Table, Headers, Timing.

Thin: the tabs hold the card's own parts, with more room. All text in them is escaped HTML; nothing
a server sent is run. Works with ipywidgets 7.7 (which Colab has) and 8. Beside the live widget its
output carries the card as HTML and plain text: that is what a reader without a kernel sees.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from notebook_http.notebook.display.body_preview import preview_html, table_html
from notebook_http.notebook.display.card import CardFacts, card_bundle, headers_html
from notebook_http.notebook.display.html import Html, tag
from notebook_http.notebook.display.size_budget import IMAGE_BYTES
from notebook_http.notebook.display.timings_bar import steps_of, timings_table

__all__ = ["response_view"]

# Each tab lives in the notebook's widget state when that is saved: four times a card's body, or
# one image of the greatest size shown (base64 makes 3 bytes 4).
_TAB_BYTES = 160_000
_IMAGE_TAB_BYTES = IMAGE_BYTES * 4 // 3 + 4_000
_TABLE_ROWS = 200
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def response_view(facts: CardFacts) -> Any:
    """Return an `ipywidgets.Tab` of the exchange *facts*, secrets masked.

    ipywidgets is imported by the first call.
    """
    import ipywidgets

    tabs = {
        "Body": preview_html(facts.body, max(_TAB_BYTES, _IMAGE_TAB_BYTES), table=False),
        "Table": table_html(facts.body, _TABLE_ROWS, _TAB_BYTES)
        or tag("div", "There are no rows in this body: r.df() says why."),
        "Headers": headers_html(facts),
        "Timing": _timing(facts),
    }
    view = _view_class()(children=[ipywidgets.HTML(value=str(html)) for html in tabs.values()])
    for index, title in enumerate(tabs):
        view.set_title(index, title)
    view.static_card = card_bundle(facts)
    return view


def _timing(facts: CardFacts) -> Html:
    if facts.timings is None or not steps_of(facts.timings):
        return tag("div", "Nobody measured this exchange.")
    return timings_table(facts.timings)


@lru_cache(maxsize=1)
def _view_class() -> Any:
    """Return the `Tab` whose output also carries the static card; made when first needed."""
    import ipywidgets

    class ResponseView(ipywidgets.Tab):  # type: ignore[misc]  # ipywidgets has no types
        """Tabs over one exchange."""

        static_card: dict[str, str] = {}

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
