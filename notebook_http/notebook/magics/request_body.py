"""Read the body of a request: text with templates, or a file that is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

from notebook_http.notebook.magics.exceptions import MagicSyntaxError, Source, nearest
from notebook_http.notebook.magics.http_blocks import HttpText
from notebook_http.notebook.magics.scope import Names, Scope
from notebook_http.notebook.magics.template_values import Values, fill_form, fill_json, fill_text
from notebook_http.notebook.magics.templates import Part, split_templates

__all__ = ["read_body", "read_file", "text_body"]

_JSON = "application/json"
_FILE = re.compile(r"[ \t]*<(@(?:[\w-]+)?)?[ \t]+(\S.*?)[ \t]*")
# A file is sent from memory: larger ones are for `nh.post(url, data=open(path, "rb"))`.
_FILE_BYTES = 256 * 1024 * 1024


def read_body(
    text: HttpText, at: int, content_type: str, names: Names
) -> tuple[str | bytes | None, str]:
    """Return the body that begins at line *at* (None without one), and the type that it shows.

    Raises:
        MagicSyntaxError: the file that it names cannot be read, or a template has no value.
    """
    body = "\n".join(text.lines[at:]).rstrip("\n")
    if not body.strip():
        return None, ""
    found = _FILE.fullmatch(body.strip("\n"))
    if found is None:
        return text_body(body, text.source(at, body), content_type, names)
    source = text.source(at + len(body) - len(body.lstrip("\n")))
    scope = names if isinstance(names, Scope) else Scope(names)
    parts = split_templates(source.text)
    values = Values(names, source)
    written = _FILE.fullmatch(fill_text(parts, values))
    path = written[2] if written else found[2]
    if scope.only_looks and len(parts) > 1:
        return b"", ""  # where the file is, the values will say
    content = read_file(path, scope.folder, source, source.text.find(found[2]))
    if found[1] is None:
        return content, ""
    try:
        filled = content.decode(found[1][1:] or "utf-8")
    except (UnicodeDecodeError, LookupError) as error:
        raise MagicSyntaxError(
            f"The templates of {path} cannot be found: {error}",
            source,
            (0, len(source.text)),
            hint="To send its bytes as they are, write < in place of <@",
        ) from None
    return text_body(filled, Source(filled, first_line=1, file=path), content_type, names)


def read_file(path: str, folder: Path | None, source: Source, column: int) -> bytes:
    """Return the bytes of the file at *path*, relative to *folder*.

    Raises:
        MagicSyntaxError: it cannot be read, or is larger than 256 MiB; marks *column* of *source*.
    """
    span = (max(column, 0), len(source.text))
    place = (folder or Path.cwd()) / Path(path).expanduser()
    try:
        if not place.is_file():
            near = nearest(place.name, [each.name for each in place.parent.iterdir()])
            what = "is a folder" if place.is_dir() else "is not there"
            raise MagicSyntaxError(
                f"The file {place} {what}",
                source,
                span,
                hint=f"Did you mean {near}?" if near and near != place.name else "",
            )
        if place.stat().st_size > _FILE_BYTES:
            raise MagicSyntaxError(
                f"The file {place} is larger than 256 MiB",
                source,
                span,
                hint='Stream it: await nh.post(url, data=open("…", "rb"))',
            )
        return place.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, MagicSyntaxError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise MagicSyntaxError(f"The file {place} cannot be read: {reason}", source, span) from None


def text_body(
    text: str, source: Source, content_type: str, names: Names
) -> tuple[str | bytes | None, str]:
    """Return *text* with its values put in, and the type that it shows when none is given."""
    parts = split_templates(text)
    values = Values(names, source)
    if len(parts) == 1 and not isinstance(parts[0], str):
        value = values.value(parts[0])
        if isinstance(value, bytes | str):
            return value, ""
        if not content_type:
            content_type = _JSON
    if "json" in content_type.lower() or (not content_type and _opens_json(parts[0])):
        text = fill_json(parts, values)
        return text, content_type or (_JSON if _is_json(text) else "")
    if content_type.lower().startswith("application/x-www-form-urlencoded"):
        return fill_form(parts, values), ""
    return fill_text(parts, values), ""


def _opens_json(part: Part) -> bool:
    return isinstance(part, str) and part.lstrip().startswith(("{", "["))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
