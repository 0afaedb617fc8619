"""Rules by which a request belongs to a mounted application, whatever its path: its host."""

from __future__ import annotations

import fnmatch
import re
from abc import ABC, abstractmethod
from typing import Any

from yarl import URL

__all__ = ["AbstractRuleMatching", "Domain", "MaskDomain"]


class AbstractRuleMatching(ABC):
    """A rule about requests."""

    @abstractmethod
    async def match(self, request: Any) -> bool:
        """Tell whether the rule holds for *request*."""

    @abstractmethod
    def get_info(self) -> dict[str, Any]:
        """Return a description for people and debuggers."""

    @property
    @abstractmethod
    def canonical(self) -> str:
        """The rule as text."""


class Domain(AbstractRuleMatching):
    """One host, as ``api.example.com`` or, for one port only, ``api.example.com:8080``.

    Raises:
        TypeError: *domain* is not text. The caller erred.
        ValueError: it is empty, has a scheme, or is no host name. The caller erred.
    """

    # A label of a host name (RFC 1123 §2.1).
    re_part = re.compile(r"(?!-)[a-z\d-]{1,63}(?<!-)")

    def __init__(self, domain: str) -> None:
        self._domain = self.validation(domain)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._domain}>"

    @property
    def canonical(self) -> str:
        """The host, in lower case, non-ASCII ones as ``xn--``; with its port unless that is 80."""
        return self._domain

    def validation(self, domain: str) -> str:
        """Return the canonical spelling of *domain*; see the class for errors."""
        if not isinstance(domain, str):
            raise TypeError("Domain must be str")
        domain = domain.rstrip(".").lower()
        if not domain:
            raise ValueError("Domain cannot be empty")
        if "://" in domain:
            raise ValueError("Scheme not supported")
        url = URL(f"http://{domain}")
        host = url.raw_host or ""
        if not all(self.re_part.fullmatch(label) for label in host.split(".")):
            raise ValueError("Domain not valid")
        return host if url.port == 80 else f"{host}:{url.port}"

    async def match(self, request: Any) -> bool:
        """Tell whether *request* is for this host."""
        return self.holds(request)

    def holds(self, request: Any) -> bool:
        """Tell what `match` tells, without waiting.

        The host is that of the target where that is absolute, else the `Host` field (RFC 9112
        §3.2.2). An old client that sends neither asks for no domain.
        """
        return "Host" in request.headers and self.match_domain(request.host)

    def match_domain(self, host: str) -> bool:
        """Tell whether *host*, with or without a port, is this one."""
        host = host.lower()
        return self._domain in (host, host.partition(":")[0])

    def get_info(self) -> dict[str, Any]:
        """Return ``{"domain": …}``."""
        return {"domain": self._domain}


class MaskDomain(Domain):
    """Hosts of a pattern: ``*.example.com``. A star stands for any characters, dots too."""

    re_part = re.compile(r"(?!-)[a-z\d\*-]{1,63}(?<!-)")

    def __init__(self, domain: str) -> None:
        super().__init__(domain)
        name, _, self._port = self._domain.partition(":")
        # Its translation never tries the same text twice, whatever a client sends.
        self._mask = re.compile(fnmatch.translate(name))

    @property
    def canonical(self) -> str:
        """The hosts as a regular expression."""
        return self._domain.replace(".", r"\.").replace("*", "[^:]*") + "(:.*)?"

    def match_domain(self, host: str) -> bool:
        """Tell whether *host*, with or without a port, is one of these."""
        name, _, port = host.lower().partition(":")
        return self._port in ("", port) and self._mask.match(name) is not None
