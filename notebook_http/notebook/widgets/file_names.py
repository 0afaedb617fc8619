"""The name that a body is saved by: what its server proposed, made safe, or its URL's end."""

from __future__ import annotations

import re
from urllib.parse import unquote

from notebook_http.notebook.display.html import visible
from notebook_http.wire.content_disposition import (
    content_disposition_filename,
    read_content_disposition,
)

__all__ = ["proposed_file_name", "safe_file_name"]

# ext4, APFS and NTFS take 255 bytes or characters; some room is left for ` (2)` and the like.
_NAME_BYTES = 200
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
# Windows opens its devices by these, whatever stands behind the first dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.I)
_EXTENSIONS = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
}


def proposed_file_name(disposition: str | None, path: str, content_type: str) -> str:
    """Return a file name for a body, without any folder.

    Args:
        disposition: its Content-Disposition; what it says is made safe (RFC 6266 §4.3).
        path: the URL's, percent-encoded; its last segment is the name otherwise.
        content_type: says the extension of a name that has none.
    """
    _, parameters, _ = read_content_disposition(disposition)
    name = safe_file_name(content_disposition_filename(parameters) or "")
    if not name:
        name = safe_file_name(unquote(path.rstrip("/").rpartition("/")[2])) or "body"
    if "." not in name:
        name += _EXTENSIONS.get(content_type, ".json" if content_type.endswith("+json") else "")
    return name


def safe_file_name(name: str) -> str:
    """Return *name*, which a stranger wrote, as a plain name of a file here; "" if nothing is left.

    No folder, no dot in front (such files are hidden, or configure programs), no hyphen (those
    are options), no device of Windows, nothing that cannot be seen, 200 bytes at most, its
    extension kept.
    """
    name = re.split(r"[/\\]", name)[-1]
    name = _NOT_IN_NAMES.sub("_", name)
    # What turns the reading direction would show `cod.exe` as `exe.doc`.
    name = "".join(char for char in visible(name) if char.isprintable()).replace("\ufffd", "_")
    name = re.sub(r"[<>]", "", name).lstrip(".- ").rstrip(". ")
    if _DEVICES.fullmatch(name.partition(".")[0].rstrip(" ")):
        name = f"_{name}"
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        stem, dot, extension = name, "", ""
    room = _NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + extension
