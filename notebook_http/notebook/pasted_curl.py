"""`nh.from_curl(…)`: a pasted curl command as a request to be awaited."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yarl import URL

from notebook_http.notebook.client import Client, default_client
from notebook_http.notebook.interchange.curl_body import make_form
from notebook_http.notebook.interchange.curl_command import CurlCommand, read_curl
from notebook_http.notebook.pending_request import PendingRequest

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientMiddlewareType
    from notebook_http.client.response import ClientResponse
    from notebook_http.notebook.interchange.words import Shell
    from notebook_http.notebook.reply import Reply

__all__ = ["from_curl", "request_of"]


def from_curl(
    text: str, *, shell: Shell | None = None, client: Client | None = None
) -> PendingRequest:
    """Return the request of a curl command, to be awaited: `r = await nh.from_curl("curl …")`.

    It is read at once, and sent when it is awaited; files (`-d @file`, `-F name=@file`) are read
    then. As with curl, redirects are followed with `-L` only. What curl prints, and how, says
    nothing here (`-s`, `-i`, `-v`); `-o FILE` writes the body into a file, too.

    Args:
        text: as "Copy as cURL" of a browser gives it, or as it was typed.
        shell: "bash", "cmd" or "powershell": whose quoting it is; by default what it looks like.
        client: what sends it; by default the client of `nh.get`.

    Raises:
        CurlSyntaxError: a ValueError; it cannot be read, or has flags that are not understood. The
            message shows the place, and lists them.
    """
    return request_of(read_curl(text, shell), client or default_client())


def request_of(command: CurlCommand, client: Client) -> PendingRequest:
    """Return the request of *command*, to be sent by *client* when it is awaited."""
    return PendingRequest(_CommandSender(client, command), command.verb, _url(command.url), {})


def _url(text: str) -> URL | str:
    """Return *text* as it is, if it may stand in a request line; else for the client to quote."""
    if text.isascii() and text.isprintable() and not any(char in text for char in ' "<>\\^`'):
        try:
            url = URL(text, encoded=True)
        except ValueError:
            return text
        return url if url.raw_path else url.with_path("/")
    return text


class _CommandSender:
    """Sends one command through a client, and reads its files before."""

    def __init__(self, client: Client, command: CurlCommand) -> None:
        self._client = client
        self._command = command

    async def fetch(self, method: str, url: str | URL, options: dict[str, Any]) -> Reply:
        """Send the command and return its reply, written into the file of `-o`, too.

        Raises:
            OSError: a file cannot be read or written.
            ClientError, TimeoutError: as `Client.fetch`.
        """
        url, options = await self._prepared(url, options)
        reply = await self._client.fetch(method, url, options)
        if self._command.output:
            await asyncio.to_thread(_write, self._command.output, reply.content)
        return reply

    async def open(self, method: str, url: str | URL, options: dict[str, Any]) -> ClientResponse:
        """Send the command and return its response, the body still to come; errors as `fetch`."""
        url, options = await self._prepared(url, options)
        return await self._client.open(method, url, options)

    async def middlewares(self, options: dict[str, Any]) -> tuple[ClientMiddlewareType, ...]:
        """Return those that a request with *options* goes through."""
        return await self._client.middlewares(options)

    async def done(self) -> None:
        """Do nothing: connections are kept for the next request."""

    async def _prepared(
        self, url: str | URL, options: dict[str, Any]
    ) -> tuple[str | URL, dict[str, Any]]:
        command = self._command
        options = {**_options(command), **options}
        body: Any = None
        if command.form:
            body = await _read(make_form, command.form, off_loop=command.reads_files)
        elif command.data:
            body = await _read(command.body, off_loop=command.reads_files)
        if command.in_query and body is not None:
            return _with_query(url, body.decode("utf-8", "surrogateescape")), options
        if body is not None:
            options["data"] = body
        return url, options


async def _read(function: Any, *args: Any, off_loop: bool) -> Any:
    return await asyncio.to_thread(function, *args) if off_loop else function(*args)


def _write(path: str, content: bytes) -> None:
    Path(path).expanduser().write_bytes(content)


def _with_query(url: str | URL, query: str) -> URL | str:
    text, hash_mark, fragment = str(url).partition("#")
    joint = "" if text.endswith(("?", "&")) else "&" if "?" in text else "?"
    return _url(f"{text}{joint}{query}{hash_mark}{fragment}")


def _options(command: CurlCommand) -> dict[str, Any]:
    """Return the keyword arguments that a client takes behind method and URL."""
    from notebook_http.client.client_timeout import DEFAULT_TIMEOUT, ClientTimeout

    skipped = set(command.removed)
    if not command.compressed:
        skipped.add("accept-encoding")  # curl asks for none by itself
    if command.data and command.header("content-type") is None:
        skipped.add("content-type")
    options: dict[str, Any] = {
        "headers": command.headers,
        "allow_redirects": command.follow,
        "max_redirects": command.max_redirects,
        "skip_auto_headers": sorted(skipped),
    }
    if not command.verify:
        options["ssl"] = False
    if command.fail:
        options["raise_for_status"] = True
    if command.max_time is not None or command.connect_time is not None:
        total, connect = command.max_time, command.connect_time
        options["timeout"] = ClientTimeout(  # to curl, 0 is no limit
            total=DEFAULT_TIMEOUT.total if total is None else total or None,
            connect=connect or None,
            sock_connect=DEFAULT_TIMEOUT.sock_connect if connect is None else None,
        )
    if command.proxy is not None:
        options["proxy"] = command.proxy
    if command.proxy_user:
        from notebook_http.wire.credentials import BasicAuth

        user, _, password = command.proxy_user.partition(":")
        options["proxy_auth"] = BasicAuth(user, password, "utf-8")
    return options
