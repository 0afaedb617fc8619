"""Send what a magic asks for, and show what comes back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.magics.answer import Answer, Request
from notebook_http.notebook.magics.assertions import Finding, findings_bundle
from notebook_http.notebook.magics.exceptions import ReplyAssertionError
from notebook_http.notebook.magics.plan import Plan
from notebook_http.notebook.magics.preview import NOT_SENT, parts_of, preview
from notebook_http.notebook.magics.replies import Replies
from notebook_http.notebook.magics.request_cell import ParsedRequest
from notebook_http.notebook.shell import Shell
from notebook_http.notebook.shown_replies import note_shown

if TYPE_CHECKING:
    from notebook_http.notebook.interchange.request_parts import RequestParts

__all__ = ["is_preview", "send", "send_all", "show_preview", "shown_answer"]

# Replies that later cells can name: more than anybody names by hand.
_MOST_KEPT = 100
# Assertions that an error lists; all are shown below their card.
_MOST_LINES = 6


def send(parsed: ParsedRequest, request: Request, options: dict[str, object]) -> Awaitable[Answer]:
    """Return what is awaited for the reply to *parsed*, which *request* sends as *options* say."""
    arguments = parsed.arguments()
    if "timeout" in options:
        arguments["timeout"] = options["timeout"]
    if "follow" in options or "no-follow" in options:
        arguments["allow_redirects"] = "follow" in options
    if "fail" in options:
        arguments["raise_for_status"] = True
    return request(parsed.method, parsed.url, **arguments)


async def shown_answer(answer: Awaitable[Answer], options: dict[str, object], shell: Shell) -> Any:
    """Return what a magic gives for *answer*: the reply, or what its *options* make of it."""
    reply = await answer
    if "verbose" in options:
        _show_request(reply)
    return _kept_result(_result(reply, options), options, shell)


def show_preview(parts: RequestParts, options: dict[str, object]) -> None:
    """Show what would be sent, as `--dry-run` or `--curl` ask for it."""
    _display({"text/plain": preview(parts, as_curl="curl" in options)}, raw=True)


def is_preview(options: dict[str, object]) -> bool:
    """Return whether nothing is to be sent."""
    return "dry-run" in options or "curl" in options


def _show_request(reply: Answer) -> None:
    sent = preview(reply.request.parts(), as_curl=False).replace(NOT_SENT, "# Sent")
    _display({"text/plain": sent}, raw=True)


async def send_all(plan: Plan, shell: Shell, request: Request, kept: dict[str, Answer]) -> Any:
    """Send the requests of *plan* one after the other; return the reply, or all of several.

    Replies of requests with a name go into *kept*. Of several requests each reply is shown when it
    comes; the first one that fails ends it, and its error says which it is.

    Raises:
        ReplyAssertionError: a reply is not what a line asserts; when all are shown.
    """
    results: list[tuple[str, Any]] = []
    findings: list[Finding] = []
    several = len(plan.blocks) > 1
    for index, block in enumerate(plan.blocks):
        try:
            parsed = plan.read(index)
            if is_preview(plan.options):
                show_preview(parts_of(parsed), plan.options)
                continue
            reply = await send(parsed, request, plan.options)
            if "verbose" in plan.options:
                _show_request(reply)
            result = _result(reply, plan.options)
        except Exception as error:
            if several:
                rest = len(plan.blocks) - index - 1
                behind = f"; the {rest} behind it were not sent" if rest > 1 else ""
                behind = "; the one behind it was not sent" if rest == 1 else behind
                error.add_note(f"This was {plan.words(index)}{behind}.")
            raise
        if block.name:
            plan.replies[block.name] = reply
            _keep(block.name, reply, kept)
        results.append((block.name, result))
        assertions = plan.assertions[index]
        if several or assertions:
            _display(result)
        if assertions:
            found = [each.check(reply, plan.scope) for each in assertions]
            _display(findings_bundle(found), raw=True)
            findings += found
    if is_preview(plan.options):
        return None
    value = Replies(results) if several else results[0][1]
    kept_value = _kept_result(value, plan.options, shell)
    _raise_for(findings)
    if findings and not several and value is not None and not {"df", "rows"} & set(plan.options):
        note_shown(value)  # above what was asserted of it
    return kept_value


def _raise_for(findings: list[Finding]) -> None:
    failed = [finding for finding in findings if not finding.holds]
    if failed:
        lines = [f"line {finding.line}: {finding}" for finding in failed[:_MOST_LINES]]
        if len(failed) > _MOST_LINES:
            lines.append(f"and {len(failed) - _MOST_LINES} more")
        count = f"{len(failed)} of {len(findings)} assertions failed"
        raise ReplyAssertionError("\n".join([count, *lines]))


def _result(reply: Answer, options: dict[str, object]) -> Any:
    if "df" not in options and "rows" not in options:
        return reply
    frame = reply.df(str(options["df"]) if options.get("df") else None)
    rows = options.get("rows")
    return frame.head(rows) if rows is not None else frame


def _kept_result(result: Any, options: dict[str, object], shell: Shell) -> Any:
    if name := options.get("into"):
        shell.push({str(name): result})
    return result


def _keep(name: str, reply: Answer, kept: dict[str, Answer]) -> None:
    kept.pop(name, None)
    kept[name] = reply
    while len(kept) > _MOST_KEPT:
        del kept[next(iter(kept))]


def _display(value: Any, *, raw: bool = False) -> None:
    from IPython.display import display

    display(value, raw=raw)
