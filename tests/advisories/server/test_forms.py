"""Forms of requests: malformed ones end, large ones are refused while they come."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from notebook_http import web
from notebook_http.web import form
from tests.advisories.server.uploads import MULTIPART, count, part, posted

pytestmark = pytest.mark.advisory

URLENCODED = "application/x-www-form-urlencoded"
NAMED = 'Content-Disposition: form-data; name="a"'
MIB = 2**20

# Each ended nowhere, or in a loop, for somebody.
MALFORMED = {
    "no disposition": b"--B\r\n\r\nx\r\n--B--\r\n",
    "no name": b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n",
    "ends in dashes": b"--B\r\n" + NAMED.encode() + b"\r\n\r\nx\r\n--",
    "no end": b"--B\r\n" + NAMED.encode() + b"\r\n\r\nx",
    "no boundary": b"x" * 1000,
    "half a head": b"--B\r\nContent-Dispo",
    "nothing": b"",
}


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_cve_2024_30251_a_malformed_form_ends(serve, body, step):
    """It looped for ever."""
    server = await serve(count)
    answer = await server.exchange(posted(body), step=step)
    assert server.statuses(answer) == [400]


def test_cve_2025_69227_no_assert_carries_logic():
    """Without asserts the loop had no end: the same forms, optimized."""
    script = (
        "import asyncio, sys\n"
        "sys.path.insert(0, 'tests/advisories/server')\n"
        "from conftest import ServerUnderTest\n"
        "from test_forms import MALFORMED, count, posted\n"
        "async def main():\n"
        "    server = ServerUnderTest()\n"
        "    await server.start(count, {})\n"
        "    for body in MALFORMED.values():\n"
        "        print(*server.statuses(await server.exchange(posted(body))))\n"
        "    await server.stop()\n"
        "asyncio.run(main())\n"
    )
    root = str(Path(__file__).parents[3])
    environment = dict(os.environ, PYTHONOPTIMIZE="1", PYTHONPATH=root)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.split() == ["400"] * len(MALFORMED), done.stderr


async def test_cve_2025_69228_sizes_of_fields_are_summed(serve):
    """600 fields of 4 kB: none is too large, all are."""
    server = await serve(count)
    body = part(b"x" * 4096) * 600 + b"--B--\r\n"
    assert server.statuses(await server.exchange(posted(body))) == [413]


@pytest.mark.parametrize("fields", [["X: a"] * 10_000, ["X: " + "a" * MIB]], ids=["many", "long"])
async def test_cve_2026_34516_headers_of_a_part_are_limited(serve, fields):
    """They had no limit."""
    server = await serve(count, app={"client_max_size": 8 * MIB})
    body = part(b"x", 'name="a"', *fields) + b"--B--\r\n"
    assert server.statuses(await server.exchange(posted(body))) == [400]


async def test_cve_2026_34517_a_field_is_measured_while_it_comes(serve, most_memory):
    """It was read whole, then judged."""
    server = await serve(count)
    data = posted(part(b"x" * 32 * MIB) + b"--B--\r\n")
    with most_memory(8):
        answer = await server.exchange(data, step=2**16)
    assert server.statuses(answer) == [413]


@pytest.mark.parametrize(("fields", "status"), [(1000, 200), (1001, 413)])
@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
async def test_cve_2026_54283_fields_are_counted(serve, kind, fields, status):
    """Of both kinds of form."""
    server = await serve(count)
    body = b"&".join([b"a=1"] * fields)
    if kind == MULTIPART:
        body = part(b"1") * fields + b"--B--\r\n"
    assert server.statuses(await server.exchange(posted(body, kind))) == [status]


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n" * (MIB // 2),
        b"\r" * MIB,
        b"--B" * (MIB // 3),
        part(b"\r" * (MIB - 500)) + b"--B--\r\n",
        part(b"\r\n--" * (MIB // 4 - 200)) + b"--B--\r\n",
        part(b"x", "name=a" + "; a=b" * (MIB // 5 - 200)) + b"--B--\r\n",
    ],
    ids=["preamble", "CRs", "boundaries", "part of CRs", "near boundaries", "parameters"],
)
async def test_cve_2024_53981_no_scan_is_quadratic(serve, most_cpu, body):
    """1 MiB of each took minutes."""
    server = await serve(count)
    with most_cpu(1):
        answer = await server.exchange(posted(body))
    assert server.statuses(answer)[0] in (200, 400, 413)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ('filename="../../etc/passwd"', "../../etc/passwd"),
        ('filename="/etc/passwd"', "/etc/passwd"),
        ("filename=\"good\"; filename*=utf-8''evil", "good"),
    ],
)
async def test_cve_2026_24486_names_of_files_are_text(serve, written, seen):
    """Never a path to be opened; the plain one wins over `filename*` (CVE-2026-53537)."""
    names = []

    async def handle(request):
        names.extend(value.filename for value in (await request.post()).values())
        return web.Response()

    server = await serve(handle)
    body = part(b"x", f'name="a"; {written}') + b"--B--\r\n"
    assert server.statuses(await server.exchange(posted(body))) == [200]
    assert names == [seen]


async def test_cve_2026_53538_only_ampersands_separate(serve):
    """A cache in front that knows no `;` saw other fields."""
    seen = []

    async def handle(request):
        seen.extend((await request.post()).items())
        return web.Response()

    server = await serve(handle)
    await server.exchange(posted(b"a=1;b=2&c=3", URLENCODED))
    assert seen == [("a", "1;b=2"), ("c", "3")]


@pytest.mark.parametrize("charset", ["base64", "idna", "nonsense", "unicode_escape"])
async def test_promise_charsets_of_forms_are_those_of_text(serve, charset):
    """Of the form, of a part, and in `_charset_`."""
    server = await serve(count)
    end = b"--B--\r\n"
    typed = part(b"x", 'name="a"', f"Content-Type: text/plain; charset={charset}") + end
    named = part(charset.encode(), 'name="_charset_"') + part(b"x") + end
    for data in (posted(b"a=1", f"{URLENCODED}; charset={charset}"), posted(typed), posted(named)):
        assert server.statuses(await server.exchange(data)) == [415]


@pytest.mark.parametrize("boundary", ["", '""', "B" * 71, '"B "', '"a\tb"', "é", '"a;{"'])
async def test_promise_a_boundary_of_a_form_has_1_to_70_letters_of_its_set(serve, boundary):
    """RFC 2046 §5.1.1."""
    server = await serve(count)
    data = posted(b"x", f"multipart/form-data; boundary={boundary}")
    assert server.statuses(await server.exchange(data)) == [400]


@pytest.mark.parametrize("end", [b"", b"--B\r\n\r\nx\r\n--B--\r\n"], ids=["cut", "nameless"])
async def test_promise_temporary_files_vanish(serve, monkeypatch, end):
    """Also when the form is refused behind them."""
    made = []
    make = form.SpooledTemporaryFile

    def keep(*args, **settings):
        made.append(make(*args, **settings))
        return made[-1]

    monkeypatch.setattr(form, "SpooledTemporaryFile", keep)
    server = await serve(count)
    body = part(b"x" * 700_000, 'name="a"; filename="a"') + end
    assert server.statuses(await server.exchange(posted(body))) == [400]
    assert [file.closed for file in made] == [True]


@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
async def test_promise_what_a_form_unpacks_to_is_counted(serve, most_memory, kind):
    """64 MiB that came as 64 kB."""
    server = await serve(count)
    body = gzip.compress(part(b"x" * 64 * MIB) if kind == MULTIPART else b"x" * 64 * MIB)
    with most_memory(16):
        answer = await server.exchange(posted(body, kind, "Content-Encoding: gzip"))
    assert server.statuses(answer) == [413]
