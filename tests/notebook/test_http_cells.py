"""Cells of `%%http` with several requests: names, variables, files, and what they give."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web
from notebook_http.notebook.extension import load_ipython_extension
from notebook_http.notebook.magics.dynamic_variables import VariableError, dynamic_value
from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from notebook_http.notebook.magics.plan import plan_cell
from notebook_http.notebook.magics.reply_values import json_at
from notebook_http.notebook.magics.request_cell import ParsedRequest
from notebook_http.notebook.magics.scope import Scope
from tests.notebook.shell_cells import run


def plan(cell: str, line: str = "", folder: Path | None = None, **names: object) -> Any:
    return plan_cell(line, cell, Scope(dict(names), folder=folder or Path.cwd()))


def requests(cell: str, line: str = "", **names: object) -> list[ParsedRequest]:
    made = plan(cell, line, **names)
    return [made.read(index) for index in range(len(made.blocks))]


def error_of(cell: str, **names: object) -> str:
    with pytest.raises(MagicSyntaxError) as caught:
        plan(cell, **names)
    assert len(str(caught.value).splitlines()) <= 12
    return str(caught.value)


@pytest.fixture
async def api(shell: Any) -> Any:
    """A server with a log-in that gives a token, and an echo; `base` in the shell."""
    asked: list[str] = []

    async def login(request: web.Request) -> web.Response:
        asked.append("login")
        given = {"token": "t-4711", "user": await request.json(), "ids": [7, 8]}
        return web.json_response(given, headers={"X-Trace": "abc"})

    async def echo(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.json_response(
            {
                "path": request.path_qs,
                "headers": dict(request.headers),
                "body": await request.text(),
            }
        )

    app = web.Application()
    app.router.add_post("/login", login)
    app.router.add_route("*", "/{tail:.*}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    load_ipython_extension(shell)
    shell.user_ns["base"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield asked
    await runner.cleanup()


# Cutting ----------------------------------------------------------------------------------------


def test_separators_cut_a_cell_into_requests():
    """Titles, comments and empty stretches are none of them."""
    made = requests(
        "### first\n# a comment\nGET :1/a\nX-A: b\n\n###\n\n### second\nPOST :1/b\n\nbody\n"
        "# no comment\n\n###\n// the end\n"
    )
    assert [(each.method, each.url, each.body) for each in made] == [
        ("GET", "http://localhost:1/a", None),
        ("POST", "http://localhost:1/b", "body\n# no comment"),
    ]
    assert made[0].headers == (("X-A", "b"),)


def test_the_first_may_stand_on_the_magics_line():
    """The others follow below."""
    made = requests("X-A: b\n\nhello\n###\nGET :1/b", "PUT :1/a")
    assert [(each.method, each.body) for each in made] == [("PUT", "hello"), ("GET", None)]


def test_a_query_goes_on_below():
    """With or without blanks in front, and with the version behind its last line."""
    made = requests("GET :1/a\n?x=1\n&y=2\n  &z=3 HTTP/1.1\nAccept: text/plain\n")
    assert made[0].url == "http://localhost:1/a?x=1&y=2&z=3"
    assert made[0].headers == (("Accept", "text/plain"),)


def test_variables_of_the_cell():
    """Set anywhere in the cell, of one another, and known to Python as well."""
    made = requests(
        "@host = :{{port}}\n@path={{host}}/v1\n\nGET {{path}}/a\nX-Upper: {{path.upper()}}\n"
        "###\n@later = 5\nPOST {{host}}/b\n\n{{later}}",
        port=3000,
    )
    assert made[0].url == "http://localhost:3000/v1/a"
    assert made[0].headers == (("X-Upper", ":3000/V1"),)
    assert made[1].body == "5"


def test_a_request_that_is_not_to_be_redirected():
    """As VS Code's client says it."""
    made = requests("# @no-redirect\nGET :1/a\n###\nGET :1/b")
    assert [each.arguments().get("allow_redirects") for each in made] == [False, None]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("GET :1/a\n###\nGTE :1/b", ["Did you mean GET?", "(line 4)"]),
        ("GET :1/a\n###\nGET :1/b\nAccept text", ["no header", "(line 5)"]),
        ('POST :1/a\n\n\n\n{"a": {{nome}}}', ["Did you mean name?", "(line 6)"]),
        ("GET :1/a\n###\nGET :1/{{nome}}", ["'nome' is not defined", "Did you mean name?"]),
        ("GET :1/a\n###\nGET :1/{{logn.response.body.$.a}}", ["no request is named logn"]),
        ("# @name login\nGET :1/a\n###\nGET :1/{{logn.response.body.*}}", ["Did you mean login?"]),
        ("# @name a b\nGET :1/a", ["'a b' cannot be the name", "(line 2)"]),
        ("# @name\nGET :1/a", ["The name is missing"]),
        ("# @name a\nGET :1/a\n###\n# @name a\nGET :1/b", ["Two requests are named a", "(line 5)"]),
        ("@host :1\nGET {{host}}/a", ["sets no variable", "@host = https"]),
        ("@a = {{b}}\n@b = {{a}}\nGET {{a}}/a", ["made of itself: a → b → a"]),
        ("@a = 1\n@a = 2\nGET :1/a", ["@a is set twice", "(line 3)"]),
        ("GET :1/{{$gid}}", ["there is no $gid", "Did you mean $guid?"]),
        ("GET :1/a\n###\nGET :1/{{$randomInt 5}}", ["takes two whole numbers"]),
        ("GET :1/{{$datetime iso8601 99999999 d}}", ["$datetime has no value"]),
        ("# @name a\nGET :1/{{a.response.status}}", ["no reply yet"]),
        ("POST :1/a\n\n< nowhere.json", ["nowhere.json is not there", "(line 4)"]),
        ("GET :1/a\n###\nPOST :1/a\n\n< tests", ["is a folder", "(line 6)"]),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(cell, words):
    """With the line, whichever request it is in, and the nearest right word."""
    message = error_of(cell, name="x")
    for word in words:
        assert word in message


def test_a_value_of_a_later_request_may_be_anything():
    """What is looked at beforehand are the words around it."""
    cell = (
        "GET :1/a\n###\n{{verb}} :{{port}}/x\n###\n{{base}}/y q=={{n}} a:={{n}}\n###\n"
        'POST http://{{h}}:{{port}}/z\nX-H: {{head}}\nContent-Type: {{kind}}\n\n{"a": {{n}}}'
    )
    names = {"verb": "put", "port": 80, "base": ":3", "n": 4, "h": "h", "head": "X", "kind": "a/b"}
    made = requests(cell, **names)
    assert [each.method for each in made] == ["GET", "PUT", "POST", "POST"]
    assert made[2].fields == {"a": 4}
    assert made[3].headers == (("X-H", "X"), ("Content-Type", "a/b"))


# Bodies from files ------------------------------------------------------------------------------


def test_a_body_may_be_a_file(tmp_path):
    """Its bytes as they are; with @, its templates filled as JSON asks."""
    (tmp_path / "a.bin").write_bytes(b"\0{{x}}\xff")
    (tmp_path / "b c.json").write_text('{"x": {{x}}}', "utf-8")
    made = plan(
        "POST :1/a\n\n< a.bin\n###\nPOST :1/a\n\n<@ {{file}}", "", tmp_path, x='"', file="b c.json"
    )
    assert made.read(0).body == b"\0{{x}}\xff"
    second = made.read(1)
    assert second.body == '{"x": "\\""}'
    assert second.headers == (("Content-Type", "application/json"),)
    with pytest.raises(MagicSyntaxError, match=r"Did you mean a\.bin\?"):
        plan("POST :1/a\n\n< ./a.bi", "", tmp_path)
    with pytest.raises(MagicSyntaxError, match="write < in place of <@"):
        plan("POST :1/a\n\n<@ a.bin", "", tmp_path)


def test_markup_is_no_file():
    """XML opens with the same sign."""
    assert requests("POST :1/a\n<a>\n  < b\n</a>")[0].body == "<a>\n  < b\n</a>"


# Values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "pattern"),
    [
        ("$guid", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("$timestamp", r"1\d{9}"),
        ("$randomInt 5 6", "5"),
        ("$randomInt", r"\d{1,3}"),
        ("$datetime iso8601", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
        ("$datetime rfc1123", r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"),
        ('$datetime "YYYY/MM/DD [at] HH" -1 y', r"\d{4}/\d\d/\d\d at \d\d"),
        ("$localDatetime iso8601", r"\d{4}-\d\d-\d\dT.*"),
    ],
)
def test_values_that_are_made(source, pattern, tmp_path):
    """As VS Code's client writes them."""
    import re

    assert re.fullmatch(pattern, str(dynamic_value(source, tmp_path)))


def test_offsets_move_a_moment(tmp_path):
    """By the units of day.js."""
    now = dynamic_value("$timestamp", tmp_path)
    assert isinstance(now, int)
    for offset, seconds in (("-1 d", -86_400), ("2 h", 7_200), ("1 w", 604_800), ("-90 s", -90)):
        moved = dynamic_value(f"$timestamp {offset}", tmp_path)
        assert isinstance(moved, int)
        assert abs(moved - now - seconds) <= 5
    with pytest.raises(VariableError, match="an offset is"):
        dynamic_value("$timestamp 1 parsec", tmp_path)
    with pytest.raises(VariableError, match="an offset is"):
        dynamic_value(f"$timestamp {'9' * 40} y", tmp_path)


def test_values_from_the_environment_and_its_file(tmp_path, monkeypatch):
    """Nearest first; a name that is not there gets the nearest that is."""
    (tmp_path / ".env").write_text("COLOUR=green\n")
    monkeypatch.setenv("NOTEBOOK_SHADE", "dark")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert dynamic_value("$dotenv COLOUR", below) == "green"
    assert dynamic_value("$processEnv NOTEBOOK_SHADE", below) == os.environ["NOTEBOOK_SHADE"]
    with pytest.raises(VariableError) as caught:
        dynamic_value("$dotenv COLOR", below)
    assert caught.value.hint == "Did you mean COLOUR?"
    with pytest.raises(VariableError, match="takes one name"):
        dynamic_value("$dotenv", below)


DATA = {"items": [{"id": 5, "a key": {"x.y": None}}], "0": "zero"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DATA),
        ("$.items[0].id", 5),
        ("items.0.id", 5),
        ("$.items[-1]['a key'][\"x.y\"]", None),
        ("$.0", "zero"),
    ],
)
def test_paths_lead_into_json(path, value):
    """The part of JSONPath that names one value."""
    assert json_at(DATA, path) == value


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("$.item", "it has 'items', '0'"),
        ("$.items[1]", r"1 entries, counted from 0"),
        ("$.items.id", "is a list"),
        ("$.items[0].id.x", "is a number"),
        ("$.items[?(@.x)]", "cannot be read from"),
        ("$..id", "cannot be read from"),
    ],
)
def test_paths_that_lead_nowhere_say_where_they_end(path, words):
    """And what there is."""
    with pytest.raises(VariableError, match=words):
        json_at(DATA, path)


# Sent for real ----------------------------------------------------------------------------------

CELL = """%%http --into all
# @name login
POST {{base}}/login

{"name": "Ada"}
###
GET {{base}}/items/{{login.response.body.$.ids[1]}}
Authorization: Bearer {{login.response.body.$.token}}
X-Trace: {{login.response.headers.X-Trace}}-{{login.response.status}}
###
// @name last
POST {{base}}/back

{"whole": {{login.response.body.$.user}}, "sent": {{login.request.body.$.name}}}
"""


async def test_later_requests_use_what_earlier_ones_gave(shell, api, capsys):
    """Names stay known to later cells, until the extension is unloaded."""
    replies = await run(shell, CELL)
    assert replies is shell.user_ns["all"]
    assert replies.names == ("login", "", "last")
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert replies["login"] is replies[0]
    sent = replies[1].json()
    assert sent["path"] == "/items/8"
    assert sent["headers"]["Authorization"] == "Bearer t-4711"
    assert sent["headers"]["X-Trace"] == "abc-200"
    assert json.loads(replies["last"].json()["body"]) == {"whole": {"name": "Ada"}, "sent": "Ada"}
    with pytest.raises(KeyError, match="did you mean 'login'"):
        replies["logn"]
    assert [type(part).__name__ for part in (replies[:2], replies[0])] == ["Replies", "Reply"]
    later = await run(shell, "%http {base}/x A:{{login.response.body.$.token}}")
    assert later.json()["headers"]["A"] == "t-4711"
    shell.run_line_magic("reload_ext", "notebook_http")
    shell.run_line_magic("unload_ext", "notebook_http")
    shell.run_line_magic("load_ext", "notebook_http")
    with pytest.raises(MagicSyntaxError, match="no request is named login"):
        await run(shell, "%http {base}/x A:{{login.response.body.$.token}}")


async def test_one_that_fails_ends_the_cell_and_is_named(shell, api):
    """What came before it is shown; what stands behind it is not sent."""
    cell = "%%http\nGET {{base}}/a\n### broken\nGET http://127.0.0.1:1/\n###\nGET {{base}}/c\n"
    with pytest.raises(Exception, match="127") as caught:
        await run(shell, cell)
    assert caught.value.__notes__ == [
        "This was request 2 of 3, broken (line 4); the one behind it was not sent."
    ]
    assert api == ["/a"]


async def test_a_slip_in_the_last_one_sends_nothing(shell, api):
    """Half of a sequence is worse than none."""
    with pytest.raises(MagicSyntaxError, match="Did you mean GET"):
        await run(shell, "%%http\nGET {{base}}/a\n###\nGTE {{base}}/b\n")
    assert api == []
