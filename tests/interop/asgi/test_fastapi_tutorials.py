"""What FastAPI's tutorial teaches of dependencies, security, errors and WebSockets."""

# Without `from __future__ import annotations`: FastAPI looks annotations up in the module, and what
# they name here is inside of functions.

import json
from collections.abc import Iterator
from typing import Annotated, Any

import aiohttp
import pytest
from fastapi import (
    APIRouter,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    WebSocket,
    WebSocketException,
    status,
)
from fastapi.encoders import jsonable_encoder
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import (
    APIKeyHeader,
    HTTPBasic,
    HTTPBasicCredentials,
    OAuth2PasswordBearer,
    OAuth2PasswordRequestForm,
)
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as StarletteHTTPException

pytestmark = pytest.mark.peer

USERS = {"ada": {"username": "ada", "password": "secret", "disabled": False}}


class User(BaseModel):
    """Who is logged in; the password stays out of answers."""

    username: str
    disabled: bool = False


def security() -> FastAPI:
    """The password flow of OAuth2, HTTP Basic and an API key."""
    app = FastAPI()
    scheme = OAuth2PasswordBearer(tokenUrl="token")

    async def current_user(token: Annotated[str, Depends(scheme)]) -> User:
        user = USERS.get(token)
        if user is None:
            raise HTTPException(401, "Not authenticated", headers={"WWW-Authenticate": "Bearer"})
        return User(**user)

    async def active_user(user: Annotated[User, Depends(current_user)]) -> User:
        if user.disabled:
            raise HTTPException(400, "Inactive user")
        return user

    @app.post("/token")
    async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
        user = USERS.get(form.username)
        if user is None or form.password != user["password"]:
            raise HTTPException(400, "Incorrect username or password")
        return {"access_token": form.username, "token_type": "bearer"}

    @app.get("/users/me", response_model=User)
    async def me(user: Annotated[User, Depends(active_user)]) -> User:
        return user

    @app.get("/basic")
    def basic(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> Any:
        return {"username": credentials.username, "password": credentials.password}

    @app.get("/key")
    def key(given: Annotated[str, Depends(APIKeyHeader(name="X-Key"))]) -> str:
        return given

    return app


async def test_security(same_answers: Any) -> None:
    """A token is asked for with a form, and sent along."""
    login = {"username": "ada", "password": "secret"}
    basic = {"Authorization": aiohttp.encode_basic_auth("ada", "pä:ss")}
    answers = await same_answers(
        security,
        ("GET", "/users/me"),
        ("POST", "/token", {"data": login}),
        ("POST", "/token", {"data": {**login, "password": "wrong"}}),
        ("POST", "/token", {"data": {"username": "ada"}}),
        ("GET", "/users/me", {"headers": {"Authorization": "Bearer ada"}}),
        ("GET", "/users/me", {"headers": {"Authorization": "Bearer eve"}}),
        ("GET", "/basic"),
        (
            "GET",
            "/basic",
            {"headers": basic},
        ),
        ("GET", "/basic", {"headers": {"Authorization": "Basic !"}}),
        ("GET", "/key"),
        ("GET", "/key", {"headers": {"X-Key": "k"}}),
    )
    assert [each.status for each in answers[:6]] == [401, 200, 400, 422, 200, 401]
    assert json.loads(answers[4].body) == {"username": "ada", "disabled": False}


class Paging:
    """A class as a dependency."""

    def __init__(self, q: str | None = None, skip: int = 0, limit: int = 100) -> None:
        self.values = {"q": q, "skip": skip, "limit": limit}


def dependencies(notes: list[str]) -> FastAPI:
    """Classes, chains, `yield`, those of a router and of the whole application."""

    async def verify(x_token: Annotated[str, Header()]) -> None:
        if x_token != "fake":
            raise HTTPException(400, "X-Token header invalid")

    app = FastAPI(dependencies=[Depends(verify)])
    router = APIRouter(prefix="/items", tags=["items"], responses={404: {"description": "none"}})

    def extractor(q: str | None = None) -> str | None:
        return q

    def query_or_cookie(
        q: Annotated[str | None, Depends(extractor)], last: Annotated[str | None, Cookie()] = None
    ) -> str | None:
        return q or last

    def opened() -> Iterator[str]:
        notes.append("open")
        try:
            yield "resource"
        finally:
            notes.append("closed")

    @router.get("/")
    async def items(paging: Annotated[Paging, Depends()]) -> Any:
        return paging.values

    @router.get("/last")
    async def last(value: Annotated[str | None, Depends(query_or_cookie)]) -> Any:
        return {"value": value}

    @router.get("/open")
    def use(value: Annotated[str, Depends(opened)], fail: bool = False) -> Any:
        if fail:
            raise HTTPException(404, value)
        return value

    app.include_router(router)
    app.include_router(router, prefix="/v2", include_in_schema=False)
    return app


async def test_dependencies(same_answers: Any) -> None:
    """What each opened, it closed."""
    all_notes: list[list[str]] = []

    def make() -> FastAPI:
        all_notes.append([])
        return dependencies(all_notes[-1])

    token = {"X-Token": "fake"}
    answers = await same_answers(
        make,
        ("GET", "/items/"),
        ("GET", "/items/", {"headers": {"X-Token": "real"}}),
        ("GET", "/items/?q=a&skip=3", {"headers": token}),
        ("GET", "/items?q=a", {"headers": token}),
        ("GET", "/items/last?q=a", {"headers": token}),
        ("GET", "/items/last", {"headers": {**token, "Cookie": "last=c; x=y"}}),
        ("GET", "/v2/items/open", {"headers": token}),
        ("GET", "/items/open?fail=1", {"headers": token}),
        ("GET", "/openapi.json"),
    )
    assert [each.status for each in answers] == [422, 400, 200, 307, 200, 200, 200, 404, 200]
    assert all_notes == [["open", "closed"] * 2] * 2


class UnicornError(Exception):
    """An error of the application's own."""


class Item(BaseModel):
    """A model with constraints."""

    name: str = Field(max_length=10)
    price: float = Field(gt=0)
    tags: set[str] = set()


def handling() -> FastAPI:
    """Handlers of errors, other status codes, bodies of several parts, headers and cookies."""
    app = FastAPI()

    @app.exception_handler(UnicornError)
    async def unicorn(request: Request, error: UnicornError) -> JSONResponse:
        return JSONResponse({"message": f"Oops, {error} at {request.url.path}"}, status_code=418)

    @app.exception_handler(StarletteHTTPException)
    async def http(request: Request, error: StarletteHTTPException) -> Response:
        if error.status_code == 404:
            return PlainTextResponse(str(error.detail), status_code=404)
        return await http_exception_handler(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        content = {"places": [list(map(str, each["loc"])) for each in error.errors()]}
        return JSONResponse(jsonable_encoder(content), status_code=400)

    @app.get("/unicorns/{name}")
    async def unicorns(name: str) -> Any:
        raise UnicornError(name)

    @app.put("/items/{number}", response_model=Item, response_model_exclude_unset=True)
    async def update(
        number: int,
        item: Annotated[Item, Body(embed=True)],
        tags: Annotated[list[str], Query()],
        response: Response,
        importance: Annotated[int, Body()] = 0,
    ) -> Any:
        if number == 0:
            raise HTTPException(404, "Item not found")
        if number == 1:
            return JSONResponse({"name": "created"}, status_code=status.HTTP_201_CREATED)
        response.status_code = 202
        response.headers["X-Tags"] = ",".join(tags)
        response.set_cookie("importance", str(importance), max_age=60, samesite="strict")
        return {**item.model_dump(exclude_unset=True), "secret": "kept"}

    @app.get("/proxied")
    async def proxied(request: Request) -> Any:
        return {
            "url": str(request.url),
            "client": request.client is not None,
            "q": request.url.query,
        }

    return app


async def test_errors_and_bodies(same_answers: Any) -> None:
    """Handlers of the application's own take the place of the usual ones."""
    item = {"item": {"name": "a", "price": 2.5, "tags": ["x"]}, "importance": 5}
    answers = await same_answers(
        handling,
        ("GET", "/unicorns/yolo"),
        ("GET", "/nothing"),
        ("DELETE", "/proxied"),
        ("PUT", "/items/3?tags=a&tags=b", {"json": item}),
        ("PUT", "/items/3", {"json": item}),
        ("PUT", "/items/x?tags=a", {"json": {"item": {"name": "n" * 11, "price": -1}}}),
        ("PUT", "/items/0?tags=a", {"json": item}),
        ("PUT", "/items/1?tags=a", {"json": item}),
        ("PUT", "/items/3?tags=a", {"data": b"\xff", "headers": {"Content-Type": "text/json"}}),
        ("GET", "/proxied?a=%C3%BC&b"),
    )
    assert [each.status for each in answers] == [418, 404, 405, 202, 400, 400, 404, 201, 400, 200]
    assert json.loads(answers[3].body) == {"name": "a", "price": 2.5, "tags": ["x"]}


def sockets() -> FastAPI:
    """WebSockets with dependencies, cookies and query parameters."""
    app = FastAPI()

    async def cookie_or_token(
        websocket: WebSocket,
        session: Annotated[str | None, Cookie()] = None,
        token: Annotated[str | None, Query()] = None,
    ) -> str:
        if session is None and token is None:
            raise WebSocketException(code=status.WS_1008_POLICY_VIOLATION)
        return session or token or ""

    @app.websocket("/items/{item}/ws")
    async def items(
        websocket: WebSocket, item: str, who: Annotated[str, Depends(cookie_or_token)], q: int = 0
    ) -> None:
        await websocket.accept(headers=[(b"x-who", who.encode())])
        async for data in websocket.iter_json():
            await websocket.send_json({"item": item, "q": q, "data": data}, mode="binary")
            if data == "late error":
                raise WebSocketException(code=4003, reason="late")

    return app


async def test_sockets_with_dependencies(servers: Any) -> None:
    """Refused before they are accepted, closed with a code behind that."""
    heard: dict[str, list[Any]] = {}
    for name, url in (await servers(sockets)).items():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{url}/items/a/ws")
            with pytest.raises(aiohttp.WSServerHandshakeError) as nowhere:
                await session.ws_connect(f"{url}/nowhere")
            notes: list[Any] = [refused.value.status, nowhere.value.status]
            cookies = {"Cookie": "session=s1"}
            socket = await session.ws_connect(f"{url}/items/a%20b/ws?q=3", headers=cookies)
            await socket.send_json([1, "ü"])
            notes.append(json.loads(await socket.receive_bytes()))
            await socket.send_json("late error")
            notes.append(json.loads(await socket.receive_bytes()))
            end = await socket.receive()
            notes += [end.type, end.data, end.extra]
            heard[name] = notes
    assert heard["ours"] == heard["uvicorn"]
    assert heard["ours"][-2:] == [4003, "late"]
