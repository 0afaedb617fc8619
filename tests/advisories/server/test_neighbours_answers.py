"""What other servers sent that was not what their handlers meant."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode

import pytest

from notebook_http import web
from notebook_http.web.middlewares import (
    BasicAuthMiddleware,
    BearerAuthMiddleware,
)
from tests.advisories.server.own_answers import ASK, BREAKS, answering, refuses

pytestmark = pytest.mark.advisory

POST = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
MIB = 2**20


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2018_1000164_no_line_of_a_client_leaves_in_a_field(serve, bad):
    """Gunicorn sent what came in a request as it was in a field of its answer."""
    await refuses(serve, lambda: web.Response(headers={"X": bad}))
    server = await serve(answering(lambda: web.HTTPFound(location=f"/x{bad}")))
    assert not re.search(rb"[\r\n\0]X-Canary", await server.exchange(ASK))


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2019_11236_no_line_leaves_in_a_location(serve, bad):
    """A redirect to what a query said, encoded or not, has one line."""

    async def handle(request):
        raise web.HTTPFound(request.query["to"])

    server = await serve(handle)
    encoded = "".join(f"%{byte:02x}" for byte in f"/{bad}".encode())
    answer = await server.exchange(ASK.replace(b"/ ", f"/?to={encoded} ".encode(), 1))
    assert b"\r\nX-Canary" not in answer
    assert b"\nX-Canary" not in answer
    assert b"\rX-Canary" not in answer


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2020_26137_no_line_leaves_in_a_status_line(serve, bad):
    """What a caller gave for a method left as it was; here for a reason and a status."""
    await refuses(serve, lambda: web.Response(reason=bad))
    await refuses(serve, lambda: web.Response(status=bad))


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2012_2374_no_line_leaves_in_any_field(serve, bad):
    """Tornado looked at values of text, and not at others."""

    class Text(str):
        __slots__ = ()

    await refuses(serve, lambda: web.Response(headers={"X": Text(bad)}))
    await refuses(serve, lambda: web.Response(headers={Text(bad): "x"}))
    await refuses(serve, lambda: web.json_response({}, headers={"X": bad}))


@pytest.mark.parametrize("bad", BREAKS)
async def test_ghsa_w235_7p84_xx57_no_line_leaves_in_fields_set_late(serve, bad):
    """After the response was made, by a signal, or of a stream."""

    def late():
        response = web.Response()
        response.headers["X"] = bad
        return response

    await refuses(serve, late)

    async def sign(request, response):
        if request.path == "/":
            response.headers["X"] = bad

    app = web.Application()
    app.router.add_get("/", answering(web.Response))
    app.on_response_prepare.append(sign)
    server = await serve(app)
    answer = await server.exchange(ASK)
    assert b"Canary" not in answer


@pytest.mark.parametrize("bad", BREAKS)
async def test_cve_2026_84379_no_line_leaves_in_a_content_type(serve, bad):
    """Nor in its charset, nor in an ETag."""
    await refuses(serve, lambda: web.Response(text="x", content_type=f"text/{bad}"))
    await refuses(serve, lambda: web.Response(text="x", charset=bad))

    def tagged():
        response = web.Response(text="x")
        response.etag = bad
        return response

    await refuses(serve, tagged)


async def test_cve_2026_84380_a_length_beside_chunks_never_leaves(serve):
    """Set by hand, both: one of them is left, or nothing."""

    async def handle(request):
        fields = {"Transfer-Encoding": "chunked", "Content-Length": "3"}
        response = web.StreamResponse(headers=fields)
        await response.prepare(request)
        await response.write(b"abc")
        return response

    server = await serve(handle)
    head = (await server.exchange(ASK)).partition(b"\r\n\r\n")[0].lower()
    assert (b"transfer-encoding" in head) + (b"content-length" in head) == 1


def is_next_client(request):
    return request.path == "/next-client"


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
async def test_cve_2021_33880_secrets_are_compared_in_constant_time(serve, monkeypatch, scheme):
    """By `hmac.compare_digest`, for names that exist and that do not, and of equal lengths."""
    compared = []
    compare = hmac.compare_digest

    def watched(one, other):
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    secret = "s" * 40
    guard = (
        BasicAuthMiddleware({"ann": secret, "bob": "x"}, exempt=is_next_client)
        if scheme == "Basic"
        else BearerAuthMiddleware({secret: "ann"}, exempt=is_next_client)
    )
    app = web.Application(middlewares=[guard])
    app.router.add_get("/", answering(web.Response))
    server = await serve(app)
    counts = set()
    for name, given, status in (
        ("ann", secret, 200),
        ("ann", secret[:-1], 401),
        ("ann", "", 401),
        ("ann", "t" + secret[1:], 401),
        ("nobody", secret, 401),
        ("ann", "s" * 400, 401),
    ):
        if scheme == "Bearer" and name == "nobody":
            continue
        sent = b64encode(f"{name}:{given}".encode()).decode() if scheme == "Basic" else given
        compared.clear()
        head = f"Authorization: {scheme} {sent}\r\n\r\n".encode()
        answer = await server.exchange(ASK[:-2] + head)
        assert server.statuses(answer) == [status], (name, given)
        if given or scheme == "Basic":
            assert compared
            assert all(one == other for one, other in compared), compared
            counts.add(len(compared))
    assert len(counts) == 1  # a name that nobody has takes no other way
    monkeypatch.undo()


@pytest.mark.parametrize("piece", ["\\073", "\\", '\\"', "\\1", '"'])
async def test_cve_2024_7592_quoted_cookies_cost_linear_time(serve, most_cpu, piece):
    """Python's own unquoting began anew with each escape."""

    async def handle(request):
        return web.Response(text=request.cookies.get("a", "none"))

    server = await serve(handle, max_field_size=2**18)
    value = f'a="{piece * (200_000 // len(piece))}"'
    with most_cpu(3):
        answer = await server.exchange(ASK[:-2] + f"Cookie: {value}\r\n\r\n".encode())
    assert server.statuses(answer) == [200]


@pytest.mark.parametrize("name", ["Path", "PATH", "Domain", "SameSite", "Comment", "Version"])
@pytest.mark.parametrize("bad", ["/; Domain=evil", "a\r\nX-Canary: y", "a\x01"])
async def test_ghsa_78cv_mqj4_43f7_attributes_in_any_spelling_are_checked(serve, name, bad):
    """Tornado looked at `path` and let `Path` through; here the cookie itself is changed."""

    def spelled():
        response = web.Response()
        response.set_cookie("n", "v")
        response.cookies["n"][name] = bad
        return response

    server = await serve(answering(spelled))
    answer = await server.exchange(ASK)
    assert b"Domain=evil" not in answer
    assert b"Canary" not in answer
    assert b"\x01" not in answer


@pytest.mark.parametrize("bad", ["/; Domain=evil", "a\r\nX-Canary: y", "a\x01"])
@pytest.mark.parametrize("attribute", ["domain", "path", "samesite"])
async def test_ghsa_wwv5_g3v4_889x_taking_a_cookie_back_checks_as_much(serve, attribute, bad):
    """`del_cookie` took attributes as they came."""

    def taken_back():
        response = web.Response()
        response.del_cookie("n", **{attribute: bad})
        return response

    server = await serve(answering(taken_back))
    answer = await server.exchange(ASK)
    assert b"Domain=evil" not in answer
    assert b"Canary" not in answer
    assert b"\x01" not in answer
    assert server.statuses(answer) == [500]


async def test_cve_2025_67725_a_field_that_repeats_costs_no_more_each(serve, most_cpu):
    """Joined anew with each copy, thirty thousand of them stopped the loop."""

    async def handle(request):
        count = len(request.headers.getall("X"))
        return web.Response(text=f"{count} {len(request.cookies)}")

    server = await serve(handle, max_headers=100_000)
    fields = b"X: a\r\n" * 30_000 + b"Cookie: a=1\r\n" * 30_000
    fields += b"Connection: x\r\n" * 5_000 + b"Accept-Encoding: x\r\n" * 5_000
    with most_cpu(5):
        answer = await server.exchange(ASK[:-2] + fields + b"\r\n")
    assert answer.endswith(b"30000 1")


@pytest.mark.parametrize(
    "target", ["//evil/%2f..", "//evil/..", "/%5cevil/..", "//evil/static", "/static//evil/.."]
)
async def test_cve_2020_28724_no_redirect_of_ours_names_another_host(serve, tmp_path, target):
    """Werkzeug's router joined what a path began with to a host."""
    await leads_nowhere(serve, tmp_path, target)


@pytest.mark.parametrize("target", ["/static//evil", "/static/%2fevil", "//static/", "/static/sub"])
async def test_cve_2023_28370_nor_does_one_of_a_static_folder(serve, tmp_path, target):
    """Tornado's led from `//evil` to `//evil/`, since a folder has a slash."""
    await leads_nowhere(serve, tmp_path, target)


async def leads_nowhere(serve, folder, target):
    (folder / "evil").mkdir()
    (folder / "sub").mkdir()
    for options in ({}, {"append_slash": False, "remove_slash": True}):
        app = web.Application(middlewares=[web.normalize_path_middleware(**options)])
        app.router.add_static("/static", folder, show_index=True)
        app.router.add_get("/{any:.*}/", answering(web.Response))
        app.router.add_get("/{any:[^/]*}", answering(web.Response))
        server = await serve(app)
        answer = await server.exchange(ASK.replace(b"/ ", target.encode() + b" ", 1))
        for where in re.findall(rb"(?i)\r\nlocation: *([^\r]*)", answer):
            assert re.match(rb"/(?![/\\])", where), where
