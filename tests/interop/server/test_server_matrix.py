"""What each client gets of our server, from a plain GET to an upload that is refused on its way."""

from __future__ import annotations

import gzip
import hashlib
import socket
import time
import urllib.request
from typing import Any
from uuid import uuid4

import pytest

from tests.interop.server.clients import Ask, Client

pytestmark = pytest.mark.peer

PIECE = bytes(range(256)) * 256  # 64 KiB, in which a shifted or lost byte shows
LARGE = PIECE * 64  # 4 MiB


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def test_get_and_head(client: Client) -> None:
    """HEAD says GET's length and has no body; the connection goes on behind it."""
    head, get = await client.ask_all([Ask(path="/hello", method="HEAD"), Ask(path="/hello")])
    assert (head.status, get.status) == (200, 200)
    assert (head.body, get.body) == (b"", "héllo".encode())
    assert head.headers["content-length"] == get.headers["content-length"] == "6"
    assert get.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods(client: Client, method: str) -> None:
    """None is read as another."""
    said = (await client.ask(Ask(path="/echo", method=method))).json()
    assert said["method"] == method


async def test_json(client: Client) -> None:
    """Every kind of value, there and back."""
    value = {"text": "日本", "list": [1, 2.5, None, True], "nested": {"a": {}}}
    answer = await client.ask(Ask(path="/json", method="POST", value=value))
    assert answer.json() == {"got": value, "type": "application/json"}


async def test_a_form(client: Client) -> None:
    """As application/x-www-form-urlencoded."""
    fields = {"name": "Ōsaka & Kyōto", "sum": "1+1=2", "empty": ""}
    assert (await client.ask(Ask(path="/form", method="POST", form=fields))).json() == fields


async def test_a_form_with_a_file(client: Client) -> None:
    """As multipart/form-data; the file is whole and keeps its name and type."""
    file = ("upload", "größe.bin", "application/x-thing", PIECE * 3)
    ask = Ask(path="/form", method="POST", form={"note": "naïve"}, file=file)
    name, kind, seen = (said := (await client.ask(ask)).json()).pop("upload")
    assert said == {"note": "naïve"}
    assert (name, kind, seen) == ("größe.bin", "application/x-thing", digest(PIECE * 3))


@pytest.mark.parametrize("tls", [False, True])
async def test_a_large_upload(client: Client, tls: bool) -> None:
    """Of a length that is said."""
    said = (await client.ask(Ask(path="/echo", method="POST", data=LARGE, tls=tls))).json()
    assert (said["size"], said["sha256"]) == (len(LARGE), digest(LARGE))
    assert said["headers"]["content-length"] == str(len(LARGE))


async def test_an_upload_in_chunks(client: Client) -> None:
    """Of a length that nobody knows beforehand; the next request is found behind it."""
    ask = Ask(path="/echo", method="PUT", pieces=[b"a", PIECE, b"b" * 1000])
    said, after = (each.json() for each in await client.ask_all([ask, Ask(path="/echo")]))
    assert said["headers"]["transfer-encoding"] == "chunked"
    assert "content-length" not in said["headers"]
    assert said["sha256"] == digest(b"a" + PIECE + b"b" * 1000)
    assert after["method"] == "GET"


async def test_expect_100_continue(client: Client) -> None:
    """The body leaves when the server has asked for it."""
    ask = Ask(path="/echo", method="POST", data=LARGE, expect=True)
    began = time.monotonic()
    answer = await client.ask(ask)
    assert time.monotonic() - began < 10
    assert answer.json()["sha256"] == digest(LARGE)
    assert answer.json()["headers"]["expect"] == "100-continue"


async def test_an_answer_that_is_compressed(client: Client) -> None:
    """Each asks for what it can undo."""
    answer = await client.ask(Ask(path="/coded"))
    assert answer.body == b"abracadabra " * 2000
    assert answer.headers["content-encoding"] in ("gzip", "deflate", "br", "zstd")


async def test_an_upload_that_is_compressed(client: Client) -> None:
    """The handler reads it undone."""
    headers = {"Content-Encoding": "gzip"}
    data = gzip.compress(LARGE)
    said = (await client.ask(Ask(path="/echo", method="POST", headers=headers, data=data))).json()
    assert (said["size"], said["sha256"]) == (len(LARGE), digest(LARGE))
    assert said["headers"]["content-encoding"] == "gzip"


async def test_a_connection_is_used_again(client: Client) -> None:
    """For every request of a session, bodies or not."""
    asks = [Ask(path="/echo"), Ask(path="/echo", method="POST", data=b"x"), Ask(path="/echo")]
    said = [answer.json()["connection"] for answer in await client.ask_all(asks)]
    assert said == [said[0]] * 3


async def test_a_connection_that_the_server_closes(client: Client) -> None:
    """Is not used again."""
    asks = [Ask(path="/close"), Ask(path="/echo"), Ask(path="/echo")]
    first, second, third = await client.ask_all(asks)
    assert first.headers["connection"] == "close"
    assert first.json()["connection"] != second.json()["connection"]
    assert second.json()["connection"] == third.json()["connection"]


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
async def test_redirects_and_cookies(client: Client, status: int, method: str) -> None:
    """With the method that the status asks for, and the cookie that was set on the way."""
    ask = Ask(path=f"/redirect/{status}", method="POST", data=b"body", follow=True)
    said = (await client.ask(ask)).json()
    assert (said["method"], said["query"]) == (method, {"redirected": "yes"})
    assert said["cookies"] == {"hop": "on-the-way"}
    assert said["size"] == (4 if method == "POST" else 0)


@pytest.mark.parametrize("query", ["", "?sized"])
@pytest.mark.parametrize("tls", [False, True])
async def test_a_large_download(client: Client, query: str, tls: bool) -> None:
    """8 MiB, streamed in chunks or with their length."""
    answer = await client.ask(Ask(path=f"/large{query}", tls=tls))
    assert len(answer.body) == 128 * len(PIECE)
    assert digest(answer.body) == digest(PIECE * 128)
    assert ("content-length" in answer.headers) is bool(query)


async def test_a_stream_arrives_as_it_is_sent(client: Client, served: Any) -> None:
    """The second line is sent only when the first has come."""
    name = uuid4().hex

    def first_came() -> None:
        urllib.request.urlopen(f"{served.addresses[False]}/open/{name}", timeout=5).close()

    assert await client.stream(f"/stream/{name}", first_came) == b"first\nsecond\n"


async def test_a_slow_reader(client: Client) -> None:
    """Who stops for a while in the middle gets all of it."""
    body = await client.stream("/large", lambda: time.sleep(0.2))
    assert digest(body) == digest(PIECE * 128)


async def test_an_upload_that_is_refused_on_its_way(client: Client) -> None:
    """The answer is seen, though the body was not read; and the next request is answered."""
    asks = [Ask(path="/refuse", method="POST", data=LARGE), Ask(path="/hello")]
    refused, after = await client.ask_all(asks)
    assert refused.status == 413
    assert after.status == 200


async def test_http_1_0(client: Client) -> None:
    """No chunks, and the end of the connection is the end of the body."""
    answer = await client.ask(Ask(path="/large", version="1.0"))
    assert digest(answer.body) == digest(PIECE * 128)
    assert "transfer-encoding" not in answer.headers
    said = (await client.ask(Ask(path="/echo", version="1.0"))).json()
    assert said["version"] == [1, 0]


async def test_over_tls(client: Client) -> None:
    """With a certificate that is verified, over one connection."""
    asks = [Ask(path="/echo", tls=True)] * 3
    said = [answer.json()["connection"] for answer in await client.ask_all(asks)]
    assert said == [said[0]] * 3


async def test_paths_and_fields_in_every_script(client: Client) -> None:
    """Paths and queries are UTF-8 in percent-encoding, fields are UTF-8 as they are."""
    path = "/echo/%C3%A9/%E6%97%A5%E6%9C%AC/a%20b?q=%C5%8Csaka%20%26"
    said = (await client.ask(Ask(path=path, headers={"X-Name": "Ünïcode"}))).json()
    assert (said["path"], said["query"]) == ("/echo/é/日本/a b", {"q": "Ōsaka &"})
    assert said["headers"]["x-name"] == "Ünïcode"
    name = (await client.ask(Ask(path="/hello"))).headers["x-name"]
    if type(client).__name__ == "Requests":  # it reads fields as latin-1
        name = name.encode("latin-1").decode()
    assert name == "Ünïcode"


async def test_a_part_of_a_file(client: Client, served: Any) -> None:
    """And the whole of it; and not when it has not changed."""
    whole = await client.ask(Ask(path="/file"))
    data = served.file.read_bytes()
    assert whole.body == data
    part, same = await client.ask_all(
        [
            Ask(path="/file", headers={"Range": "bytes=10-29"}),
            Ask(path="/file", headers={"If-None-Match": whole.headers["etag"]}),
        ]
    )
    assert (part.status, part.body) == (206, data[10:30])
    assert part.headers["content-range"] == f"bytes 10-29/{len(data)}"
    assert (same.status, same.body) == (304, b"")


async def test_the_server_goes_on(client: Client, served: Any) -> None:
    """After a client that sent half a request and was never heard of again."""
    port = int(served.addresses[False].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        assert (await client.ask(Ask(path="/hello"))).status == 200
