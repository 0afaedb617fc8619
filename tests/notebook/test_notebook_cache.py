"""`nh.cache`: on for `nh.get` and its kin, in a folder, and off again."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import notebook_http as nh
from notebook_http import web


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, list[str]]]:
    """Its address, and what reached it."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        rules = {"/private": "private, max-age=60", "/public": "public, max-age=60"}
        headers = {"Cache-Control": rules.get(request.path, "max-age=60")}
        return web.json_response({"count": len(seen)}, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", seen
    await runner.cleanup()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "cache"


async def test_it_is_on_until_it_is_off(server: tuple[str, list[str]], folder: Path) -> None:
    """Also for a client that has sent before; cookies and connections stay."""
    url, _ = server
    await nh.get(url)
    kept = nh.cache(folder)
    assert "on" in repr(kept)
    first, second = await nh.get(url), await nh.get(url)
    assert (first.json(), second.json()) == ({"count": 2}, {"count": 2})
    assert "from the cache, 0 s old" in second._repr_mimebundle_()["text/plain"]
    assert "from the cache, 0 s old" in second._repr_mimebundle_()["text/html"]
    assert "from the cache" not in first._repr_mimebundle_()["text/html"]
    await kept.clear()
    assert (await nh.get(url)).json() == {"count": 3}
    kept.off()
    kept.off()
    assert (await nh.get(url)).json() == {"count": 4}
    with nh.cache(folder) as again:
        assert (await nh.get(url)).json() == {"count": 3}
        assert again.folder == folder
    assert "off" in repr(again)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}


async def test_a_cell_that_runs_again_replaces_it(server: tuple[str, list[str]]) -> None:
    """In memory; the one before is closed."""
    url, seen = server
    first = nh.cache()
    await nh.get(url)
    second = nh.cache()
    await nh.get(url)
    await nh.get(url)
    assert len(seen) == 2
    assert "off" in repr(first)
    first.off()
    await nh.get(url)
    assert len(seen) == 2
    second.off()


@pytest.mark.parametrize(
    ("path", "options", "sent"),
    [
        ("plain", {"headers": {"Authorization": "Bearer c4nary"}}, 2),
        ("plain", {"auth": nh.BasicAuth("al", "c4nary")}, 2),
        ("public", {"headers": {"Authorization": "Bearer c4nary"}}, 1),
        ("private", {}, 2),
        ("plain?api_key=c4nary", {}, 1),
    ],
    ids=["bearer", "basic", "public", "private", "key in the query"],
)
async def test_credentials_and_the_rules(
    server: tuple[str, list[str]], folder: Path, path: str, options: dict[str, Any], sent: int
) -> None:
    """RFC 9111 §3.5; and no secret is in the folder."""
    url, seen = server
    with nh.cache(folder):
        await nh.get(url + path, **options)
        await nh.get(url + path, **options)
        assert len(seen) == sent
    for file in folder.iterdir():
        assert b"c4nary" not in file.read_bytes()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """As an error of the call, not of the first request."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"cannot be kept in .*file"):
        nh.cache(tmp_path / "file")
    with pytest.raises(ValueError, match=r"cannot be kept in .*: File name too long"):
        nh.cache(tmp_path / ("x" * 300))
