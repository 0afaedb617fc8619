"""Read XML into the values that JSON would have, so that rows are found in it the same way.

An element with neither attributes nor children is its text; any other is a dict of both, by local
name; elements of one name beside each other are a list. Nothing is fetched, and a document that
declares entities is refused: that is how a kilobyte becomes a gigabyte.
"""

from __future__ import annotations

from typing import Any

from notebook_http.notebook.frames.exceptions import FrameError

__all__ = ["xml_value"]

#: Levels of elements. Documents of records have less than ten; each takes some of the stack of
#: whoever walks the values later.
_MAX_DEPTH = 200
#: Where text beside attributes or children is kept.
_TEXT_KEY = "text"
_NAMESPACE_END = "}"


def xml_value(content: bytes, charset: str | None = None) -> Any:
    """Return the root element of *content* as dicts, lists and texts; None if it is empty.

    *charset* goes before what the document says, a byte order mark before both (RFC 7303 §3).

    Raises:
        FrameError: it is no XML (says where), declares entities, or is nested too deeply.
    """
    from xml.parsers import expat

    marked = content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    reader = _Reader()
    # An encoding that expat does not know fails when the first byte is parsed, not here.
    parser = expat.ParserCreate(None if marked else charset, namespace_separator="}")
    try:
        parser.buffer_text = True
        parser.StartElementHandler = reader.start
        parser.EndElementHandler = reader.end
        parser.CharacterDataHandler = reader.text.append
        parser.EntityDeclHandler = _refuse_entity
        parser.Parse(content, True)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        where = f"line {error.lineno:,} column {error.offset + 1:,}"
        around = content[max(0, parser.ErrorByteIndex - 30) : parser.ErrorByteIndex + 30]
        msg = (
            f"The body says it is XML, but it is not: {what}, {where}.\n"
            f"Around it: {around.decode('utf-8', 'replace')!r}\nLook at .text to see what came."
        )
        raise FrameError(msg) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, FrameError):
            raise
        msg = (
            f"The XML cannot be read: {str(error)[:200]}\n"
            "Decode it yourself, and read it with pandas.read_xml(io.StringIO(text))."
        )
        raise FrameError(msg) from error
    return reader.root


def _refuse_entity(*_declared: Any) -> None:
    msg = (
        "The XML declares entities of its own, which are not expanded here: that is how a small "
        "document becomes a huge one.\nIf you trust it: pandas.read_xml(io.BytesIO(r.content))."
    )
    raise FrameError(msg)


class _Reader:
    """Makes values of the events of a parser; the elements that are open are a stack."""

    __slots__ = ("elements", "root", "text")

    def __init__(self) -> None:
        self.elements: list[tuple[str, dict[str, Any]]] = []
        self.text: list[str] = []
        self.root: Any = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.elements) >= _MAX_DEPTH:
            msg = f"The XML is nested more than {_MAX_DEPTH} elements deep, so it holds no table."
            raise FrameError(msg)
        self._keep_text()
        held = {_local(key): value for key, value in attributes.items()}
        self.elements.append((_local(name), held))

    def end(self, _name: str) -> None:
        name, held = self.elements.pop()
        text = "".join(self.text).strip()
        self.text.clear()
        value: Any = held
        if held:
            if text:
                _add(held, _TEXT_KEY, text)
        else:
            value = text or None
        if self.elements:
            _add(self.elements[-1][1], name, value)
        else:
            self.root = value

    def _keep_text(self) -> None:
        text = "".join(self.text).strip()
        self.text.clear()
        if text and self.elements:
            _add(self.elements[-1][1], _TEXT_KEY, text)


def _add(held: dict[str, Any], name: str, value: Any) -> None:
    """Put *value* under *name*; from the second one on they are a list."""
    if name not in held:
        held[name] = value
        return
    before = held[name]
    if type(before) is list:
        before.append(value)
    else:
        held[name] = [before, value]


def _local(name: str) -> str:
    return name.rpartition(_NAMESPACE_END)[2]
