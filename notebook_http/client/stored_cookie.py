"""A cookie as a jar keeps it: what was said, and where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebook_http.wire.cookie import SetCookie

if TYPE_CHECKING:
    from http.cookies import Morsel

__all__ = ["StoredCookie"]


class StoredCookie:
    """One cookie in a jar.

    Attributes:
        cookie: what was said when it was set.
        domain: where it belongs; "" means every host (cookies that the caller put in).
        path: where it belongs.
        host_only: whether subdomains do not get it.
        expires_at: Unix time; `inf` for a session cookie.
    """

    __slots__ = ("_plain", "cookie", "domain", "expires_at", "host_only", "path")

    def __init__(
        self, cookie: SetCookie, *, domain: str, path: str, host_only: bool, expires_at: float
    ) -> None:
        self.cookie = cookie
        self.domain = domain
        self.path = path
        self.host_only = host_only
        self.expires_at = expires_at
        self._plain: Morsel[str] | None = None

    def plain_morsel(self) -> Morsel[str]:
        """Return name and value, as they go into a request."""
        morsel = self._plain
        if morsel is None:
            morsel = self._plain = SetCookie(self.cookie.name, self.cookie.value).to_morsel()
        return morsel

    def full_morsel(self) -> Morsel[str]:
        """Return the cookie with its attributes, domain and path filled in."""
        return self.cookie._replace(domain=self.domain or None, path=self.path).to_morsel()
