"""The file of a cassette: JSON that people read, and that is data only."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from notebook_http.notebook.cassettes.exceptions import CassetteFileError
from notebook_http.notebook.cassettes.interaction import Answer, Asked, read_answer, read_asked

__all__ = ["read_cassette", "write_cassette"]

_VERSION = 1
# Recordings are kept with the code and read in reviews. What is larger is a data set, and would be
# read into memory whole.
_MOST_BYTES = 64 * 1024 * 1024


def read_cassette(path: Path) -> list[tuple[Asked, Answer]]:
    """Return what a file holds, in the order of recording.

    Raises:
        CassetteFileError: it is no such file; the message says where, and why.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise CassetteFileError(path, "", f"it is over {_MOST_BYTES:,} bytes; split the recording")
    try:
        values = json.loads(raw)
    except UnicodeDecodeError as error:
        raise CassetteFileError(path, f"byte {error.start:,}", "no UTF-8") from None
    except json.JSONDecodeError as error:
        raise CassetteFileError(path, f"line {error.lineno}", f"no JSON: {error.msg}") from None
    except RecursionError:
        raise CassetteFileError(path, "", "it is nested too deep") from None
    if not isinstance(values, dict) or values.get("notebook-http-cassette") != _VERSION:
        why = f'it does not say "notebook-http-cassette": {_VERSION}, so it is no cassette of ours'
        raise CassetteFileError(path, "line 1", why)
    interactions = values.get("interactions")
    if not isinstance(interactions, list):
        raise CassetteFileError(path, "", "interactions is a list")
    found = []
    for number, each in enumerate(interactions, 1):
        try:
            if not isinstance(each, dict):
                text = "an interaction is an object with request and answer"
                raise ValueError(text)
            found.append((read_asked(each.get("request")), read_answer(each.get("answer"))))
        except ValueError as error:
            where = f"line {_line_of(raw, number)}, interaction {number}"
            raise CassetteFileError(path, where, str(error)) from None
    return found


def _line_of(raw: bytes, number: int) -> int | str:
    """Return the line where an interaction begins, as `write_cassette` lays them out."""
    for line, text in enumerate(raw.split(b"\n"), 1):
        if text in (b"  {", b'  {"request": {'):
            number -= 1
            if number == 0:
                return line
    return "?"


def write_cassette(path: Path, interactions: list[tuple[Asked, Answer]]) -> None:
    """Write *interactions* to *path*, whole or not at all; only its owner may read it.

    Raises:
        OSError: it cannot be written.
    """
    values: dict[str, Any] = {
        "notebook-http-cassette": _VERSION,
        "interactions": [
            {"request": asked.values(), "answer": answer.values()} for asked, answer in interactions
        ],
    }
    text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
