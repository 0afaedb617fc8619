"""Content-Disposition: how a body or a part wants to be kept (RFC 6266, RFC 7578 §4.2).

File names are text from a stranger: nothing here opens, joins or cleans them. Whoever saves a
file takes the last path component and no more.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from urllib.parse import quote, unquote_to_bytes

from notebook_http.wire.media_type import parse_parameters

__all__ = [
    "BadContentDispositionHeader",
    "BadContentDispositionParam",
    "content_disposition_filename",
    "format_content_disposition",
    "parse_content_disposition",
    "read_content_disposition",
]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PIECE = re.compile(r"[^*]+\*[0-9]+\*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# RFC 8187 §3.2: the two charsets that a recipient must know, and there is no third in use.
_EXTENDED_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "iso-8859-1"}


class BadContentDispositionHeader(RuntimeWarning):
    """A Content-Disposition header says nothing that can be read. The peer erred."""


class BadContentDispositionParam(RuntimeWarning):
    """A parameter of a Content-Disposition header cannot be read. The peer erred."""


def parse_content_disposition(header: str | None) -> tuple[str | None, dict[str, str]]:
    """Return the disposition ("attachment", "form-data", …) and its parameters.

    Names are in lower case, values unquoted; `filename*=UTF-8''…` stands decoded under
    "filename*", pieces of a longer value (`filename*0*`) as they came. The first of equal
    parameters counts. `(None, {})` when there is no disposition; a parameter that cannot be read
    is left out. Never raises, linear in the length of *header*.

    Warns:
        BadContentDispositionHeader: there is a header, but no disposition in it.
        BadContentDispositionParam: a parameter was left out, or is a second of its name.
    """
    disposition, parameters, is_whole = read_content_disposition(header)
    # The warnings quote nothing: Python remembers each text that it has warned with, so that
    # strangers could fill the memory of a program with them.
    if disposition is None and header:
        text = "a Content-Disposition header cannot be read and is taken for none"
        warnings.warn(text, BadContentDispositionHeader, stacklevel=2)
    elif not is_whole:
        text = "a parameter of a Content-Disposition header cannot be read and is left out"
        warnings.warn(text, BadContentDispositionParam, stacklevel=2)
    return disposition, parameters


def read_content_disposition(header: str | None) -> tuple[str | None, dict[str, str], bool]:
    """Return the same, and whether all was read, without warnings.

    For servers, where strangers say what is read, and would say how much is warned of.
    """
    if not header:
        return None, {}, True
    disposition, _, rest = header.partition(";")
    disposition = disposition.strip(" \t").lower()
    if not _TOKEN.fullmatch(disposition):
        return None, {}, False
    parameters: dict[str, str] = {}
    unread: list[str] = []
    for name, value in parse_parameters(rest, unread):
        # A piece of a longer value can only be decoded with the others.
        is_whole = name.endswith("*") and not _PIECE.fullmatch(name)
        decoded = _decode_extended(value) if is_whole else value
        if decoded is None or name in parameters:
            unread.append(name)
        else:
            parameters[name] = decoded
    return disposition, parameters, not unread


def _decode_extended(value: str) -> str | None:
    charset, quotes, rest = value.partition("'")
    _language, second, encoded = rest.partition("'")
    encoding = _EXTENDED_CHARSETS.get(charset.lower())
    if not quotes or not second or encoding is None or not encoded.isascii():
        return None
    try:
        text = unquote_to_bytes(encoded).decode(encoding)
    except UnicodeDecodeError:
        return None
    # `%0D%0A` would be a line break again.
    return None if _CONTROL.search(text) else text


def content_disposition_filename(params: Mapping[str, str], name: str = "filename") -> str | None:
    """Return the file name among parsed parameters, the encoded form first (RFC 6266 §4.3).

    One that was cut into pieces (RFC 2231 §3) is put together if there is no other.

    Only for whole bodies: in multipart/form-data the encoded form does not exist (RFC 7578
    §4.2), and there the plain one alone counts.
    """
    extended = params.get(f"{name}*")
    if extended is not None:
        return extended
    plain = params.get(name)
    return _continued(params, name) if plain is None else plain


def _continued(params: Mapping[str, str], name: str) -> str | None:
    """Return the value that mailers cut into `name*0`, `name*1*` … (RFC 2231 §3, §4.1).

    Web servers are not to send such (RFC 8187 §1); those that do have no other name beside.
    None if there is none, or if it cannot be decoded.
    """
    pieces: list[str] = []
    is_extended = f"{name}*0*" in params
    while True:
        key = f"{name}*{len(pieces)}"
        if is_extended and f"{key}*" in params:
            pieces.append(params[f"{key}*"])
        elif key in params:
            pieces.append(quote(params[key]) if is_extended else params[key])
        else:
            break
    if not pieces:
        return None
    whole = "".join(pieces)
    return _decode_extended(whole) if is_extended else whole


def format_content_disposition(
    disposition: str, parameters: Mapping[str, str], *, percent_encode: bool = False
) -> str:
    r"""Return a Content-Disposition value.

    In "form-data" every value is a quoted string of plain UTF-8, as browsers send it, with `\"`
    and `\\` escaped; elsewhere a value beyond ASCII gets an ASCII stand-in and the encoded form
    beside it (RFC 6266 Appendix D).

    With *percent_encode* the file name of a form is percent-encoded instead (RFC 7578 §2), as
    aiohttp does by default; few servers undo it.

    Raises:
        ValueError: the disposition or a name is no token, or a value holds CR, LF, NUL or
            another control character.
    """
    if not _TOKEN.fullmatch(disposition):
        msg = f"a disposition is a token, not {disposition[:80]!r}"
        raise ValueError(msg)
    parts = [disposition]
    for name, value in parameters.items():
        if not _TOKEN.fullmatch(name):
            msg = f"a disposition parameter's name is a token, not {name[:80]!r}"
            raise ValueError(msg)
        if _CONTROL.search(value):
            msg = f"{name} holds a line break or another control character: {value[:80]!r}"
            raise ValueError(msg)
        if percent_encode and disposition == "form-data" and name == "filename":
            parts.append(f'{name}="{quote(value, safe="")}"')
        elif value.isascii() or disposition == "form-data":
            parts.append(f'{name}="{_escape(value)}"')
        else:
            stand_in = value.encode("ascii", "replace").decode("ascii").replace("?", "_")
            parts.append(f'{name}="{_escape(stand_in)}"')
            parts.append(f"{name}*=UTF-8''{quote(value, safe='')}")
    return "; ".join(parts)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
