"""`%load_ext notebook_http`: what the extension puts into a shell, and takes out again.

Put in: the magics and the transformer that awaits them, the wake-up behind the Stop button, short
errors, the hint about `asyncio.run`. Loading twice changes nothing, and unloading leaves nothing
behind. Nothing heavy is imported: no pandas, no widgets, before a cell asks for them.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from notebook_http.client import exceptions as failures
from notebook_http.notebook.asyncio_run_hint import add_hint
from notebook_http.notebook.cell_errors import look_at_errors
from notebook_http.notebook.display.error import short_if_ours, short_if_refused, show_errors_short
from notebook_http.notebook.display.error_chain import without_our_part
from notebook_http.notebook.frames.exceptions import FrameError
from notebook_http.notebook.magics.awaiting import await_magics
from notebook_http.notebook.magics.completion import register_completion
from notebook_http.notebook.magics.exceptions import ReplyAssertionError
from notebook_http.notebook.magics.http import MAGIC_NAMES, http_magic
from notebook_http.notebook.magics.trace_cell import register_trace
from notebook_http.notebook.settings import (
    NotebookHTTP,
    register_config_magic,
    register_settings,
)
from notebook_http.notebook.shell import Shell
from notebook_http.notebook.source_errors import SourceSyntaxError
from notebook_http.notebook.stop_button import as_keyboard_interrupt, wake_on_stop
from notebook_http.notebook.widgets.open_views import close_views

if TYPE_CHECKING:
    from notebook_http.notebook.client import Client, PendingRequest
    from notebook_http.notebook.interchange.curl_command import CurlCommand
    from notebook_http.notebook.magics.trace_cell import Trace

__all__ = ["is_extension_loaded", "load_ipython_extension", "unload_ipython_extension"]

# What each shell has to undo. Several shells in one process happen in tests, and when embedding.
_loaded: WeakKeyDictionary[Shell, contextlib.ExitStack] = WeakKeyDictionary()
_SHORT_ERRORS = (
    failures.ClientError,
    failures.TotalTimeoutError,
    SourceSyntaxError,
    ReplyAssertionError,
    FrameError,
)
# The classes are shared by all shells: changed by the first, restored by the last.
_short_errors = contextlib.ExitStack()


def load_ipython_extension(shell: Shell) -> None:
    """Put the extension into *shell*, as `%load_ext notebook_http` does; twice is fine."""
    if shell in _loaded:
        return
    if not _loaded:
        _short_errors.callback(show_errors_short(_SHORT_ERRORS))
    with contextlib.ExitStack() as undo:
        # On failure half-way this `with` takes out what is in already.
        undo.callback(_register_magics(shell))
        undo.callback(_await_magics_of(shell))
        undo.callback(_settle_default_client)
        undo.callback(register_settings(shell, _settle_default_client))
        undo.callback(register_config_magic(shell))
        undo.callback(register_completion(shell, _hosts_seen))
        undo.callback(register_trace(shell, _new_trace))
        looks = [_show_stop, _show_hint, _show_refusal, without_our_part]
        undo.callback(look_at_errors(shell, looks))
        undo.callback(wake_on_stop(shell))
        undo.callback(close_views)
        undo.callback(_close_websockets)
        _loaded[shell] = undo.pop_all()


def is_extension_loaded(shell: Shell) -> bool:
    """Return whether the extension is in *shell*."""
    return shell in _loaded


def unload_ipython_extension(shell: Shell) -> None:
    """Take out of *shell* whatever `load_ipython_extension` put in. Without it: nothing to do."""
    undo = _loaded.pop(shell, None)
    if undo is not None:
        undo.close()
    if not _loaded:
        _short_errors.close()


def _register_magics(shell: Shell) -> Callable[[], None]:
    manager = shell.magics_manager
    kinds = ("line", "cell")
    before = {kind: manager.magics[kind].get("http") for kind in kinds}
    manager.register_function(
        http_magic(shell, _request, _run_command, _takes_paths), "line_cell", "http"
    )

    def undo() -> None:
        for kind in kinds:
            if before[kind] is None:
                manager.magics[kind].pop("http", None)
            else:
                manager.magics[kind]["http"] = before[kind]
        # IPython keeps functions as attributes of an object of its own, too.
        vars(manager.user_magics).pop("http", None)

    return undo


def _request(method: str, url: str, **options: Any) -> PendingRequest:
    # Imported when the first request is sent, not at load: it brings cards and frames along.
    from notebook_http.notebook.client import default_client

    return default_client().request(method, url, **options)


def _run_command(command: CurlCommand, client: Client | None) -> PendingRequest:
    from notebook_http.notebook.client import default_client
    from notebook_http.notebook.pasted_curl import request_of

    return request_of(command, client or default_client())


def _settle_default_client(settings: NotebookHTTP | None = None) -> None:
    """Let the default client have *settings*; without them it is as ever."""
    arguments = settings.session_arguments() if settings is not None else {}
    options = settings.request_options() if settings is not None else {}
    if not arguments and not options and "notebook_http.notebook.client" not in sys.modules:
        return  # it will be as ever; loading the extension does not load it
    from notebook_http.notebook.client import Client, make_default_by

    if not arguments and not options:
        make_default_by(Client)
        return
    from notebook_http.notebook.configured_client import ConfiguredClient

    make_default_by(partial(ConfiguredClient, options, **arguments))


def _takes_paths() -> bool:
    """Return whether the default client has a base URL."""
    from notebook_http.notebook.client import default_client

    return default_client().has_base_url


def _hosts_seen() -> list[str]:
    """Return the origins that this kernel's clients asked, the last one last; no credentials."""
    from yarl import URL

    from notebook_http.notebook.history import history

    origins: dict[str, None] = {}
    for exchange in history():
        try:
            origin = str(URL(exchange.request.url).origin())
        except ValueError:
            continue
        origins.pop(origin, None)
        origins[origin] = None
    return list(origins)


def _new_trace() -> Trace:
    from notebook_http.notebook.traced_requests import Trace

    return Trace()


def _await_magics_of(shell: Shell) -> Callable[[], None]:
    def awaiting(lines: list[str]) -> list[str]:
        return await_magics(lines, MAGIC_NAMES)

    shell.input_transformers_post.append(awaiting)

    def undo() -> None:
        with contextlib.suppress(ValueError):
            shell.input_transformers_post.remove(awaiting)

    return undo


def _close_websockets() -> None:
    console = sys.modules.get("notebook_http.notebook.websockets.console")
    if console is not None:
        console.close_consoles()


def _show_stop(error: BaseException) -> BaseException | None:
    shown = as_keyboard_interrupt(error)
    return None if shown is None else short_if_ours(shown)


def _show_hint(error: BaseException) -> None:
    add_hint(error)


def _show_refusal(error: BaseException) -> None:
    short_if_refused(error)
