"""Put `await` in front of our magics, so that they run on the kernel's own event loop.

IPython turns `%http …`, `x = %http …` and `%%http …`, also in indented lines, into calls of
`get_ipython().run_line_magic('http', …)` or `run_cell_magic`. What those return has to be awaited,
and IPython has no way to say so. This runs behind IPython's own transformers (it is one of
`input_transformers_post`, which completeness checks leave out), finds the calls in the syntax
tree and adds the word. Text that is already awaited stays as it is.

One thing more: IPython refuses a cell magic without a body, but `%%http GET :3000/` needs none. It
gets an empty line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from notebook_http.notebook.magic_calls import is_runner_call, parsed_cell
from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source

__all__ = ["await_magics"]

# Line from 1, column in UTF-8 bytes, how many bytes go, what comes in their place.
_Edit = tuple[int, int, int, str]
_SCOPES_WITHOUT_AWAIT = (ast.FunctionDef, ast.Lambda, ast.ClassDef)


def await_magics(lines: list[str], names: frozenset[str]) -> list[str]:
    """Return the *lines* of a cell, as IPython has made them, with the magics *names* awaited.

    Inside `def` and `lambda`, which cannot await, a call stays as it is where its value is used:
    it is a coroutine for the caller to await.

    Raises:
        MagicSyntaxError: inside `def`, where the value is dropped: it would never be sent.
    """
    cell = "".join(lines)
    if not any(f"_magic({name!r}" in cell for name in names):
        return lines
    tree = parsed_cell(cell)
    if tree is None:
        return lines  # IPython reports it, with the line
    edits: list[_Edit] = []
    for call, parent, scope in _magic_calls(tree, names):
        if scope is None and not isinstance(parent, ast.Await):
            edits.append((call.lineno, call.col_offset, 0, "await "))
        elif scope is not None and isinstance(parent, ast.Expr):
            raise _never_sent(call, scope)
        edits += _body_for(call)
    return _edited(lines, edits) if edits else lines


def _magic_calls(
    tree: ast.AST, names: frozenset[str]
) -> Iterator[tuple[ast.Call, ast.AST, ast.AST | None]]:
    """Yield each call of a magic, its parent, and the scope that keeps it from awaiting."""
    todo: list[tuple[ast.AST, ast.AST, ast.AST | None]] = [(tree, tree, None)]
    while todo:
        node, parent, scope = todo.pop()
        if isinstance(node, ast.Call) and _is_magic_call(node, names):
            yield node, parent, scope
        inner: ast.AST | None = scope
        if isinstance(node, _SCOPES_WITHOUT_AWAIT):
            inner = node
        elif isinstance(node, ast.AsyncFunctionDef):
            inner = None
        todo.extend((child, node, inner) for child in ast.iter_child_nodes(node))


def _is_magic_call(call: ast.Call, names: frozenset[str]) -> bool:
    return (
        is_runner_call(call)
        and bool(call.args)
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value in names
    )


def _body_for(call: ast.Call) -> list[_Edit]:
    """Return the edit that gives a cell magic without a body an empty line."""
    if len(call.args) != 3:
        return []
    body = call.args[2]
    if not isinstance(body, ast.Constant) or body.value != "":
        return []
    return [(body.lineno, body.col_offset, len("''"), repr("\n"))]


def _edited(lines: list[str], edits: list[_Edit]) -> list[str]:
    # Python counts lines by their LF; `splitlines` would also break at form feeds and the like.
    changed = re.findall(r"[^\n]*\n|[^\n]+", "".join(lines))
    for number, column, width, text in sorted(edits, reverse=True):
        line = changed[number - 1].encode()
        changed[number - 1] = (line[:column] + text.encode() + line[column + width :]).decode()
    return changed


def _never_sent(call: ast.Call, scope: ast.AST) -> MagicSyntaxError:
    arguments = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    line = "%" + " ".join([str(argument) for argument in arguments[:2]])
    name = getattr(scope, "name", "")
    what = f"def {name}" if isinstance(scope, ast.FunctionDef) else f"class {name}"
    return MagicSyntaxError(
        f"{what} cannot await, so this request would never be sent",
        Source(line),
        (0, len(line)),
        expected=f"async def {name}(…), called with await {name}(…)"
        if isinstance(scope, ast.FunctionDef)
        else "the magic outside of the class",
    )
