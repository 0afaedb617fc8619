"""Server-sent events in cells: iterated, watched, stopped, and gone on with."""

from __future__ import annotations

import pytest

import notebook_http as nh
from notebook_http import web
from notebook_http.notebook.client import default_client
from notebook_http.test_utils import TestServer

BODY = (
    b'id: 1\ndata: {"n": 1}\n\n'
    b"event: note\nid: 2\ndata: <script>alert(1)</script>\n\n"
    b"data: Authorization: Bearer abcdefghijklmnop1234\n\n"
)
KERNEL = """
%load_ext notebook_http
import asyncio
import notebook_http as nh
from notebook_http import web
asked = []
async def ticks(request):
    asked.append(request.headers.get("Last-Event-ID"))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    n = int(asked[-1] or 0)
    while True:
        n += 1
        await response.write(f"id: {n}\\ndata: tick {n}\\n\\n".encode())
        await asyncio.sleep(0.02)
srv = await nh.serve({"GET /ticks": ticks}, name="ticks")
events = nh.sse(srv.url + "ticks")
"""


async def _answer(request: web.Request) -> web.Response:
    if request.path == "/refused":
        return web.Response(status=403)
    return web.Response(body=BODY, content_type="text/event-stream")


@pytest.fixture
async def url():
    """Return the address of a server of one short stream."""
    app = web.Application()
    app.router.add_get("/{name}", _answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/stream"))
        await default_client().close()


async def test_events_come_one_by_one_and_are_kept(url):
    """The last ones as a table, too; hostile data is text, and secrets are masked."""
    events = nh.sse(url, reconnect=False)
    assert "not connected yet" in repr(events)
    got = [event.data async for event in events]
    assert got[0] == '{"n": 1}'
    assert len(got) == len(events) == 3
    frame = events.df()
    assert list(frame.columns) == ["time", "event", "id", "data"]
    assert frame.data[0] == {"n": 1}
    assert frame.event.tolist() == ["message", "note", "message"]
    html = events._html("words")
    assert "<script" not in html
    assert "abcdefghijklmnop1234" not in html + repr(events)


async def test_only_the_last_are_kept(url):
    """What was kept is bounded."""
    events = nh.sse(url, reconnect=False, keep=2, rows=1)
    assert await events is events
    assert len(events) == 2
    assert events.df().id.tolist() == ["2", "2"]
    assert len(events._cells()) == 1


async def test_what_is_wrong_is_told(url):
    """Options when they are given, answers when they come."""
    with pytest.raises(TypeError, match="reconnect="):
        nh.sse(url, reconect=False)
    with pytest.raises(ValueError, match="rows"):
        nh.sse(url, rows=0)
    with pytest.raises(nh.ClientResponseError, match="403"):
        await nh.sse(url.replace("stream", "refused"))


@pytest.mark.kernel
def test_stop_ends_the_watching_and_the_next_goes_on(kernel):
    """One display, five updates a second at most; what came is kept."""
    kernel.run(KERNEL)
    stopped = kernel.run("await events", stop_after=1.5)
    assert stopped.error_name == "KeyboardInterrupt"
    assert stopped.seconds_after_stop < 1.5
    assert len(stopped.values) == 1
    assert 1 <= len(stopped.updates) <= 5 * stopped.seconds
    assert "stopped; await it again to go on" in stopped.updates[-1]["text/plain"]
    assert len(stopped.updates[-1]["text/plain"].splitlines()) <= 11
    again = kernel.run("await events", stop_after=1.0)
    assert again.error_name == "KeyboardInterrupt"
    table = kernel.run(
        "frame = events.df()\nprint(asked, frame.id.astype(int).is_unique, len(frame))"
    )
    first, last_id = table.stdout.split("]")[0].strip("[").split(", ")
    assert first == "None"
    assert int(last_id.strip("'")) > 10
    assert "True" in table.stdout
    ended = kernel.run("events.close()\nawait events")
    assert len(ended.values) == 1
    assert ended.values[0]["text/plain"].splitlines()[0].endswith(", ended")
