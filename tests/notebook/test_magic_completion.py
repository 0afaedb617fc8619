"""What Tab proposes in a magic's line and cell."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http.notebook.extension import load_ipython_extension, unload_ipython_extension
from notebook_http.notebook.magics.completion import completions, register_completion

HOSTS = ["http://127.0.0.1:3000", "https://api.example.org"]


def proposed(text: str) -> list[str]:
    return completions(text.split("\n"), ["token", "user"], ["api"], HOSTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%http P", ["POST", "PUT", "PATCH"]),
        ("%http po", ["poST"]),
        ("x = %http GET http", HOSTS),
        ("%http GET :1/a --ti", ["--timeout"]),
        ("%http --client ", ["api"]),
        ("%http --timeout ", []),
        ("%http :1/a Content-T", ["Content-Type:"]),
        ("%http :1/a X-A:{to", ["token"]),
        ("%http :1/a X-A:{{ us", ["user"]),
        ("%http :1/a X-A:{{$dot", ["$dotenv"]),
        ("%%http\nDEL", ["DELETE"]),
        ("%%http\nGET https", ["https://api.example.org"]),
        ("%%http\nGET :1/a\nAuth", ["Authorization: "]),
        ("%%http\nGET :1/a\n\nAuth", []),
        ("%%http\nGET :1/a\n\n{{to", ["token"]),
        ("%%http\nGET :1/a\n\n{to", []),
        ("%%http\nGET :1/a\n\nx\n###\nOPT", ["OPTIONS"]),
        (
            "%%http\n# @name login\nGET :1/a\n###\nGET :1/{{lo",
            ["login.response.", "login.request."],
        ),
        ("%%http\n@host = :1\nGET {{ho", ["host"]),
        ("%%http\nGET :1/a\n?? st", ["status"]),
        ("%%http PUT :1/a\nIf-N", ["If-None-Match: "]),
        ("print(P", []),
        ("%timeit P", []),
        ("x = 1\nP", []),
    ],
)
def test_proposals(text, expected):
    """Those that fit the place, and none where no magic of ours is."""
    assert [each for each in proposed(text) if each] == expected


def texts(shell: Any, code: str) -> list[str]:
    """Return what Tab at the end of *code* proposes."""
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        return [each.text for each in shell.Completer.completions(code, len(code))]


async def test_the_shell_proposes_them(shell: Any):
    """Through IPython's own completer, names of the notebook and hosts that were asked."""
    before = list(shell.Completer.custom_matchers)
    load_ipython_extension(shell)
    shell.user_ns["my_token"] = "x"
    for line, word in (
        ("%http GET :1/a --time", "--timeout"),
        ("%http :1/a A:{{my_to", "my_token"),
        ("%http DEL", "DELETE"),
    ):
        assert word in texts(shell, line)
    assert "DELETE" in texts(shell, "%%http\nDEL")
    assert "DELETE" not in texts(shell, "DEL")
    unload_ipython_extension(shell)
    assert shell.Completer.custom_matchers == before


async def test_cells_of_others_cost_nothing(shell: Any):
    """Each Tab asks: the history is not looked through for what is no magic of ours."""
    asked: list[int] = []

    def hosts() -> list[str]:
        asked.append(1)
        return ["http://seen.example"]

    undo = register_completion(shell, hosts)
    texts(shell, "zz")
    texts(shell, "%%time\nzz")
    assert asked == []
    assert "http://seen.example" in texts(shell, "%http GET htt")
    assert asked
    undo()
