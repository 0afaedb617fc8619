"""The options of `%http` and `%%http`, sent for real, and files of requests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from notebook_http import web
from notebook_http.notebook.client import Client
from notebook_http.notebook.extension import load_ipython_extension
from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from tests.notebook.shell_cells import run

SECRET = "c4n4ryc4n4ry"


@pytest.fixture
async def asked(shell: Any) -> Any:
    """What a server was asked, as paths; `base` in the shell."""
    paths: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        paths.append(request.path_qs)
        if request.path == "/away":
            raise web.HTTPFound("/here")
        if request.path == "/slow":
            await asyncio.sleep(20)
        data = {"rows": [{"a": 1}, {"a": 2}, {"a": 3}], "other": [{"b": 1}]}
        status = 404 if request.path == "/none" else 200
        data["sent"] = [{"body": await request.text(), "h": request.headers.get("X-Team", "")}]
        return web.json_response(data, status=status)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    load_ipython_extension(shell)
    shell.user_ns["base"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield paths
    await runner.cleanup()


async def test_redirects_are_followed_as_told(shell, asked):
    """By a line, a cell and a curl command, which follows none by itself."""
    assert (await run(shell, "%http {base}/away")).status == 200
    assert (await run(shell, "%http {base}/away --no-follow")).status == 302
    assert (await run(shell, "%%http --no-follow\nGET {{base}}/away")).status == 302
    curl = f"%%http{{}}\ncurl {shell.user_ns['base']}/away"
    assert (await run(shell, curl.format(""))).status == 302
    assert (await run(shell, curl.format(" --follow"))).status == 200


async def test_a_failing_status_is_an_error_with_fail(shell, asked):
    """As `raise_for_status` makes it; without it the reply is the value."""
    assert (await run(shell, "%http {base}/none")).status == 404
    with pytest.raises(Exception, match="404"):
        await run(shell, "%http {base}/none --fail")
    with pytest.raises(Exception, match="404"):
        await run(shell, f"%%http --fail\ncurl {shell.user_ns['base']}/none")


async def test_a_time_limit_ends_the_request(shell, asked):
    """In seconds."""
    for cell in (
        "%http {base}/slow --timeout 0.2",
        f"%%http --timeout 0.2\ncurl {shell.user_ns['base']}/slow",
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run(shell, cell), 15)


async def test_rows_come_from_where_the_path_says(shell, asked):
    """And only as many as are wanted."""
    frame = await run(shell, "%http {base}/ --df=rows")
    assert list(frame["a"]) == [1, 2, 3]
    frame = await run(shell, "%http {base}/ --df=rows --rows 2")
    assert list(frame["a"]) == [1, 2]
    both = await run(shell, "%%http --df=other\nGET {{base}}/1\n###\nGET {{base}}/2")
    assert [list(frame["b"]) for frame in both] == [[1], [1]]


async def test_a_client_of_the_notebook_sends(shell, asked):
    """With its headers, and its base URL in front of a path."""
    shell.user_ns["api"] = Client(base_url=shell.user_ns["base"] + "/v1/", headers={"X-Team": "t"})
    reply = await run(shell, "%http /users --client api")
    assert reply.json()["sent"][0]["h"] == "t"
    await run(shell, "%%http --client api\nGET /cells\n###\nGET {{base}}/other")
    assert asked[1:] == ["/cells", "/other"]
    with pytest.raises(MagicSyntaxError, match=r"(?s)client apj is not defined.*mean api\?"):
        await run(shell, "%http /users --client apj")
    with pytest.raises(MagicSyntaxError, match="client base is no client"):
        await run(shell, "%http /users --client base")
    await shell.user_ns["api"].close()


@pytest.mark.parametrize("option", ["--dry-run", "--curl"])
async def test_what_would_be_sent_is_shown_and_not_sent(shell, asked, capsys, option):
    """Without its secrets, by all ways in."""
    shell.user_ns["secret"] = SECRET
    base = shell.user_ns["base"]
    cells = {
        f"%http {{base}}/a token=={{secret}} Authorization:'Bearer {{secret}}' a=1 {option}": "/a?",
        f'%%http {option}\nPOST {{{{base}}}}/b\nX-Api-Key: {SECRET}\n\n{{"a": 1}}': "/b",
        f"%%http {option}\ncurl {base}/c -H 'Authorization: Bearer {SECRET}' -d a=1": "/c",
        f"%%http {option}\n# @name one\nGET {{{{base}}}}/d\n###\nGET {{{{base}}}}/e\n"
        "X-Given: {{one.response.body.$.id}}": "<one.response.body.$.id>",
        f"%%http {option}\ncurl {base}/f -F a=b": "multipart form",
    }
    for cell, words in cells.items():
        assert await run(shell, cell) is None
        shown = capsys.readouterr().out
        assert words in shown
        assert SECRET not in shown
        assert ("curl " in shown) is (option == "--curl" and "-F" not in cell)
        if option == "--dry-run":
            assert shown.startswith("# Not sent.")
    assert asked == []


async def test_verbose_shows_what_was_sent(shell, asked, capsys):
    """Above the reply, with the headers that the client added."""
    await run(shell, f"%http {{base}}/a Authorization:'Bearer {SECRET}' --verbose")
    shown = capsys.readouterr().out
    assert "# Sent\n" in shown
    assert "User-Agent: " in shown
    assert SECRET not in shown


# Files ------------------------------------------------------------------------------------------

FILE = """@path = {{base}}/file

### First
# @name first
GET {{path}}/1

### Second one
# @name second
POST {{path}}/2
X-Team: {{first.response.status}}

< body.json
?? status == 200
"""


@pytest.fixture
def api_file(tmp_path: Path) -> Path:
    """A file of two requests, with a body beside it."""
    (tmp_path / "body.json").write_text('{"from": "file"}')
    path = tmp_path / "api.http"
    path.write_text(FILE, "utf-8")
    return path


async def test_a_file_is_sent(shell, asked, api_file):
    """All of it, or the request that is named; bodies come from beside the file."""
    replies = await run(shell, f"%http --file {api_file} --into both")
    assert shell.user_ns["both"] is replies
    sent = replies["second"].json()["sent"][0]
    assert sent == {"body": '{"from": "file"}', "h": "200"}
    one = await run(shell, f"%http --file {api_file} second")
    assert one.status == 200  # first's reply is known
    assert asked == ["/file/1", "/file/2", "/file/2"]
    titled = await run(shell, f"x = %http --file {api_file} First")
    assert titled is None
    assert shell.user_ns["x"].status == 200


async def test_a_file_is_sent_by_the_client_that_is_named(shell, asked, tmp_path):
    """Its base URL and its headers too."""
    path = tmp_path / "paths.http"
    path.write_text("GET /cells")
    base = shell.user_ns["base"]
    async with Client(base_url=base, headers={"X-Team": "t"}) as client:
        shell.user_ns["api"] = client
        reply = await run(shell, f"%http --file {path} --client api")
        assert reply.json()["sent"][0]["h"] == "t"
        assert asked == ["/cells"]
        with pytest.raises(MagicSyntaxError, match="Did you mean api"):
            await run(shell, f"%http --file {path} --client apj")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--file {folder}/apj.http", ["apj.http is not there", "Did you mean api.http?"]),
        ("--file {folder}", ["is a folder"]),
        ("--file {folder}/api.http secnd", ["named secnd", "first, second", "mean second?"]),
        ("--file {folder}/api.http a b", ["the name of one request"]),
        ("--file {folder}/api.http second", ["no request is named first", "--file", "api.http:10"]),
        ("--file {folder}/wrong.http", ["Did you mean GET?", "wrong.http:3"]),
        ("--file {folder}/empty.http", ["no request in"]),
        ("--file {folder}/junk.http", ["no UTF-8"]),
    ],
)
async def test_what_is_wrong_with_a_file_is_told(shell, asked, api_file, line, words):
    """With its name and line, and the nearest right one."""
    (api_file.parent / "wrong.http").write_text("GET :1/a\n###\nGTE :1/b\n")
    (api_file.parent / "empty.http").write_text("# nothing\n")
    (api_file.parent / "junk.http").write_bytes(b"GET \xff\xfe")
    with pytest.raises(MagicSyntaxError) as caught:
        await run(shell, f"%http {line.format(folder=api_file.parent)}")
    for word in words:
        assert word in str(caught.value)
    assert asked == []


async def test_a_file_is_for_the_line(shell, asked):
    """A cell has requests of its own."""
    with pytest.raises(MagicSyntaxError, match="by a line"):
        await run(shell, "%%http --file api.http\nGET :1/a")
