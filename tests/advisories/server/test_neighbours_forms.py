"""Forms that other servers read without end, without limits, or as somebody else's."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import threading

import pytest

from notebook_http import web
from notebook_http.web import form
from tests.advisories.server.uploads import MULTIPART, count, part, posted

pytestmark = pytest.mark.advisory

URLENCODED = "application/x-www-form-urlencoded"
MIXED = "multipart/mixed; boundary=B"
END = b"--B--\r\n"
MIB = 2**20


@pytest.fixture
def made(monkeypatch) -> list[tempfile.SpooledTemporaryFile]:
    """The temporary files that are made."""
    files = []
    make = form.SpooledTemporaryFile

    def keep(*args, **settings):
        files.append(make(*args, **settings))
        return files[-1]

    monkeypatch.setattr(form, "SpooledTemporaryFile", keep)
    return files


@pytest.mark.parametrize("disposition", ['name="a"', 'name="a"; filename="f"'])
async def test_cve_2023_30798_parts_are_counted(serve, most_cpu, disposition):
    """Fields and files without end: each took memory, and a file of its own."""
    server = await serve(count, app={"client_max_size": 64 * MIB})
    with most_cpu(4):
        answer = await server.exchange(posted(part(b"", disposition) * 100_000 + END))
    assert server.statuses(answer) == [413]


async def test_cve_2024_47874_fields_without_a_file_name_are_measured(serve, most_memory):
    """Those were kept in memory, however large."""
    server = await serve(count)
    data = posted(part(b"x" * 48 * MIB) + END)
    with most_memory(8):
        answer = await server.exchange(data, step=2**18)
    assert server.statuses(answer) == [413]


async def test_cve_2023_25577_limits_are_looked_at_while_parts_come(serve):
    """All of the form was there before anybody counted: the client is told at the limit."""
    server = await serve(count)
    reader, writer = await server.connect()
    head = posted(b"").replace(b"Content-Length: 0", b"Content-Length: 1000000000")
    writer.write(head + part(b"") * 1001)
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


@pytest.mark.parametrize("fields", [1001, 500_000])
async def test_cve_2026_31958_nothing_is_split_before_it_is_counted(serve, most_memory, fields):
    """A million parts were taken apart, and then refused."""
    server = await serve(count, app={"client_max_size": 64 * MIB})
    data = posted(part(b"") * fields + END)
    with most_memory(4):
        answer = await server.exchange(data, step=2**16)
    assert server.statuses(answer) == [413]


async def test_ghsa_8423_8fgw_73vq_heads_of_parts_are_limited(serve):
    """In number and in size, also of one that is not ended."""
    server = await serve(count, app={"client_max_size": 64 * MIB})
    for fields in (["X: a"] * 200, ["X: " + "a" * 9000], ["a" * MIB]):
        for end in (part(b"", 'name="a"', *fields) + END, part(b"", 'name="a"', *fields)[:-6]):
            assert server.statuses(await server.exchange(posted(end))) == [400]


@pytest.mark.parametrize(
    "value", ["; " + "a" * MIB, ";" * MIB, '; a="' + '\\"' * (MIB // 2), "; \\" + '"' * MIB]
)
async def test_cve_2024_24762_a_content_type_is_read_in_linear_time(serve, most_cpu, value):
    """An expression for its parameters went back and forth over a quoted string."""
    server = await serve(count, max_field_size=2 * MIB)
    with most_cpu(8):
        answer = await server.exchange(posted(b"x", "multipart/form-data" + value))
        assert server.statuses(answer) == [400]
        answer = await server.exchange(posted(b"a=1", URLENCODED + value))
        assert server.statuses(answer)[0] in (200, 400, 415)


@pytest.mark.parametrize("around", [b"x", b"\r", b"\n", b"\r\n", b"--", b"--B"])
async def test_cve_2026_40347_what_stands_around_parts_costs_nothing(serve, most_cpu, around):
    """A preamble and an epilogue of a mebibyte were walked through again and again."""
    server = await serve(count, app={"client_max_size": 8 * MIB})
    some = around * (MIB // len(around))
    with most_cpu(2):
        answer = await server.exchange(posted(part(b"x") + END + some), step=2**14)
        assert answer.endswith(b"1 fields")
        await server.exchange(posted(some + b"\r\n" + part(b"x") + END), step=2**14)


@pytest.mark.parametrize("fields", [["X: a"] * 120_000, ["X: " + "a" * MIB], ["X" * MIB + ": a"]])
async def test_cve_2026_42561_heads_of_parts_cost_nothing(serve, most_cpu, fields):
    """They were searched from their beginning with each byte."""
    server = await serve(count, app={"client_max_size": 8 * MIB})
    with most_cpu(2):
        answer = await server.exchange(posted(part(b"x", 'name="a"', *fields) + END), step=2**14)
    assert server.statuses(answer) == [400]


@pytest.mark.parametrize("parameter", ['; a="b"', ";", "; a", ";;a=;", '; a="\\""'])
async def test_cve_2026_53539_parameters_of_a_part_cost_linear_time(serve, most_cpu, parameter):
    """As many as a field has room for."""
    server = await serve(count)
    value = 'name="a"' + parameter * (8000 // len(parameter))
    with most_cpu(2):
        for _ in range(20):
            await server.exchange(posted(part(b"x", value) + END))


@pytest.mark.parametrize("content", [b"\r" * MIB, b"\n" * MIB, b"\r\n" * (MIB // 2)])
async def test_cve_2023_46136_a_part_of_line_breaks_costs_linear_time(serve, most_cpu, content):
    """In each the beginning of a boundary was looked for, from the start."""
    server = await serve(count, app={"client_max_size": 8 * MIB})
    with most_cpu(2):
        answer = await server.exchange(posted(part(b"a" + content) + END), step=2**14)
    assert answer.endswith(b"1 fields")


@pytest.mark.parametrize("piece", ["\\", '"', "\\073", '\\"', "%", "; x=", "''"])
async def test_cve_2025_67726_quoted_values_cost_linear_time(serve, most_cpu, piece):
    """Escapes in a parameter were replaced one by one, in a copy each."""
    server = await serve(count)
    with most_cpu(2):
        for around in ('name="{}"', "name={}", 'name="a"; filename="{}"'):
            value = around.format(piece * (8000 // len(piece)))
            await server.exchange(posted(part(b"x", value) + END))


@pytest.mark.parametrize("first", [True, False])
async def test_cve_2026_53537_the_plain_name_of_a_file_wins(serve, first):
    """A filter in front knows no `filename*`, and let `good` through."""
    names = []

    async def handle(request):
        names.extend(value.filename for value in (await request.post()).values())
        return web.Response()

    server = await serve(handle)
    both = ['filename="good"', "filename*=utf-8''evil"]
    value = "; ".join(['name="a"', *(both if first else both[::-1])])
    await server.exchange(posted(part(b"x", value) + END))
    assert names == ["good"]


@pytest.mark.parametrize("length", ["-1", "-5", "+1", "1_0", "9" * 30, "x", "0", "5"])
@pytest.mark.parametrize("reads", ["post", "parts"])
async def test_cve_2026_53540_a_length_of_a_part_ends_nothing(serve, length, reads):
    """A negative one read on for ever: parts end at their boundary, or are refused."""

    async def handle(request):
        if reads == "post":
            form = await request.post()
            return web.Response(text=f"{form['a']} {form['b']}")
        found = []
        async for piece in await request.multipart():
            found.append(await piece.text())
        return web.Response(text=" ".join(found))

    server = await serve(handle)
    body = part(b"abc", 'name="a"', f"Content-Length: {length}") + part(b"d", 'name="b"') + END
    answer = await server.exchange(posted(body), seconds=5)
    assert answer.endswith(b"\r\n\r\nabc d") or server.statuses(answer) == [400]


@pytest.mark.parametrize("reads", ["post", "parts"])
async def test_cve_2025_47287_bad_parts_are_one_line_in_the_log(serve, caplog, reads):
    """There was one for each: a form of a mebibyte filled the disk."""

    async def handle(request):
        if reads == "post":
            return web.Response(text=str(len(await request.post())))
        async for piece in await request.multipart():
            await piece.read(decode=True)
        return web.Response()

    bad = b"--B\r\nX\x01Y: a\r\n\r\nx\r\n"
    odd = b'--B\r\nContent-Disposition: form-data; name="a"; \x7f=;;="\r\n\r\nx\r\n'
    nameless = b"--B\r\nContent-Disposition: form-data; ;\r\n\r\nx\r\n"
    with caplog.at_level(logging.DEBUG):
        for some in (bad, odd, nameless):
            server = await serve(handle)
            for body in (some * 900 + END, b"junk" * 10_000 + some * 900, b"--B\r" * 9000):
                server.log.clear()
                caplog.clear()
                await server.exchange(posted(body))
                lines = [record for record in caplog.records if record.name != "asyncio"]
                assert len(lines) + len(server.log) <= 2, [r.getMessage()[:100] for r in lines]


async def test_cve_2025_54121_large_files_are_written_beside_the_loop(serve, monkeypatch):
    """They were written where everybody waits; here in a thread, once they are on disk."""
    threads = set()

    class Watched(form.SpooledTemporaryFile):
        def write(self, data):
            if self._rolled or self.tell() + len(data) > self._max_size:
                threads.add(threading.current_thread())
            return super().write(data)

    monkeypatch.setattr(form, "SpooledTemporaryFile", Watched)
    server = await serve(count, app={"client_max_size": 8 * MIB})
    data = posted(part(b"x" * 4 * MIB, 'name="a"; filename="f"') + END)
    assert (await server.exchange(data)).endswith(b"1 fields")
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("fields", [1_000_000, 1001])
@pytest.mark.parametrize("field", [b"a=1", b"a", b"", b"="])
async def test_cve_2026_82397_a_million_fields_are_refused(serve, most_cpu, fields, field):
    """Counted before they are taken apart; what is empty is no field."""
    server = await serve(count, app={"client_max_size": 64 * MIB})
    body = b"&".join([field] * fields)
    with most_cpu(2):
        answer = await server.exchange(posted(body, URLENCODED))
    assert server.statuses(answer) == [413] or (not field and answer.endswith(b"0 fields"))


@pytest.mark.parametrize("name", [";", "; ", " ;"])
async def test_cve_2026_53538_semicolons_separate_nothing(serve, name):
    """Also where nothing else does."""
    seen = []

    async def handle(request):
        seen.extend((await request.post()).items())
        return web.Response()

    server = await serve(handle)
    await server.exchange(posted(b"role=user" + name.encode() + b"role=admin", URLENCODED))
    assert seen == [("role", f"user{name}role=admin")]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("quoted-printable", b"a=zz"),
        ("quoted-printable", b"a=4"),
        ("quoted-printable", b"a=\x00b"),
        ("base64", b"abc"),
        ("base64", b"a#=="),
        ("base64", b"aGVsbG8=aGVs"),
        ("x-none", b"abc"),
    ],
)
@pytest.mark.parametrize("disposition", ['name="a"', 'name="a"; filename="f"'])
async def test_promise_a_broken_encoding_of_a_form_is_400(
    serve, made, encoding, content, disposition
):
    """What cannot be undone is no field: not as it came, and not its first half."""
    server = await serve(count)
    body = part(content, disposition, f"Content-Transfer-Encoding: {encoding}") + END
    for step in (0, 1):
        assert server.statuses(await server.exchange(posted(body), step=step)) == [400]
    assert all(file.closed for file in made)


@pytest.mark.parametrize("coding", ["bogus", "gzip, bogus", "compress"])
@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
async def test_promise_a_coding_that_nobody_knows_is_415(serve, kind, coding):
    """And what is known is said (RFC 9110 §15.5.16): its bytes are no fields."""
    server = await serve(count)
    data = posted(b"a=1" if kind == URLENCODED else part(b"1") + END, kind)
    answer = await server.exchange(
        data.replace(b"Host: a", b"Host: a\r\nContent-Encoding: " + coding.encode())
    )
    assert server.statuses(answer) == [415]
    assert b"\r\nAccept-Encoding: gzip, deflate" in answer


@pytest.mark.parametrize("how", ["leaves", "half-closes", "too slow", "too large", "unread"])
async def test_promise_temporary_files_of_half_an_upload_vanish(serve, made, tmp_path, how):
    """However the request ends: its client left, a limit came, or the handler was done with it."""
    ended = asyncio.Event()

    async def handle(request):
        try:
            return await count(request)
        finally:
            ended.set()

    server = await serve(
        handle, app={"client_max_size": 2 * MIB}, body_timeout=0.2, lingering_time=0.2
    )
    file = part(b"x" * MIB, 'name="a"; filename="f"')
    body = file + (file * 3 + END if how == "too large" else END if how == "unread" else b"")
    reader, writer = await server.connect()
    size = len(body) + (0 if how in ("too large", "unread") else 1000)
    writer.write(posted(b"").replace(b"Length: 0", b"Length: %d" % size) + body[: MIB - 1000])
    async with asyncio.timeout(10):
        while not (made and made[0]._rolled):
            await asyncio.sleep(0.01)
        descriptor = made[0].fileno()
        where = os.readlink(f"/proc/self/fd/{descriptor}")
        if how == "leaves":
            writer.transport.abort()
        elif how == "half-closes":
            writer.write_eof()
        else:
            writer.write(body[MIB - 1000 :])
        if how != "leaves":
            statuses = server.statuses(await reader.read())
            expected = {"half-closes": [], "too slow": [408], "too large": [413], "unread": [200]}
            assert statuses == expected[how]
        await ended.wait()
        while not all(file.closed for file in made):
            await asyncio.sleep(0.01)
    assert not os.path.exists(where)
    writer.close()
