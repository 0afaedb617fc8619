"""The access log: a line for each answer, and no way for a client to write one of its own."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from notebook_http import web

Serve = Callable[..., Awaitable[int]]
Talk = Callable[[int, bytes], Awaitable[bytes]]

LOGGER = logging.getLogger("notebook_http.test_access")


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello", headers={"X-Out": "o"})


def asked(*fields: str, target: str = "/a?b=c") -> bytes:
    """Return a request with these fields."""
    lines = [f"GET {target} HTTP/1.1", "Host: a", "Connection: close", *fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def test_the_default_line_is_apaches_combined_one(
    serve: Serve, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """Address, time, request line, status, bytes sent, referrer, client."""
    port = await serve(hello, access_log=LOGGER)
    with caplog.at_level(logging.INFO, LOGGER.name):
        answer = await talk(port, asked("Referer: r", "User-Agent: u"))
    (record,) = caplog.records
    assert re.fullmatch(
        r"127\.0\.0\.1 \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "
        rf'"GET /a\?b=c HTTP/1\.1" 200 {len(answer)} "r" "u"',
        record.getMessage(),
    )
    assert record.remote_address == "127.0.0.1"  # type: ignore[attr-defined]
    assert record.request_header == {"Referer": "r", "User-Agent": "u"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("atom", "pattern"),
    [
        ("%P", r"<\d+>"),
        ("%T", r"\d+"),
        ("%Tf", r"0\.\d+"),
        ("%D", r"\d+"),
        ("%{X-Out}o", "o"),
        ("%{X-In}i", "i"),
        ("%{None}i", "-"),
        ("%{HOME_OF_THE_TEST}e", "env"),
        ("100%%", "100%"),
        ("100% of %s", "100% of 200"),
        ("%q %O %{X}x %(message)s %s%", r"%q %O %\{X\}x %\(message\)s 200%"),
        ("%%%s%%a", "%200%a"),
        ("%{Content-Length}o %{content-type}o", "5 text/plain; charset=utf-8"),
        ("%{Server}o", r"Python/.+ notebook_http/.+"),
        ("%{Date}o", r"\w{3}, \d\d \w{3} \d{4} .* GMT"),
        ("%s %b", r"200 \d{3}"),
    ],
)
async def test_every_atom(
    serve: Serve,
    talk: Talk,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    atom: str,
    pattern: str,
) -> None:
    """Under aiohttp's letters."""
    monkeypatch.setenv("HOME_OF_THE_TEST", "env")
    port = await serve(hello, access_log=LOGGER, access_log_format=atom)
    with caplog.at_level(logging.INFO, LOGGER.name):
        await talk(port, asked("X-In: i"))
    assert re.fullmatch(pattern, caplog.records[0].getMessage())


async def test_a_client_cannot_forge_a_line(
    serve: Serve, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """Quotes, escape sequences and line separators are escaped (CVE-2020-7694)."""
    port = await serve(hello, access_log=LOGGER)
    agent = 'x" 200 "\x1b[31m\u2028\\'.encode()
    data = asked("User-Agent: @").replace(b"@", agent.replace(b"\x1b", b"\x9b"))
    with caplog.at_level(logging.INFO, LOGGER.name):
        await talk(port, data)
    line = caplog.records[0].getMessage()
    assert line.count('"') == 6
    assert line.isprintable()
    assert "\\x2028" in line


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/a?b=c&token=s3cret&d", "/a?b=c&token=***&d"),
        ("/a?%74oken=s3cret", "/a?%74oken=***"),
        ("/a?X-Amz-Signature=s3cret&password=", "/a?X-Amz-Signature=***&password="),
        ("/token=x", "/token=x"),
        ("/a@b?c@d", "/a@b?c@d"),
    ],
)
async def test_secrets_of_a_query_stay_out(
    serve: Serve, talk: Talk, caplog: pytest.LogCaptureFixture, target: str, shown: str
) -> None:
    """Of the request's, and of the page's that led to it."""
    port = await serve(hello, access_log=LOGGER)
    with caplog.at_level(logging.INFO, LOGGER.name):
        await talk(port, asked(f"Referer: http://u:s3cret@a{target}", target=target))
    (record,) = caplog.records
    assert f'"GET {shown} HTTP/1.1"' in record.getMessage()
    assert f'"http://***@a{shown}"' in record.getMessage()
    assert "s3cret" not in str(vars(record))


async def test_refused_bytes_have_a_line_too(
    serve: Serve, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """With the beginning of what came."""
    port = await serve(hello, access_log=LOGGER, access_log_format='"%r" %s')
    with caplog.at_level(logging.INFO, LOGGER.name):
        await talk(port, b"nonsense\r\n\r\n")
    assert caplog.records[0].getMessage() == '"nonsense" 400'


async def test_nothing_is_done_when_nobody_listens(serve: Serve, talk: Talk) -> None:
    """Neither the line nor its parts are made; and whoever begins to listen hears the next one."""
    calls: list[str] = []

    class Counting(web.AccessLogger):
        def log(self, request: Any, response: Any, time: float) -> None:
            calls.append(request.path)

    port = await serve(hello, access_log=LOGGER, access_log_class=Counting)
    LOGGER.setLevel(logging.WARNING)
    await talk(port, asked(target="/quiet"))
    LOGGER.setLevel(logging.INFO)
    await talk(port, asked(target="/heard"))
    LOGGER.setLevel(logging.NOTSET)
    assert calls == ["/heard"]
    await talk(await serve(hello, access_log=None, access_log_class=Counting), asked())
    assert calls == ["/heard"]


async def test_a_broken_format_does_not_break_the_answer(
    serve: Serve, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged in place of the line."""

    class Broken(web.AccessLogger):
        def __init__(self, logger: logging.Logger, log_format: str) -> None:
            super().__init__(logger, log_format)
            self._template = "%d"

    port = await serve(hello, access_log=LOGGER, access_log_class=Broken, access_log_format="%r")
    with caplog.at_level(logging.INFO, LOGGER.name):
        assert (await talk(port, asked())).endswith(b"hello")
    assert "Error in logging" in caplog.text


@pytest.mark.parametrize("behind", [False, True])
async def test_a_logger_that_raises_ends_the_connection_behind_the_answer(
    serve: Serve, talk: Talk, caplog: pytest.LogCaptureFixture, behind: bool
) -> None:
    """The server's own log says why, whoever of connection and task has answered."""

    class Raising(web.AbstractAccessLogger):
        def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
            raise LookupError("no such place")

    async def handle(request: web.Request) -> web.Response:
        if behind:
            await asyncio.sleep(0.001)
        return web.Response(text="hello")

    port = await serve(handle, access_log=LOGGER, access_log_class=Raising)
    data = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert (await talk(port, data)).endswith(b"hello")
    (record,) = caplog.records
    assert record.name == "notebook_http.server"
    assert "no such place" in caplog.text


def test_an_access_log_class_is_one() -> None:
    """Told where the runner is made."""
    with pytest.raises(TypeError, match="AbstractAccessLogger"):
        web.AppRunner(web.Application(), access_log_class=dict)  # type: ignore[arg-type]
