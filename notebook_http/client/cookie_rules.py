"""Which cookie may be set by whom, and goes where (RFC 6265bis §5). Plain functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebook_http.wire.cookie import SetCookie

__all__ = ["default_path", "domain_matches", "has_valid_prefix", "is_address", "path_matches"]


def is_address(host: str) -> bool:
    """Tell whether *host* is an IP address, as URLs have it, and not a name."""
    return ":" in host or (host.count(".") == 3 and host.replace(".", "").isdecimal())


def domain_matches(host: str, domain: str) -> bool:
    """Tell whether *host* is *domain* or lies under it (§5.1.3). Both in lower case."""
    if host == domain:
        return True
    return host.endswith("." + domain) and not is_address(host)


def path_matches(path: str, cookie_path: str) -> bool:
    """Tell whether a request for *path* gets a cookie of *cookie_path* (§5.1.4)."""
    if path == cookie_path:
        return True
    return path.startswith(cookie_path) and (
        cookie_path.endswith("/") or path[len(cookie_path)] == "/"
    )


def default_path(path: str) -> str:
    """Return the path of a cookie that names none: the folder of the request (§5.1.4)."""
    if not path.startswith("/"):
        return "/"
    return path[: path.rindex("/")] or "/"


def has_valid_prefix(cookie: SetCookie, *, secure_origin: bool) -> bool:
    """Tell whether *cookie* keeps what a `__Secure-` or `__Host-` name promises (§5.7).

    The prefix is compared without case, since servers do so, too: `__HOST-` would pass for it.
    """
    name = cookie.name.lower()
    if name.startswith("__secure-"):
        return cookie.secure and secure_origin
    if name.startswith("__host-"):
        return cookie.secure and secure_origin and cookie.domain is None and cookie.path == "/"
    return True
