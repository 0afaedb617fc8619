"""A proxy as connections know it: where it is, and what is told to it alone."""

from __future__ import annotations

from typing import NamedTuple

from yarl import URL

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

    @property
    def without_secrets(self) -> Proxy:
        """The same proxy, for errors, which are shown, logged and pickled."""
        return Proxy(self.url, self.tunnels)
