"""The name that a body is saved by: what its server proposed, made safe, or its URL's end."""

from __future__ import annotations

from urllib.parse import unquote

from notebook_http.notebook.file_names import safe_file_name
from notebook_http.wire.content_disposition import (
    content_disposition_filename,
    read_content_disposition,
)

__all__ = ["proposed_file_name"]

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
