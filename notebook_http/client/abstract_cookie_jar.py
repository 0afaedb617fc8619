"""The shape of a cookie jar."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from types import MappingProxyType
from typing import TYPE_CHECKING

from yarl import URL

if TYPE_CHECKING:
    import asyncio
    from http.cookies import BaseCookie, Morsel

    from notebook_http.client.request_options import LooseCookies

__all__ = ["AbstractCookieJar"]

_NOWHERE = URL()


class AbstractCookieJar(Sized, Iterable["Morsel[str]"]):
    """What a session asks of the place where its cookies are kept.

    Args:
        loop: ignored; a jar belongs to no loop.
    """

    def __init__(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        super().__init__()

    @property
    def unsafe(self) -> bool:
        """Whether cookies of hosts that are IP addresses are kept."""
        return False

    @property
    def quote_cookie(self) -> bool:
        """Whether values are put into quotes where they need them."""
        return True

    @property
    def treat_as_secure_origin(self) -> frozenset[URL]:
        """The origins that are taken for secure though they do not speak TLS."""
        return frozenset()

    @property
    def cookies(self) -> Mapping[tuple[str, str], BaseCookie[str]]:
        """The cookies by (domain, path) and name; read only. The path of "/" is "" here."""
        return MappingProxyType({})

    @property
    def host_only_cookies(self) -> frozenset[tuple[str, str, str]]:
        """(domain, path, name) of the cookies that no subdomain gets; paths as in `cookies`."""
        return frozenset()

    @abstractmethod
    def clear(self, predicate: Callable[[Morsel[str]], bool] | None = None) -> None:
        """Remove all cookies, or those for which *predicate* is true."""

    @abstractmethod
    def clear_domain(self, domain: str) -> None:
        """Remove the cookies of *domain* and its subdomains."""

    @abstractmethod
    def update_cookies(self, cookies: LooseCookies, response_url: URL = _NOWHERE) -> None:
        """Take in *cookies* as if *response_url* had set them."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Take in what the `Set-Cookie` fields of a response from *response_url* say.

        Jars that do not define it get them as Morsels, through `update_cookies`; malformed ones
        are left out.
        """
        from notebook_http.wire.cookie import parse_set_cookie

        said = [cookie for cookie in map(parse_set_cookie, headers) if cookie is not None]
        if said:
            pairs = [(cookie.name, cookie.to_morsel()) for cookie in said]
            self.update_cookies(pairs, response_url)

    @abstractmethod
    def filter_cookies(self, request_url: URL) -> BaseCookie[str]:
        """Return the cookies that go with a request to *request_url*."""

    @abstractmethod
    def __iter__(self) -> Iterator[Morsel[str]]: ...
