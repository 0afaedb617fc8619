"""Applications in the shape of FastAPI's tutorial answer on our server as on uvicorn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import pytest
from fastapi import (
    BackgroundTasks,
    Cookie,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Request,
    Response,
    UploadFile,
    WebSocket,
    WebSocketDisconnect,
)
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from notebook_http import web

pytestmark = pytest.mark.peer


class Item(BaseModel):
    """What is bought."""

    name: str
    price: float
    tags: list[str] = []


def first_steps() -> FastAPI:
    """Parameters of path, query, body, header and cookie."""
    app = FastAPI()

    @app.get("/")
    async def root() -> dict[str, str]:
        return {"message": "Hello World"}

    @app.get("/items/{item_id}")
    def read_item(item_id: int, q: str | None = None, short: bool = False) -> dict[str, Any]:
        return {"item_id": item_id, "q": q, "short": short}

    @app.get("/files/{file_path:path}")
    async def read_file(file_path: str) -> dict[str, str]:
        return {"file_path": file_path}

    @app.post("/items/", status_code=201)
    async def create_item(item: Item) -> Item:
        return item

    @app.put("/items/{item_id}")
    async def update_item(item_id: int, item: Item, response: Response) -> dict[str, Any]:
        response.headers["X-Item"] = str(item_id)
        response.set_cookie("last", str(item_id))
        response.set_cookie("second", "a b", httponly=True)
        return item.model_dump()

    @app.delete("/items/{item_id}", status_code=204)
    async def delete_item(item_id: int) -> None:
        if item_id == 404:
            raise HTTPException(404, "no such item", headers={"X-Error": "there goes"})

    @app.get("/me")
    async def me(
        agent: Annotated[str | None, Header(alias="X-Agent")] = None,
        visits: Annotated[int, Cookie()] = 0,
    ) -> dict[str, Any]:
        return {"agent": agent, "visits": visits}

    @app.get("/old")
    async def old() -> RedirectResponse:
        return RedirectResponse("/items/1")

    @app.get("/page", response_class=HTMLResponse)
    async def page() -> str:
        return "<h1>Grüße</h1>"

    return app


async def test_parameters(same_answers: Any) -> None:
    """First steps, path, query and body parameters, headers, cookies, errors, documents."""
    item = {"name": "Füller", "price": 3.5, "tags": ["a"]}
    answers = await same_answers(
        first_steps,
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/items/5?q=caf%C3%A9&short=yes"),
        ("GET", "/items/five"),
        ("GET", "/files/a%20b/c.txt"),
        ("POST", "/items/", {"json": item}),
        ("POST", "/items/", {"json": {"name": "x"}}),
        ("POST", "/items/", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        ("POST", "/items", {"json": item}),
        ("PUT", "/items/7", {"json": item}),
        ("DELETE", "/items/1"),
        ("DELETE", "/items/404"),
        ("GET", "/me", {"headers": {"X-Agent": "me", "Cookie": "visits=3"}}),
        ("GET", "/old"),
        ("GET", "/page"),
        ("GET", "/nowhere"),
        ("PATCH", "/"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/redoc"),
    )
    assert [each.status for each in answers[:6]] == [200, 405, 200, 422, 200, 201]
    assert json.loads(answers[5].body) == item


def forms() -> FastAPI:
    app = FastAPI()

    @app.post("/login")
    async def login(username: Annotated[str, Form()], password: Annotated[str, Form()]) -> Any:
        return {"username": username, "length": len(password)}

    @app.post("/upload")
    async def upload(
        file: UploadFile, more: Annotated[list[bytes], File()], token: Annotated[str, Form()]
    ) -> Any:
        size = len(await file.read())
        return [file.filename, file.content_type, size, [len(each) for each in more], token]

    @app.post("/raw")
    async def raw(request: Request) -> Any:
        sizes = [len(piece) async for piece in request.stream()]
        return {"size": sum(sizes)}

    return app


def upload_form() -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", b"x" * 300_000, filename="größe.bin", content_type="text/x-a")
    form.add_field("more", b"one", filename="1")
    form.add_field("more", b"three", filename="2")
    form.add_field("token", "tök")
    return form


async def test_forms_and_files(same_answers: Any) -> None:
    """URL-encoded and multipart, and a body that is read as a stream."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10_000

    answers = await same_answers(
        forms,
        ("POST", "/login", {"data": {"username": "Ada", "password": "häslich"}}),
        ("POST", "/login", {"data": {"username": "Ada"}}),
        ("POST", "/upload", {"data": upload_form}),
        ("POST", "/raw", {"data": pieces}),
        ("POST", "/raw", {"data": b"y" * 1_000_000}),
    )
    assert json.loads(answers[2].body) == ["größe.bin", "text/x-a", 300_000, [3, 5], "tök"]
    assert [json.loads(each.body) for each in answers[3:]] == [{"size": 200000}, {"size": 1000000}]


async def database(request: Request) -> AsyncIterator[str]:
    """Yield what the lifespan has loaded; note how it ended."""
    notes = request.app.state.notes
    try:
        yield request.state.model
    except ValueError:
        notes.append("rolled back")
        raise HTTPException(400, "rolled back") from None
    finally:
        notes.append("closed")


def life(notes: list[str]) -> FastAPI:
    """Lifespan, dependencies with yield, background tasks, middlewares."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        notes.append("started")
        yield {"model": "loaded"}
        notes.append("stopped")

    app = FastAPI(lifespan=lifespan)
    app.state.notes = notes
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["http://front.example"],
        allow_credentials=True,
        allow_methods=["*"],
        allow_headers=["X-Token"],
    )

    @app.middleware("http")
    async def add_header(request: Request, call_next: Any) -> Any:
        response = await call_next(request)
        response.headers["X-Wrapped"] = request.url.path
        return response

    @app.get("/db")
    async def read(db: Annotated[str, Depends(database)], bad: bool = False) -> Any:
        if bad:
            raise ValueError
        return {"db": db}

    @app.post("/notify")
    async def notify(tasks: BackgroundTasks) -> Any:
        def write(text: str) -> None:
            notes.append(text)

        async def later() -> None:
            await asyncio.sleep(0.01)
            notes.append("later")

        tasks.add_task(write, "sent")
        tasks.add_task(later)
        return {"message": "in the background"}

    return app


async def test_life(same_answers: Any) -> None:
    """Each server did the same, in the same order."""
    all_notes: list[list[str]] = []

    def make() -> FastAPI:
        all_notes.append([])
        return life(all_notes[-1])

    origin = {"Origin": "http://front.example"}
    preflight = {**origin, "Access-Control-Request-Method": "PUT"}
    await same_answers(
        make,
        ("GET", "/db"),
        ("GET", "/db?bad=1"),
        ("POST", "/notify"),
        ("GET", "/db", {"headers": origin}),
        ("GET", "/db", {"headers": {"Origin": "http://evil.example"}}),
        ("OPTIONS", "/db", {"headers": preflight}),
        ("OPTIONS", "/db", {"headers": {**preflight, "Origin": "http://evil.example"}}),
    )
    async with asyncio.timeout(5):
        while not all("later" in notes for notes in all_notes):
            await asyncio.sleep(0.01)
    ours, theirs = all_notes
    assert sorted(ours) == sorted(theirs)
    assert {"started", "closed", "rolled back", "sent", "later"} <= set(ours)


def files(folder: Path) -> FastAPI:
    """Static files, streams, and an application inside an application."""
    app, sub = FastAPI(), FastAPI()

    @sub.get("/sub")
    async def read_sub(request: Request) -> Any:
        return {"root_path": request.scope["root_path"], "url": str(request.url)}

    @app.get("/file")
    async def file() -> FileResponse:
        return FileResponse(folder / "large.bin", filename="ä.bin")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def numbers() -> AsyncIterator[str]:
            for number in range(50):
                yield f"{number}\n"
                await asyncio.sleep(0)

        return StreamingResponse(numbers(), media_type="text/plain")

    @app.get("/fail")
    async def fail() -> Any:
        raise RuntimeError("on purpose")

    app.mount("/static", StaticFiles(directory=folder, html=True))
    app.mount("/subapi", sub)
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<h1>index</h1>")
    (tmp_path / "large.bin").write_bytes(bytes(range(256)) * 2000)
    return tmp_path


async def test_files_streams_and_mounts(folder: Path, same_answers: Any) -> None:
    """Ranges and conditions are Starlette's; what carries them is ours."""
    answers = await same_answers(
        lambda: files(folder),
        ("GET", "/file"),
        ("HEAD", "/file"),
        ("GET", "/file", {"headers": {"Range": "bytes=10-19"}}),
        ("GET", "/file", {"headers": {"Range": "bytes=900000-"}}),
        ("GET", "/stream"),
        ("GET", "/static/large.bin"),
        ("GET", "/static/"),
        ("GET", "/static/../secret"),
        ("GET", "/static/nothing"),
        ("GET", "/subapi/sub"),
        ("GET", "/subapi/openapi.json"),
        ("GET", "/subapi/docs"),
        ("GET", "/fail"),
    )
    assert (answers[0].status, len(answers[0].body)) == (200, 512_000)
    assert answers[2].status == 206
    assert answers[4].body.count(b"\n") == 50


async def test_behind_a_proxy(folder: Path, same_answers: Any) -> None:
    """`root_path` as uvicorn's: in the documents, and in the URLs that are made."""
    answers = await same_answers(
        lambda: files(folder),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/subapi/sub"),
        root_path="/api/v1",
    )
    assert json.loads(answers[0].body)["servers"] == [{"url": "/api/v1"}]


async def test_below_a_prefix_of_an_application_of_ours(folder: Path, servers: Any) -> None:
    """The same documents as behind a proxy that has put it there."""
    outer = web.Application()
    outer.add_subapp("/api/v1", web.asgi_app(files(folder)))
    runner = web.AppRunner(outer, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{site.port}/api/v1"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/openapi.json") as response:
            assert (await response.json())["servers"] == [{"url": "/api/v1"}]
        async with session.get(f"{url}/subapi/sub") as response:
            assert await response.json() == {
                "root_path": "/api/v1/subapi",
                "url": f"{url}/subapi/sub",
            }
        async with session.get(f"{url}/static/") as response:
            assert await response.text() == "<h1>index</h1>"
    await runner.cleanup()


def talking() -> FastAPI:
    app = FastAPI()
    rooms: list[WebSocket] = []

    @app.websocket("/ws/{client_id}")
    async def room(websocket: WebSocket, client_id: int, token: str | None = None) -> None:
        if token is None:
            await websocket.close(code=1008)
            return
        await websocket.accept()
        rooms.append(websocket)
        try:
            while True:
                text = await websocket.receive_text()
                for each in rooms:
                    await each.send_json({"from": client_id, "text": text})
        except WebSocketDisconnect as left:
            rooms.remove(websocket)
            for each in rooms:
                await each.send_json({"left": client_id, "code": left.code})

    return app


async def test_chat_room(servers: Any) -> None:
    """Several WebSockets that hear of each other; one is refused."""
    heard: dict[str, list[Any]] = {}
    for name, url in (await servers(talking)).items():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{url}/ws/9")
            one = await session.ws_connect(f"{url}/ws/1?token=a")
            two = await session.ws_connect(f"{url}/ws/2?token=b")
            await one.send_str("grüß")
            notes = [refused.value.status, await one.receive_json(), await two.receive_json()]
            await one.close(code=4000)
            notes.append(await two.receive_json())
            await two.close()
            heard[name] = notes
    assert heard["ours"] == heard["uvicorn"]
    assert heard["ours"][-1] == {"left": 1, "code": 4000}
