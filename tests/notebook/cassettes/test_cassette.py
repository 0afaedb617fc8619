"""`nh.cassette`: what a real server said once is said again when it is gone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import notebook_http as nh
from tests.notebook.cassettes.conftest import Counted


async def everything(url: str) -> list[Any]:
    """Return what a client sees of all kinds of answers."""
    seen: list[Any] = []
    for path in ("items", "items", "items?page=2", "zip", "bytes", "moved", "login"):
        reply = await nh.get(url + path)
        kept = {name: value for name, value in reply.headers.items() if name.startswith("X-")}
        seen.append((path, reply.status, reply.reason, reply.content, kept, len(reply.history)))
    posted = await nh.post(url + "echo", json={"a": [1, {"b": None}], "ä": "ö"})
    seen.append(posted.content)
    seen.append((await nh.post(url + "echo", data={"a": "1 2", "b": "&"})).text)
    seen.append((await nh.post(url + "echo", data=b"\x00\xff")).content)
    async with nh.ClientSession() as session:
        async with session.get(url + "items", params={"page": "session"}) as response:
            seen.append(await response.json())
        async with session.head(url + "items") as response:
            seen.append((response.status, response.headers["Content-Length"]))
        async with session.get(url + "events") as response:
            chunks = [chunk async for chunk, _ in response.content.iter_chunks()]
            seen.append(chunks)
        async with session.get(url + "broken") as response:
            with pytest.raises(nh.ClientPayloadError):
                await response.read()
    return seen


async def test_what_was_recorded_is_given_again_without_the_server(
    server: Counted, tmp_path: Path
) -> None:
    """By every client, with statuses, headers, redirects, chunks and broken ends."""
    path = tmp_path / "folder" / "all.json"
    async with nh.cassette(path):
        first = await everything(server.url)
    count = len(server.requests)
    await server.stop()
    with nh.cassette(path, "none") as tape:
        second = await everything(server.url)
    assert len(server.requests) == count
    # The one secret in it is masked in the file.
    assert first[6][3] != second[6][3]
    assert (
        second[6][3]
        == b'{"access_token": "\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2", "user": "al"}'
    )
    first[6] = second[6] = ()
    assert second == first
    assert [chunk for chunk in second if isinstance(chunk, list)][-1] == [
        b"id: 0\ndata: tick 0\n\n",
        b"id: 1\ndata: tick 1\n\n",
        b"id: 2\ndata: tick 2\n\n",
    ]
    assert "not open" in repr(tape)


async def test_the_file_reads_well_and_holds_no_secret(server: Counted, tmp_path: Path) -> None:
    """JSON as JSON, text by lines, and one interaction behind the other."""
    path = tmp_path / "a.json"
    with nh.cassette(path):
        await nh.get(server.url + "items", headers={"Authorization": "Bearer c4nary-bearer"})
        await nh.get(server.url + "login?api_key=c4nary-query", auth=nh.BasicAuth("al", "c4nary"))
        await nh.get(server.url + "zip", cookies={"sid": "c4nary-cookie"})
        await nh.post(server.url + "echo", json={"password": "c4nary-json", "n": 1})
        await nh.post(server.url + "echo", data={"password": "c4nary-form", "n": "1"})
    text = path.read_text()
    assert "c4nary" not in text
    assert "YzRuYXJ5" not in text
    values = json.loads(text)
    assert [each["request"]["method"] for each in values["interactions"]] == [
        *["GET"] * 3,
        *["POST"] * 2,
    ]
    bodies = [each["answer"]["body"] for each in values["interactions"]]
    assert bodies[0]["json"] == {"count": 1, "page": None, "ä": [1.5]}
    assert bodies[2]["text"][:2] == ["line one\n", "line two\n"]
    assert values["interactions"][3]["request"]["body"]["json"] == {"password": "••••", "n": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


async def test_another_token_is_the_same_request(server: Counted, tmp_path: Path) -> None:
    """Requests are compared masked, whatever the length of the secret."""
    path = tmp_path / "a.json"
    for token in ("long-token-of-production", "x"):
        with nh.cassette(path):
            await nh.get(server.url + f"items?token={token}", headers={"X-Api-Key": token})
            await nh.post(server.url + "echo", json={"password": token})
    assert len(server.requests) == 2


async def test_modes(server: Counted, tmp_path: Path) -> None:
    """`all` records anew, `none` never sends, `once` does what the file says."""
    path = tmp_path / "a.json"
    with pytest.raises(FileNotFoundError, match="mode='once'"):
        nh.cassette(path, "none").start()
    seen = []
    for mode in ("once", "once", "all", "none"):
        with nh.cassette(path, mode):
            seen.append((await nh.get(server.url + "items")).json()["count"])
    assert seen == [1, 1, 2, 2]
    assert (await nh.get(server.url + "items")).json()["count"] == 3
    with pytest.raises(ValueError, match="'twice'"):
        nh.cassette(path, "twice")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "path", "options", "says"),
    [
        ("GET", "items?page=3&x=1", {}, "query page: recorded '2', asked '3'"),
        ("GET", "itemz?page=2&x=1", {}, "path: recorded '/items', asked '/itemz'"),
        ("DELETE", "items?page=2&x=1", {}, "method: recorded 'GET', asked 'DELETE'"),
        (
            "POST",
            "echo",
            {"json": {"a": [1, 2, 4], "n": 1}},
            "body.a[2]: recorded 3, asked 4",
        ),
        ("POST", "echo", {"json": {"a": [1, 2, 3]}}, "body.n: recorded 1, asked nothing"),
        ("POST", "echo", {"data": b"\xff"}, "asked b'\\xff'"),
    ],
    ids=["query", "path", "method", "item", "field", "bytes"],
)
async def test_a_miss_names_what_differs(
    server: Counted,
    tmp_path: Path,
    method: str,
    path: str,
    options: dict[str, Any],
    says: str,
) -> None:
    """From the nearest recording; nothing is sent, and nothing tried again."""
    tape = tmp_path / "a.json"
    with nh.cassette(tape):
        await nh.get(server.url + "items?page=2&x=1")
        await nh.post(server.url + "echo", json={"a": [1, 2, 3], "n": 1})
    count = len(server.requests)
    client = nh.Client(middlewares=[nh.RetryMiddleware(attempts=5)])
    with nh.cassette(tape, "none"), pytest.raises(nh.NotRecordedError) as caught:
        await client.request(method, server.url + path, **options)
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 10
    assert len(server.requests) == count


async def test_equal_requests_are_answered_in_order_and_once(
    server: Counted, tmp_path: Path
) -> None:
    """The third of two has no answer."""
    path = tmp_path / "a.json"
    with nh.cassette(path):
        for _ in range(2):
            await nh.get(server.url + "items")
    with nh.cassette(path):
        counts = [(await nh.get(server.url + "items")).json()["count"] for _ in range(2)]
        assert counts == [1, 2]
        with pytest.raises(nh.NotRecordedError, match="2 answers"):
            await nh.get(server.url + "items")


async def test_it_can_be_started_and_stopped(server: Counted, tmp_path: Path) -> None:
    """For a whole notebook; a cell that starts it twice begins anew."""
    tape = nh.cassette(tmp_path / "a.json").start()
    await nh.get(server.url + "items")
    tape.stop()
    tape.stop()
    for _ in range(2):
        tape.start()
        assert (await nh.get(server.url + "items")).json()["count"] == 1
    tape.stop()


async def test_the_inner_one_is_asked(server: Counted, tmp_path: Path) -> None:
    """And the outer one again behind it."""
    with nh.cassette(tmp_path / "outer.json"):
        with nh.cassette(tmp_path / "inner.json"):
            await nh.get(server.url + "items?in")
        await nh.get(server.url + "items?out")
    for name, query in (("inner", "?in"), ("outer", "?out")):
        values = json.loads((tmp_path / f"{name}.json").read_text())
        assert [each["request"]["url"] for each in values["interactions"]] == [
            server.url + "items" + query
        ]


async def test_websockets_pass_while_recording_and_are_refused_in_replay(
    server: Counted, tmp_path: Path
) -> None:
    """With a reason; requests beside them are recorded as ever."""
    path = tmp_path / "a.json"
    async with nh.ClientSession() as session:
        with nh.cassette(path):
            async with session.ws_connect(server.url + "ws") as ws:
                await ws.send_str("hello")
                assert await ws.receive_str() == "hello"
            await nh.get(server.url + "items")
        with nh.cassette(path):
            with pytest.raises(nh.NotRecordedError, match="asks for a WebSocket"):
                await session.ws_connect(server.url + "ws")
            assert (await nh.get(server.url + "items")).json()["count"] == 2
    assert len(server.requests) == 2


def test_nothing_stays_behind() -> None:
    """Requests pass the plain functions again."""
    from notebook_http.client import sender
    from notebook_http.client.exchange import Exchange
    from notebook_http.client.session import ClientSession

    plain = ClientSession._call
    with nh.cassette("/nowhere", "all") as tape:
        assert ClientSession._call is not plain
        tape._records = False  # nothing to write
    assert ClientSession._call is plain
    assert sender.Exchange is Exchange  # type: ignore[attr-defined]


GOOD: dict[str, Any] = {
    "notebook-http-cassette": 1,
    "interactions": [
        {"request": {"method": "GET", "url": "http://h/"}, "answer": {"status": 200}},
        {"request": {"method": "GET", "url": "http://h/2"}, "answer": {"status": 200}},
    ],
}


def changed(where: str, name: str, value: Any) -> bytes:
    """Return the file with a wrong value in its second interaction."""
    values = json.loads(json.dumps(GOOD))
    values["interactions"][1][where][name] = value
    return json.dumps(values, indent=1).encode()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'{\n"a": }', "line 2: no JSON"),
        (b"", "line 1: no JSON"),
        (b"\xff", "byte 0: no UTF-8"),
        (b"[" * 100_000, "nested too deep"),
        (b"[]", "no cassette of ours"),
        (b'{"notebook-http-cassette": 2}', "no cassette of ours"),
        (b'{"notebook-http-cassette": 1, "interactions": 3}', "interactions is a list"),
        (changed("answer", "status", "200"), "line 13, interaction 2: answer.status"),
        (changed("request", "url", 5), "interaction 2: request.url is a text, not 5"),
        (changed("answer", "headers", [["A"]]), "answer.headers is a list of [name, value]"),
        (changed("answer", "headers", [["A", "b\r\nc"]]), "holds a line break"),
        (changed("answer", "body", {"pickle": "x"}), "has json, text or base64, not pickle"),
        (changed("answer", "body", {"base64": ["!"]}), "interaction 2"),
        (changed("answer", "chunks", 5), "answer.chunks is a list"),
    ],
    ids=range(14),
)
def test_broken_files_name_the_place_and_the_reason(tmp_path: Path, raw: bytes, says: str) -> None:
    """When they are opened, not at the tenth request."""
    path = tmp_path / "broken.json"
    path.write_bytes(raw)
    with pytest.raises(nh.CassetteFileError) as caught:
        nh.cassette(path).start()
    assert says in str(caught.value)
    assert "broken.json" in str(caught.value)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """64 MiB, and why."""
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    with pytest.raises(nh.CassetteFileError, match="67,108,864 bytes"):
        nh.cassette(path).start()


async def test_offline_refuses_at_once(
    server: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for this machine's own servers, and what a recording answers."""
    monkeypatch.setenv("NOTEBOOK_HTTP_OFFLINE", "1")
    client = nh.Client(middlewares=[nh.RetryMiddleware(attempts=5)])
    with pytest.raises(nh.OfflineError, match=r"GET http://api\.invalid/x was not sent"):
        await client.get("http://api.invalid/x")
    assert (await client.get(server.url + "items")).status == 200
    with pytest.raises(nh.OfflineError):
        await client.get(server.url.replace("127.0.0.1", "192.0.2.1"))
    with pytest.raises(nh.OfflineError):
        await client.get("http://api.invalid/", proxy=server.url)
    with nh.cassette(tmp_path / "a.json"):
        await client.get(server.url + "items?page=1")
        with pytest.raises(nh.OfflineError, match="nothing can be recorded"):
            await client.get("http://api.invalid/")
    with nh.cassette(tmp_path / "a.json"):
        with pytest.raises(nh.OfflineError, match="query page: recorded '1', asked '2'"):
            await client.get(server.url + "items?page=2")
        assert (await client.get(server.url + "items?page=1")).status == 200
    await client.close()
    monkeypatch.setenv("NOTEBOOK_HTTP_OFFLINE", "0")
    with nh.cassette(tmp_path / "b.json"):
        pass


def test_offline_holds_for_the_core_alone() -> None:
    """From the import on; the notebook's face is not needed."""
    code = """
import asyncio
import notebook_http as aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        await session.get("http://api.invalid/")
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NOTEBOOK_HTTP_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert "OfflineError: GET http://api.invalid/ was not sent" in done.stderr
