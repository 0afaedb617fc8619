"""Forms as they are sent, with the same boundary each time, and a handler that reads them."""

from __future__ import annotations

from notebook_http import web

MULTIPART = "multipart/form-data; boundary=B"


def posted(body: bytes, content_type: str = MULTIPART, *fields: str) -> bytes:
    lines = ["POST / HTTP/1.1", "Host: a", "Connection: close", f"Content-Type: {content_type}"]
    lines += [*fields, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def part(content: bytes, disposition: str = 'name="a"', *fields: str) -> bytes:
    lines = ["--B", f"Content-Disposition: form-data; {disposition}", *fields, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


async def count(request: web.Request) -> web.Response:
    return web.Response(text=f"{len(await request.post())} fields")
