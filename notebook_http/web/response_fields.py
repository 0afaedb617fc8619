"""What stands in the head of a response: status, fields, and cookies.

Knows how they are written. Knows no connection and no body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict, CIMultiDictProxy

from notebook_http.web.response_head import REASON_PHRASES
from notebook_http.wire.cookie import format_morsel, format_set_cookie, quote_cookie_value
from notebook_http.wire.entity_tag import ETag, format_entity_tag, parse_entity_tag
from notebook_http.wire.head_writer import check_reason
from notebook_http.wire.http_date import format_http_date, parse_http_date
from notebook_http.wire.media_type import parse_media_type

if TYPE_CHECKING:
    from http.cookies import SimpleCookie

__all__ = ["LooseHeaders", "ResponseFields"]

LooseHeaders = Mapping[str, str] | CIMultiDict[str] | CIMultiDictProxy[str] | list[tuple[str, str]]


_LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"


class ResponseFields:
    """Status, fields and cookies of a response, to be changed until the head is out."""

    # What a response is born with lives on the class: a plain response then costs one small
    # dictionary. No slots, because the errors (`HTTPException`) are responses and exceptions both.
    _status = 200
    _reason = "OK"
    _fields: CIMultiDict[str] | None = None
    # The Content-Type of a response that has no other field yet; it moves into `_fields` with them.
    _content_type: str | None = None
    _cookies: SimpleCookie | None = None
    _partitioned: frozenset[str] = frozenset()
    _chunked = False

    @property
    def prepared(self) -> bool:
        """Whether the head is out, so that nothing in it can change any more."""
        return False

    @property
    def status(self) -> int:
        """The status code."""
        return self._status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        return self._reason

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Set status and reason.

        Raises:
            RuntimeError: the head is out.
            ValueError: the status has not three digits, or the reason holds control characters.
        """
        self._refuse_when_prepared("status")
        self._set_status(status, reason)

    def _set_status(self, status: int, reason: str | None) -> None:
        self._status = int(status)
        if not 100 <= self._status <= 999:
            raise ValueError(f"{status} is no status code: those have three digits (RFC 9110 §15)")
        self._reason = (
            REASON_PHRASES.get(self._status, "") if reason is None else check_reason(reason)
        )

    def _refuse_when_prepared(self, what: str) -> None:
        if self.prepared:
            raise RuntimeError(
                f"Cannot change the response {what} after the headers have been sent"
            )

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields of the head, to be changed at will until it is out."""
        fields = self._fields
        if fields is None:
            fields = self._fields = CIMultiDict()
            if self._content_type is not None:
                fields["Content-Type"] = self._content_type
        return fields

    def _field(self, name: str) -> str | None:
        """Return a field without making a mapping for a response that has none."""
        if self._fields is not None:
            return self._fields.get(name)
        return self._content_type if name == "Content-Type" else None

    @property
    def content_length(self) -> int | None:
        """The announced length of the body in bytes, or None."""
        value = self._field("Content-Length")
        return None if value is None else int(value)

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        if value is None:
            self.headers.popall("Content-Length", None)
            return
        length = int(value)
        if self._chunked:
            raise RuntimeError("You can't set content length when chunked encoding is enable")
        self.headers["Content-Length"] = str(length)

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        media_type = parse_media_type(self._field("Content-Type"))
        return media_type.essence or "application/octet-stream"

    @content_type.setter
    def content_type(self, value: str) -> None:
        charset = self.charset
        self._put_content_type(str(value), charset)

    @property
    def charset(self) -> str | None:
        """The charset parameter of the media type, or None."""
        return parse_media_type(self._field("Content-Type")).charset

    @charset.setter
    def charset(self, value: str | None) -> None:
        content_type = self.content_type
        if content_type == "application/octet-stream":
            raise RuntimeError(
                "Setting charset for application/octet-stream doesn't make sense, "
                "setup content_type first"
            )
        self._put_content_type(content_type, None if value is None else str(value).lower())

    def _put_content_type(self, content_type: str, charset: str | None) -> None:
        parameters = dict(parse_media_type(self._field("Content-Type")).parameters)
        parameters.pop("charset", None)
        if charset is not None:
            parameters["charset"] = charset
        value = "; ".join([content_type, *(f"{k}={v}" for k, v in parameters.items())])
        if self._fields is None:
            self._content_type = value
        else:
            self._fields["Content-Type"] = value

    @property
    def last_modified(self) -> datetime | None:
        """The Last-Modified field (aware, UTC), or None."""
        return parse_http_date(self._field("Last-Modified"))

    @last_modified.setter
    def last_modified(self, value: float | datetime | str | None) -> None:
        if value is None:
            self.headers.pop("Last-Modified", None)
            return
        if isinstance(value, datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=UTC)
        if isinstance(value, int | float | datetime):
            value = format_http_date(value)
        elif not isinstance(value, str):
            raise TypeError(f"Unsupported type for last_modified: {type(value).__name__}")
        self.headers["Last-Modified"] = value

    @property
    def etag(self) -> ETag | None:
        """The ETag field, or None."""
        return parse_entity_tag(self._field("ETag"))

    @etag.setter
    def etag(self, value: ETag | str | None) -> None:
        if value is None:
            self.headers.pop("ETag", None)
            return
        if isinstance(value, str):
            value = ETag(value)
        elif not isinstance(value, ETag) or not isinstance(value.value, str):
            raise ValueError(
                f"Unsupported etag type: {type(value)}. etag must be str, ETag or None"
            )
        self.headers["ETag"] = format_entity_tag(value)

    # Cookies

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies that the response sets."""
        if self._cookies is None:
            from http.cookies import SimpleCookie

            self._cookies = SimpleCookie()
        return self._cookies

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        expires: str | None = None,
        domain: str | None = None,
        max_age: int | str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        version: str | None = None,
        samesite: str | None = None,
        partitioned: bool | None = None,
    ) -> None:
        """Set a cookie. One of the same name keeps what is not given here, but for its age.

        Raises:
            ValueError: the name is no token, or an attribute holds what would begin another one.
        """
        attributes: dict[str, Any] = {
            "expires": expires,
            "domain": domain,
            "path": path,
            "secure": secure,
            "httponly": httponly,
            "version": version,
            "samesite": samesite,
        }
        value = str(value)
        format_set_cookie(name, value, max_age=max_age, partitioned=partitioned, **attributes)
        attributes["max-age"] = None if max_age is None else str(max_age)
        cookies = self.cookies
        if name not in cookies:
            cookies[name] = value
        morsel = cookies[name]
        morsel.set(name, value, quote_cookie_value(value))
        if morsel["expires"] == _LONG_AGO:
            morsel["expires"] = ""
        morsel["max-age"] = ""
        for attribute, given in attributes.items():
            if given is not None:
                morsel[attribute] = given
        # http.cookies knows the attribute from Python 3.14 on.
        if partitioned is not None:
            others = self._partitioned - {name}
            self._partitioned = others | {name} if partitioned else others

    def del_cookie(
        self,
        name: str,
        *,
        domain: str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        samesite: str | None = None,
    ) -> None:
        """Tell the client to forget a cookie; *domain* and *path* must be those it was set with."""
        self.cookies.pop(name, None)
        self._partitioned -= {name}
        self.set_cookie(
            name,
            "",
            max_age=0,
            expires=_LONG_AGO,
            domain=domain,
            path=path,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
        )

    def _add_cookie_fields(self, fields: CIMultiDict[str], said: Sequence[str] = ()) -> list[str]:
        """Say the cookies in *fields*, and return how.

        *said* is what an earlier call returned: it goes if it is not what is to be said now.
        """
        lines = []
        for name, morsel in () if self._cookies is None else self._cookies.items():
            suffix = "; Partitioned" if name in self._partitioned else ""
            lines.append(format_morsel(morsel) + suffix)
        if said and lines != said:
            others = [line for line in fields.popall("Set-Cookie", ()) if line not in said]
            fields.extend([("Set-Cookie", line) for line in others])
        if lines != said:
            fields.extend([("Set-Cookie", line) for line in lines])
        return lines
