"""Mask registered secrets in all that this kernel shows: prints, values, displays, errors, widgets.

A secret in an f-string is plain text to Python: `f"Bearer {token}"` as the last line of a cell
would show it. All that a kernel shows leaves through one method of its session; it is looked
through there, for registered values only. The first `nh.secret` puts this in: kernels without
secrets stay as they are.
"""

from __future__ import annotations

from typing import Any

from notebook_http.notebook.shell import running_shell
from notebook_http.wire.registered_secrets import mask_registered

__all__ = ["mask_output"]

# What is shown, or becomes part of the saved notebook. Not the code of cells, which is sent back
# as it came: whoever types a secret into a cell has saved it already.
_SHOWING = frozenset(
    {"stream", "display_data", "execute_result", "update_display_data", "error"}
    | {"comm_open", "comm_msg", "execute_reply", "inspect_reply", "complete_reply"}
    | {"input_request", "debug_reply"}
)
# Widgets nest no deeper; what does is JSON that a front end could not show.
_DEPTH = 50


def mask_output() -> None:
    """Look through what this process's kernel shows from now on. Idempotent; needs no kernel."""
    session = getattr(getattr(running_shell(), "kernel", None), "session", None)
    if session is None or getattr(session.send, "masks_secrets", False):
        return
    send = session.send

    def masking(stream: Any, what: Any, content: Any = None, *args: Any, **named: Any) -> Any:
        """Send a message, masked if it is one that shows something."""
        if isinstance(what, dict):
            if what.get("header", what).get("msg_type") in _SHOWING:
                what = {**what, "content": _masked(what.get("content"), _DEPTH)}
        elif what in _SHOWING:
            content = _masked(content, _DEPTH)
        return send(stream, what, content, *args, **named)

    masking.masks_secrets = True  # type: ignore[attr-defined]
    session.send = masking


def _masked(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return mask_registered(value)
    if depth == 0:
        return value
    if isinstance(value, dict):
        return {_masked(key, 0): _masked(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, depth - 1) for inner in value]
    return value
