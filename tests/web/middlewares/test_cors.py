"""CORSMiddleware: which origins may read what, and what browsers are told beforehand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http import web
from notebook_http.web.middlewares import BasicAuthMiddleware, CORSMiddleware

APP = "https://app.example"
LOCAL = "http://localhost:3000"


def preflight(origin: str, method: str = "PUT") -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": method}


def allowed(answer: Any) -> str | None:
    found: str | None = answer.headers.get("Access-Control-Allow-Origin")
    return found


@pytest.mark.parametrize("path", ["/text", "/stream", "/forbidden", "/failing", "/nowhere"])
async def test_listed_origins_may_read_every_answer(asking: Any, path: str) -> None:
    client = await asking(CORSMiddleware([APP, LOCAL], expose=["X-Total"]))
    for origin in (APP, LOCAL):
        answer = await client.get(path, headers={"Origin": origin})
        assert allowed(answer) == origin
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Access-Control-Expose-Headers"] == "X-Total"
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://APP.example",
        "https://app.example/",
        "null",
        "",
    ],
)
async def test_others_may_not(asking: Any, origin: str) -> None:
    client = await asking(CORSMiddleware([APP]))
    answer = await client.get("/text", headers={"Origin": origin})
    assert (answer.status, allowed(answer), answer.headers["Vary"]) == (200, None, "Origin")
    answer = await client.options("/text", headers=preflight(origin))
    assert (answer.status, allowed(answer)) == (403, None)


async def test_two_origins_are_none(asking: Any) -> None:
    client = await asking(CORSMiddleware([APP]))
    fields = [("Origin", "https://evil.example"), ("Origin", APP)]
    assert allowed(await client.get("/text", headers=fields)) is None


async def test_a_preflight(asking: Any) -> None:
    middleware = CORSMiddleware(
        [APP], methods=["GET", "PUT"], headers=["X-Token"], credentials=True, max_age=60
    )
    client = await asking(middleware)
    answer = await client.options("/nowhere/yet", headers=preflight(APP))
    assert (answer.status, await answer.read()) == (204, b"")
    named = {
        name: value for name, value in answer.headers.items() if name.startswith("Access-Control")
    }
    assert named == {
        "Access-Control-Allow-Origin": APP,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET, PUT",
        "Access-Control-Allow-Headers": "X-Token",
        "Access-Control-Max-Age": "60",
    }
    assert answer.headers["Vary"] == "Origin"


async def test_methods_are_told_as_routes_have_them(asking: Any) -> None:
    """Browsers compare capitals: ``put`` would allow nothing. A generator is read once."""
    middleware = CORSMiddleware([APP], methods=(each for each in ("get", "put")))
    client = await asking(middleware)
    asked = {"Origin": APP, "Access-Control-Request-Method": "PUT"}
    answer = await client.options("/text", headers=asked)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, PUT"


async def test_options_that_are_no_preflight_are_the_handlers(asking: Any) -> None:
    client = await asking(CORSMiddleware([APP]))
    answer = await client.options("/text", headers={"Origin": APP})
    assert (answer.status, allowed(answer)) == (200, APP)


async def test_a_preflight_outside_of_an_authentication(asking: Any) -> None:
    client = await asking(CORSMiddleware([APP]), BasicAuthMiddleware({"ada": "x"}))
    assert (await client.options("/text", headers=preflight(APP))).status == 204
    answer = await client.get("/text", headers={"Origin": APP})
    assert (answer.status, allowed(answer)) == (401, APP)


async def test_all_origins(asking: Any) -> None:
    client = await asking(CORSMiddleware("*"))
    answer = await client.get("/text", headers={"Origin": "https://any.example"})
    assert allowed(answer) == "*"
    assert "Vary" not in answer.headers


async def test_what_a_handler_says_stays(asking: Any) -> None:
    async def own(request: web.Request) -> web.Response:
        fields = {"Access-Control-Allow-Origin": "https://own.example", "Vary": "Accept"}
        return web.Response(headers=fields)

    client = await asking(CORSMiddleware([APP]), routes=[web.get("/own", own)])
    answer = await client.get("/own", headers={"Origin": APP})
    assert answer.headers.getall("Access-Control-Allow-Origin") == ["https://own.example"]
    assert answer.headers["Vary"] == "Accept, Origin"


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40))
async def test_no_made_up_origin_is_echoed(asking: Any, made_up: str) -> None:
    client = await asking(CORSMiddleware([APP], credentials=True))
    for origin in (made_up, APP + made_up, made_up + APP):
        answer = await client.get("/text", headers={"Origin": origin})
        expected = APP if origin.strip(" \t") == APP else None
        assert allowed(answer) == expected
    await client.close()


@pytest.mark.parametrize(
    "origin",
    ["https://app.example/", "https://App.example", "app.example", "https://app.example:443", ""],
)
def test_origins_that_no_browser_sends(origin: str) -> None:
    with pytest.raises(ValueError, match="no browser sends"):
        CORSMiddleware([origin])


@pytest.mark.parametrize("origin", ["null", "chrome-extension://abcdef", "http://[::1]:8080"])
def test_origins_that_browsers_send(origin: str) -> None:
    assert CORSMiddleware([origin]).origins == {origin}


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="list the origins"):
        CORSMiddleware("*", credentials=True)
    with pytest.raises(TypeError, match="put it into one"):
        CORSMiddleware(APP)
    with pytest.raises(TypeError, match="put it into one"):
        CORSMiddleware([APP], headers="X-Token")
    with pytest.raises(ValueError, match="not a header name"):
        CORSMiddleware([APP], headers=["X Token"])
    for where in ("methods", "headers", "expose"):
        with pytest.raises(ValueError, match="allow nothing"):
            CORSMiddleware([APP], credentials=True, **{where: ["X-A", "*"]})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_age"):
        CORSMiddleware([APP], max_age=-1)
