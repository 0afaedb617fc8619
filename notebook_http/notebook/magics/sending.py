"""Send what a magic asks for, and show what comes back."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from notebook_http.notebook.magics.answer import Answer, Request
from notebook_http.notebook.magics.assertions import Finding, findings_bundle
from notebook_http.notebook.magics.exceptions import ReplyAssertionError
from notebook_http.notebook.magics.plan import Plan
from notebook_http.notebook.magics.replies import Replies
from notebook_http.notebook.magics.request_cell import ParsedRequest
from notebook_http.notebook.shell import Shell
from notebook_http.notebook.shown_replies import note_shown

__all__ = ["send", "send_all", "shown_answer"]

# Replies that later cells can name: more than anybody names by hand.
_MOST_KEPT = 100
# Assertions that an error lists; all are shown below their card.
_MOST_LINES = 6


def send(parsed: ParsedRequest, request: Request) -> Awaitable[Answer]:
    """Return what is awaited for the reply to *parsed*, which *request* sends."""
    return request(parsed.method, parsed.url, **parsed.arguments())


async def shown_answer(answer: Awaitable[Answer], options: dict[str, object], shell: Shell) -> Any:
    """Return what a magic gives for *answer*: the reply, or what its *options* make of it."""
    return _kept_result(_result(await answer, options), options, shell)


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
            reply = await send(plan.read(index), request)
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
    value = Replies(results) if several else results[0][1]
    kept_value = _kept_result(value, plan.options, shell)
    _raise_for(findings)
    if findings and not several and "df" not in plan.options:
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
    return reply.df() if options.get("df") else reply


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
