"""The same forms on both servers: what handlers see of them, and what becomes of bad ones."""

from __future__ import annotations

import json
import warnings
from types import ModuleType
from typing import Any

from tests.interop.same_web_program import Answer, Asked, both

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"


def value_of(value: Any) -> Any:
    """Return a value of a form, as JSON can say it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        return [type(value).__name__, value.decode("latin-1")]
    content = value.file.read().decode("latin-1")
    fields = sorted([name.lower(), each] for name, each in value.headers.items())
    return [value.name, value.filename, value.content_type, content, fields]


def form_app(web: ModuleType, limit: int = 1024, fields: int = 1000) -> Any:
    """Return an application that says what a form holds, or which error reading it was."""

    async def read(request: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            form = await request.post()
        again = await request.post()
        found: dict[str, Any] = {
            "fields": [[name, value_of(value)] for name, value in form.items()],
            "same": again is form,
            "type": type(form).__name__,
        }
        if request.content_type != "multipart/form-data":
            found["read"] = (await request.read()).decode("latin-1")
        return web.json_response(found)

    async def read_first(request: Any) -> Any:
        body = await request.read()
        found = [body == await request.read(), (await request.text()) == body.decode()]
        return web.json_response([*found, list((await request.post()).items())])

    async def caught(request: Any) -> Any:
        try:
            await (request.post() if "post" in request.query_string else request.read())
        except web.HTTPRequestEntityTooLarge as error:
            return web.json_response([error.status, error.text, error.reason, str(error)])
        return web.json_response("taken")

    async def cloned(request: Any) -> Any:
        other = request.clone(client_max_size=int(request.query["size"]))
        form = await other.post()
        return web.json_response([other.client_max_size, list(form.items())])

    app = web.Application(client_max_size=limit, client_max_fields=fields)
    app.router.add_route("*", "/form", read)
    app.router.add_route("*", "/first", read_first)
    app.router.add_route("*", "/caught", caught)
    app.router.add_route("*", "/clone", cloned)
    return app


def posted(
    body: bytes, content_type: str | None, path: str = "/form", method: str = "POST"
) -> Asked:
    """Return a request with a body of this type."""
    fields = (("Content-Type", content_type),) if content_type is not None else ()
    return Asked(method, path, fields, body)


def part(disposition: str, content: bytes, *fields: str) -> bytes:
    """Return a part of a form with boundary B."""
    lines = ["--B", f"Content-Disposition: form-data; {disposition}", *fields, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


def multipart(*parts: bytes, end: bytes = b"--B--\r\n") -> Asked:
    """Return a request with a multipart form."""
    return posted(b"".join(parts) + end, MULTIPART)


FORM = b"a=1&b=2&a=3&c=&=d&e"
URLENCODED_FORMS = [
    *(
        posted(body, URLENCODED)
        for body in (
            *(FORM, b"", b"a", b"a=b=c", b"a=%20+%2B", b"a=%zz&b=%", b"a=%C3%A9", b"a=\xc3\xa9"),
            *(b"&&a=1&&", b"a;b=1", b"a=1\r\n", b" a = 1 ", b"a=%00", b"x[]=1&x[]=2", b"a=1&"),
        )
    ),
    *(
        posted(FORM, content_type)
        for content_type in (
            *(None, "", "text/plain", "application/json", "APPLICATION/X-WWW-FORM-URLENCODED"),
            *("application/x-www-form-urlencoded;charset=utf-8", "multipart/mixed; boundary=B"),
            *("multipart/form-data-not", "application/x-www-form-urlencoded, a/b", "nonsense"),
        )
    ),
    *(
        posted(b"a=%E9&b=\xe9", f"{URLENCODED}; charset={charset}")
        for charset in ("latin-1", "iso-8859-1", "ISO-8859-15", '"cp1252"')
    ),
    *(
        posted(FORM, URLENCODED, method=method)
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "GET", "OPTIONS", "PROPFIND")
    ),
    posted(FORM, URLENCODED, "/first"),
    posted(b"", URLENCODED, "/first"),
]
MULTIPART_FORMS = [
    multipart(part('name="a"', b"aGVsbG8=", "Content-Transfer-Encoding: base64")),
    multipart(part('name="a"', b"1")),
    multipart(part('name="a"', b"1"), part('name="a"', b"2"), part('name="b"', b"")),
    multipart(part("name=a", b"unquoted")),
    multipart(part('name="a"; filename="f.txt"', b"content", "Content-Type: text/x")),
    multipart(part('name="a"; filename="f.txt"', b"content")),
    multipart(part('name="a"; filename="f"', b"\x00\xff\r\n--C\r\n", "X-Own: y")),
    multipart(part('name="a"; filename="f"', b"x" * 900)),
    multipart(part('name="a"', b"1", "Content-Type: text/plain")),
    multipart(part('name="a"', b"\xe9", "Content-Type: text/plain; charset=latin-1")),
    multipart(part('name="a"', b"{}", "Content-Type: application/json")),
    multipart(part('name="a"', b"plain", "Content-Transfer-Encoding: binary")),
    multipart(part('name="é"; filename="ü.txt"', b"u")),
    multipart(part('name="a"; filename="C:\\\\dir\\\\f.txt"', b"u")),
    multipart(part('name="a"; filename="../../f"', b"u")),
    multipart(part('name="a b"; filename="q\\"q"', b"u")),
    multipart(b"preamble\r\n", part('name="a"', b"1"), end=b"--B--\r\nepilogue"),
    multipart(part('name="a"', b"1"), end=b"--B--"),
    Asked("POST", "/form", (("Content-Type", 'multipart/form-data; boundary="B"'),), b"--B--\r\n"),
    Asked("PUT", "/form", (("Content-Type", MULTIPART),), part('name="a"', b"1") + b"--B--\r\n"),
    Asked("GET", "/form", (("Content-Type", MULTIPART),), part('name="a"', b"1") + b"--B--\r\n"),
]
BAD_FORMS = [
    multipart(part('name="a"', b"=E9=", "Content-Transfer-Encoding: quoted-printable")),
    multipart(part("name=\"a\"; filename*=UTF-8''%C3%BC.txt", b"u")),
    multipart(part('name="_charset_"', b"latin-1"), part('name="a"', b"\xe9")),
    multipart(part('name="a"', b"1"), b"--B \t\r\n", end=b"\r\n\r\n--B--\r\n"),
    posted(b"a=1", f"{URLENCODED}; charset=nonsense"),
    posted(b"a=%FF", f"{URLENCODED}; charset=utf-8"),
    posted(b"a=\xff", URLENCODED),
    posted(b"--B--", "multipart/form-data"),
    posted(b"no parts", MULTIPART),
    posted(b"", MULTIPART),
    multipart(part('name="a"', b"1"), end=b""),
    multipart(part('name="a"', b"1"), end=b"--B"),
    multipart(part("", b"nameless")),
    multipart(part('name="a"', b"\xff", "Content-Type: text/plain; charset=utf-8")),
    multipart(part('name="a"', b"1", "Content-Type: text/plain; charset=nonsense")),
    multipart(part('name="a"', b"1", "Content-Transfer-Encoding: nonsense")),
    multipart(part('name="a"; filename=""', b"")),
    multipart(b"--B\r\n\r\nno fields\r\n"),
    multipart(part('name="a"', b"1", "no field")),
    multipart(part('name="a"', b"--C\r\n", "Content-Type: multipart/mixed; boundary=C")),
]


def seen(answer: Answer) -> Any:
    return json.loads(answer.body) if answer.status == 200 else answer.status


async def test_forms() -> None:
    """Hold the same fields and files, whatever the method and the type are."""
    for request, theirs, ours in await both(form_app, URLENCODED_FORMS + MULTIPART_FORMS):
        assert seen(theirs) == seen(ours), request


NAMES = "`filename*` does not exist in forms (RFC 7578 §4.2): filters in front do not look there"
CHARSET = "`_charset_` says how the others are to be read (RFC 7578 §4.6)"
REPLACED = "a byte that is no UTF-8 is shown as such; it does not fail the handler"
CLIENT = "the client erred, so it is told so: 4xx"
# What differs on purpose, by what is found in the request: there, here, and why. A list of fields
# stands for a form that was read.
DIFFERENT: dict[bytes, tuple[Any, Any, str]] = {
    b"=E9=": (500, [["a", "\N{REPLACEMENT CHARACTER}"]], REPLACED),
    b"Encoding: nonsense": (500, 400, CLIENT),
    b"_charset_": (500, [["a", "é"]], CHARSET),
    b"a=\xff": (500, [["a", "\N{REPLACEMENT CHARACTER}"]], REPLACED),
    b"charset=utf-8\r\n\r\n\xff": (500, [["a", "\N{REPLACEMENT CHARACTER}"]], REPLACED),
    b"filename*": ("ü.txt", [["a", "u"]], NAMES),
    b"--B \t": (500, 400, CLIENT),
    b"charset=nonsense\r\n": (500, 415, CLIENT),
    b"nameless": (500, 400, CLIENT),
    b"no parts": (500, 400, CLIENT),
    b"no field": (500, 400, CLIENT),
    b"boundary=C": (500, [["a", ["bytearray", "--C\r\n"]]], "a part in parts is bytes"),
    b"1\r\n--B--\r\n": (500, 400, CLIENT),
}


def brief(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    fields = found["fields"]
    return fields[0][1][1] if len(fields[0][1]) > 4 and isinstance(fields[0][1], list) else fields


async def test_bad_forms() -> None:
    """Where aiohttp's handlers fail with 500, clients of ours are told what was wrong."""
    for request, theirs, ours in await both(form_app, BAD_FORMS):
        there, here = brief(seen(theirs)), brief(seen(ours))
        if there == here:
            continue
        for key, (expected_there, expected_here, reason) in DIFFERENT.items():
            if key in request.body:
                assert (there, here) == (expected_there, expected_here), (request, reason)
                break
        else:
            assert (there, here) in ((500, 400), (500, 415)), request
