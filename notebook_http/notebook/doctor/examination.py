"""`await nh.doctor()`: look at all that requests and servers of a notebook depend on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from notebook_http.notebook.doctor import loop_checks, network, surroundings, versions
from notebook_http.notebook.doctor.check import Check, Finding, in_thread, run_check
from notebook_http.notebook.doctor.report import Report
from notebook_http.notebook.pending_call import explains_itself

__all__ = ["doctor"]

_Look = Callable[[], Awaitable[Finding]]


@explains_itself("nh.doctor()", "nothing was looked at", Report)
async def doctor() -> Report:
    """Return a report on versions, event loop, Stop button, front end, proxies, TLS and loopback.

    It takes at most 2 s while the event loop is not blocked, never raises (a check that fails is
    a line of the report) and sends nothing beyond this machine. `report.ok` tells whether no
    check failed; each one that did has the command or setting that mends it in `.fix`.
    """
    # Alone: what the others do would be measured with it.
    lag = await run_check("event-loop lag", loop_checks.lag)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run_check(subject, look)) for subject, look in _looks()]
    checks: list[Check] = [task.result() for task in tasks]
    after = next(at for at, check in enumerate(checks) if check.subject == "nest_asyncio")
    return Report([*checks[: after + 1], lag, *checks[after + 1 :]])


def _looks() -> list[tuple[str, _Look]]:
    """Return the checks that do not disturb one another, in the order of the report."""
    packages: list[tuple[str, _Look]] = [
        (name, partial(in_thread, partial(versions.package_version, name)))
        for name in versions.PACKAGES
    ]
    return [
        ("Python", partial(in_thread, versions.python_version)),
        *packages,
        ("event loop", loop_checks.loop_kind),
        ("nest_asyncio", loop_checks.nest_asyncio),
        ("Stop button", loop_checks.stop_button),
        ("extension", surroundings.extension),
        ("front end", surroundings.front_end),
        ("jupyter-server-proxy", surroundings.server_proxy),
        ("proxies", network.proxies),
        ("certificates", network.certificates),
        ("loopback", network.loopback),
        ("localhost", network.localhost),
        ("clock", loop_checks.clock),
        ("NOTEBOOK_HTTP_OFFLINE", surroundings.offline),
    ]
