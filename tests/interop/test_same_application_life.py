"""The same applications started and ended by either library: what runs when, and what fails."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import warnings
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from tests.interop.same_objects import LIBRARIES, web_of

HOOKS = ("startup", "shutdown", "cleanup")
NAMES = ("outer", "inner", "innermost")


class Failing(NamedTuple):
    """Where an application fails: which application, in what, and with what."""

    app: str
    where: str
    kind: str


ERRORS: dict[str, type[BaseException]] = {
    "error": LookupError,
    "http": RuntimeError,
    "cancel": asyncio.CancelledError,
}


class Life:
    """Three applications inside of each other, with everything around them that notes its turn."""

    def __init__(self, library: str, failing: list[Failing]) -> None:
        self.web = web_of(library)
        self.failing = failing
        self.notes: list[str] = []
        self.apps = [self.application(name) for name in NAMES]
        self.apps[1].add_subapp("/innermost", self.apps[2])
        self.apps[0].add_subapp("/inner", self.apps[1])
        self.late(self.apps[0])

    def note(self, name: str, where: str) -> None:
        self.notes.append(f"{name} {where}")
        for failing in self.failing:
            if (failing.app, failing.where) == (name, where):
                self.notes.append(f"  {failing.kind}")
                raise ERRORS[failing.kind]

    def application(self, name: str) -> Any:
        app = self.web.Application()
        for hook in HOOKS:
            getattr(app, f"on_{hook}").append(self.hook(name, hook))

        async def generator(app: Any) -> AsyncIterator[None]:
            self.note(name, "generator up")
            yield
            self.note(name, "generator down")

        @contextlib.asynccontextmanager
        async def manager(app: Any) -> AsyncIterator[None]:
            self.note(name, "manager up")
            yield
            self.note(name, "manager down")

        class Manager(contextlib.AbstractAsyncContextManager):  # type: ignore[type-arg]
            def __init__(self, app: Any) -> None: ...

            async def __aenter__(own) -> None:
                self.note(name, "class up")

            async def __aexit__(own, *error: object) -> None:
                self.note(name, "class down")

        app.cleanup_ctx.extend([generator, manager, Manager])
        return app

    def hook(self, name: str, where: str) -> Any:
        async def hook(app: Any) -> None:
            assert app is self.apps[NAMES.index(name)]
            self.note(name, where)

        return hook

    def late(self, app: Any) -> None:
        """Add what comes behind the nested applications."""

        async def late(app: Any) -> None:
            self.note("outer", "late startup")

        app.on_startup.append(late)

    async def live(self) -> list[str]:
        """Set up, serve one connection, clean up; return what was noted, errors included."""
        runner = self.web.AppRunner(self.apps[0], access_log=None, shutdown_timeout=1.0)
        try:
            await runner.setup()
            self.notes.append("up")
        except (Exception, asyncio.CancelledError) as error:
            self.notes.append(f"setup: {type(error).__name__}")
        try:
            await runner.cleanup()
            self.notes.append("down")
        except (Exception, asyncio.CancelledError) as error:
            self.notes.append(f"cleanup: {type(error).__name__}")
            for each in getattr(error, "exceptions", ()):
                self.notes.append(f"  of {type(each).__name__}")
        return self.notes


def lives(failing: list[Failing]) -> tuple[list[str], list[str]]:
    theirs, ours = (asyncio.run(Life(library, failing).live()) for library in LIBRARIES)
    return theirs, ours


DOWN = ("generator down", "manager down", "class down")
UP = ("generator up", "manager up", "class up")
PLACES = (*HOOKS, *UP, *DOWN)


def check(failing: list[Failing]) -> None:
    """See that both lived the same, but for what aiohttp forgets to take down.

    That is everything behind a failing `on_shutdown`, and the contexts of nested applications
    when one of them fails to start: ours takes down all that was set up, once.
    """
    theirs, ours = lives(failing)
    rest = iter(ours)
    missing = [line for line in theirs if line not in rest]
    more = list(ours)
    for line in theirs:
        if line in more:
            more.remove(line)
    broke_off = any(f"{name} shutdown" in line for name in NAMES for line in before(theirs))
    nested = any(line.startswith("setup: ") for line in theirs)
    if broke_off or nested:
        # What is taken down besides may fail as well, which is how it ends then.
        assert all(line == "down" or "cleanup: " in line for line in missing), (failing, theirs)
    else:
        assert theirs == ours, failing
    for line in more:
        name, _, what = line.partition(" ")
        assert what in (*DOWN, "cleanup") or line.startswith(("  ", "cleanup:")), (failing, line)
        if what in DOWN:
            assert f"{name} {what.replace('down', 'up')}" in ours
    for line in set(ours):
        if line.endswith(" down") and line != "down":
            assert ours.count(line) == 1, (failing, ours)


def before(notes: list[str]) -> list[str]:
    """Return the lines in front of which something failed."""
    return [line for line, following in itertools.pairwise(notes) if following.startswith("  ")]


def test_the_order_of_a_life() -> None:
    """Contexts before `on_startup`, nested applications behind; down from the outside."""
    theirs, ours = lives([])
    assert ours == theirs
    assert ours[:4] == ["outer generator up", "outer manager up", "outer class up", "outer startup"]
    assert ours.index("up") < ours.index("outer shutdown") < ours.index("outer class down")
    assert ours[-1] == "down"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_one_failure(name: str, where: str, kind: str) -> None:
    """Anywhere, of any kind: what runs before it, behind it, and what is raised."""
    check([Failing(name, where, kind)])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.builds(
            Failing,
            st.sampled_from(NAMES),
            st.sampled_from(PLACES),
            st.sampled_from(sorted(ERRORS)),
        ),
        max_size=4,
        unique_by=lambda failing: failing[:2],
    )
)
def test_several_failures(failing: list[Failing]) -> None:
    """They do not keep each other from being seen."""
    check(failing)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("contexts", "expected"),
    [
        (["generator"], "LookupError"),
        (["generator", "manager"], "CleanupError 2"),
        (["generator", "manager", "class"], "CleanupError 3"),
    ],
)
def test_what_several_contexts_raise(library: str, contexts: list[str], expected: str) -> None:
    """One error as it is, several in a `CleanupError`."""
    failing = [Failing("outer", f"{context} down", "error") for context in contexts]
    notes = asyncio.run(Life(library, failing).live())
    raised = [line for line in notes if line.startswith("cleanup: ")]
    several = sum(line.startswith("  of ") for line in notes)
    assert raised == [f"cleanup: {expected.split()[0]}"]
    assert several == (int(expected.split()[1]) if " " in expected else 0)


WRONG_CONTEXTS = {
    "no function": "5",
    "no generator": "lambda app: 5",
    "a coroutine": "coroutine",
    "two yields": "two",
    "no yield is reached": "none",
}


@pytest.mark.parametrize("wrong", WRONG_CONTEXTS)
def test_what_is_no_context(wrong: str) -> None:
    """Fails in the same phase; where aiohttp stumbles, ours says what is wrong."""

    async def coroutine(app: Any) -> None: ...

    async def two(app: Any) -> AsyncIterator[None]:
        yield
        yield

    async def none(app: Any) -> AsyncIterator[None]:
        if app is None:
            yield

    names = {"coroutine": coroutine, "two": two, "none": none}
    found = []
    for library in LIBRARIES:
        life = Life(library, [])
        life.apps[0].cleanup_ctx.append(eval(WRONG_CONTEXTS[wrong], names))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # aiohttp awaits no coroutine there
            notes = asyncio.run(life.live())
            gc.collect()
        found.append([line for line in notes if line.startswith(("setup: ", "cleanup: "))])
    theirs, ours = found
    assert [line.partition(":")[0] for line in theirs] == [line.partition(":")[0] for line in ours]
    if wrong in ("two yields", "no yield is reached"):
        assert theirs == ours
        assert [line.partition(": ")[2] for line in ours] == ["RuntimeError"]
    else:
        assert ours == ["setup: TypeError"]
