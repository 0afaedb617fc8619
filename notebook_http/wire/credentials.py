"""Basic credentials: user and password to an Authorization value and back (RFC 7617)."""

from __future__ import annotations

import binascii
from typing import NamedTuple, Protocol

__all__ = ["BasicAuth", "encode_basic_auth"]


class _UrlWithUser(Protocol):
    """The part of a `yarl.URL` that holds credentials."""

    @property
    def user(self) -> str | None: ...

    @property
    def password(self) -> str | None: ...


class _Credentials(NamedTuple):
    login: str
    password: str = ""
    encoding: str = "latin1"


class BasicAuth(_Credentials):
    """A user's name and password; its repr keeps the password to itself.

    Args:
        login: without a colon, since the first one ends it.
        password: anything, "" for none.
        encoding: how characters become bytes. "latin1" is aiohttp's default, "utf-8" what most
            servers of today expect.

    Raises:
        ValueError: *login* or *password* is None, or *login* holds a colon.
    """

    __slots__ = ()

    def __new__(cls, login: str, password: str = "", encoding: str = "latin1") -> BasicAuth:
        """Return credentials, checked."""
        given: tuple[tuple[str, str | None], ...] = (("login", login), ("password", password))
        for what, value in given:
            if value is None:
                msg = f"None is not allowed as {what} value"
                raise ValueError(msg)
        if ":" in login:
            msg = 'A ":" is not allowed in login: it ends there (RFC 7617 §2)'
            raise ValueError(msg)
        return super().__new__(cls, login, password, encoding)

    def __repr__(self) -> str:
        # Cells show values: nobody wants their password saved with the notebook.
        return f"BasicAuth(login={self.login!r}, password='***', encoding={self.encoding!r})"

    @classmethod
    def decode(cls, auth_header: str, encoding: str = "latin1") -> BasicAuth:
        """Return the credentials of an Authorization value.

        Raises:
            ValueError: another scheme, no base64, not *encoding*, or no colon. The text never
                repeats the value.
        """
        scheme, space, encoded = auth_header.strip(" \t").partition(" ")
        if not space:
            msg = "Could not parse authorization header: no credentials behind the scheme"
            raise ValueError(msg)
        if scheme.lower() != "basic":
            msg = "Could not parse authorization header: the scheme is not Basic"
            raise ValueError(msg)
        try:
            decoded = binascii.a2b_base64(encoded.strip(" \t").encode("ascii"), strict_mode=True)
        except (binascii.Error, UnicodeEncodeError):
            msg = "Invalid base64 encoding in the authorization header"
            raise ValueError(msg) from None
        try:
            text = decoded.decode(encoding)
        except UnicodeDecodeError:
            msg = f"The credentials are not {encoding}"
            raise ValueError(msg) from None
        login, colon, password = text.partition(":")
        if not colon:
            msg = "Invalid credentials: no colon between login and password"
            raise ValueError(msg)
        return cls(login, password, encoding=encoding)

    @classmethod
    def from_url(cls, url: _UrlWithUser, *, encoding: str = "latin1") -> BasicAuth | None:
        """Return the credentials that a `yarl.URL` holds, or None when it holds none.

        Raises:
            ValueError: the user part holds an encoded colon.
            TypeError: *url* is no `yarl.URL`.
        """
        try:
            user, password = url.user, url.password
        except AttributeError:
            msg = f"url should be a yarl.URL, not {type(url).__name__}"
            raise TypeError(msg) from None
        if user is None and password is None:
            return None
        return cls(user or "", password or "", encoding=encoding)

    def encode(self) -> str:
        """Return the Authorization value, `Basic …`.

        Raises:
            ValueError: a character is not in *encoding*; with "utf-8" all are.
        """
        return encode_basic_auth(self.login, self.password, self.encoding)


def encode_basic_auth(login: str, password: str = "", encoding: str = "utf-8") -> str:
    """Return the Authorization value `Basic …` for a user and a password.

    Raises:
        ValueError: *login* holds a colon, or a character is not in *encoding*.
    """
    if ":" in login:
        msg = 'A ":" is not allowed in login: it ends there (RFC 7617 §2)'
        raise ValueError(msg)
    try:
        raw = f"{login}:{password}".encode(encoding)
    except UnicodeEncodeError:
        # The original error would carry the password along.
        msg = f"login or password has characters outside {encoding}; try encoding='utf-8'"
        raise ValueError(msg) from None
    return "Basic " + binascii.b2a_base64(raw, newline=False).decode("ascii")
