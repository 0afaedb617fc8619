"""Turn what a request form holds into a request, or say which field is wrong.

A form is plain values, as the page sends it: method, url, path, params, headers, auth, body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from multidict import CIMultiDict
from yarl import URL

from notebook_http.client.automatic_headers import with_automatic
from notebook_http.notebook.interchange.request_parts import RequestParts
from notebook_http.notebook.magics.urls import complete_url
from notebook_http.wire.credentials import encode_basic_auth
from notebook_http.wire.urlencoded_form import format_urlencoded

__all__ = ["Draft", "FormError", "read_form", "without_secrets"]

_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BREAK = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PLACEHOLDER = re.compile(r"\{([^{}/]+)\}")
_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}


class FormError(ValueError):
    """A field of the form is wrong.

    Attributes:
        field: url, method, path, params, headers, auth or body.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Draft(NamedTuple):
    """A request that was not sent yet: what a client is given, and what code is written of.

    Attributes:
        method, url: absolute, with its query.
        given: headers that were asked for, credentials among them.
        body: the bytes; None without.
        content_type: that of the body, if it is not among those headers.
    """

    method: str
    url: URL
    given: tuple[tuple[str, str], ...]
    body: bytes | None
    content_type: str

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All of them."""
        last = (("Content-Type", self.content_type),) if self.content_type else ()
        return (*self.given, *last)

    def parts(self) -> RequestParts:
        """Return it as if it had been sent, for the writers of code."""
        headers = with_automatic(CIMultiDict(self.given))
        if self.content_type:
            headers["Content-Type"] = self.content_type
        return RequestParts(self.method, str(self.url), tuple(headers.items()), self.body)


def read_form(form: Mapping[str, Any], base_url: str = "") -> Draft:
    """Return the request that *form* describes; a relative URL is one below *base_url*.

    Raises:
        FormError: a field is wrong.
    """
    method = str(form.get("method") or "GET").strip().upper()
    if not _METHOD.fullmatch(method):
        raise FormError("method", f"A method is one word, such as GET, not {method[:40]!r}.")
    headers = _headers(form)
    names = {name.lower() for name, _ in headers}
    credential = _credential(form.get("auth") or {})
    if credential:
        if "authorization" in names:
            raise FormError("auth", "There is an Authorization among the headers, too: drop one.")
        headers.append(("Authorization", credential))
    body, content_type = _body(form.get("body") or {})
    if "content-type" in names:
        content_type = ""
    return Draft(method, _url(form, base_url), tuple(headers), body, content_type)


def without_secrets(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return *form* without the password or token of its auth: what may be kept."""
    auth = form.get("auth") or {}
    kept = {"kind": auth.get("kind", "none"), "user": auth.get("user", "")}
    return {**form, "auth": kept}


def _pairs(form: Mapping[str, Any], field: str) -> list[tuple[str, str]]:
    """Return the rows of a field that have a name."""
    rows = form.get(field) or []
    pairs = [(str(name).strip(), str(value)) for name, value in rows]
    for name, value in pairs:
        if not name and value.strip():
            raise FormError(field, f"The value {value[:40]!r} has no name in front.")
    return [(name, value) for name, value in pairs if name]


def _url(form: Mapping[str, Any], base_url: str) -> URL:
    text = str(form.get("url") or "").strip()
    values = dict(_pairs(form, "path"))
    for name in _PLACEHOLDER.findall(text):
        if not values.get(name):
            raise FormError("path", f"The path needs a value for {{{name}}}.")
        text = text.replace(f"{{{name}}}", quote(values[name], safe=""))
    if not text and not base_url:
        raise FormError("url", "A URL is missing, such as https://example.org/ or :8080/path.")
    try:
        if base_url and not _SCHEME.match(text):
            base = base_url.rstrip("/")
            text = base + text if text[:1] in ("", "?") else f"{base}/{text.lstrip('/')}"
        url = URL(complete_url(text))
        if url.scheme not in ("http", "https") or not url.host:
            raise FormError("url", f"A URL is http:// or https:// and a host, not {text[:80]!r}.")
        params = _pairs(form, "params")
        return url.extend_query(params) if params else url
    except FormError:
        raise
    except ValueError as error:
        raise FormError("url", f"This URL cannot be read: {error}") from None


def _headers(form: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers = [(name, value.strip()) for name, value in _pairs(form, "headers")]
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise FormError("headers", f"{name[:60]!r} is no name of a header (RFC 9110 §5.1).")
        if _BREAK.search(value):
            raise FormError("headers", f"The value of {name} holds a line break or the like.")
    return headers


def _credential(auth: Mapping[str, Any]) -> str:
    kind = auth.get("kind", "none")
    if kind == "basic":
        user, password = str(auth.get("user") or ""), str(auth.get("secret") or "")
        if not user and not password:
            raise FormError("auth", "Basic needs a user or a password.")
        if ":" in user:
            raise FormError("auth", "A user name has no colon in it (RFC 7617 §2).")
        return encode_basic_auth(user, password, "utf-8")
    if kind == "bearer":
        token = str(auth.get("secret") or "").strip()
        if not token:
            raise FormError("auth", "Bearer needs its token: it is not kept between requests.")
        if not token.isascii() or " " in token or not token.isprintable():
            raise FormError("auth", "A token has no blanks and no letters beyond ASCII.")
        return f"Bearer {token}"
    return ""


def _body(body: Mapping[str, Any]) -> tuple[bytes | None, str]:
    kind = body.get("kind", "none")
    if kind == "none":
        return None, ""
    if kind == "form":
        return format_urlencoded(_pairs(body, "pairs")), _TYPES["form"]
    text = str(body.get("text") or "")
    if kind == "json":
        try:
            value = json.loads(text, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            place = f"line {error.lineno}, column {error.colno}"
            raise FormError("body", f"The body is no JSON: {error.msg} at {place}.") from None
        except (ValueError, RecursionError) as error:
            raise FormError("body", f"The body is no JSON: {error}") from None
        # In the form of `json=…`, which the code for it says then; unless that changed something.
        written = json.dumps(value)
        return (written if _exactly(written) == _exactly(text) else text).encode(
            "utf-8", "surrogatepass"
        ), _TYPES["json"]
    try:
        return text.encode("utf-8"), _TYPES["text"]
    except UnicodeEncodeError:
        raise FormError("body", "The body holds half of a character (a surrogate).") from None


def _no_constant(name: str) -> Any:
    message = f"{name} is Python's, JSON has none (RFC 8259 §6)."
    raise ValueError(message)


def _exactly(text: str) -> Any:
    """Return the JSON's values with keys in order, repeated ones too, and numbers as written."""
    return json.loads(text, object_pairs_hook=tuple, parse_int=str, parse_float=str)
