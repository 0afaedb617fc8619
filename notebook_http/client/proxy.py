"""A proxy as connections know it: where it is, and what is told to it alone."""

from __future__ import annotations

from typing import NamedTuple

from multidict import CIMultiDict
from yarl import URL

from notebook_http import hdrs
from notebook_http.client.automatic_headers import with_automatic

__all__ = ["Proxy"]


class Proxy(NamedTuple):
    """One proxy for one kind of target. Part of pool keys, so it can be compared and hashed.

    Attributes:
        url: where it is; http or https, with host and port, never with credentials.
        tunnels: whether it is asked for a tunnel (CONNECT); else it gets whole requests.
        authorization: the value of `Proxy-Authorization`, "" for none.
        headers: what else CONNECT says, in order, `Host` and the credentials excepted.
    """

    url: URL
    tunnels: bool = False
    authorization: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    # Errors and keys are shown in cells; the credentials are nobody's business there.
    def __repr__(self) -> str:
        credentials = " with credentials" if self.authorization else ""
        return f"<Proxy {self.url}{credentials}>"

    @property
    def is_tls(self) -> bool:
        """Whether TLS is spoken with the proxy itself."""
        return self.url.scheme == "https"

    @property
    def owns_authorization(self) -> bool:
        """Whether a `Proxy-Authorization` among a request's own headers must not leave.

        In a tunnel it would reach the target, which it was never meant for; elsewhere it would be
        a second one.
        """
        return self.tunnels or bool(self.authorization)

    def for_target(self, scheme: str, user_agent: str) -> Proxy:
        """Return this proxy as it is used for targets of *scheme*.

        For http it gets whole requests, which it passes on, so that there is nothing to tell it
        but its credentials. Everything else goes through a tunnel, ws included (RFC 6455 §4.1).

        Args:
            scheme: of the target.
            user_agent: the session's, the only one of its headers that the proxy gets to see;
                "" for ours.
        """
        if scheme == "http":
            return self._replace(tunnels=False, headers=())
        told = CIMultiDict(self.headers)
        if user_agent and hdrs.USER_AGENT not in told:
            told[hdrs.USER_AGENT] = user_agent
        complete = tuple((str(name), value) for name, value in with_automatic(told).items())
        return self._replace(tunnels=True, headers=complete)

    @property
    def without_secrets(self) -> Proxy:
        """The same proxy, for errors, which are shown, logged and pickled."""
        return Proxy(self.url, self.tunnels)
