"""`%http` and `%%http`: ask for a URL from a line or a cell.

The magics read their line at once, so that a slip is shown at once, and return a coroutine that
sends when it is awaited. `awaiting` puts the `await` there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.magics.answer import Request
from notebook_http.notebook.magics.curl_cell import is_curl_cell, read_curl_cell
from notebook_http.notebook.magics.options import options_help
from notebook_http.notebook.magics.plan import plan_cell, plan_file
from notebook_http.notebook.magics.preview import parts_of, parts_of_command
from notebook_http.notebook.magics.request_cell import ParsedRequest, read_line, read_only_line
from notebook_http.notebook.magics.scope import Scope
from notebook_http.notebook.magics.sending import (
    is_preview,
    send,
    send_all,
    show_preview,
    shown_answer,
)
from notebook_http.notebook.shell import Shell

if TYPE_CHECKING:
    from notebook_http.notebook.interchange.curl_command import CurlCommand
    from notebook_http.notebook.magics.answer import Answer

__all__ = ["MAGIC_NAMES", "http_magic"]

MAGIC_NAMES = frozenset({"http"})

_HELP = """Send a request and show the reply.

    %http [METHOD] URL [items] [options]
    reply = %http [METHOD] URL [items] [options]

    %%http [options]
    METHOD URL
    Header: value

    body

    %%http [options]
    curl URL [flags]

Several requests in a cell stand apart by lines of ###. Their replies are shown one by one; the
value is all of them, in order and by name.

    @host = :3000                                a variable: {{host}}
    ### Log in
    # @name login
    POST {{host}}/login

    {"user": {{user}}, "password": {{$dotenv PASSWORD}}}
    ?? status == 200
    ###
    GET {{host}}/items
        ?page=1
        &size=50
    Authorization: Bearer {{login.response.body.$.token}}

{{login.response.body.$.a[0].b}}, .headers.Name, .status and {{login.request…}} also in later cells.
{{$guid}} {{$timestamp}} {{$randomInt 1 10}} {{$datetime iso8601}} {{$dotenv NAME}}
{{$processEnv NAME}} make values. ?? lines assert: status, reason, url, duration (ms), header NAME
and body [$.path], with == != < <= > >= contains startsWith endsWith exists, and not in front.
< file as the body sends a file, <@ file one with templates.

URL    without a scheme it is http:// on this machine (:3000/path, localhost, 127.0.0.1),
       https:// everywhere else
METHOD may be left out: GET, or POST when there is something to send
items  Header:value  query==value  key=value  key:=json  (the last two make a JSON body)

{expr} and {{expr}} on the magic's line, and {{expr}} in the cell below it, are replaced by the
value of the Python expression. A value is one word, whatever is in it. \\{ is a brace.

A curl command may stand in the cell as it was copied (bash, cmd.exe, PowerShell). {{expr}} in it is
replaced as well if the notebook has its names; other braces are the command's own.

Options:
"""


# What sends a curl command with a client, or the default one if it is None:
# `notebook.pasted_curl.request_of`.
RunCommand = Callable[["CurlCommand", Any], Awaitable[Any]]


def http_magic(
    shell: Shell,
    request: Request,
    run: RunCommand,
    takes_paths: Callable[[], bool] = lambda: False,
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return the function of `%http` and `%%http` in *shell*, to be registered as `line_cell`.

    *request* sends what the magic reads, *run* the curl commands; *takes_paths* says whether a URL
    may be a path only.

    It raises MagicSyntaxError for what cannot be read, before anything is sent, and returns a
    coroutine that gives the Reply, or the DataFrame with `--df`. Cancelling it ends the request
    like cancelling the client's own; the variable of `--into` is then left alone.
    """
    kept: dict[str, Answer] = {}  # of earlier cells, by the names of their requests

    def http(
        line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Coroutine[Any, Any, Any]:
        namespace = shell.user_ns
        if local_ns is not None and local_ns is not namespace:
            # In an `async def` of a cell its own variables come first.
            namespace = {**namespace, **local_ns}
        folder = Path.cwd()
        scope = Scope(namespace, kept=kept, folder=folder)
        scope.default_takes_paths = takes_paths()
        if cell is None:
            first = read_only_line(line, scope)
            if "file" in first.options:
                plan = plan_file(line, first, scope)
                return send_all(plan, shell, _sender(plan.scope, request), kept)
            return _send_line(read_line(line, scope, first), scope, shell, request)
        if is_curl_cell(cell):
            options, command = read_curl_cell(line, cell, scope)
            return _send_command(command, options, scope, shell, run)
        plan = plan_cell(line, cell, scope)
        return send_all(plan, shell, _sender(plan.scope, request), kept)

    http.__doc__ = _HELP + options_help()
    # What IPython's decorators `no_var_expand` and `needs_local_scope` set, by their names in
    # every version since 7.17: `$` and braces come to us as they were typed.
    http._ipython_magic_no_var_expand = True  # type: ignore[attr-defined]
    http.needs_local_scope = True  # type: ignore[attr-defined]
    return http


def _sender(scope: Scope, request: Request) -> Request:
    """Return what sends: the client of `--client`, or else *request*."""
    return request if scope.client is None else scope.client.request


async def _send_line(parsed: ParsedRequest, scope: Scope, shell: Shell, request: Request) -> Any:
    if is_preview(parsed.options):
        return show_preview(parts_of(parsed), parsed.options)
    answer = send(parsed, _sender(scope, request), parsed.options)
    return await shown_answer(answer, parsed.options, shell)


async def _send_command(
    command: CurlCommand, options: dict[str, object], scope: Scope, shell: Shell, run: RunCommand
) -> Any:
    if "follow" in options or "no-follow" in options:
        command = replace(command, follow="follow" in options)
    if "fail" in options:
        command = replace(command, fail=True)
    if "timeout" in options:
        command = replace(command, max_time=float(str(options["timeout"])))
    if is_preview(options):
        return show_preview(parts_of_command(command), options)
    return await shown_answer(run(command, scope.client), options, shell)
