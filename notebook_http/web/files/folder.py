"""A folder whose files may be seen, and nothing outside of it.

A name from a URL is judged as text first: what leads out of the folder, by whatever spelling, and
what Windows takes for something else than a file in it, never reaches the file system. What
symbolic links make of the rest is judged by the real path, and by comparing the file that is opened
with the one that was judged.
"""

from __future__ import annotations

import os
from pathlib import Path

from notebook_http.web.files.known_files import FoundFiles, KnownFiles, look_for

__all__ = ["Folder", "path_segments"]

# Names that are devices on Windows, in every folder and with any suffix: the first three
# superscript digits count as digits there.
_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"]
)
# What cannot stand in a name there; a colon begins a drive, or a stream of another file.
_FORBIDDEN_ON_WINDOWS = frozenset('<>:"|?*') | {chr(code) for code in range(32)}


def path_segments(filename: str, *, windows: bool = os.name == "nt") -> list[str] | None:
    """Return the names that lead from a folder to *filename*, decoded from a URL.

    None for what must not be looked at: it leads out of the folder (also when it comes back), is
    absolute, holds a backslash or NUL, or, on *windows*, names a drive, a stream, a device or what
    that system would silently take for another name.
    """
    if filename[:1] == "/" or "\\" in filename or "\0" in filename:
        return None
    segments: list[str] = []
    for segment in filename.split("/"):
        if segment == "..":
            if not segments:
                return None
            segments.pop()
        elif segment not in ("", "."):
            if windows and _is_special_on_windows(segment):
                return None
            segments.append(segment)
    return segments


def _is_special_on_windows(name: str) -> bool:
    if name[-1] in ". " or not _FORBIDDEN_ON_WINDOWS.isdisjoint(name):
        return True
    return name.partition(".")[0].rstrip(" ").upper() in _DEVICES


class Folder:
    """A folder, and how files in it are found.

    Args:
        directory: where it is; ``~`` is the user's home.
        follow_symlinks: whether links in it may lead out of it.

    Raises:
        ValueError: there is no such folder. The caller erred.

    Attributes:
        directory: where it really is.
        known: the files that were found lately.
    """

    def __init__(self, directory: str | os.PathLike[str], *, follow_symlinks: bool) -> None:
        try:
            self.directory = Path(directory).expanduser().resolve(strict=True)
        except FileNotFoundError as error:
            raise ValueError(f"'{directory}' does not exist") from error
        if not self.directory.is_dir():
            raise ValueError(f"'{directory}' is not a directory")
        self._root = str(self.directory)
        self._within = self._root if self._root.endswith(os.sep) else self._root + os.sep
        self._follow_symlinks = follow_symlinks
        self.known = KnownFiles()

    def path_of(self, filename: str) -> str | None:
        """Return where *filename* (decoded) would be; None for what must not be looked at."""
        segments = path_segments(filename)
        if segments is None:
            return None
        return self._within + os.sep.join(segments) if segments else self._root

    def real_path(self, path: str) -> str:
        """Return *path* without symbolic links. May wait for a disk.

        Raises:
            FileNotFoundError: it leads out of the folder, which is not told from "nothing there".
        """
        real = os.path.realpath(path)
        inside = real == self._root or real.startswith(self._within)
        if not inside and not self._follow_symlinks:
            raise FileNotFoundError(f"{path} is outside of the folder")
        return real

    def look_for(self, path: str) -> FoundFiles:
        """Return the file at *path* and its siblings. May wait for a disk: for a thread.

        Raises:
            IsADirectoryError: a folder is there.
            OSError: see `known_files.look_for`; also what is outside of the folder is missing.
        """
        return look_for(path, real_path=self.real_path(path))
