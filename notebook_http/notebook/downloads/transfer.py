"""Bring the bytes of one URL into their part: ask for what is missing, write, and go on."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict
from yarl import URL

from notebook_http.client.exceptions import ClientConnectionError, ClientPayloadError
from notebook_http.notebook.display.html import visible
from notebook_http.notebook.display.size_budget import size_words
from notebook_http.notebook.display.timings_bar import duration_words
from notebook_http.notebook.downloads.checksum import Checksum, digest_of_file
from notebook_http.notebook.downloads.exceptions import ChecksumError, DownloadError
from notebook_http.notebook.downloads.file_name import downloaded_file_name
from notebook_http.notebook.downloads.part import Part
from notebook_http.notebook.live_output import Shown, bar_and_words
from notebook_http.notebook.reply import Reply
from notebook_http.wire.byte_range import format_range, parse_content_range

if TYPE_CHECKING:
    from hashlib import _Hash
    from io import FileIO

    from notebook_http.client.response import ClientResponse
    from notebook_http.notebook.client import Client

__all__ = ["Transfer", "refuse_existing"]

# Breaks in a row without a byte between them, after which somebody should have a look.
_MOST_BREAKS = 3
# A write that takes longer waits for the disk: the following ones are a thread's.
_SLOW_WRITE = 0.05


class Transfer:
    """One download on its way.

    Attributes:
        part: what is there; known as soon as its name is.
        resumed_from: bytes that were there when it began.
    """

    def __init__(
        self,
        client: Client,
        url: str | URL,
        options: dict[str, Any],
        target: Path | None,
        folder: Path,
        checksum: Checksum,
        *,
        resume: bool,
        overwrite: bool,
    ) -> None:
        self._client = client
        self._url = url
        self._options = options
        self._named = target is not None
        self._folder = folder
        self._checksum = checksum
        self._resume = resume
        self._overwrite = overwrite
        if target is None:
            target = folder / downloaded_file_name(URL(str(url)).name)
        self.part = Part(target, str(url))
        self.resumed_from = 0
        self._received = 0
        self._total: int | None = None
        self._begun = False
        self._is_done = False
        self._here = 0  # received by this call
        self._began = perf_counter()
        self._digest: _Hash | None = None

    async def run(self) -> str:
        """Bring all bytes, put the file in its place, and return the checksum.

        Raises:
            StatusError, ClientError, TimeoutError: the request failed before any byte came.
            DownloadError: it broke off later, or cannot be written.
            ChecksumError: the bytes are not those that were to come.
            FileExistsError: the file is there, and is not to be replaced.
        """
        breaks = 0
        while True:
            before = self._here
            try:
                await self._fetch()
                if self._total is None or self._received >= self._total:
                    break
                # RFC 9110 §15.3.7: a server may send less of a range than was asked for.
                if self._here == before:
                    raise DownloadError(f"The server sends no more: {self._how_far()}")
                breaks = 0
                continue
            except (ClientPayloadError, ClientConnectionError, TimeoutError) as error:
                if not self._begun:
                    raise
                breaks = breaks + 1 if self._here == before else 1
                if breaks >= _MOST_BREAKS or self.part.validator() is None or not self._resume:
                    raise DownloadError(f"The connection broke: {self._how_far()}") from error
            await asyncio.sleep(breaks)
        return await self._finish()

    def shown(self, is_over: bool) -> Shown:
        """Return how far it is, for a display."""
        seconds = max(perf_counter() - self._began, 1e-9)
        speed = self._here / seconds
        words = f"{visible(self.part.target.name)}: {size_words(self._received)}"
        if self._total is not None and not self._is_done:
            words += f" of {size_words(self._total)}"
        words += f" in {duration_words(seconds)}, {size_words(int(speed))}/s"
        if is_over and not self._is_done:
            words = f"Stopped. {words}. {self._next_step()}"
        elif not is_over and self._total and speed and seconds >= 1:
            left = max(1, round((self._total - self._received) / speed))
            words += f", about {duration_words(left)} to go"
        return bar_and_words(self._received, self._total or 0, words, is_over=is_over)

    # Asking

    async def _fetch(self) -> None:
        part = self.part
        validator = part.validator() if self._resume else None
        offset = part.size if validator else 0
        headers = CIMultiDict(self._options.get("headers") or ())
        headers.setdefault("Accept-Encoding", "identity")
        if validator:
            headers["Range"] = format_range(offset, None)
            headers["If-Range"] = validator
        options = {**self._options, "headers": headers, "raise_for_status": False}
        response = await self._client.open("GET", self._url, options)
        try:
            again = await self._take(response, validator, offset)
        finally:
            response.close()
        if again:
            await self._fetch()

    async def _take(self, response: ClientResponse, validator: str | None, offset: int) -> bool:
        """Take the answer; return whether to ask once more, with what is known now."""
        tag = response.headers.get("ETag")
        same = tag is None or validator is None or not validator.startswith('"') or tag == validator
        span = parse_content_range(response.headers.get("Content-Range"))
        if response.status == 416 and validator:
            if same and span is not None and span.size == offset:
                self._total = offset
                await self._go_on_from(offset)  # all of it was there already
                return False
            self.part.forget()
            return True
        if response.status >= 400:
            (await Reply.read(response)).raise_for_status()
        if response.status == 206 and validator:
            if (
                not same
                or span is None
                or span.start != offset
                or response.headers.get("Content-Encoding")
            ):
                self.part.forget()
                return True
            if span.size is not None:
                self._total = span.size
            await self._go_on_from(offset)
            await self._write(response, anew=False)
            return False
        if response.status != 200:
            text = (
                f"The answer is {response.status} {response.reason}, which has no whole file in it."
            )
            raise DownloadError(visible(text))
        if not self._named and self._rename(response):
            return True
        coded = response.headers.get("Content-Encoding", "identity") != "identity"
        self._total = None if coded else response.content_length
        self._received = self.resumed_from = 0
        self._digest = None
        await self._write(response, anew=True)
        return False

    def _rename(self, response: ClientResponse) -> bool:
        """Take the name that the answer says; return whether a part of it is there already."""
        self._named = True
        said = response.content_disposition
        name = (said.filename if said else None) or response.url.name
        before, self.part = (
            self.part,
            Part(self._folder / downloaded_file_name(name), str(self._url)),
        )
        if not self._overwrite:
            refuse_existing(self.part.target)
        validator = self.part.validator() if self._resume else None
        return self.part.path != before.path and validator is not None

    # Writing

    async def _go_on_from(self, offset: int) -> None:
        self._begun = True
        self._received = offset
        if not self._here:
            self.resumed_from = offset
        if self._digest is None:
            self._digest = await asyncio.to_thread(
                digest_of_file, self.part.path, self._checksum.algorithm
            )

    async def _write(self, response: ClientResponse, *, anew: bool) -> None:
        import hashlib

        if self._total is not None:
            self._check_room(self._total - self._received)
        file = self.part.open(response.headers if anew else None)
        self._begun = True
        digest = self._digest or hashlib.new(self._checksum.algorithm, usedforsecurity=False)
        self._digest = digest
        slow = False
        with file:
            while piece := await response.content.readany():
                began = perf_counter()
                try:
                    written = await _write_in_thread(file, piece) if slow else file.write(piece)
                    while written < len(piece):
                        written += file.write(piece[written:])
                except OSError as error:
                    # Some of the piece may be there: the hash is read anew next time.
                    text = f"{error.strerror or error}: {self._how_far()}"
                    raise DownloadError(text) from error
                slow = slow or perf_counter() - began > _SLOW_WRITE
                digest.update(piece)
                self._received += len(piece)
                self._here += len(piece)

    def _check_room(self, missing: int) -> None:
        free = shutil.disk_usage(self.part.target.parent).free
        if missing > free:
            text = (
                f"No room in {self.part.target.parent}: {size_words(missing)} are to come, "
                f"{size_words(free)} are free. {self._next_step()}"
            )
            raise DownloadError(text)

    # The end

    async def _finish(self) -> str:
        digest = self._digest
        digits = digest.hexdigest() if digest is not None else ""
        wanted = self._checksum.digits
        name = self._checksum.algorithm
        if wanted and digits != wanted:
            self.part.forget()
            text = (
                f"{self.part.target.name} is not what was asked for:\n"
                f"  wanted {name}:{wanted}\n  came   {name}:{digits}\n"
                f"What came is in {self.part.path}; the next call begins anew."
            )
            raise ChecksumError(visible(text))
        try:
            self.part.finish(overwrite=self._overwrite)
        except FileExistsError:
            refuse_existing(self.part.target)
            raise
        self._is_done = True
        return f"{name}:{digits}"

    def _how_far(self) -> str:
        total = f" of {size_words(self._total)}" if self._total is not None else ""
        return f"{size_words(self.part.size)}{total} are in {self.part.path}. {self._next_step()}"

    def _next_step(self) -> str:
        if self._resume and self.part.validator() is not None:
            return "The same call goes on from there."
        return "The same call begins anew."


async def _write_in_thread(file: FileIO, piece: bytes) -> int:
    """Write *piece*; after a cancel, too, nobody writes any more when this returns."""
    writing = asyncio.ensure_future(asyncio.to_thread(file.write, piece))
    try:
        return await asyncio.shield(writing)
    finally:
        if not writing.done():
            await asyncio.wait([writing])


def refuse_existing(target: Path) -> None:
    """Raise if *target* is there.

    Raises:
        FileExistsError: it is; the message says what to do.
    """
    if target.exists() or target.is_symlink():
        text = f"{target} is there already: overwrite=True replaces it, or give another path"
        raise FileExistsError(visible(text))
