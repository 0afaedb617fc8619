"""Every name that the package shows exists, and says what it is for."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

PACKAGE = Path(__file__).parents[1] / "notebook_http"
FACES = [
    "notebook_http",
    "notebook_http.client",
    "notebook_http.hdrs",
    "notebook_http.test_utils",
    "notebook_http.web",
    "notebook_http.web.middlewares",
]
SOURCES = sorted(PACKAGE.rglob("*.py"))
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_names(module: ModuleType) -> list[str]:
    """Return the names that a module shows: its `__all__`, else what `dir` lists."""
    listed: list[str] | None = getattr(module, "__all__", None)
    return [name for name in dir(module) if name[0] != "_"] if listed is None else list(listed)


@pytest.mark.parametrize("face", FACES)
def test_every_listed_name_resolves(face: str) -> None:
    """Lazy names fail late: here they fail first."""
    module = importlib.import_module(face)
    names = public_names(module)
    assert len(names) == len(set(names)) > 0
    for name in names:
        assert getattr(module, name, None) is not None, f"{face}.{name}"
    assert set(names) <= set(dir(module))


@pytest.mark.parametrize("face", FACES)
def test_every_listed_class_and_function_has_a_docstring(face: str) -> None:
    """`nh.get?` in a cell must answer."""
    module = importlib.import_module(face)
    silent = [
        name
        for name in public_names(module)
        if (inspect.isclass(thing := getattr(module, name)) or inspect.isroutine(thing))
        and thing.__module__.startswith("notebook_http")
        and not inspect.getdoc(thing)
    ]
    assert silent == []


def test_unknown_name_is_an_attribute_error() -> None:
    """Lazy loading must not turn a typo into anything else."""
    package = importlib.import_module("notebook_http")
    with pytest.raises(AttributeError, match="clientsession"):
        package.clientsession  # noqa: B018


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield (qualified name, node) of the public classes, functions and methods in *body*."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node.body, f"{prefix}{node.name}.")


def is_overload_or_setter(node: Definition) -> bool:
    """Tell whether another definition of the same name carries the docstring."""
    marks = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(mark.endswith(("overload", ".setter", ".deleter", "override")) for mark in marks)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_public_definition_has_a_docstring(path: Path) -> None:
    """Modules, classes, functions, methods: what comes back, in which unit, and what is raised."""
    tree = ast.parse(path.read_text())
    silent = [
        f"{name} (line {node.lineno})"
        for name, node in public_definitions(tree.body)
        if not ast.get_docstring(node) and not is_overload_or_setter(node)
    ]
    if tree.body and not ast.get_docstring(tree):
        silent.insert(0, "the module itself")
    assert silent == []
