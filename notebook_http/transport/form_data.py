"""HTML forms on their way out: urlencoded, or multipart when a file or a type is in them."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from multidict import MultiDict, MultiDictProxy

from notebook_http import hdrs
from notebook_http.transport.file_payload import guess_filename
from notebook_http.transport.memory_payload import BytesPayload
from notebook_http.transport.multipart_payload import MultipartWriter
from notebook_http.transport.payload import get_payload
from notebook_http.transport.payload_shape import Payload
from notebook_http.wire.content_disposition import format_content_disposition
from notebook_http.wire.head_writer import check_header
from notebook_http.wire.urlencoded_form import format_urlencoded

__all__ = ["FormData"]

_Bytes = bytes | bytearray | memoryview


class FormData:
    """Fields and files of a form; call it for the payload that sends them.

    Args:
        fields: a mapping, a file, or an iterable of files, multidicts and (name, value) pairs.
        quote_fields: percent-encode file names, as aiohttp does (`a%20b.txt`), which few servers
            undo; False sends them as browsers do, which all servers read.
        charset: of the text; UTF-8 by default.
        default_to_multipart: multipart even when nothing in the form needs it.

    Raises:
        TypeError: a field that is none of these.
        ValueError: a name or a file name with a line break or another control character.
    """

    def __init__(
        self,
        fields: Iterable[Any] = (),
        quote_fields: bool = True,
        charset: str | None = None,
        *,
        default_to_multipart: bool = False,
    ) -> None:
        self._fields: list[tuple[dict[str, str], str | None, Any]] = []
        self._is_multipart = default_to_multipart
        self._quote_fields = quote_fields
        self._charset = charset
        if isinstance(fields, Mapping):
            self.add_fields(*fields.items())
        elif isinstance(fields, list | tuple):
            self.add_fields(*fields)
        else:
            self.add_fields(fields)

    @property
    def is_multipart(self) -> bool:
        """Whether the form goes out as multipart/form-data."""
        return self._is_multipart

    def __repr__(self) -> str:
        kind = "multipart" if self._is_multipart else "urlencoded"
        return f"<FormData {kind}, {len(self._fields)} fields>"

    def add_field(
        self,
        name: str,
        value: Any,
        *,
        content_type: str | None = None,
        filename: str | None = None,
        content_transfer_encoding: str | None = None,
    ) -> None:
        """Add a field. A file, bytes, a file name or a content type make the form multipart.

        Args:
            name: the field's name.
            value: text, a number, bytes, a file, or whatever else `get_payload` takes; a list
                or tuple adds a field of this name for each of its items.
            content_type: of the part.
            filename: by default a file's own name, and for bytes the field's.
            content_transfer_encoding: makes the form multipart, no more: the bytes go as they
                are (RFC 7578 §4.7).

        Raises:
            TypeError: an argument is of the wrong type, or *value* is None.
            ValueError: CR, LF, NUL or another control character in a name or the type.
        """
        given = {
            "name": name,
            "filename": filename,
            "content_type": content_type,
            "content_transfer_encoding": content_transfer_encoding,
        }
        for argument, text in given.items():
            if not isinstance(text, str) and (argument == "name" or text is not None):
                msg = f"{argument} must be an instance of str. Got: {text!r:.80}"
                raise TypeError(msg)
        if value is None:
            msg = f"the value of field {name!r:.80} is None; leave the field out, or send ''"
            raise TypeError(msg)
        if isinstance(value, list | tuple):
            for item in value:
                self.add_field(name, item, content_type=content_type, filename=filename)
            return
        if isinstance(value, io.IOBase):
            self._is_multipart = True
            if filename is None:
                filename = guess_filename(value, name)
        elif isinstance(value, _Bytes) and filename is content_transfer_encoding is None:
            # Bytes in a form are a file to every server; aiohttp names it after the field.
            filename = name
        disposition = {"name": name}
        if filename is not None:
            disposition["filename"] = filename
        # Refused now, where the mistake is, and not when the form is sent.
        format_content_disposition("form-data", disposition)
        if content_type is not None:
            check_header(hdrs.CONTENT_TYPE, content_type)
        if not (filename is content_type is content_transfer_encoding is None):
            self._is_multipart = True
        self._fields.append((disposition, content_type, value))

    def add_fields(self, *fields: Any) -> None:
        """Add files, multidicts and (name, value) pairs.

        Raises:
            TypeError: something else; `add_field` takes what needs more than a name.
            ValueError: as in `add_field`.
        """
        to_add = deque(fields)
        while to_add:
            field = to_add.popleft()
            if isinstance(field, io.IOBase):
                self.add_field(guess_filename(field, "unknown") or "unknown", field)
            elif isinstance(field, MultiDict | MultiDictProxy):
                to_add.extend(field.items())
            elif isinstance(field, list | tuple) and len(field) == 2:
                self.add_field(field[0], field[1])
            else:
                msg = (
                    "Only io.IOBase, multidict and (name, file) pairs allowed, use .add_field() "
                    f"for passing more complex parameters, got {field!r:.80}"
                )
                raise TypeError(msg)

    def __call__(self) -> Payload:
        """Return the payload that sends the form.

        Raises:
            TypeError: a value is of a type that cannot be sent.
            LookupError: *charset* is no charset.
        """
        return self._multipart() if self._is_multipart else self._urlencoded()

    def _urlencoded(self) -> Payload:
        charset = self._charset or "utf-8"
        content_type = "application/x-www-form-urlencoded"
        if charset.lower() != "utf-8":
            content_type = f"{content_type}; charset={charset}"
        pairs = []
        for disposition, _, value in self._fields:
            if not isinstance(value, str | int | float):
                raise _not_sendable(disposition["name"], value, "str, a number")
            pairs.append((disposition["name"], str(value)))
        return BytesPayload(format_urlencoded(pairs, charset=charset), content_type=content_type)

    def _multipart(self) -> Payload:
        writer = MultipartWriter("form-data")
        for disposition, content_type, value in self._fields:
            sent = str(value) if isinstance(value, int | float) else value
            arguments: dict[str, Any] = {"disposition": None}
            if content_type is not None:
                arguments["content_type"] = content_type
            if self._charset is not None:
                arguments["encoding"] = self._charset
            try:
                part = get_payload(sent, **arguments)
            except LookupError:
                raise _not_sendable(
                    disposition["name"], value, "str, a number, bytes, a file, an async iterable"
                ) from None
            part.set_content_disposition("form-data", self._quote_fields, **disposition)
            # Some servers stumble over it in a form, and none needs it.
            part.headers.popall(hdrs.CONTENT_LENGTH, None)
            writer.append_payload(part)
        return writer


def _not_sendable(name: str, value: Any, wanted: str) -> TypeError:
    return TypeError(
        f"Can not serialize value type {type(value).__name__} of form field {name!r:.80}; "
        f"it takes {wanted}"
    )
