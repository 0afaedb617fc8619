"""Propose what can be typed next in a magic: methods, headers, options, names, hosts.

Plain functions on text and names; `register_completion` tells IPython of them, by the one list of
matchers that all its versions since 7 have.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from notebook_http.notebook.magics.dynamic_variables import DYNAMIC_VARIABLES
from notebook_http.notebook.magics.options import OPTIONS
from notebook_http.notebook.magics.request_line import METHODS
from notebook_http.notebook.shell import Shell

__all__ = ["completions", "register_completion"]

_MAGIC = re.compile(r"\s*(?:[\w., ]+=\s*)?(%%?)http(?:\s|$)")
_TEMPLATE = re.compile(r"(\{\{?)[ \t]*([$\w.-]*)$")
_NAMED = re.compile(r"(?:#+|//+)[ \t]*@name[ \t=]+([A-Za-z_][\w-]*)|@([A-Za-z_][\w-]*)[ \t]*=")
_MOST_HOSTS = 20
_HEADERS = (
    *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control"),
    *("Content-Language", "Content-Type", "Cookie", "If-Match", "If-Modified-Since"),
    *("If-None-Match", "If-Unmodified-Since", "Origin", "Prefer", "Range", "Referer"),
    *("User-Agent", "X-Api-Key", "X-Forwarded-For", "X-Request-Id", "X-Requested-With"),
)
_ASSERTED = ("status", "reason", "url", "duration", "header", "body")


def completions(
    lines: Sequence[str], names: Iterable[str], clients: Iterable[str], hosts: Iterable[str]
) -> list[str]:
    """Return what may stand in place of the last word of *lines*, the cell up to the cursor.

    Nothing where no magic of ours is. *names*: of the notebook's values; *clients*: those of
    clients; *hosts*: origins that were asked before.
    """
    line = lines[-1]
    own = _MAGIC.match(line)
    if not _are_ours(lines):
        return []
    template = _TEMPLATE.search(line)
    if template is not None and (own or template[1] == "{{"):
        return _proposed(line, template[2], _expressions(lines, names, double=template[1] == "{{"))
    word = re.search(r"\S*$", line)[0]  # type: ignore[index]
    if own:
        words = line[own.end() :].split()
        words = words[: len(words) - bool(word)]
        return _proposed(line, word, _on_the_line(word, words, clients, hosts))
    return _proposed(line, word, _in_the_cell(lines, word, hosts))


def _are_ours(lines: Sequence[str]) -> bool:
    """Return whether the last of *lines* is of a magic of ours, or in its cell."""
    if _MAGIC.match(lines[-1]):
        return True
    first = _MAGIC.match(lines[0])
    return first is not None and first[1] == "%%"


def _proposed(line: str, word: str, candidates: Iterable[str]) -> list[str]:
    lowered = word.lower()
    return [word + each[len(word) :] for each in candidates if each.lower().startswith(lowered)]


def _on_the_line(
    word: str, before: Sequence[str], clients: Iterable[str], hosts: Iterable[str]
) -> list[str]:
    if before and before[-1] == "--client":
        return list(clients)
    if before and before[-1] in [f"--{each.name}" for each in OPTIONS.values() if each.metavar]:
        return []
    options = [f"--{name}" for name in OPTIONS if f"--{name}" not in before]
    if word.startswith("-"):
        return options
    typed = [each for each in before if not each.startswith("--")]
    if not typed:
        return [*METHODS, *hosts]
    if len(typed) == 1 and typed[0].upper() in METHODS:
        return list(hosts)
    return [*(f"{name}:" for name in _HEADERS), *options]


def _in_the_cell(lines: Sequence[str], word: str, hosts: Iterable[str]) -> list[str]:
    """Return what may stand in a line below `%%http`, by what its request has so far."""
    start = max((at for at, line in enumerate(lines) if line.startswith("###")), default=0)
    has_line = start == 0 and bool([w for w in lines[0].split()[1:] if not w.startswith("--")])
    for line in lines[start + 1 : -1]:
        if line.startswith(("#", "//", "@")):
            continue
        if not line.strip():
            if has_line:
                return list(_ASSERTED) if lines[-1].startswith("??") else []
            continue
        has_line = True
    current = lines[-1]
    if current.startswith("??"):
        return list(_ASSERTED)
    if not has_line:
        return list(hosts) if current.strip() != word else [*METHODS, *hosts]
    return [f"{name}: " for name in _HEADERS] if current == word else []


def _expressions(lines: Sequence[str], names: Iterable[str], *, double: bool) -> list[str]:
    own: list[str] = []
    for line in lines[1:-1]:
        if found := _NAMED.match(line):
            own += [f"{found[1]}.response.", f"{found[1]}.request."] if found[1] else [found[2]]
    return [*own, *names, *(DYNAMIC_VARIABLES if double else ())]


# IPython ----------------------------------------------------------------------------------------


def register_completion(shell: Shell, hosts: Callable[[], Iterable[str]]) -> Callable[[], None]:
    """Let *shell* complete our magics, and return what takes it out again.

    *hosts*: gives origins that were asked before.
    """
    completer: Any = getattr(shell, "Completer", None)
    matchers: list[Any] | None = getattr(completer, "custom_matchers", None)
    if matchers is None:
        return lambda: None

    def http_matches(given: Any) -> Any:
        # Up to IPython 8.5 it is the word, and lines above are not told; since then a context.
        if isinstance(given, str):
            lines, token = [str(completer.text_until_cursor)], given
        else:
            above = given.full_text.split("\n")[: given.cursor_line]
            lines, token = [*above, given.text_until_cursor], given.token
        # Asked for each Tab in any cell: nobody's history is looked through for those of others.
        ours = _are_ours(lines)
        names, clients = _names(shell.user_ns) if ours else ([], [])
        found = [] if not ours else completions(lines, names, clients, list(hosts())[-_MOST_HOSTS:])
        # IPython replaces its own token, which may be the end of what is a word to us.
        cut = len(re.search(r"[^\s{]*$", lines[-1])[0]) - len(token)  # type: ignore[index]
        texts = [each[cut:] for each in dict.fromkeys(found)] if cut >= 0 else []
        texts = [each for each in texts if each.lower().startswith(token.lower())]
        if isinstance(given, str):
            return texts
        from IPython.core.completer import SimpleCompletion

        shown = [SimpleCompletion(text=text, type="http") for text in texts]
        return {"completions": shown, "suppress": bool(shown), "matched_fragment": token}

    http_matches.matcher_api_version = 2  # type: ignore[attr-defined]
    http_matches.matcher_identifier = "notebook_http"  # type: ignore[attr-defined]
    matchers.append(http_matches)

    def undo() -> None:
        if http_matches in matchers:
            matchers.remove(http_matches)

    return undo


def _names(namespace: dict[str, Any]) -> tuple[list[str], list[str]]:
    names: list[str] = []
    clients: list[str] = []
    for name, value in list(namespace.items()):
        if name.startswith("_") or inspect.ismodule(value) or inspect.isroutine(value):
            continue
        if hasattr(type(value), "has_base_url"):
            clients.append(name)
        elif not inspect.isclass(value) and name not in ("In", "Out"):
            names.append(name)
    return names, clients
