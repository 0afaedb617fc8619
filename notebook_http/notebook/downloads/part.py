"""The part of a file that came so far, and beside it what tells whether the rest still fits.

`data.csv.part` holds the bytes, `data.csv.part.json` the validators (RFC 9110 §8.8) that the
server gave with them, and a hash of the URL, which may hold credentials itself.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from notebook_http.notebook.downloads.exceptions import DownloadError
from notebook_http.wire.entity_tag import parse_entity_tag
from notebook_http.wire.http_date import parse_http_date

__all__ = ["Part"]


class Part:
    """What is there of *target*.

    Attributes:
        target: the file that it becomes.
        path: where its bytes are until then.
    """

    def __init__(self, target: Path, url: str) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._notes = target.with_name(target.name + ".part.json")
        self._url = sha256(url.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def size(self) -> int:
        """How many bytes are there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def validator(self) -> str | None:
        """Return what `If-Range` may say of the bytes that are there; None: begin anew.

        A date counts for the very same URL only; an entity tag also where a signature in it is new.
        """
        try:
            notes: Any = json.loads(self._notes.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(notes, dict) or not self.size:
            return None
        tag, date = notes.get("etag"), notes.get("last_modified")
        if isinstance(tag, str) and _is_strong(tag):
            return tag
        if isinstance(date, str) and notes.get("url") == self._url and parse_http_date(date):
            return date
        return None

    def open(self, headers: Mapping[str, str] | None) -> io.FileIO:
        """Return its file, to be written at its end; emptied, and noted, if *headers* are given.

        Raises:
            DownloadError: it cannot be opened; another program's link is not followed.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        flags |= getattr(os, "O_BINARY", 0)
        try:
            file = io.FileIO(os.open(self.path, flags, 0o666), "ab")
        except OSError as error:
            message = f"{self.path} cannot be written: {error.strerror or error}"
            raise DownloadError(message) from error
        if not _locked(file):
            file.close()
            message = (
                f"Another download writes {self.path} just now. Wait for it, or name another path."
            )
            raise DownloadError(message)
        if headers is not None:
            self.forget()
            file.truncate(0)
            self._note(headers)
        return file

    def _note(self, headers: Mapping[str, str]) -> None:
        notes: dict[str, str] = {"url": self._url}
        tag = headers.get("ETag", "")
        modified, sent = headers.get("Last-Modified", ""), headers.get("Date", "")
        if "Content-Encoding" in headers:
            return  # what is written is decoded: no place in it is one in what the server has
        if _is_strong(tag):
            notes["etag"] = tag
        when, now = parse_http_date(modified), parse_http_date(sent)
        if when and now and now - when >= timedelta(seconds=1):
            # RFC 9110 §8.8.2.2: else it may have changed twice within that second.
            notes["last_modified"] = modified
        self._notes.write_text(json.dumps(notes), "utf-8")

    def forget(self) -> None:
        """Let nobody go on with the bytes that are there."""
        self._notes.unlink(missing_ok=True)

    def finish(self, *, overwrite: bool) -> None:
        """Put it in the place of its target, at once and whole.

        Raises:
            FileExistsError: something has come there meanwhile.
        """
        if overwrite:
            self.path.replace(self.target)
        else:
            try:
                os.link(self.path, self.target)  # unlike a rename it replaces nothing
            except FileExistsError:
                raise
            except OSError:  # a file system without links
                if self.target.exists():
                    raise FileExistsError(str(self.target)) from None
                self.path.rename(self.target)
            else:
                self.path.unlink()
        self.forget()


def _is_strong(tag: str) -> bool:
    parsed = parse_entity_tag(tag)
    return parsed is not None and not parsed.is_weak


def _locked(file: io.FileIO) -> bool:
    """Lock *file* until it is closed; tell whether nobody else has."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
