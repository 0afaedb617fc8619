"""The bodies of curl commands: `-d` and its kin, and forms. Files are read when they are sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from notebook_http.transport.form_data import FormData

__all__ = ["DataPiece", "FormField", "join_data", "make_form"]


class DataPiece(NamedTuple):
    """One `-d` and the like.

    Attributes:
        content: the text to be sent, or the file's name.
        is_file: whether it is a name.
        name: what `--data-urlencode` puts in front of it, with its `=`; "" without.
        encoded: whether it is percent-encoded before it is sent.
        lines: whether a file's line ends and NULs are left out, as `-d @file` does.
    """

    content: str
    is_file: bool = False
    name: str = ""
    encoded: bool = False
    lines: bool = False

    def read(self, stdin: bytes | None) -> bytes:
        """Return the bytes that it stands for. Reads the file, on the calling thread.

        Raises:
            OSError: the file cannot be read.
        """
        if not self.is_file:
            content = _as_bytes(self.content)
        elif self.content == "-":
            content = stdin or b""
        else:
            content = Path(self.content).expanduser().read_bytes()
            if self.lines:
                content = content.translate(None, b"\r\n\0")
        if self.encoded:
            content = quote_plus(content).encode("ascii")
        return _as_bytes(self.name) + content


class FormField(NamedTuple):
    """One `-F`: `name=value`, `name=<file` (its text) or `name=@file` (the file itself)."""

    name: str
    value: str
    kind: str  # "text", "file as text" or "file"
    content_type: str | None = None
    filename: str | None = None


def join_data(pieces: tuple[DataPiece, ...], separator: bytes, stdin: bytes | None) -> bytes:
    """Return the body that *pieces* make. Reads files, on the calling thread.

    Raises:
        OSError: a file cannot be read.
    """
    return separator.join([piece.read(stdin) for piece in pieces])


def make_form(fields: tuple[FormField, ...]) -> FormData:
    """Return the multipart form of *fields*. Reads files, on the calling thread.

    Raises:
        OSError: a file cannot be read.
    """
    from notebook_http.transport.form_data import FormData

    form = FormData(quote_fields=False, default_to_multipart=True)
    for field in fields:
        if field.kind == "text":
            value: str | bytes = field.value
        else:
            value = Path(field.value).expanduser().read_bytes()
        filename = field.filename
        if field.kind == "file":
            filename = filename or Path(field.value).name
        elif isinstance(value, bytes):
            value = value.decode("utf-8", "surrogateescape")
        form.add_field(field.name, value, filename=filename, content_type=field.content_type)
    return form


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
