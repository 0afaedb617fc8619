"""The same body, given to both libraries with the import swapped: the same bytes leave.

Request line, fields and body, as raw bytes, or an error of the same name and nothing at all.
"""

from __future__ import annotations

import array
import io
import json
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from multidict import CIMultiDict, MultiDict, MultiDictProxy

from tests.interop.request_recorder import compare

FILE = Path(__file__).with_name("request_body.csv")

Body = Callable[[Any], Any]


async def pieces(*given: Any) -> AsyncIterator[Any]:
    for piece in given:
        yield piece


def plain_pieces(*given: bytes) -> Iterator[bytes]:
    yield from given


class Pieces:
    """An asynchronous iterable that is no generator."""

    def __init__(self, *given: bytes) -> None:
        self.given = given

    def __aiter__(self) -> AsyncIterator[bytes]:
        return pieces(*self.given)


def at(position: int, file: Any) -> Any:
    file.seek(position)
    return file


def temporary() -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(b"xyz")
    return at(0, file)


def form(lib: Any, *fields: tuple[Any, Any, dict[str, Any]], **options: Any) -> Any:
    made = lib.FormData(**options)
    for name, value, given in fields:
        made.add_field(name, value, **given)
    return made


def parts(lib: Any, *given: tuple[Any, ...], subtype: str = "mixed") -> Any:
    made = lib.MultipartWriter(subtype)
    for part in given:
        made.append(*part)
    return made


def with_part(method: str, value: Any) -> Body:
    def make(lib: Any) -> Any:
        made = lib.MultipartWriter()
        getattr(made, method)(value)
        return made

    return make


def latin_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


BODIES: dict[str, Body] = {
    "bytes": lambda lib: b"abc",
    "no bytes": lambda lib: b"",
    "str": lambda lib: "é",
    "no str": lambda lib: "",
    "bytearray": lambda lib: bytearray(b"abc"),
    "memoryview": lambda lib: memoryview(b"abc"),
    "memoryview of numbers": lambda lib: memoryview(array.array("i", [1, 2])),
    "BytesIO": lambda lib: io.BytesIO(b"abc"),
    "BytesIO in the middle": lambda lib: at(1, io.BytesIO(b"abc")),
    "StringIO": lambda lib: io.StringIO("é"),
    "file": lambda lib: FILE.open("rb"),
    "raw file": lambda lib: FILE.open("rb", buffering=0),
    "temporary file": lambda lib: temporary(),
    "path": lambda lib: FILE,
    "generator": lambda lib: pieces(b"a", b"bc"),
    "empty generator": lambda lib: pieces(),
    "generator of an empty piece": lambda lib: pieces(b"", b"x"),
    "generator of buffers": lambda lib: pieces(bytearray(b"x"), memoryview(b"y")),
    "iterable": lambda lib: Pieces(b"x"),
    "plain generator": lambda lib: plain_pieces(b"a", b"b"),
    "list of bytes": lambda lib: [b"a", b"b"],
    "pairs": lambda lib: [("a", "b"), ("c", 1)],
    "tuple of pairs": lambda lib: (("a", "b"), ("c", "d")),
    "dict": lambda lib: {"a": "b", "c": "é &"},
    "dict of numbers": lambda lib: {"a": 1, "b": 1.5},
    "dict of bool": lambda lib: {"a": True},
    "dict of list": lambda lib: {"a": ["1", "2"]},
    "dict of bytes": lambda lib: {"a": b"x"},
    "dict of file": lambda lib: {"f": FILE.open("rb")},
    "dict by number": lambda lib: {1: "b"},
    "empty dict": lambda lib: {},
    "empty list": lambda lib: [],
    "MultiDict": lambda lib: MultiDict([("a", "1"), ("a", "2")]),
    "MultiDictProxy": lambda lib: MultiDictProxy(MultiDict(a="1")),
    "CIMultiDict": lambda lib: CIMultiDict(a="1"),
    "OrderedDict": lambda lib: OrderedDict(a="1"),
    "int": lambda lib: 5,
    "zero": lambda lib: 0,
    "float": lambda lib: 1.5,
    "true": lambda lib: True,
    "false": lambda lib: False,
    "object": lambda lib: object(),
    "set": lambda lib: {"a"},
    "none": lambda lib: None,
}

FORMS: dict[str, Body] = {
    "urlencoded": lambda lib: form(lib, ("a", "b", {}), ("c", "d e", {})),
    "latin": lambda lib: form(lib, ("é", "é", {}), charset="latin-1"),
    "no charset": lambda lib: form(lib, ("a", "b", {}), charset="nope"),
    "multipart": lambda lib: form(lib, ("a", "b", {}), default_to_multipart=True),
    "bytes": lambda lib: form(lib, ("a", b"b", {})),
    "file": lambda lib: form(lib, ("f", FILE.open("rb"), {})),
    "named": lambda lib: form(lib, ("f", b"x", {"filename": "a b.txt"})),
    "named é": lambda lib: form(lib, ("f", b"x", {"filename": "é.txt"})),
    "named, unquoted": lambda lib: form(
        lib, ("f", b"x", {"filename": 'é "b.txt'}), quote_fields=False
    ),
    "typed": lambda lib: form(lib, ("f", b"x", {"filename": "a.json", "content_type": "a/b"})),
    "named text": lambda lib: form(lib, ("f", "x", {"filename": "a.json"})),
    "named buffer": lambda lib: form(lib, ("f", io.BytesIO(b"x"), {"filename": "a.csv"})),
    "named file": lambda lib: form(lib, ("f", FILE.open("rb"), {"filename": "a.json"})),
    "buffer": lambda lib: form(lib, ("f", io.BytesIO(b"x"), {})),
    "text buffer": lambda lib: form(lib, ("f", io.StringIO("é"), {})),
    "typed text": lambda lib: form(lib, ("f", "x", {"content_type": "application/json"})),
    "transfer": lambda lib: form(lib, ("f", b"x", {"content_transfer_encoding": "base64"})),
    "generator": lambda lib: form(lib, ("f", pieces(b"ab"), {"filename": "x.bin"})),
    "payload": lambda lib: form(
        lib, ("f", lib.BytesPayload(b"p", content_type="x/y"), {}), default_to_multipart=True
    ),
    "json": lambda lib: form(lib, ("f", lib.JsonPayload({"a": 1}), {}), default_to_multipart=True),
    "nested": lambda lib: form(lib, ("f", parts(lib, (b"x",)), {}), ("g", b"y", {})),
    "list": lambda lib: form(lib, ("f", ["a", "b"], {})),
    "bool": lambda lib: form(lib, ("f", True, {})),
    "object": lambda lib: form(lib, ("f", object(), {}), default_to_multipart=True),
    "empty": lambda lib: form(lib),
    "empty multipart": lambda lib: form(lib, default_to_multipart=True),
    "latin multipart": lambda lib: form(lib, ("a", "é", {}), ("f", b"x", {}), charset="latin-1"),
    "line break in name": lambda lib: form(lib, ("a\r\nb", b"x", {})),
    "line break in file name": lambda lib: form(lib, ("a", b"x", {"filename": "x\r\ny"})),
    "line break in type": lambda lib: form(lib, ("a", b"x", {"content_type": "x\r\ny"})),
    "number as name": lambda lib: form(lib, (1, b"x", {})),
    "number as file name": lambda lib: form(lib, ("a", b"x", {"filename": 1})),
    "number as type": lambda lib: form(lib, ("a", b"x", {"content_type": 1})),
    "of a dict": lambda lib: lib.FormData({"a": "b"}),
    "of a list": lambda lib: lib.FormData([("a", "b"), io.BytesIO(b"x"), MultiDict(c="d")]),
    "of a file": lambda lib: lib.FormData(FILE.open("rb")),
    "of text": lambda lib: lib.FormData("ab"),
    "of triples": lambda lib: lib.FormData([("a", "b", "c")]),
}

MULTIPARTS: dict[str, Body] = {
    "two": lambda lib: parts(lib, (b"x",), ("é", {"X": "y"})),
    "none": lambda lib: parts(lib),
    "nested": lambda lib: parts(lib, (parts(lib, (b"in",)),)),
    "json": with_part("append_json", {"a": 1}),
    "form": with_part("append_form", {"a": "b c"}),
    "file": lambda lib: parts(lib, (FILE.open("rb"),)),
    "generator": lambda lib: parts(lib, (pieces(b"x"),)),
    "buffer": lambda lib: parts(lib, (io.BytesIO(b"x"),)),
    "named field": lambda lib: parts(
        lib, (b"x", {"Content-Disposition": 'form-data; name="a"'}), subtype="form-data"
    ),
    "nameless field": lambda lib: parts(lib, (b"x",), ("y",), subtype="form-data"),
    "base64": lambda lib: parts(lib, (b"x" * 50, {"Content-Transfer-Encoding": "base64"})),
    "quoted": lambda lib: parts(lib, ("é=", {"Content-Transfer-Encoding": "quoted-printable"})),
    "binary": lambda lib: parts(lib, (b"x", {"Content-Transfer-Encoding": "binary"})),
    "odd transfer": lambda lib: parts(lib, (b"x", {"Content-Transfer-Encoding": "x"})),
    "odd coding": lambda lib: parts(lib, (b"x", {"Content-Encoding": "x"})),
    "object": lambda lib: parts(lib, (object(),)),
    "dict": lambda lib: parts(lib, ({},)),
}

PAYLOADS: dict[str, Body] = {
    "bytes": lambda lib: lib.BytesPayload(b"x", content_type="a/b", headers={"X-P": "1"}),
    "str": lambda lib: lib.StringPayload("é", encoding="latin-1"),
    "typed str": lambda lib: lib.StringPayload("é", content_type="text/x; charset=latin-1"),
    "json": lambda lib: lib.JsonPayload({"é": 1}),
    "latin json": lambda lib: lib.JsonPayload({"é": 1}, dumps=latin_json, encoding="latin-1"),
    "BytesIO": lambda lib: lib.BytesIOPayload(io.BytesIO(b"x"), filename="f.txt"),
    "StringIO": lambda lib: lib.StringIOPayload(io.StringIO("é")),
    "io": lambda lib: lib.IOBasePayload(FILE.open("rb"), "attachment"),
    "buffered": lambda lib: lib.BufferedReaderPayload(FILE.open("rb")),
    "iterable": lambda lib: lib.AsyncIterablePayload(pieces(b"x"), content_type="a/b"),
    "of text, as bytes": lambda lib: lib.BytesPayload("x"),
    "of bytes, as an iterable": lambda lib: lib.AsyncIterablePayload(b"x"),
    "by get_payload": lambda lib: lib.get_payload("é", content_type="text/html; charset=utf-8"),
}

EVERY = {
    f"{kind}: {name}": body
    for kind, bodies in {
        "data": BODIES,
        "form": FORMS,
        "multipart": MULTIPARTS,
        "payload": PAYLOADS,
    }.items()
    for name, body in bodies.items()
}

WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "typed": {"headers": {"Content-Type": "x/y"}},
    "chunked": {"chunked": True},
    "compressed": {"compress": True},
    "without type": {"skip_auto_headers": ["Content-Type"]},
    "expected": {"expect100": True},
}


# What aiohttp sends here no peer could read, or should get: chunks without Transfer-Encoding, an
# Expect for no body, a coding of nothing.
EMPTY = ("data: none", "data: false", "data: zero", "data: empty dict")
ON_PURPOSE = {
    *((name, way) for name in EMPTY for way in ("chunked", "expected")),
    ("form: empty", "compressed"),
}


@pytest.mark.parametrize(
    ("name", "way"),
    [(name, way) for name in EVERY for way in WAYS if (name, way) not in ON_PURPOSE],
)
async def test_bodies(name: str, way: str) -> None:
    """Of every kind, sent in every way."""

    async def program(lib: ModuleType, session: Any, url: str) -> None:
        async with session.post(url, data=EVERY[name](lib), **WAYS[way]) as response:
            await response.read()

    assert await compare(program)
