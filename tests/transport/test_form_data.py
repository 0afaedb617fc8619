"""Forms: what goes out, and that a server of somebody else's reads it."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from hypothesis import given, strategies as st
from multidict import MultiDict, MultiDictProxy

from notebook_http.transport.form_data import FormData
from notebook_http.transport.payload import BytesPayload
from notebook_http.wire.multipart_reader import (
    MultipartReader,
    PartBegin,
    PartData,
    boundary_of,
)
from notebook_http.wire.urlencoded_form import parse_urlencoded

NAME = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=12)
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=30)


async def sent(form: FormData) -> list[tuple[str | None, str | None, str, bytes]]:
    """Return (name, file name, content type, data) of each part that is sent."""
    payload = form()
    body = await payload.as_bytes()
    assert payload.size is None or payload.size == len(body)
    reader = MultipartReader(boundary_of(payload.content_type))
    parts: list[tuple[str | None, str | None, str, bytes]] = []
    for event in reader.feed(body):
        if isinstance(event, PartBegin):
            assert "Content-Length" not in event.headers
            parts.append((event.name, event.filename, event.content_type, b""))
        elif isinstance(event, PartData):
            parts[-1] = (*parts[-1][:3], parts[-1][3] + event.data)
    reader.finish()
    return parts


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"a": "1", "b": 2, "c": 1.5}, b"a=1&b=2&c=1.5"),
        ({"a": ["x y", "é"]}, b"a=x+y&a=%C3%A9"),
        ([("a", "1"), ("a", "2")], b"a=1&a=2"),
        ((("a", "1"),), b"a=1"),
        (MultiDict([("a", "1"), ("a", "2")]), b"a=1&a=2"),
        (MultiDictProxy(MultiDict(a="1")), b"a=1"),
        ([MultiDict(a="1"), ("b", "2")], b"b=2&a=1"),
        ({}, b""),
    ],
)
async def test_plain_fields_are_urlencoded(fields: Any, body: bytes) -> None:
    """The form of `data={…}`."""
    form = FormData(fields)
    payload = form()
    assert not form.is_multipart
    assert payload.content_type == "application/x-www-form-urlencoded"
    assert await payload.as_bytes() == body
    assert payload.size == len(body)


@given(st.lists(st.tuples(TEXT.filter(lambda t: t.isprintable()), TEXT), max_size=8))
async def test_urlencoded_fields_read_back(fields: list[tuple[str, str]]) -> None:
    """Names and values in every script."""
    assert parse_urlencoded(await FormData(fields)().as_bytes()) == fields


@given(st.lists(st.tuples(NAME, NAME, st.binary(max_size=50)), max_size=4))
async def test_files_read_back(files: list[tuple[str, str, bytes]]) -> None:
    """Names with quotes and backslashes, bytes with line breaks."""
    form = FormData(quote_fields=False, default_to_multipart=True)
    for name, filename, data in files:
        form.add_field(name, data, filename=filename, content_type="a/b")
    assert await sent(form) == [(name, filename, "a/b", data) for name, filename, data in files]


@pytest.mark.parametrize(
    ("quote_fields", "filename"), [(True, "%C3%A9%20%22%25%2F.txt"), (False, 'é "%/.txt')]
)
async def test_file_names_are_percent_encoded_unless_told_otherwise(
    quote_fields: bool, filename: str
) -> None:
    """The name of the field never is: no server looks for such names."""
    form = FormData(quote_fields=quote_fields)
    form.add_field("é f", b"x", filename='é "%/.txt', content_type="a/b")
    assert await sent(form) == [("é f", filename, "a/b", b"x")]


async def test_each_kind_of_value_is_a_part(tmp_path: Path) -> None:
    """One file makes the whole form multipart."""
    (tmp_path / "data.csv").write_bytes(b"a,b")
    with (tmp_path / "data.csv").open("rb") as file, TemporaryFile() as nameless:
        nameless.write(b"raw")
        nameless.seek(0)
        form = FormData({"text": "é", "number": 5})
        form.add_field("file", file)
        form.add_field("nameless", nameless)
        form.add_field("buffer", io.BytesIO(b"buf"))
        form.add_field("bytes", b"byt")
        form.add_field("json", "{}", content_type="application/json")
        form.add_field("named", "text", filename="n.txt")
        form.add_field("payload", BytesPayload(b"p", content_type="x/y"))
        form.add_field("list", ["1", "2"])
        assert form.is_multipart
        assert await sent(form) == [
            ("text", None, "text/plain; charset=utf-8", "é".encode()),
            ("number", None, "text/plain; charset=utf-8", b"5"),
            ("file", "data.csv", "text/csv", b"a,b"),
            ("nameless", "nameless", "application/octet-stream", b"raw"),
            ("buffer", "buffer", "application/octet-stream", b"buf"),
            ("bytes", "bytes", "application/octet-stream", b"byt"),
            ("json", None, "application/json", b"{}"),
            ("named", "n.txt", "text/plain; charset=utf-8", b"text"),
            ("payload", None, "x/y", b"p"),
            ("list", None, "text/plain; charset=utf-8", b"1"),
            ("list", None, "text/plain; charset=utf-8", b"2"),
        ]
        assert repr(form) == "<FormData multipart, 11 fields>"


async def test_a_file_alone_is_a_form(tmp_path: Path) -> None:
    """`data=file` in a list, and `FormData(file)`; the field is called like the file."""
    (tmp_path / "a.txt").write_bytes(b"x")
    for wrap in (lambda file: file, lambda file: [file], lambda file: {"a.txt": file}):
        with (tmp_path / "a.txt").open("rb") as file:
            assert await sent(FormData(wrap(file))) == [("a.txt", "a.txt", "text/plain", b"x")]
    buffer = io.BytesIO(b"y")
    assert await sent(FormData(buffer)) == [
        ("unknown", "unknown", "application/octet-stream", b"y")
    ]


async def test_the_charset_holds_for_text() -> None:
    """In both encodings."""
    form = FormData({"a": "é"}, charset="latin1")
    assert form().content_type == "application/x-www-form-urlencoded; charset=latin1"
    assert await form().as_bytes() == b"a=%E9"
    form = FormData({"a": "é"}, charset="latin1", default_to_multipart=True)
    assert await sent(form) == [("a", None, "text/plain; charset=latin1", b"\xe9")]


async def test_a_transfer_encoding_makes_the_form_multipart_and_no_more() -> None:
    """Aiohttp has the argument; the bytes go as they are."""
    form = FormData()
    form.add_field("a", b"x", content_transfer_encoding="base64")
    assert await sent(form) == [("a", None, "application/octet-stream", b"x")]


async def test_a_form_can_be_sent_again() -> None:
    """A retry calls it once more."""
    form = FormData({"a": "1"}, default_to_multipart=True)
    assert await sent(form) == await sent(form)


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "\x7f"])
@pytest.mark.parametrize("quote_fields", [True, False])
def test_nothing_in_a_field_starts_a_header(bad: str, quote_fields: bool) -> None:
    """Name, file name and type, quoted or not, refused where they are given (CVE-2026-34514)."""
    form = FormData(quote_fields=quote_fields)
    with pytest.raises(ValueError, match=r"line break|control"):
        form.add_field(bad, "x")
    with pytest.raises(ValueError, match=r"line break|control"):
        form.add_field("a", b"x", filename=bad)
    with pytest.raises(ValueError, match=r"line break|control"):
        form.add_field("a", "x", content_type=bad)
    assert repr(form) == "<FormData urlencoded, 0 fields>"


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": 5, "value": "x"},
        {"name": "a", "value": None},
        {"name": "a", "value": "x", "filename": 5},
        {"name": "a", "value": "x", "content_type": 5},
        {"name": "a", "value": "x", "content_transfer_encoding": 5},
    ],
)
def test_wrong_types_are_named(arguments: dict[str, Any]) -> None:
    """None among them: the text "None" in a database helps nobody."""
    with pytest.raises(TypeError, match=r"instance of str|is None"):
        FormData().add_field(**arguments)


@pytest.mark.parametrize("fields", ["text", 5, [1], [("a",)], {1, 2}, b"bytes"])
def test_what_is_no_field_is_named(fields: Any) -> None:
    """With the way that takes it."""
    with pytest.raises(TypeError, match="add_field"):
        FormData(fields)


@pytest.mark.parametrize("multipart", [True, False])
def test_values_that_cannot_be_sent_are_named(multipart: bool) -> None:
    """With the field they are in."""
    form = FormData({"when": object()}, default_to_multipart=multipart)
    with pytest.raises(TypeError, match="object of form field 'when'"):
        form()


def test_many_fields_are_added_in_linear_time(most_cpu: Any) -> None:
    """Aiohttp takes them from the front of a list."""
    with most_cpu(2):
        FormData([(f"f{number}", "x") for number in range(20_000)])()
