"""Servers of the notebook and the pages of others in the same browser."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import notebook_http as nh
from notebook_http import web
from tests.advisories.notebook.conftest import Served

pytestmark = pytest.mark.advisory

EVIL = "http://evil.example"


async def refused_upgrade(served: Served, origin: str) -> None:
    """Send a page's handshake; nothing may reach the handler."""
    status = await served.handshake(Origin=origin)
    assert b" 403 " in status, status
    assert served.reached == []


async def test_cve_2023_40170_no_page_of_another_origin_opens_a_websocket(served: Served) -> None:
    """Programs, this machine's pages, and what comes through the notebook's proxy do."""
    await refused_upgrade(served, EVIL)
    own = f"http://127.0.0.1:{served.port}"
    for origin in (own, "http://localhost:8888", "http://[::1]:8888", "vscode-webview://abc"):
        assert b" 101 " in await served.handshake(Origin=origin), origin
    assert b" 101 " in await served.handshake()
    proxied = await served.handshake(Origin="https://hub.example", X_ProxyContextPath="/user/al")
    assert b" 101 " in proxied


async def test_cve_2019_9644_answers_are_not_readable_across_origins(served: Served) -> None:
    """No `Access-Control-Allow-Origin` unless somebody asks for it."""
    answer = await served.ask(Origin=EVIL)
    assert b"access-control" not in answer.lower()


async def test_cve_2014_3429_origins_are_compared_for_every_websocket(served: Served) -> None:
    """`null`, which a sandboxed frame of any page has, is none of ours."""
    await refused_upgrade(served, "null")


async def test_cve_2015_5607_a_failing_page_is_no_way_around(served: Served) -> None:
    """Answers with errors are as closed as others."""
    answer = await served.ask("/fail", Origin=EVIL)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"access-control" not in answer.lower()


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://localhost.evil.example",
            "http://evil.example/localhost",
            "http://127.0.0.1.evil",
        ),
        *("http://localhost@evil.example", "http://xlocalhost", "http://evil.example:80#localhost"),
    ],
)
async def test_cve_2026_40110_origins_match_whole(served: Served, origin: str) -> None:
    """`re.match` took what only begins like a good one."""
    await refused_upgrade(served, origin)


@pytest.mark.parametrize("host", ["evil.example", "EVIL.example.", "localhost.evil.example"])
async def test_promise_dns_rebinding_reaches_nobody(served: Served, host: str) -> None:
    """A name that anybody may point to 127.0.0.1 is no name of ours; addresses are safe."""
    answer = await served.ask(host=f"{host}:{served.port}")
    assert answer.startswith(b"HTTP/1.1 421 ")
    assert b"of this machine" not in answer
    assert b"evil" not in answer.lower()
    assert served.reached == []
    for good in ("localhost", "127.0.0.1", "[::1]", "app.localhost", "LOCALHOST."):
        answer = await served.ask(host=f"{good}:{served.port}")
        assert answer.startswith(b"HTTP/1.1 200 "), good


async def test_promise_names_that_were_allowed_are_taken(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a variable; on a hub nobody's browser is on the kernel's machine."""
    monkeypatch.setenv("NOTEBOOK_HTTP_ALLOWED_HOSTS", "box.example, other.example")
    refused = await served.ask(host="box.example:1")
    assert b" 421 " in refused[:20]
    assert b"Add it to NOTEBOOK_HTTP_ALLOWED_HOSTS, then serve again." in refused

    async def page(request: web.Request) -> web.Response:
        return web.Response()

    async with nh.Server({"GET /": page}) as server:
        again = Served()
        again.server = server
        assert b" 200 " in (await again.ask(host="box.example:1"))[:20]
        assert b" 421 " in (await again.ask(host="boxx.example:1"))[:20]


async def test_cve_2024_28179_upgrades_pass_the_same_middlewares(served: Served) -> None:
    """A check in a middleware holds for WebSockets: no proxy in front has to do it."""

    @web.middleware
    async def closed(request: web.Request, handler: object) -> web.Response:
        raise web.HTTPUnauthorized

    async def socket(request: web.Request) -> web.WebSocketResponse:
        served.reached.append("never")
        return web.WebSocketResponse()

    app = web.Application(middlewares=[closed])
    app.router.add_get("/ws", socket)
    async with nh.Server(app) as server:
        with pytest.raises(nh.WSServerHandshakeError) as caught:
            async with nh.ClientSession() as session:
                await session.ws_connect(server.url + "ws")
    assert caught.value.status == 401
    assert served.reached == []


async def test_cve_2023_49080_strangers_see_no_traceback(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """Details are in the log, which is in the cell."""
    with caplog.at_level(logging.ERROR):
        answer = await served.ask("/fail")
    assert answer.startswith(b"HTTP/1.1 500 ")
    for word in (b"Traceback", b"secret.py", b"RuntimeError", b"internals"):
        assert word not in answer
    assert "RuntimeError" in caplog.text


async def test_cve_2024_35225_error_pages_reflect_nothing_as_html(served: Served) -> None:
    """Neither the path nor the host."""
    for target in ("/<script>alert(1)</script>", "/%3Cscript%3Ealert(1)%3C/script%3E"):
        answer = await served.ask(target)
        assert b"<script" not in answer
    answer = await served.ask(host="<script>alert(1)</script>")
    assert b"<script" not in answer
    head = (await served.ask("/nowhere")).lower()
    assert b"content-type: text/plain" in head


REDIRECTING = ["//evil.example/", "/\\evil.example/", "/%5Cevil.example/", "/?next=//evil.example"]


async def no_way_out(served: Served, targets: list[str]) -> None:
    """Ask for each; no answer may lead to another host."""
    for target in [*REDIRECTING, *targets]:
        head = (await served.ask(target)).partition(b"\r\n\r\n")[0].lower()
        assert b"location:" not in head, target


async def test_cve_2020_26232_no_target_comes_from_the_query(served: Served) -> None:
    """As the log-in page's `next` did."""
    await no_way_out(served, ["/login?next=http://evil.example", "/?next=https:evil.example"])


async def test_cve_2020_26275_an_empty_netloc_is_no_way_out(served: Served) -> None:
    """`///host` is another way to write it."""
    await no_way_out(served, ["///evil.example", "/?next=///evil.example"])


async def test_cve_2023_39968_a_backslash_is_no_way_out(served: Served) -> None:
    r"""Browsers read `\` as `/`."""
    await no_way_out(served, ["/\\\\evil.example", "/?next=/\\evil.example"])


async def test_cve_2025_61669_a_prefix_is_no_host(served: Served) -> None:
    """`/base//host`."""
    await no_way_out(served, ["/base//evil.example", "/proxy//evil.example/"])


async def test_cve_2019_10255_slashes_are_not_merged_into_a_host(served: Served) -> None:
    """In front of a path that is there."""
    await no_way_out(served, ["////", "//evil.example/%2e%2e"])


async def test_cve_2019_10856_encoded_slashes_are_no_host(served: Served) -> None:
    """Neither once nor twice encoded."""
    await no_way_out(served, ["/%2f%2fevil.example", "/%252f%252fevil.example"])


async def test_cve_2020_26215_a_trailing_slash_adds_no_redirect(served: Served) -> None:
    """Nothing is normalised unless somebody asks for it."""
    await no_way_out(served, ["//evil.example//", "/ws/"])


async def files_of(served: Served, folder: Path, targets: list[str]) -> list[int]:
    """Return the statuses of paths below a static folder of a notebook's server."""
    app = web.Application()
    app.router.add_static("/files", folder)
    async with nh.Server(app) as server:
        old, served.server = served.server, server
        try:
            answers = [await served.ask(f"/files/{target}") for target in targets]
        finally:
            served.server = old
    return [int(answer[9:12]) for answer in answers]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a hidden file, and a sibling of a similar name."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "page.txt").write_text("page")
    (tmp_path / "root" / ".env").write_text("TOKEN=1")
    (tmp_path / "root" / ".git").mkdir()
    (tmp_path / "root" / ".git" / "config").write_text("url")
    (tmp_path / "root-secret").mkdir()
    (tmp_path / "root-secret" / "page.txt").write_text("secret")
    return tmp_path / "root"


async def test_cve_2022_29238_hidden_files_are_not_served(served: Served, folder: Path) -> None:
    """In no spelling, unless somebody asks for it."""
    targets = ["page.txt", ".env", "%2eenv", "./.env"]
    assert (await files_of(served, folder, targets))[0] == 200
    assert 200 not in (await files_of(served, folder, targets))[1:]


async def test_cve_2022_29241_nothing_below_hidden_folders(served: Served, folder: Path) -> None:
    """The folder's name counts as well."""
    assert 200 not in await files_of(served, folder, [".git/config", "%2egit/config", ".git/"])


async def test_cve_2026_35397_a_root_is_no_prefix(served: Served, folder: Path) -> None:
    """`/root-secret` begins like `/root`."""
    targets = [
        "../root-secret/page.txt",
        "%2e%2e/root-secret/page.txt",
        "..%2froot-secret/page.txt",
    ]
    assert 200 not in await files_of(served, folder, targets)


async def test_cve_2026_5422_parts_are_compared(served: Served, folder: Path) -> None:
    """A link out of the folder is judged by where it leads."""
    (folder / "link").symlink_to(folder.parent / "root-secret")
    assert 200 not in await files_of(
        served, folder, ["link/page.txt", "page.txt/../../root-secret"]
    )


async def test_cve_2024_35178_no_path_of_another_machine(served: Served, folder: Path) -> None:
    r"""`\\host\share` would send this machine's log-in there, on Windows."""
    targets = ["\\\\evil.example\\share", "%5C%5Cevil.example%5Cshare", "//evil.example/share"]
    assert 200 not in await files_of(served, folder, targets)


async def test_cve_2022_21697_nothing_of_ours_goes_where_a_path_says(served: Served) -> None:
    """`/proxy/host:port/…`: the request that asks for it stays here."""
    for target in ("/proxy/evil.example:80/", "http://evil.example/", "/proxy/absolute/1/"):
        answer = await served.ask(target)
        assert answer[9:12] in (b"404", b"421", b"200"), answer
        assert b"evil" not in answer.lower()
