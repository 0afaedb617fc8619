"""Calls of magics as IPython writes them in a cell's code, and as their author did."""

from __future__ import annotations

import ast
import warnings

__all__ = ["as_written", "is_runner_call", "parsed_cell"]

_RUNNERS = ("run_line_magic", "run_cell_magic")


def as_written(line: str) -> str:
    """Return one line of a cell as its author wrote it, magics in place of their calls."""
    line = line.strip()
    tree = parsed_cell(line)
    if tree is None:
        return line
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not is_runner_call(node):
            continue
        call = ast.get_source_segment(line, node) or ""
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        sign = "%" if len(texts) == 2 else "%%"
        written = f"{sign}{' '.join([str(text) for text in texts[:2]])}".rstrip()
        return line.replace(f"await {call}", written).replace(call, written)
    return line


def parsed_cell(code: str) -> ast.Module | None:
    """Return the syntax tree of a cell's *code*; None if it has none."""
    with warnings.catch_warnings():
        # What there is to warn of, IPython's own compiling will: once is enough.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


def is_runner_call(call: ast.Call) -> bool:
    """Return whether *call* is `get_ipython().run_line_magic(…)`, or `run_cell_magic`."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _RUNNERS
        and isinstance(function.value, ast.Call)
        and isinstance(function.value.func, ast.Name)
        and function.value.func.id == "get_ipython"
    )
