"""A response whose body is a file: whole, a part of it, or nothing when the client has it already.

How files are found is in `files/known_files`, what conditions and ranges make of them in
`files/conditions`, how they leave in `transport/file_sending`.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from multidict import CIMultiDict

from notebook_http.transport.file_sending import send_file
from notebook_http.transport.opened_file import IN_THREAD, OpenedFile
from notebook_http.transport.stream_writer import StreamWriter
from notebook_http.web.coding_choice import add_vary
from notebook_http.web.files.conditions import Representation, Verdict, judge
from notebook_http.web.files.known_files import (
    FoundFile,
    FoundFiles,
    KnownFiles,
    look_for,
    open_found,
)
from notebook_http.web.response_fields import LooseHeaders
from notebook_http.web.response_head import REASON_PHRASES, frame_body, set_general_fields
from notebook_http.web.stream_response import StreamResponse
from notebook_http.wire.byte_range import format_content_range
from notebook_http.wire.entity_tag import ETag
from notebook_http.wire.head_writer import response_head

if TYPE_CHECKING:
    from notebook_http.web.stream_response import PreparingRequest

__all__ = ["FileResponse"]

T = TypeVar("T")

# Bytes that are read at once where the system does not send files by itself.
_CHUNK_BYTES = 256 * 1024

# Bytes up to which a file is read and leaves in one write with its head. A larger one is sent by
# the system: that spares two copies, and costs some 60 µs of its own.
_AT_ONCE_BYTES = 256 * 1024

# Bytes that are coded at once: some milliseconds, for which the loop stands still.
_CODED_BYTES = 64 * 1024

# Errors that say that there is no such file; others say that the system has a problem.
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)

# How often a file is looked for when it is replaced by another one meanwhile.
_LOOKS = 3

_known_by_path = KnownFiles()


class FileResponse(StreamResponse):
    """A response that sends a file.

    Answers conditions (RFC 9110 §13) and a single range (§14) by itself: 206, 304, 412 and 416.
    Where ``file.br``, ``file.zst`` or ``file.gz`` lies beside the file, a client that accepts that
    coding gets it instead. A file that is missing is a 404; one that must not be read, a folder or
    anything else than a regular file, a 403. Names that begin with a dot are as good as others.

    Args:
        path: where the file is; symbolic links are followed.
        chunk_size: bytes that are read at once where the system cannot send the file by itself:
            over TLS, compressed, on event loops without `sendfile`.
        status: three digits. Conditions and ranges are of no effect with another one than 200.
        reason: reason phrase; None for the usual one.
        headers: fields of the head; a ``Content-Type`` there is not guessed from the name.
    """

    _known = _known_by_path
    # What a static folder has found just now, so that it need not be looked for again.
    _just_found: FoundFiles | None = None
    _look: Callable[[], FoundFiles] | None = None
    _head_waits = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        chunk_size: int = _CHUNK_BYTES,
        status: int = 200,
        reason: str | None = None,
        headers: LooseHeaders | None = None,
    ) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        self._path = os.fspath(path)
        self._chunk_size = chunk_size

    @classmethod
    def of_folder(
        cls,
        path: str,
        chunk_size: int,
        known: KnownFiles,
        look: Callable[[], FoundFiles],
        found: FoundFiles | None,
    ) -> FileResponse:
        """Return a response for a file of a folder that has rules of its own.

        Args:
            path: where the file is.
            chunk_size: as above.
            known: what the folder remembers.
            look: looks for the file by the folder's rules; called in a thread.
            found: what that returned just now, or None if the file is known.
        """
        response = cls(path, chunk_size)
        response._known, response._look, response._just_found = known, look, found
        return response

    # Finding

    def _accepted(self, request: PreparingRequest) -> str | None:
        if self._field("Content-Encoding") is not None:
            return None  # the handler says what the file is
        return ", ".join(request.headers.getall("Accept-Encoding", ())) or None

    def _open_known(
        self, request: PreparingRequest, most: int | None = None
    ) -> tuple[OpenedFile, FoundFile, bool] | None:
        """Return the file, opened, if it was found not long ago and is still the same.

        With it comes whether other clients may get another one. None if it has to be looked for,
        or has more than *most* bytes.
        """
        found = self._known.recall(self._path, request.protocol.loop.time())
        if found is None:
            return None
        try:
            chosen = found.choose(self._accepted(request) if found.vary else None)
            if most is not None and chosen.size > most:
                return None
            file, stat = open_found(chosen, found.manner)
        except OSError:
            self._known.forget(self._path)
            return None
        if not chosen.is_unchanged(stat):
            file.close()
            self._known.forget(self._path)
            return None
        return file, chosen, found.vary

    async def _open(self, request: PreparingRequest) -> tuple[OpenedFile, FoundFile, bool]:
        """Return the file, opened, and whether other clients may get another one.

        Raises:
            OSError, ValueError: see `look_for` and `open_found`.
        """
        loop = request.protocol.loop
        opened = self._open_known(request)
        if opened is not None:
            return opened
        look = self._look or partial(look_for, self._path)
        for _ in range(_LOOKS):
            found, self._just_found = self._just_found, None
            if found is None:
                found = await loop.run_in_executor(None, look)
                self._known.remember(self._path, found, loop.time())
            chosen = found.choose(self._accepted(request))
            if found.manner is IN_THREAD:
                file, stat = await _in_thread(loop, partial(open_found, chosen, found.manner))
            else:
                file, stat = open_found(chosen, found.manner)
            if chosen.is_same(stat):
                if not chosen.is_unchanged(stat):
                    chosen = FoundFile(chosen.path, chosen.coding, chosen.media_type, stat)
                return file, chosen, found.vary
            file.close()  # replaced since: to be judged anew
        raise FileNotFoundError(errno.ENOENT, "replaced again and again", self._path)

    # Deciding

    def _judge(self, request: PreparingRequest, found: FoundFile, *, coded: bool) -> Verdict:
        if self._status != 200:  # RFC 9110 §13.2.1 and §14.2
            return Verdict(self._status, 0, found.size)
        etag = ETag(found.etag.value, is_weak=True) if coded else found.etag
        file = Representation(etag, found.modified, found.size)
        return judge(request.method, request.headers, file, ranges=not coded)

    def _describe(
        self,
        fields: CIMultiDict[str],
        found: FoundFile,
        verdict: Verdict,
        *,
        vary: bool,
        coded: bool,
    ) -> None:
        """Set what is to be said of the file in *fields*."""
        status, start, stop = verdict
        if vary:
            add_vary(fields, "Accept-Encoding")
        if status == 412:
            fields["Content-Length"] = "0"
            return
        if status == 416:
            fields["Content-Length"] = "0"
            fields["Content-Range"] = format_content_range(None, found.size)
            return
        fields["ETag"] = f"W/{found.etag_field}" if coded else found.etag_field
        fields["Last-Modified"] = found.modified_field
        if status == 304:
            fields.popall("Content-Length", None)
            return
        if "Content-Type" not in fields:
            fields["Content-Type"] = found.media_type
        if found.coding is not None:
            fields["Content-Encoding"] = found.coding
        if not coded:
            fields["Accept-Ranges"] = "bytes"
            if not self._chunked:
                fields["Content-Length"] = str(stop - start)
        if status == 206:
            fields["Content-Range"] = format_content_range((start, stop), found.size)

    # Sending

    def render_at_once(self, request: PreparingRequest, *, keep_alive: bool) -> bytearray | None:
        """Return head and body if nothing has to be waited for, and count them as sent.

        That is so for a file of up to 256 KiB that was found not long ago and is in memory. None
        otherwise; `prepare` serves always.

        Raises:
            ValueError: a field cannot stand in a head; nothing was counted.
        """
        given = self._fields
        if (
            self.__class__ is not FileResponse  # one that overrides `prepare` is asked to do so
            or self._request is not None
            or self._eof_sent
            or self._compression is not False
            or self._chunked
            or (given is not None and ("Connection" in given or "Transfer-Encoding" in given))
        ):
            return None
        opened = self._open_known(request, _AT_ONCE_BYTES)
        if opened is None:
            return None
        file, found, vary = opened
        try:
            verdict = self._judge(request, found, coded=False)
            status, start, stop = verdict
            # A copy, for `prepare` is to find what the handler has set.
            fields = CIMultiDict() if given is None else CIMultiDict(given)
            if given is None and self._content_type is not None:
                fields["Content-Type"] = self._content_type
            self._describe(fields, found, verdict, vary=vary, coded=False)
            if self._cookies is not None:
                self._add_cookie_fields(fields)
            method, version = request.method, request.version
            framing = frame_body(
                fields,
                method=method,
                status=status,
                version=version,
                chunked=False,
                keep_alive=keep_alive and self.kept_alive is not False,
            )
            set_general_fields(fields, framing, version)
            reason = self._reason if status == self._status else REASON_PHRASES[status]
            head = response_head(version, status, reason, fields.items())
            count = 0 if framing.empty else stop - start
            data = bytearray(len(head) + count)
            data[: len(head)] = head
            if count and not file.read_at_once(memoryview(data)[len(head) :], start):
                return None
        finally:
            file.close()
        self._fields, self._status, self._reason = fields, status, reason
        self.kept_alive = framing.keep_alive
        self._eof_sent = True
        self._body_length = count
        self._sent_at_once = len(data)
        return data

    async def prepare(self, request: PreparingRequest) -> StreamWriter | None:
        """Send head and file, at the client's pace; return what wrote them, None if it is over.

        A cancel leaves the body half sent: the connection is closed then.

        Raises:
            ClientConnectionResetError: the client has left.
            BodyLengthError: the file has shrunk meanwhile; the connection will close.
            OSError: the file cannot be read.
            ValueError: a field cannot stand in a head; nothing was sent.
        """
        if self._eof_sent or self._request is not None:
            return await super().prepare(request)
        try:
            file, found, vary = await self._open(request)
        except (OSError, ValueError) as error:
            self.set_status(status_of(error))
            self._chunked = False
            self.headers["Content-Length"] = "0"
            return await super().prepare(request)
        try:
            return await self._send(request, file, found, vary)
        finally:
            file.close()

    async def _send(
        self, request: PreparingRequest, file: OpenedFile, found: FoundFile, vary: bool
    ) -> StreamWriter | None:
        fields = self.headers
        coded = found.coding is None and self._chosen_coding(request, fields) is not None
        verdict = self._judge(request, found, coded=coded)
        if verdict.status != self._status:
            self.set_status(verdict.status)
            if verdict.status != 206:  # no body, neither coded nor in chunks
                self._compression = self._chunked = False
        self._describe(fields, found, verdict, vary=vary, coded=coded)
        writer = await super().prepare(request)
        count = verdict.stop - verdict.start
        if writer is None or not count or not writer.has_body:
            return writer
        secure = request.protocol.get_extra_info("sslcontext") is not None
        await send_file(
            writer,
            file,
            verdict.start,
            count,
            chunk_size=min(self._chunk_size, _CODED_BYTES) if coded else self._chunk_size,
            by_system=writer.is_verbatim and not secure and count > _AT_ONCE_BYTES,
        )
        await super().write_eof()
        return writer


def status_of(error: OSError | ValueError) -> int:
    """Return the status for a file that cannot be opened.

    Raises:
        OSError: *error* itself, when it says that the system is in trouble, and not the request.
    """
    if isinstance(error, PermissionError | IsADirectoryError):
        return 403
    if isinstance(error, ValueError | FileNotFoundError) or error.errno in _MISSING:
        return 404
    raise error


async def _in_thread(
    loop: asyncio.AbstractEventLoop, function: Callable[[], tuple[OpenedFile, T]]
) -> tuple[OpenedFile, T]:
    """Return what *function* returns; a cancel closes the file that it will have opened."""
    opening = loop.run_in_executor(None, function)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_opened)
        raise


def _close_opened(opening: asyncio.Future[tuple[OpenedFile, T]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].close()
