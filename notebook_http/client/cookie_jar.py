"""Keep the cookies that servers set, and say which go with a request (RFC 6265bis)."""

from __future__ import annotations

from math import inf
from time import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from yarl import URL

from notebook_http.client.abstract_cookie_jar import AbstractCookieJar
from notebook_http.client.cookie_rules import (
    default_path,
    domain_matches,
    has_valid_prefix,
    is_address,
    path_matches,
)
from notebook_http.client.cookies_argument import named_cookies
from notebook_http.client.stored_cookie import StoredCookie
from notebook_http.wire.cookie import SetCookie, parse_set_cookie, quote_cookie_value

if TYPE_CHECKING:
    import asyncio
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from http.cookies import BaseCookie, Morsel

    from notebook_http.client.request_options import LooseCookies

__all__ = ["CookieJar", "DummyCookieJar"]

# RFC 6265bis §6.1 asks for at least 50 a domain and 3,000 in all; Chrome keeps 180 a domain.
MAX_COOKIES_PER_DOMAIN = 180
MAX_COOKIES = 3000

_SECURE_SCHEMES = frozenset({"https", "wss"})
_NOWHERE = URL()


class CookieJar(AbstractCookieJar):
    """The cookies of a session.

    Args:
        unsafe: keep cookies of hosts that are IP addresses, too.
        quote_cookie: put values that the caller gives into quotes where they need them.
        treat_as_secure_origin: origins (`URL`, text, or several) that get and set `Secure`
            cookies though they do not speak TLS, such as a development server.
        loop: no effect: a jar waits for nothing.

    At most 180 cookies of a domain and 3,000 in all are kept; the oldest go first.
    """

    def __init__(
        self,
        *,
        unsafe: bool = False,
        quote_cookie: bool = True,
        treat_as_secure_origin: str | URL | Iterable[str | URL] | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._unsafe = unsafe
        self._quote_cookie = quote_cookie
        if treat_as_secure_origin is None:
            origins: list[str | URL] = []
        elif isinstance(treat_as_secure_origin, (str, URL)):
            origins = [treat_as_secure_origin]
        else:
            origins = list(treat_as_secure_origin)
        self._secure_origins = frozenset(URL(origin).origin() for origin in origins)
        # Domain, then (path, name); oldest first.
        self._domains: dict[str, dict[tuple[str, str], StoredCookie]] = {}
        self._count = 0
        self._next_expiry = inf

    # Asking

    @property
    def unsafe(self) -> bool:
        """Whether cookies of hosts that are IP addresses are kept."""
        return self._unsafe

    @property
    def quote_cookie(self) -> bool:
        """Whether values are put into quotes where they need them."""
        return self._quote_cookie

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        """The origins that are taken for secure though they do not speak TLS."""
        return self._secure_origins

    @property
    def cookies(self) -> Mapping[tuple[str, str], BaseCookie[str]]:
        """The cookies by (domain, path) and name; read only. The path of "/" is "" here."""
        from http.cookies import SimpleCookie

        found: dict[tuple[str, str], BaseCookie[str]] = {}
        for stored in self._all():
            place = found.setdefault((stored.domain, stored.path.rstrip("/")), SimpleCookie())
            # dict's own: SimpleCookie would parse and quote the value again.
            dict.__setitem__(place, stored.cookie.name, stored.full_morsel())
        return MappingProxyType(found)

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """(domain, path, name) of the cookies that no subdomain gets; paths as in `cookies`."""
        return frozenset(
            (stored.domain, stored.path.rstrip("/"), stored.cookie.name)
            for stored in self._all()
            if stored.host_only
        )

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Morsel[str]]:
        self._drop_expired()
        return iter([stored.full_morsel() for stored in self._all()])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._count} cookies of {len(self._domains)} domains>"

    def filter_cookies(self, request_url: URL = _NOWHERE) -> BaseCookie[str]:
        """Return the cookies that go with a request to *request_url* (§5.8.3).

        Of equal names the one of the longest path and nearest domain wins.
        """
        from http.cookies import BaseCookie, SimpleCookie

        chosen: BaseCookie[str] = SimpleCookie() if self._quote_cookie else BaseCookie()
        if not self._count:
            return chosen
        self._drop_expired()
        host = request_url.raw_host or ""
        path = request_url.path or "/"
        secure = self._is_secure(request_url)
        for domain in self._domains_of(host):
            matching = [
                stored
                for stored in self._domains.get(domain, {}).values()
                if (secure or not stored.cookie.secure)
                and path_matches(path, stored.path)
                and not (stored.host_only and domain != host)
            ]
            for stored in sorted(matching, key=_path_length):
                # dict's own: BaseCookie would parse and quote the value again.
                dict.__setitem__(chosen, stored.cookie.name, stored.plain_morsel())
        return chosen

    # Changing

    def clear(self, predicate: Callable[[Morsel[str]], bool] | None = None) -> None:
        """Remove all cookies, or those for which *predicate* is true."""
        for stored in list(self._all()):
            if predicate is None or predicate(stored.full_morsel()):
                self._remove(stored)

    def clear_domain(self, domain: str) -> None:
        """Remove the cookies of *domain* and its subdomains."""
        for stored in list(self._all()):
            if stored.domain and domain_matches(stored.domain, domain.lower()):
                self._remove(stored)

    def update_cookies(self, cookies: LooseCookies, response_url: URL = _NOWHERE) -> None:
        """Take in *cookies* as if *response_url* had set them.

        Without a URL, cookies that name no domain go to every host.

        Args:
            cookies: a dict, pairs, or a `SimpleCookie`.
            response_url: where they come from.
        """
        for name, value in named_cookies(cookies):
            self._store(self._said(name, value), response_url, from_caller=not response_url.host)

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Take in what the `Set-Cookie` fields of a response from *response_url* say.

        Malformed and forbidden ones are left out.
        """
        for header in headers:
            cookie = parse_set_cookie(header)
            if cookie is not None:
                self._store(cookie, response_url, from_caller=False)

    def save(self, file_path: str | os.PathLike[str]) -> None:
        """Write the cookies to a JSON file that only its owner may read; it replaces another.

        Raises:
            OSError: it cannot be written.
        """
        from notebook_http.client.cookie_file import write_cookies

        self._drop_expired()
        write_cookies(file_path, self._all())

    def load(self, file_path: str | os.PathLike[str]) -> None:
        """Replace the cookies by those that `save` wrote, aiohttp's as well (JSON).

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no such file; a pickle is never read. The jar stays as it was.
        """
        from notebook_http.client.cookie_file import read_cookies

        cookies = read_cookies(file_path)
        self.clear()
        for stored in cookies:
            self._insert(stored)
        self._drop_expired()

    # Privates

    def _all(self) -> Iterator[StoredCookie]:
        for domain in self._domains.values():
            yield from domain.values()

    def _said(self, name: str, value: Any) -> SetCookie:
        from http.cookies import Morsel

        if isinstance(value, Morsel):
            cookie = parse_set_cookie(f"{name}={value.coded_value}; {_attributes(value)}")
            if cookie is not None:
                return cookie
            text = f"the cookie {name[:80]!r} holds characters that no cookie may hold"
            raise ValueError(text)
        text = str(value)
        return SetCookie(name, quote_cookie_value(text) if self._quote_cookie else text)

    def _store(self, cookie: SetCookie, url: URL, *, from_caller: bool) -> None:
        """Keep *cookie*, or drop it when it is not *url*'s to set (§5.7)."""
        host = url.raw_host or ""
        if host and is_address(host) and not self._unsafe:
            return
        domain = cookie.domain or ""
        host_only = not domain
        if host_only:
            domain = host
        elif host and domain != host and ("." not in domain or not domain_matches(host, domain)):
            return
        secure_origin = from_caller or self._is_secure(url)
        if cookie.secure and not secure_origin:
            return
        if not has_valid_prefix(cookie, secure_origin=secure_origin):
            return
        path = cookie.path or default_path(url.path)
        if not cookie.secure and not secure_origin and self._shadows_secure(cookie, domain, path):
            return
        if cookie.max_age is not None:
            expires_at = time() + cookie.max_age if cookie.max_age > 0 else 0.0
        elif cookie.expires is not None:
            expires_at = cookie.expires.timestamp()
        else:
            expires_at = inf
        stored = StoredCookie(
            cookie,
            domain=domain,
            path=path if domain else cookie.path or "/",
            host_only=host_only and bool(domain),
            expires_at=expires_at,
        )
        before = self._domains.get(domain, {}).get((stored.path, cookie.name))
        if before is not None:
            self._remove(before)
        if expires_at <= time():
            return
        self._insert(stored)

    def _insert(self, stored: StoredCookie) -> None:
        place = self._domains.setdefault(stored.domain, {})
        if len(place) >= MAX_COOKIES_PER_DOMAIN:
            self._remove(next(iter(place.values())))
        elif self._count >= MAX_COOKIES:
            self._remove(next(self._all()))
        self._domains.setdefault(stored.domain, place)[stored.path, stored.cookie.name] = stored
        self._count += 1
        self._next_expiry = min(self._next_expiry, stored.expires_at)

    def _remove(self, stored: StoredCookie) -> None:
        place = self._domains[stored.domain]
        del place[stored.path, stored.cookie.name]
        self._count -= 1
        if not place:
            del self._domains[stored.domain]

    def _drop_expired(self) -> None:
        now = time()
        if self._next_expiry > now:
            return
        for stored in [stored for stored in self._all() if stored.expires_at <= now]:
            self._remove(stored)
        self._next_expiry = min((stored.expires_at for stored in self._all()), default=inf)

    def _is_secure(self, url: URL) -> bool:
        if url.scheme in _SECURE_SCHEMES:
            return True
        return bool(self._secure_origins) and url.absolute and url.origin() in self._secure_origins

    def _domains_of(self, host: str) -> list[str]:
        """Return the domains whose cookies *host* may get, the nearest last."""
        domains = [""]
        if not host or is_address(host):
            if host and self._unsafe:
                domains.append(host)
            return domains
        labels = host.split(".")
        domains.extend(".".join(labels[at:]) for at in range(len(labels) - 1, -1, -1))
        return domains

    def _shadows_secure(self, cookie: SetCookie, domain: str, path: str) -> bool:
        """Whether an unencrypted answer would displace a `Secure` cookie (§5.7 step 9)."""
        return any(
            stored.cookie.secure
            and stored.cookie.name == cookie.name
            and (domain_matches(stored.domain, domain) or domain_matches(domain, stored.domain))
            and path_matches(path, stored.path)
            for stored in self._all()
        )


class DummyCookieJar(AbstractCookieJar):
    """A jar that keeps nothing.

    Args:
        loop: no effect: a jar waits for nothing.
    """

    def __init__(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Do nothing."""

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Morsel[str]]:
        return iter(())

    def clear(self, predicate: Callable[[Morsel[str]], bool] | None = None) -> None:
        """Do nothing."""

    def clear_domain(self, domain: str) -> None:
        """Do nothing."""

    def update_cookies(self, cookies: LooseCookies, response_url: URL = _NOWHERE) -> None:
        """Do nothing."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Do nothing."""

    def filter_cookies(self, request_url: URL) -> BaseCookie[str]:
        """Return no cookies."""
        from http.cookies import SimpleCookie

        return SimpleCookie()


def _path_length(stored: StoredCookie) -> int:
    return len(stored.path)


def _attributes(morsel: Morsel[Any]) -> str:
    parts = []
    for name, value in morsel.items():
        if value is True:
            parts.append(name)
        elif value not in ("", False, None):
            parts.append(f"{name}={value}")
    return "; ".join(parts)
