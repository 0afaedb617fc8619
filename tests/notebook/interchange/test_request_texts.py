"""`r.request.to_curl()`, `.to_python()`, `.to_http()`: what they say is what was sent."""

from __future__ import annotations

import ast
import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import notebook_http as nh
from notebook_http.client import DummyCookieJar
from notebook_http.notebook.client import Client
from notebook_http.notebook.interchange.bash_quoting import as_printf_format, quote_bash
from notebook_http.notebook.interchange.bash_words import split_bash
from notebook_http.notebook.interchange.exceptions import UnwritableRequestError
from notebook_http.notebook.interchange.words import shell_of
from notebook_http.notebook.magics.request_cell import read_cell
from notebook_http.transport.form_data import FormData

OF_PROGRAMS = ("user-agent", "connection", "expect")

# Words -------------------------------------------------------------------------------------------

WORDS = st.binary(max_size=60).map(lambda raw: raw.replace(b"\0", b""))


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_every_word_comes_back(words: list[bytes]) -> None:
    """Any bytes, as any words of one command."""
    texts = [word.decode("utf-8", "surrogateescape") for word in words]
    command = " \\\n  ".join(["curl", *map(quote_bash, texts)])
    assert [word.text for word in split_bash(command)] == ["curl", *texts]
    assert shell_of(command) == "bash"


@pytest.mark.peer
async def test_bash_reads_every_word_as_we_wrote_it(run_bash: Any) -> None:
    """Each byte alone and in company, hundreds of random words, through real bash."""
    words = [bytes([n]) for n in range(1, 256)]
    words += [bytes([n]) + b"a1" + bytes([n]) + b"'" for n in range(1, 256)]
    words += [os.urandom(40).replace(b"\0", b"") for _ in range(200)]
    words += ["naïve ☃ \U0001f600 \u202e\u2028".encode(), b"", b"-n", b"!!", b"$HOME", b"a\\"]
    texts = [word.decode("utf-8", "surrogateescape") for word in words]
    script = "printf '%s\\0' " + " \\\n  ".join(map(quote_bash, texts))
    assert (await run_bash(script)).split(b"\0")[:-1] == words


@pytest.mark.peer
async def test_bash_prints_what_printf_is_given(run_bash: Any) -> None:
    """Bodies with NULs take this way."""
    for content in (bytes(range(256)), b"-n x", b"", b"%s %% \\n '", os.urandom(2_000)):
        assert await run_bash(f"printf {as_printf_format(content)}") == content


def test_a_nul_is_no_part_of_a_word() -> None:
    """It would end the word silently."""
    with pytest.raises(ValueError, match="NUL"):
        quote_bash("a\0b")


# There and back ----------------------------------------------------------------------------------

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)
PATHS = st.text(st.sampled_from("abc/%?=&'\"[]{}~+;:@!$*().,é ☃"), max_size=20).filter(
    lambda path: "/." not in path and not path.startswith("/")
)
NAMES = st.sampled_from(["X-A", "X-B", "Accept", "Cookie", "User-Agent", "Content-Type", "X-{}'\""])
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=20).map(
    str.strip
)
BODIES = st.one_of(
    st.none(),
    st.binary(max_size=200),
    TEXT.map(str.encode),
    st.sampled_from([b'{"a": [1, "x{{y}}"]}', b"a=1&b={{x}}", b"###\nx", b"l1\nl2\n", b"\0" * 9]),
    st.recursive(st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))
    .map(lambda value: json.dumps(value).encode())
    # Longer ones without a type do not go into a cell, which has a test of its own.
    .filter(lambda body: len(body) <= 200),
)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "REPORT"]),
    PATHS,
    st.lists(st.tuples(NAMES.filter(lambda name: "{" not in name), VALUES), max_size=4),
    BODIES,
)


async def sent_again(recording: Any, request: Any, again: Any) -> tuple[bytes, bytes]:
    """Return the bytes of *request* as they came in, and as they came in *again*."""
    method, path, headers, body = request
    async with recording() as server, Client(cookie_jar=DummyCookieJar()) as client:
        url = server.url + path
        reply = await client.request(method, url, headers=headers, data=body, allow_redirects=False)
        await again(reply.request, client)
        return server.raw[0], server.raw[1]


@settings(max_examples=150, deadline=None)
@given(request=REQUESTS)
def test_from_curl_sends_the_bytes_of_to_curl(recording: Any, request: Any) -> None:
    """On real sockets, to the byte, order of headers and all."""

    async def again(sent: Any, client: Client) -> None:
        await nh.from_curl(sent.to_curl(reveal=True), client=client)

    first, second = asyncio.run(sent_again(recording, request, again))
    assert first == second


@settings(max_examples=100, deadline=None)
@given(request=REQUESTS)
def test_python_code_sends_the_same_bytes(recording: Any, request: Any) -> None:
    """As it is: no name but those that it imports."""

    async def again(sent: Any, client: Client) -> None:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        code = compile(sent.to_python(reveal=True), "<cell>", "exec", flags)
        names: dict[str, Any] = {}
        await eval(code, names)
        assert names["r"].status == 200

    first, second = asyncio.run(sent_again(recording, request, again))
    assert first == second


@settings(max_examples=150, deadline=None)
@given(request=REQUESTS)
def test_a_cell_reads_back_what_was_sent(recording: Any, request: Any) -> None:
    """By the grammar of `%%http`: method, URL, headers, body."""

    async def again(sent: Any, client: Client) -> None:
        text = sent.to_http(reveal=True)
        magic, _, cell = text.partition("\n")
        read = read_cell(magic.removeprefix("%%http"), cell, {})
        assert (read.method, read.url, read.query) == (sent.method, str(sent.url), ())
        left = [pair for pair in sent.headers.items() if pair[0] not in ("Host", "Content-Length")]
        assert [(name, value) for name, value in read.headers] == left
        body = read.body.encode() if isinstance(read.body, str) else read.body
        assert (body or b"") == (sent.body or b"")
        await client.get(str(sent.url))

    asyncio.run(sent_again(recording, request, again))


@pytest.mark.peer
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"headers": {"X-Odd": 'it\'s $HOME `x` \\ "q"', "Accept": "text/plain"}},
        {"headers": {"X-Empty": ""}, "skip_auto_headers": ["User-Agent", "Accept"]},
        {"data": b"a=1&b='x'"},
        {"data": {"a": "1 2", "é": "☃"}},
        {"json": {"a": ["it's", None]}},
        {"data": bytes(range(256))},
        {"data": b"\xff\xfe\n\t"},
        {"data": b"x" * 300_000},
        {"data": b"", "headers": {"Content-Type": "a/b"}},
        {"method": "PUT"},
        {"method": "HEAD"},
        {"method": "DELETE", "data": b"x"},
        {"params": {"q": "a&b [1] {x}", "é": "'"}},
        {"auth": nh.BasicAuth("me", "pass word")},
    ],
)
async def test_real_curl_sends_it(
    recorder: Any, client: Any, curl: None, run_bash: Any, options: dict[str, Any]
) -> None:
    """Bash and curl make of the text what we had sent."""
    method = options.pop("method", "POST" if {"data", "json"} & set(options) else "GET")
    reply = await client.request(method, recorder.url + "p?a=1", **options)
    await run_bash(reply.request.to_curl(reveal=True))
    ours, curls = recorder.requests
    assert (curls.line, curls.body) == (ours.line, ours.body)
    assert curls.meant("connection", "expect") == ours.meant("connection", "expect")


async def test_forms_and_redirects(recorder: Any, client: Any, tmp_path: Path) -> None:
    """A form's bytes are known, boundary and all; the request is that of the last hop."""
    form = FormData(default_to_multipart=True)
    form.add_field("a", "1")
    form.add_field("f", b"\0bytes", filename="x.bin")
    reply = await client.post(recorder.url, data=form)
    assert reply.request.body == recorder.requests[0].body
    await nh.from_curl(reply.request.to_curl(reveal=True), client=client)
    assert recorder.raw[0] == recorder.raw[1]
    reply = await client.post(recorder.url + "moved", data=b"x")
    assert reply.request.method == "GET"
    assert reply.request.body is None
    assert "data" not in reply.request.to_curl()
    assert "--data-raw x" in reply.history[0].request.to_curl()


async def test_a_body_that_was_not_kept_is_said(recorder: Any, client: Any, tmp_path: Path) -> None:
    """Never a command that sends something else."""
    path = tmp_path / "f"
    path.write_bytes(b"from a file")
    with path.open("rb") as file:
        streamed = await client.post(recorder.url, data=file)
    large = await client.post(recorder.url, data=b"x" * (1024 * 1024 + 1))
    packed = await client.post(recorder.url, data=b"x" * 100, compress="gzip", chunked=False)
    for reply, why in ((streamed, "streamed"), (large, "1,048,576 are kept"), (packed, "gzip")):
        assert reply.request.body is None
        for write in (reply.request.to_curl, reply.request.to_python, reply.request.to_http):
            with pytest.raises(UnwritableRequestError, match=why):
                write()


async def test_what_no_cell_can_hold_is_said(recorder: Any, client: Any) -> None:
    """Long bytes have no place in a text."""
    reply = await client.post(recorder.url, data=os.urandom(2_000))
    with pytest.raises(UnwritableRequestError, match="to_python"):
        reply.request.to_http()


# Secrets -----------------------------------------------------------------------------------------


async def test_secrets_are_masked_unless_revealed(recorder: Any, client: Any) -> None:
    """In the URL, the headers and every kind of body."""
    secret = "c4n4ryc4n4ryc4n4ry"
    form = FormData(default_to_multipart=True)
    form.add_field("password", secret)
    form.add_field("note", "plain")
    for data in (
        {"json": {"token": secret, "n": 1}},
        {"data": {"password": secret}},
        {"data": f"password={secret}"},
        {"data": form},
    ):
        reply = await client.post(
            recorder.url + f"?api_key={secret}",
            headers={"Authorization": f"Bearer {secret}", "Cookie": f"sid={secret}"},
            **data,
        )
        sent = reply.request
        for write in (sent.to_curl, sent.to_python, sent.to_http):
            shown = write()
            assert secret not in shown
            assert "••••" in shown
            assert "reveal=True" in shown
            assert secret in write(reveal=True)
        ast.parse(sent.to_python().replace("await", ""))
        assert secret not in repr(sent)
        assert split_bash(sent.to_curl())[0].text in ("curl", "printf")


async def test_plain_requests_give_short_texts(recorder: Any, client: Any) -> None:
    """Nothing that a person would not have written."""
    reply = await client.post(recorder.url + "items", json={"name": "x", "n": 1})
    assert reply.request.to_python() == (
        "import notebook_http as nh\n\n"
        f"r = await nh.post({recorder.url + 'items'!r}, json={{'name': 'x', 'n': 1}})"
    )
    reply = await client.get(recorder.url, headers={"X-A": "b"})
    assert reply.request.to_python().endswith(
        f"r = await nh.get({recorder.url!r}, headers={{'X-A': 'b'}})"
    )
    reply = await client.post(recorder.url, data={"a": "1 2", "b": "é"})
    assert reply.request.to_python().endswith(
        f"r = await nh.post({recorder.url!r}, data={{'a': '1 2', 'b': 'é'}})"
    )


@pytest.mark.parametrize("name", ["Content-Type", "Accept", "User-Agent", "Accept-Encoding"])
async def test_a_header_that_was_left_out_stays_out(recorder: Any, client: Any, name: str) -> None:
    """Each of the programs would add one of its own."""
    reply = await client.post(recorder.url, data=b"x", skip_auto_headers=[name])
    await nh.from_curl(reply.request.to_curl(), client=client)
    assert recorder.raw[0] == recorder.raw[1]
    assert f"'{name}'" in reply.request.to_python()
