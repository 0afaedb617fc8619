"""All server middlewares at once, in any order: streams, WebSockets and failures pass."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http import BasicAuth, ClientError, web
from notebook_http.web import middlewares

ORIGIN = "https://app.example"
FIELDS = {"Origin": ORIGIN, "X-Request-ID": "abc", "Accept-Encoding": "gzip"}


def all_of_them() -> list[Any]:
    return [
        middlewares.RequestIdMiddleware(),
        middlewares.RequestLogMiddleware(),
        middlewares.CORSMiddleware([ORIGIN]),
        middlewares.ProblemDetailsMiddleware(),
        middlewares.RateLimitMiddleware(1000),
        middlewares.BasicAuthMiddleware({"ada": "secret"}),
        middlewares.CompressionMiddleware(),
    ]


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(7)))
async def test_every_order_serves_everything(asking: Any, order: list[int]) -> None:
    made = all_of_them()
    client = await asking(*(made[at] for at in order))
    options: dict[str, Any] = {"auth": BasicAuth("ada", "secret"), "headers": FIELDS}
    answer = await client.get("/text", **options)
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert answer.headers["X-Request-ID"] == "abc"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["RateLimit-Limit"] == "1000"
    answer = await client.get("/stream", **options)
    assert await answer.text() == "piece piece piece "
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    async with client.ws_connect("/echo", **options) as socket:
        await socket.send_str("hi")
        assert await socket.receive_str() == "echo hi"
    answer = await client.get("/failing", **options)
    assert (answer.status, answer.headers["X-Request-ID"]) == (500, "abc")
    assert "hunter2" not in await answer.text()
    answer = await client.get("/forbidden", **options)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (403, ORIGIN)
    answer = await client.get("/text", headers=FIELDS)
    assert answer.status == 401
    with pytest.raises(ClientError):
        await (await client.get("/half", **options)).read()
    assert (await client.get("/text", **options)).status == 200  # and it goes on
    await client.close()


async def test_they_may_stand_behind_one_that_clones(asking: Any) -> None:
    """As those do that know a proxy: plain answers carry the fields as well, and all once."""

    async def clone(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        return await handler(request.clone(scheme="https"))

    request_id, cors, problems, rate = all_of_them()[0:1] + all_of_them()[2:5]
    client = await asking(request_id, clone, cors, clone, problems, rate)
    for path, status in (("/text", 200), ("/stream", 200), ("/forbidden", 403), ("/failing", 500)):
        answer = await client.get(path, headers=FIELDS)
        await answer.read()
        assert answer.status == status
        assert answer.headers.getall("X-Request-ID") == ["abc"]
        assert answer.headers.getall("Access-Control-Allow-Origin") == [ORIGIN]
        assert len(answer.headers.getall("RateLimit-Remaining")) == 1
    await client.close()


def test_each_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "from notebook_http import web\n"
        "assert 'notebook_http.web.middlewares' not in sys.modules\n"
        "middlewares = web.middlewares\n"
        "assert not [m for m in sys.modules if m.startswith('notebook_http.web.middlewares.')]\n"
        "middlewares.CORSMiddleware\n"
        "assert 'notebook_http.web.middlewares.rate_limit' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_is_there() -> None:
    for name in middlewares.__all__:
        assert getattr(middlewares, name) is not None
        assert name in dir(middlewares)
    with pytest.raises(AttributeError, match="no_such_thing"):
        middlewares.no_such_thing  # noqa: B018
