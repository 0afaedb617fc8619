"""What `nh.cassette` writes: no secret in any form, no half for a whole, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import notebook_http as nh
from notebook_http.notebook.cassettes.body_forms import body_bytes, body_form
from notebook_http.wire import registered_secrets
from tests.notebook.cassettes.conftest import Counted


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=latin-1", "text/plain; charset=latin-1", "", "application/weird"],
)
async def test_text_that_is_no_utf_8_holds_no_secret(
    server: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    """Neither by its name nor by its value, in request and answer; the rest is kept."""
    monkeypatch.setattr(registered_secrets, "_known", {})
    registered_secrets.register_secret("r3gistered-value", "MINE")
    body = '{"password": "n4med-value", "note": "für r3gistered-value", "name": "Zoë"}'
    sent = body.encode("latin-1")
    path = tmp_path / "a.json"
    with nh.cassette(path):
        headers = {"Content-Type": content_type} if content_type else {}
        reply = await nh.post(server.url + "echo", data=sent, headers=headers)
    assert reply.content == sent
    each = json.loads(path.read_text())["interactions"][0]
    for form, kind in (
        (each["request"]["body"], content_type),
        (each["answer"]["body"], reply.headers["Content-Type"]),
    ):
        kept = body_bytes(form)
        assert b"r3gistered" not in kept
        # What says that it is no text has no names; `nh.post` says so where nothing was given.
        if kind.startswith(("application/json", "text/")):
            assert b"n4med" not in kept
        assert b"Zo\xeb" in kept


async def test_why_a_body_ends_is_masked_before_it_is_cut(
    server: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message of an error holds the URL, which may be long."""
    monkeypatch.setattr(registered_secrets, "_known", {})
    registered_secrets.register_secret("s3kr1t" * 10, "MINE")
    path = tmp_path / "a.json"
    async with nh.ClientSession() as session:
        with nh.cassette(path):
            for pad in range(320, 480, 20):
                url = f"{server.url}broken?{'x' * pad}-{'s3kr1t' * 10}"
                async with session.get(url) as response:
                    with pytest.raises(nh.ClientPayloadError):
                        await response.read()
    for each in json.loads(path.read_text())["interactions"]:
        assert "xxx" in each["answer"]["broken"]
        assert "s3k" not in each["answer"]["broken"]


async def test_half_a_body_is_not_recorded_as_whole(server: Counted, tmp_path: Path) -> None:
    """A recording that is closed while it comes says so; answers without a body are whole."""
    path = tmp_path / "a.json"
    async with nh.ClientSession() as session:
        with nh.cassette(path):
            response = await session.get(server.url + "events")
            assert await response.content.readany() == b"id: 0\ndata: tick 0\n\n"
        response.close()
    with nh.cassette(path, "none"):
        async with nh.ClientSession() as session, session.get(server.url + "events") as response:
            with pytest.raises(nh.ClientPayloadError, match="closed while"):
                await response.read()
    with nh.cassette(tmp_path / "b.json"):
        async with nh.ClientSession() as session:
            await session.head(server.url + "items")
            for status in (204, 304):
                await session.get(f"{server.url}empty/{status}")
            await session.get(server.url + "moved", allow_redirects=False)
    values = json.loads((tmp_path / "b.json").read_text())["interactions"]
    assert [each["answer"].get("broken") for each in values] == [None] * 4


def test_octets_are_kept_as_they_are() -> None:
    """In bodies of every kind that hold no secret."""
    raw = bytes(range(256)) * 3
    for kind in ("application/octet-stream", "image/png", "text/plain", "", "multipart/mixed"):
        assert body_bytes(body_form(raw, kind)) == raw
    # In what is no text a word is chance.
    raw = b"\x89PNG\xff token=abcdefgh"
    assert body_bytes(body_form(raw, "image/png")) == raw


async def test_a_write_that_fails_loses_nothing(server: Counted, tmp_path: Path) -> None:
    """A second `stop` writes what was recorded."""
    path = tmp_path / "folder" / "a.json"
    path.parent.write_text("a file where the folder should be")
    tape = nh.cassette(path).start()
    await nh.get(server.url + "items")
    with pytest.raises(OSError, match="folder"):
        tape.stop()
    assert "not written yet" in repr(tape)
    await nh.get(server.url + "items?not=recorded")
    path.parent.unlink()
    tape.stop()
    assert len(json.loads(path.read_text())["interactions"]) == 1
    assert "not open" in repr(tape)
    path.unlink()
    tape.stop()
    assert not path.exists()
