"""A pasted curl command as the body of `%%http`, in a real IPython shell."""

from __future__ import annotations

from typing import Any

import pytest

from notebook_http.notebook.extension import load_ipython_extension
from notebook_http.notebook.magics.curl_cell import is_curl_cell, read_curl_cell
from notebook_http.notebook.magics.curl_templates import mark_templates
from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from notebook_http.notebook.magics.scope import Scope


async def run(shell: Any, cell: str) -> None:
    """Run *cell* on this loop, as a kernel does."""
    done = await shell.run_cell_async(cell, transformed_cell=shell.transform_cell(cell))
    done.raise_error()


async def test_a_cell_sends_what_was_pasted(shell: Any, recorder: Any) -> None:
    """With the options of the magic's line; braces are the command's own."""
    load_ipython_extension(shell)
    cell = (
        f"%%http --into r\n\ncurl '{recorder.url}items' \\\n  -H 'X-A: {{{{x}}}}' \\\n"
        "  --data-raw '{\"a\": {}}'\n"
    )
    await run(shell, cell)
    assert shell.user_ns["r"].status == 200
    sent = recorder.requests[0]
    assert sent.line == "POST /items HTTP/1.1"
    assert sent.header("x-a") == "{{x}}"
    assert sent.body == b'{"a": {}}'
    again = "%%http --df --into d\n" + shell.user_ns["r"].request.to_curl(reveal=True)
    await run(shell, again)
    assert shell.user_ns["d"].to_dict("records") == [{"a": 1}]
    assert recorder.requests[1].body == sent.body


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("curl http://h/", True),
        ("# copied\n\n  $ curl http://h/", True),
        ("curl.exe 'http://h/'", True),
        ("printf '\\000' | curl http://h/ --data-binary @-", True),
        ("curly.example/path", False),
        ("GET http://h/\n\ncurl http://h/", False),
        ("POST http://h/\nX: y", False),
    ],
)
def test_it_is_told_by_its_first_word(cell: str, expected: bool) -> None:
    """Anything else is a request line, as it ever was."""
    assert is_curl_cell(cell) is expected


def test_errors_count_the_lines_of_the_cell() -> None:
    """The command begins on the cell's second line."""
    with pytest.raises(MagicSyntaxError) as caught:
        read_curl_cell("", "curl http://h/ \\\n  --retry 3", {})
    assert caught.value.line_number == 3
    assert "--retry" in str(caught.value)
    with pytest.raises(MagicSyntaxError, match="two requests"):
        read_curl_cell("GET http://i/", "curl http://h/", {})
    with pytest.raises(MagicSyntaxError, match="no option"):
        read_curl_cell("--inot x", "curl http://h/", {})


async def test_templates_are_one_stretch_of_their_word(shell: Any, recorder: Any) -> None:
    """Whatever is in the value: in URL, header and body, each encoded as it stands there."""
    load_ipython_extension(shell)
    shell.user_ns.update(base=recorder.url, token='a\'b "c"', n=5)
    await run(
        shell,
        "%%http\ncurl {{base}}items/{{token}}?q={{n}} \\\n"
        "  -H \"X-A: {{token}}\" -H 'X-B: {{theirs}}' \\\n"
        '  -H \'Content-Type: application/json\' -d \'{"a": "{{token}}", "n": {{n}}}\'\n',
    )
    sent = recorder.requests[0]
    assert sent.line == "POST /items/a%27b%20%22c%22?q=5 HTTP/1.1"
    assert sent.header("x-a") == 'a\'b "c"'
    assert sent.header("x-b") == "{{theirs}}"
    assert sent.body == b'{"a": "a\'b \\"c\\"", "n": 5}'
    with pytest.raises(MagicSyntaxError, match=r"(?s)line 2.*mean token"):
        await run(shell, "%%http\ncurl {{base}} -H 'X-A: {{tokn}}'")
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    "text", ["{{id}}", "{{ theirs }}", "{{1}}", "{{__import__('os').getcwd()}}", "{{call() + zzz}}"]
)
def test_braces_of_the_page_stay_as_they_are(text: str) -> None:
    """And none of them is run, whatever Python knows by that name."""
    asked: list[int] = []
    scope = Scope({"call": lambda: asked.append(1)})
    cell = f"curl http://h/ -d '{text}'"
    assert mark_templates(cell, scope) == (cell, {})
    assert asked == []


def test_replies_that_nobody_named_are_an_error() -> None:
    """No page has such braces: with them unfilled, a secret would be missed in silence."""
    with pytest.raises(MagicSyntaxError, match="no request is named logn"):
        mark_templates("curl http://h/{{logn.response.body.$.a}}", Scope({}))
