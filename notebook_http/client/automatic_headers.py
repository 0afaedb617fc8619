"""Headers that every request gets unless somebody says otherwise."""

from __future__ import annotations

import sys

from multidict import CIMultiDict

from notebook_http import hdrs
from notebook_http._version import __version__
from notebook_http.wire.content_coding import accept_encoding

__all__ = ["USER_AGENT", "with_automatic"]

USER_AGENT = f"Python/{sys.version_info[0]}.{sys.version_info[1]} notebook-http/{__version__}"


def with_automatic(
    headers: CIMultiDict[str], *, connection: str = "", skipped: frozenset[str] = frozenset()
) -> CIMultiDict[str]:
    """Return *headers* and, behind them, the automatic ones that they lack.

    Args:
        headers: left as they are.
        connection: the value of `Connection`, "" for none.
        skipped: names in lower case that are not added.
    """
    complete = CIMultiDict(headers)
    for name, value in (
        (hdrs.ACCEPT, "*/*"),
        (hdrs.ACCEPT_ENCODING, accept_encoding()),
        (hdrs.USER_AGENT, USER_AGENT),
        (hdrs.CONNECTION, connection),
    ):
        if value and name not in complete and name.lower() not in skipped:
            complete[name] = value
    return complete
