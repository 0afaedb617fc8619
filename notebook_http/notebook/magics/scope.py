"""What the expressions of a magic may name: the notebook's variables, and those of `.http` text.

Python's names come from the notebook. `@host = …` lines and `# @name login` bring names of their
own, which win in the cell that has them; replies of earlier cells stay known below theirs.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebook_http.notebook.magics.dynamic_variables import VariableError, dynamic_value
from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source
from notebook_http.notebook.magics.reply_values import REFERENCE, reply_value
from notebook_http.notebook.source_errors import nearest

if TYPE_CHECKING:
    from notebook_http.notebook.magics.answer import Answer

__all__ = ["Names", "Scope"]


class Scope:
    """The names that expressions may use.

    Args:
        namespace: the notebook's variables.
        replies: those of this cell's requests that were answered, by name; grows as they come.
        kept: those of earlier cells.
        awaited: the names of all requests of this cell.
        folder: where `.env` is looked for, and what files of bodies are relative to.
        only_looks: whether a word stands for each value: nothing is evaluated, names are checked.
    """

    __slots__ = (
        "_variables",
        "_working",
        "awaited",
        "client",
        "default_takes_paths",
        "elsewhere",
        "folder",
        "is_dry",
        "kept",
        "namespace",
        "only_looks",
        "replies",
    )

    def __init__(
        self,
        namespace: dict[str, Any],
        *,
        replies: Mapping[str, Answer] | None = None,
        kept: Mapping[str, Answer] | None = None,
        awaited: frozenset[str] = frozenset(),
        folder: Path | None = None,
        only_looks: bool = False,
    ) -> None:
        self.namespace = namespace
        self.replies = {} if replies is None else replies
        self.kept = {} if kept is None else kept
        self.awaited = awaited
        self.folder = folder
        self.only_looks = only_looks
        self.is_dry = False  # whether nothing is sent: replies that are missing get a word
        self.client: Any = None  # that of `--client`
        self.default_takes_paths = False
        self.elsewhere = ""  # how requests of the file that are not sent now can be
        self._variables: dict[str, Callable[[Scope], str]] = {}
        self._working: list[str] = []  # variables whose values are being made

    def define(self, name: str, value: Callable[[Scope], str]) -> None:
        """Let *name* be a variable of the text; its value is made whenever it is asked for."""
        self._variables[name] = value

    def looking(self) -> Scope:
        """Return the same names, of which nothing is evaluated."""
        scope = Scope(
            self.namespace,
            replies=self.replies,
            kept=self.kept,
            awaited=self.awaited,
            folder=self.folder,
            only_looks=True,
        )
        scope._variables = self._variables
        scope.client = self.client
        scope.default_takes_paths = self.default_takes_paths
        scope.elsewhere = self.elsewhere
        return scope

    @property
    def takes_paths(self) -> bool:
        """Whether a URL may be a path only."""
        if self.client is None:
            return self.default_takes_paths
        return bool(getattr(self.client, "has_base_url", False))

    def choose_client(self, name: str, source: Source) -> None:
        """Let the client in the notebook's variable *name* send.

        Raises:
            MagicSyntaxError: it is none; marks it in *source*.
        """
        client = self.namespace.get(name)
        if callable(getattr(client, "fetch", None)) and callable(getattr(client, "request", None)):
            self.client = client
            return
        clients = [
            each
            for each, value in self.namespace.items()
            if not each.startswith("_") and hasattr(type(value), "has_base_url")
        ]
        near = nearest(name, clients)
        at = source.text.rfind(name)
        what = "is no client" if name in self.namespace else "is not defined in this notebook"
        raise MagicSyntaxError(
            f"The client {name} {what}",
            source,
            (at, at + len(name)),
            expected=f"a variable: {name} = nh.Client(base_url=…)",
            hint=f"Did you mean {near}?" if near else "",
        )

    def own_value(self, source: str) -> tuple[object] | None:
        """Return the value of an expression that is no Python, in a tuple; None for Python.

        Raises:
            VariableError: it has none.
        """
        if source.startswith("$"):
            return (dynamic_value(source, self.folder or Path.cwd()),)
        if source in self._variables:
            return (self._variable(source),)
        found = REFERENCE.fullmatch(source)
        if found is None:
            return None
        name = found["name"]
        if name in self.replies:
            return (reply_value(self.replies[name], found),)
        if name in self.awaited and self.is_dry:
            return (f"<{source}>",)
        if name in self.awaited:
            message = f"the request {name} has no reply yet: it stands further down, or is this one"
            raise VariableError(message)
        if name in self.kept:
            return (reply_value(self.kept[name], found),)
        if name in self.namespace:
            return None
        raise self._no_request(name)

    def python_names(self, source: str) -> dict[str, Any]:
        """Return the globals for the Python expression *source*.

        Raises:
            VariableError: a variable of the text that it names has no value.
        """
        own: dict[str, Any] = {}
        if self._variables or self.replies:
            for name in _free_names(source):
                if name in self._variables:
                    own[name] = self._variable(name)
                elif name in self.replies:
                    own[name] = self.replies[name]
        return {**self.namespace, **own} if own else self.namespace

    def check(self, source: str) -> str:
        """Return the first name in *source* that nobody will know; "" if there is none.

        Raises:
            VariableError: it is no Python, and has no value.
        """
        if source.startswith("$"):
            dynamic_value(source, self.folder or Path.cwd(), look_only=True)
            return ""
        if source in self._variables:
            return ""
        found = REFERENCE.fullmatch(source)
        if found is not None and found["name"] not in self.namespace:
            if found["name"] in self.awaited or found["name"] in self.kept:
                return ""
            raise self._no_request(found["name"])
        known = (self._variables, self.awaited, self.namespace, vars(builtins))
        for name in _free_names(source):
            if not any(name in names for names in known):
                return name
        return ""

    def names_something(self, source: str) -> bool:
        """Return whether *source* names anything of the notebook's or the text's."""
        known = (self._variables, self.awaited, self.namespace)
        return any(name in names for name in _free_names(source) for names in known)

    def names(self) -> list[str]:
        """Return all names of variables of the text and of replies."""
        return [*self._variables, *self.replies]

    def _variable(self, name: str) -> str:
        if name in self._working:
            circle = " → ".join([*self._working[self._working.index(name) :], name])
            message = f"the variable @{name} is made of itself: {circle}"
            raise VariableError(message)
        self._working.append(name)
        try:
            return self._variables[name](self)
        finally:
            self._working.pop()

    def _no_request(self, name: str) -> VariableError:
        near = nearest(name, [*self.awaited, *self.kept])
        hint = f"Did you mean {near}?" if near else f"A request gets it by a line: # @name {name}"
        if self.elsewhere:
            hint = f"Is it in the file? Send it first: {self.elsewhere} {name}"
        return VariableError(f"no request is named {name}", hint)


Names = dict[str, Any] | Scope


def _free_names(source: str) -> list[str]:
    """Return the names that the Python expression *source* takes from outside, in order."""
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    used: list[str] = []
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                used.append(node.id)
            else:
                bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    return [name for name in used if name not in bound]
