"""Forms, urlencoded and multipart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"


def posted(body: bytes, content_type: str, method: str = "POST") -> bytes:
    """Return a request with a form."""
    head = (
        f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def part(disposition: str, content: bytes, *fields: str) -> bytes:
    """Return a part of a form with boundary B."""
    lines = ["--B", f"Content-Disposition: form-data; {disposition}", *fields, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


@pytest.fixture
def form_of(serve: Serve, talk: Talk) -> Callable[..., Awaitable[Any]]:
    """Post a body and return the fields that the handler saw, files read, or the status."""

    async def seen(data: bytes, **settings: Any) -> Any:
        found: list[Any] = []
        app = web.Application(**settings)

        async def handle(request: web.Request) -> web.Response:
            form = await request.post()
            assert await request.post() is form
            for name, value in form.items():
                if isinstance(value, web.FileField):
                    content = value.file.read()
                    found.append((name, value.filename, content, value.content_type))
                    found_fields.append(value)
                else:
                    found.append((name, value))
            return web.Response(text="ok")

        found_fields: list[web.FileField] = []
        app.router.add_route("*", "/", handle)
        answer = await talk(await serve(app), data)
        assert all(field.file.closed for field in found_fields)
        status = int(answer[9:12])
        return found if status == 200 else status

    return seen


async def test_urlencoded_fields_come_in_order(form_of: Any) -> None:
    """Decoded, repeats and blanks kept."""
    body = b"a=1&b=%C3%A9+x&a=2&c="
    fields = [("a", "1"), ("b", "é x"), ("a", "2"), ("c", "")]
    assert await form_of(posted(body, URLENCODED)) == fields
    assert await form_of(posted(b"a=%E9", f"{URLENCODED}; charset=latin-1")) == [("a", "é")]


async def test_other_bodies_and_methods_have_no_form(form_of: Any) -> None:
    """Empty, and the body is left for whoever wants it."""
    assert await form_of(posted(b"a=1", "text/plain")) == []
    assert await form_of(posted(b"a=1", URLENCODED, "GET")) == []


async def test_multipart_fields_and_files(form_of: Any) -> None:
    """A file is one with a file name; its name is text, path and all, and opened by nobody."""
    large = bytes(range(256)) * 4096
    body = (
        part('name="a"', "é".encode())
        + part('name="f"; filename="../e.txt"', b"content", "Content-Type: text/x")
        + part('name="l"; filename="l"', large)
        + part('name="b"', b"\x00\xff", "Content-Type: application/octet-stream")
        + part('name="c"', b"\xe9", "Content-Type: text/plain; charset=latin-1")
        + b"--B--\r\n"
    )
    assert await form_of(posted(body, MULTIPART), client_max_size=0) == [
        ("a", "é"),
        ("f", "../e.txt", b"content", "text/x"),
        ("l", "l", large, "application/octet-stream"),
        ("b", b"\x00\xff"),
        ("c", "é"),
    ]


async def test_what_was_made_fit_for_mail_is_undone(form_of: Any) -> None:
    """Of fields and of files, also in pieces; and a file that nobody chose is none."""
    coded = "Content-Transfer-Encoding: base64"
    body = part('name="a"', b"w6TD\r\ntg==", coded)
    body += part('name="b"', b"=C3=A4=\r\n!", "Content-Transfer-Encoding: Quoted-Printable")
    body += part('name="c"; filename="f"', b"AAEC" * 200_000, coded)
    body += part('name="d"; filename=""', b"", "Content-Type: application/octet-stream")
    assert await form_of(posted(body + b"--B--\r\n", MULTIPART)) == [
        ("a", "äö"),
        ("b", "ä!"),
        ("c", "f", b"\0\1\2" * 200_000, "application/octet-stream"),
        ("d", b""),
    ]


async def test_a_form_may_name_its_charset(form_of: Any) -> None:
    """RFC 7578 §4.6."""
    body = part('name="_charset_"', b"latin-1") + part('name="a"', b"\xe9") + b"--B--\r\n"
    assert await form_of(posted(body, MULTIPART)) == [("a", "é")]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx", MULTIPART, 400),
        (b"--B--", "multipart/form-data", 400),
        (b"--B\r\n\r\nx\r\n--B--", MULTIPART, 400),
        (part('name="a"', b"x", "Content-Type: text/x; charset=zlib") + b"--B--", MULTIPART, 415),
        (b"a=1", f"{URLENCODED}; charset=none", 415),
        (b"&".join([b"a=1"] * 11), URLENCODED, 413),
        (part('name="a"', b"x") * 11 + b"--B--", MULTIPART, 413),
        (b"a=" + b"x" * 2000, URLENCODED, 413),
        (part('name="a"', b"x" * 2000) + b"--B--", MULTIPART, 413),
        (part('name="a"', b"x" * 200) * 8 + b"--B--", MULTIPART, 413),
        (part('name="a"; filename="f"', b"x" * 2000) + b"--B--", MULTIPART, 413),
    ],
)  # fmt: skip
async def test_forms_that_are_refused(
    form_of: Any, body: bytes, content_type: str, status: int
) -> None:
    """Malformed ones, unknown charsets, too many fields, too many bytes in one or in all."""
    seen = await form_of(posted(body, content_type), client_max_size=1024, client_max_fields=10)
    assert seen == status


@pytest.mark.parametrize("content_type", [MULTIPART, URLENCODED])
async def test_a_body_that_a_middleware_has_read_is_a_form_still(
    serve: Serve, talk: Talk, content_type: str
) -> None:
    """One that logs or signs bodies, in front of a handler that knows nothing of it."""

    async def log(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        assert await request.read() == body
        return await handler(request)

    async def handle(request: web.Request) -> web.Response:
        form = await request.post()
        return web.Response(text=str(form["a"]))

    body = part('name="a"', b"value") + b"--B--\r\n" if "multipart" in content_type else b"a=value"
    app = web.Application(middlewares=[log])
    app.router.add_post("/", handle)
    answer = await talk(await serve(app), posted(body, content_type))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"value")


async def test_parts_of_a_body_that_was_read_come_one_by_one_still(
    serve: Serve, talk: Talk
) -> None:
    async def handle(request: web.Request) -> web.Response:
        assert await request.read() == body
        names = [part.name async for part in await request.multipart()]
        return web.json_response(names)

    body = part('name="a"', b"1") + part('name="b"', b"2") + b"--B--\r\n"
    answer = await talk(await serve(handle), posted(body, MULTIPART))
    assert answer.endswith(b'["a", "b"]')
