"""Finding a file and its compressed siblings; once in a thread, then for a while on the loop.

Looking for a file takes a handful of system calls: two microseconds each while the system knows the
folder, but as long as a disk or a network takes when it does not. So the first look is in a thread.
For some seconds afterwards one `stat` on the loop is enough to tell that the file is still the one
that was found; if it is another, or on a network, it is looked for in a thread again.
"""

from __future__ import annotations

import os
from stat import S_ISDIR, S_ISREG
from typing import NamedTuple

from notebook_http.transport.opened_file import (
    IN_THREAD,
    OpenedFile,
    ReadManner,
    open_flags,
    read_manner as manner_of,
)
from notebook_http.web.files.media_type import media_type_of
from notebook_http.wire.accepted_codings import choose_coding
from notebook_http.wire.entity_tag import ETag, format_entity_tag
from notebook_http.wire.http_date import format_http_date

__all__ = ["FoundFile", "FoundFiles", "KnownFiles", "NotRegularError", "look_for", "open_found"]

# Codings of siblings, the one that is taken first of equals first: the smallest files, usually.
_SIBLINGS = (("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz"))

# Seconds for which a file need not be looked for again. A new sibling is noticed after that.
_KNOWN_SECONDS = 10.0
# Files that are known at a time; some 700 bytes each. Only files that exist get here.
_MAX_KNOWN = 1024


class NotRegularError(PermissionError):
    """There is something else than a regular file: a pipe, a socket, a device, a folder."""


class FoundFile:
    """One file that may be sent, and what is said of it.

    Args:
        path: where it is.
        coding: its content coding, or None.
        media_type: of what is coded, if it is.
        stat: what the system says of it.

    Attributes:
        device: `st_dev`: which file system it is on.
        size: bytes.
        modified: seconds since the epoch.
        etag: another one when time or size are.
        etag_field: the same as a field.
        modified_field: when it was modified, as a field.
    """

    __slots__ = (
        "_inode",
        "_modified_ns",
        "coding",
        "device",
        "etag",
        "etag_field",
        "media_type",
        "modified",
        "modified_field",
        "path",
        "size",
    )

    def __init__(
        self, path: str, coding: str | None, media_type: str, stat: os.stat_result
    ) -> None:
        self.path = path
        self.coding = coding
        self.media_type = media_type
        self.device = stat.st_dev
        self._inode = stat.st_ino
        self._modified_ns = stat.st_mtime_ns
        self.size = stat.st_size
        self.modified = stat.st_mtime_ns // 1_000_000_000
        self.etag = ETag(f"{stat.st_mtime_ns:x}-{stat.st_size:x}")
        self.etag_field = format_entity_tag(self.etag)
        self.modified_field = format_http_date(self.modified)

    def is_same(self, stat: os.stat_result) -> bool:
        """Tell whether *stat* is of this file, whatever has been written to it."""
        return stat.st_ino == self._inode and stat.st_dev == self.device

    def is_unchanged(self, stat: os.stat_result) -> bool:
        """Tell whether *stat* is of this file, and nothing has been written to it."""
        return (
            stat.st_ino == self._inode
            and stat.st_mtime_ns == self._modified_ns
            and stat.st_size == self.size
            and stat.st_dev == self.device
        )


class FoundFiles(NamedTuple):
    """A file and its siblings, as one look has found them.

    Attributes:
        files: the file itself, coding None, and its siblings, by coding.
        error: why the file itself cannot be sent, when only siblings are there.
        manner: how they are read.
        until: moment of the loop's clock up to which they need not be looked for again.
    """

    files: dict[str | None, FoundFile]
    error: OSError | None
    manner: ReadManner
    until: float = 0.0

    def choose(self, accept_encoding: str | None) -> FoundFile:
        """Return what a client with *accept_encoding* gets.

        Raises:
            OSError: only siblings are there, and it takes none of them.
        """
        files = self.files
        if len(files) > 1 or self.error is not None:
            there = [coding for coding, _ in _SIBLINGS if coding in files]
            coding = choose_coding(accept_encoding, there)
            if coding is not None:
                return files[coding]
            if self.error is not None:
                raise self.error
        return files[None]

    @property
    def vary(self) -> bool:
        """Whether another client may get another file."""
        return len(self.files) > 1 or self.error is not None


def look_for(path: str, *, real_path: str | None = None) -> FoundFiles:
    """Return the file at *path* and its siblings. May wait for a disk: for a thread.

    A symbolic link is followed to a file, but not to a sibling.

    Args:
        path: where the file is opened.
        real_path: the same without symbolic links: what is judged, and beside what siblings lie.

    Raises:
        IsADirectoryError: a folder is there.
        NotRegularError: something else is there.
        PermissionError: it must not be looked at.
        OSError: there is none, or the system cannot tell.
        ValueError: no path can be written so.
    """
    files: dict[str | None, FoundFile] = {}
    error: OSError | None = None
    media_type = media_type_of(path)
    try:
        stat = os.stat(path if real_path is None else real_path)
    except OSError as exc:
        error = exc.with_traceback(None)
    else:
        if S_ISDIR(stat.st_mode):
            raise IsADirectoryError(f"{path} is a folder")
        if not S_ISREG(stat.st_mode):
            raise NotRegularError(f"{path} is no regular file")
        files[None] = FoundFile(path, None, media_type, stat)
    for coding, suffix in _SIBLINGS:
        sibling = (path if real_path is None else real_path) + suffix
        try:
            stat = os.lstat(sibling)
        except OSError:
            continue
        if S_ISREG(stat.st_mode):
            files[coding] = FoundFile(sibling, coding, media_type, stat)
    if not files:
        raise error or FileNotFoundError(path)
    one = next(iter(files.values()))
    return FoundFiles(files, error, manner_of(one.device, one.path))


class KnownFiles:
    """The files that were found lately, by the path that they were asked for with."""

    def __init__(self) -> None:
        self._known: dict[str, FoundFiles] = {}

    def recall(self, path: str, now: float) -> FoundFiles | None:
        """Return what was found at *path* not long ago, if it may be looked at on the loop."""
        found = self._known.get(path)
        if found is not None and found.until < now:
            del self._known[path]
            return None
        return found

    def remember(self, path: str, found: FoundFiles, now: float) -> None:
        """Keep *found*, unless files there have to be looked for in a thread each time."""
        if found.manner is IN_THREAD:
            return
        known = self._known
        known.pop(path, None)
        if len(known) >= _MAX_KNOWN:
            del known[next(iter(known))]
        known[path] = found._replace(until=now + _KNOWN_SECONDS)

    def forget(self, path: str) -> None:
        """Have *path* looked for again."""
        self._known.pop(path, None)


def open_found(found: FoundFile, manner: ReadManner) -> tuple[OpenedFile, os.stat_result]:
    """Return *found*, opened, and what the system says of it now: it may be another file.

    Raises:
        NotRegularError: it is no regular file any more.
        PermissionError: it must not be read.
        OSError: it is gone, or the system cannot open it.
    """
    # The coded one was no symbolic link when it was found; it must not have become one since.
    descriptor = os.open(found.path, open_flags(follow_symlinks=found.coding is None))
    try:
        stat = os.fstat(descriptor)
        if not S_ISREG(stat.st_mode):
            raise NotRegularError(f"{found.path} is no regular file any more")
    except BaseException:
        os.close(descriptor)
        raise
    return OpenedFile(descriptor, manner), stat
