"""BasicAuthMiddleware and BearerAuthMiddleware: who is let in, and what the others are told."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from notebook_http import BasicAuth, web
from notebook_http.web.middlewares import USER, BasicAuthMiddleware, BearerAuthMiddleware

USERS = {"ada": "pass:wörd", "bob": ""}


async def name(request: web.Request) -> web.Response:
    return web.Response(text=str(request[USER]))


ROUTES = [web.get("/name", name)]


def basic(credentials: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(credentials.encode(encoding)).decode()


@pytest.mark.parametrize(
    ("sent", "user"),
    [
        (basic("ada:pass:wörd"), "ada"),
        (basic("ada:pass:wörd", "latin-1"), "ada"),
        (basic("bob:"), "bob"),
        (basic("ada:pass:wörd").replace("Basic", "bASIC"), "ada"),
        (basic("ada:pass"), None),
        (basic("ada:"), None),
        (basic("bob:x"), None),
        (basic("eve:"), None),
        (basic("eve:pass:wörd"), None),
        (basic("ada"), None),
        (basic("ada:pass:wörd\n"), None),
        (basic("\x00ada:pass:wörd"), None),
        ("Basic !!!", None),
        ("Basic", None),
        ("Bearer abc", None),
        ("", None),
    ],
)
async def test_names_and_passwords(asking: Any, sent: str, user: str | None) -> None:
    client = await asking(BasicAuthMiddleware(USERS, realm="the office"), routes=ROUTES)
    answer = await client.get("/name", headers={"Authorization": sent})
    if user is None:
        assert answer.status == 401
        challenge = 'Basic realm="the office", charset="UTF-8"'
        assert answer.headers["WWW-Authenticate"] == challenge
    else:
        assert (answer.status, await answer.text()) == (200, user)


async def test_nothing_sent(asking: Any) -> None:
    client = await asking(BasicAuthMiddleware(USERS))
    answer = await client.get("/text")
    assert answer.status == 401
    assert "hello" not in await answer.text()


async def test_two_fields_are_none(asking: Any) -> None:
    client = await asking(BasicAuthMiddleware(USERS))
    fields = [("Authorization", basic("ada:pass:wörd"))] * 2
    assert (await client.get("/text", headers=fields)).status == 401


@pytest.mark.parametrize(("verdict", "user"), [(True, "ada"), ({"id": 7}, "{'id': 7}"), (0, "0")])
async def test_a_function_that_says_who_it_is(asking: Any, verdict: Any, user: str) -> None:
    async def check(login: str, password: str) -> Any:
        assert (login, password) == ("ada", "x")
        return verdict

    client = await asking(BasicAuthMiddleware(check), routes=ROUTES)
    answer = await client.get("/name", auth=BasicAuth("ada", "x"))
    assert (answer.status, await answer.text()) == (200, user)


@pytest.mark.parametrize("verdict", [None, False])
async def test_a_function_that_says_no(asking: Any, verdict: Any) -> None:
    client = await asking(BasicAuthMiddleware(lambda login, password: verdict))
    assert (await client.get("/text", auth=BasicAuth("ada", "x"))).status == 401


@pytest.mark.parametrize("credentials", ["ada\n:x", "ada:x\x7f", "\x00:", "a\tb:c"])
async def test_a_function_sees_no_control_characters(asking: Any, credentials: str) -> None:
    """They are not allowed, and a name ends up in logs and files (RFC 7617 §2)."""
    client = await asking(BasicAuthMiddleware(lambda login, password: True))
    answer = await client.get("/text", headers={"Authorization": basic(credentials)})
    assert answer.status == 401


async def test_a_function_that_fails_lets_nobody_in(asking: Any) -> None:
    def check(login: str, password: str) -> Any:
        raise OSError("no directory")

    client = await asking(BasicAuthMiddleware(check))
    answer = await client.get("/text", auth=BasicAuth("ada", "x"))
    assert answer.status == 500
    assert "hello" not in await answer.text()


async def test_what_needs_no_credentials(asking: Any) -> None:
    client = await asking(
        BasicAuthMiddleware(USERS, exempt=lambda request: request.path == "/text")
    )
    assert (await client.get("/text")).status == 200
    assert (await client.get("/stream")).status == 401


@pytest.mark.parametrize(
    ("sent", "status", "challenge"),
    [
        ("Bearer tok-1", 200, None),
        ("bearer  tok-2", 200, None),
        ("Bearer tok-3", 401, 'Bearer realm="api", error="invalid_token"'),
        ("Bearer tok 1", 401, 'Bearer realm="api", error="invalid_token"'),
        ("Bearer", 401, 'Bearer realm="api", error="invalid_token"'),
        ("Basic abc", 401, 'Bearer realm="api"'),
        ("", 401, 'Bearer realm="api"'),
    ],
)
async def test_tokens(asking: Any, sent: str, status: int, challenge: str | None) -> None:
    client = await asking(BearerAuthMiddleware({"tok-1": "ada", "tok-2": "bob"}, realm="api"))
    answer = await client.get("/text", headers={"Authorization": sent})
    assert (answer.status, answer.headers.get("WWW-Authenticate")) == (status, challenge)


async def test_a_function_that_knows_tokens(asking: Any) -> None:
    async def check(token: str) -> Any:
        return f"owner of {token}" if token == "right" else None

    client = await asking(BearerAuthMiddleware(check), routes=ROUTES)
    answer = await client.get("/name", headers={"Authorization": "Bearer right"})
    assert await answer.text() == "owner of right"
    assert (await client.get("/name", headers={"Authorization": "Bearer no"})).status == 401


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=60))
async def test_nothing_made_up_gets_in(asking: Any, made_up: str) -> None:
    client = await asking(BasicAuthMiddleware(USERS))
    for sent in (made_up, f"Basic {made_up}", f"Bearer {made_up}"):
        answer = await client.get("/text", headers={"Authorization": sent})
        assert answer.status == 401
    await client.close()


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="realm"):
        BasicAuthMiddleware(USERS, realm='a"b')
    with pytest.raises(TypeError, match="mapping or a function"):
        BasicAuthMiddleware(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no client can send"):
        BearerAuthMiddleware({"": "everybody"})
    with pytest.raises(TypeError, match="mapping or a function"):
        BearerAuthMiddleware(["token"])  # type: ignore[arg-type]
    for login in ("a:b", "a\nb"):
        with pytest.raises(ValueError, match="no client can send"):
            BasicAuthMiddleware({login: "x"})
    with pytest.raises(TypeError, match="password of 'ada' is no text"):
        BasicAuthMiddleware({"ada": None})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="token is no text"):
        BearerAuthMiddleware({None: "reports"})  # type: ignore[dict-item]


def test_no_secret_in_a_repr() -> None:
    shown = repr(vars(BasicAuthMiddleware(USERS))) + repr(vars(BearerAuthMiddleware({"tok-1": 1})))
    assert "wörd" not in shown
    assert "tok-1" not in shown
