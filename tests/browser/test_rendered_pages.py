"""A page from a stranger, rendered in Chromium: it reaches neither the net nor its frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from notebook_http.notebook.display.rendered_page import RenderedPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

# Everything that makes a browser go somewhere by itself, or at a click; AT is the address.
PAGE = """<!doctype html><title>owned</title>
<base href="AT/base/"><meta http-equiv="refresh" content="0;url=AT/refresh">
<link rel="stylesheet" href="AT/css"><link rel="preconnect" href="AT"><link/rel=preload as=image
href=AT/preload><LINK REL=prefetch HREF=AT/prefetch><link rel="icon" href="AT/icon">
<link rel="dns-prefetch" href="AT"><link rel="modulepreload" href="AT/module">
<style>@import url(AT/import); @font-face {font-family: x; src: url(AT/font)}
body {background: url(AT/background); font-family: x; cursor: url(AT/cursor), auto}</style>
<script src="AT/script"></script><script>fetch("AT/fetch"); top.document.title = "owned"</script>
<img src="AT/img" srcset="AT/srcset 2x" onerror="top.document.title = 'owned'">
<picture><source srcset="AT/source"><img></picture>
<video src="AT/video" poster="AT/poster" autoplay></video><audio src="AT/audio" autoplay></audio>
<iframe src="AT/iframe"></iframe><object data="AT/object"></object><embed src="AT/embed">
<form action="AT/form" id="f"><input type="image" src="AT/input" autofocus></form>
<svg><image href="AT/svg"/><use href="AT/use#x"/><a href="AT/svglink"><text>t</text></a>
<filter id=i><feImage href="AT/feimage"/></filter><script href="AT/svgscript"/></svg>
<body background="AT/body" onload="top.document.title = 'owned'"><table background="AT/table">
<p>Shown <b>bold</b></p><a id="link" href="AT/click" ping="AT/ping"
style="position: fixed; inset: 0">click</a>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">"""


class Listener:
    """Counts who connects, and what they ask for."""

    def __init__(self) -> None:
        self.address = ""
        self.asked: list[str] = []

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note a connection, answer it with nothing."""
        self.asked.append("(connected)")
        line = await reader.readline()
        if line:
            self.asked.append(line.split(b" ")[1].decode())
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    """A server that nobody should reach."""
    found = Listener()
    server = await asyncio.start_server(found.take, "127.0.0.1", 0)
    found.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield found
    server.close()


async def test_the_page_reaches_nothing(page: Page, listener: Listener, screenshots: Path) -> None:
    """Not by itself, and not when somebody clicks on it."""
    html = RenderedPage(PAGE.replace("AT", listener.address), "text/html", 300).html()
    await page.set_content(f"<title>mine</title>{html}")
    frame = page.frames[1]
    assert await frame.locator("b").inner_text() == "bold"
    assert await frame.locator("b").evaluate("node => getComputedStyle(node).fontWeight") == "700"
    await page.mouse.click(200, 150)
    await asyncio.sleep(2)
    await page.screenshot(path=screenshots / "rendered-page.png")
    assert listener.asked == []
    assert await page.title() == "mine"
    assert await frame.locator("b").inner_text() == "bold"


async def test_the_same_page_without_the_frame_reaches_the_listener(
    page: Page, listener: Listener
) -> None:
    """So that the test above can fail."""
    without_refresh = PAGE.replace("AT", listener.address).replace("refresh", "x")
    await page.set_content(without_refresh, wait_until="commit")
    for _ in range(100):
        if {"/css", "/base", "/img", "/script", "/svg"} & {*listener.asked}:
            break
        await asyncio.sleep(0.1)
    assert "(connected)" in listener.asked
    assert "/css" in listener.asked
