"""Headers whose text hides secrets: what a cell shows whose value is `r.headers`."""

from __future__ import annotations

from multidict import CIMultiDictProxy

from notebook_http.notebook.display.html import visible
from notebook_http.wire.secrets import mask_headers

__all__ = ["ShownHeaders"]


class ShownHeaders(CIMultiDictProxy[str]):
    """Headers as they were sent, by any case of their names; only their repr is masked."""

    def __repr__(self) -> str:
        pairs = ", ".join(f"{name!r}: {value!r}" for name, value in mask_headers(self))
        return visible(f"<{type(self).__name__}({pairs})>")
