"""What the environment says of a request: its proxy, and the credentials that netrc has for it.

Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` as `urllib` does (on Windows and macOS
also the system's settings), and the file that `NETRC` names, or `~/.netrc`. Only for sessions with
`trust_env=True`.
"""

from __future__ import annotations

import asyncio
import logging
import os
from math import inf
from netrc import NetrcParseError, netrc
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib import request as urllib_request

from notebook_http.client.exceptions import TotalTimeoutError
from notebook_http.client.proxy_choice import make_proxy
from notebook_http.wire.credentials import BasicAuth

if TYPE_CHECKING:
    from yarl import URL

    from notebook_http.client.proxy import Proxy

__all__ = ["Surroundings", "look_around"]

client_logger = logging.getLogger("notebook_http.client")


class Surroundings(NamedTuple):
    """What applies to one request unless the caller says otherwise.

    Attributes:
        proxy: that it goes through, or None.
        auth: credentials for its host, or None.
    """

    proxy: Proxy | None
    auth: BasicAuth | None


async def look_around(url: URL, *, total_at: float, given_by_server: bool = False) -> Surroundings:
    """Return what the environment says of *url*, now: it is read anew each time.

    A cancel leaves the reading to end by itself, in its thread.

    Args:
        url: what is asked for.
        total_at: the loop's time at which the call's total time is up, or `inf`.
        given_by_server: whether a redirect led there from another origin. Then only an entry
            for that very host counts in netrc, not `default`, and none over plain http: the
            server chooses where the redirect leads.

    Raises:
        InvalidUrlClientError: the proxy that the environment names is none that can be used.
        TotalTimeoutError: the time is up: a file system or a name server does not answer.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(None if total_at == inf else total_at):
            # A file is read, and some systems look names up for their list of exceptions.
            return await loop.run_in_executor(None, _look, url, given_by_server)
    except TimeoutError:
        text = (
            f"Reading the proxies and the netrc file of the environment for {url.host} took all "
            "that ClientTimeout.total allows. Is the home directory on a network that is down?"
        )
        raise TotalTimeoutError(text) from None


def _look(url: URL, given_by_server: bool) -> Surroundings:
    entries = _read_netrc()
    proxy = None if _goes_direct(url) else _proxy_for(url, entries)
    auth = None
    if not (given_by_server and url.scheme in {"http", "ws"}):
        auth = _credentials(entries, url.host or "", exactly=given_by_server)
    return Surroundings(proxy, auth)


# Proxies


def _goes_direct(url: URL) -> bool:
    """Tell whether `NO_PROXY`, or the system, keeps the host of *url* away from proxies."""
    names = dict.fromkeys(name for name in (url.host, url.raw_host) if name)
    for name in list(names):
        names[name.rstrip(".")] = None
        if ":" in name:
            names[f"[{name}]"] = None
    if any(urllib_request.proxy_bypass(name) for name in names):
        return True
    # `NO_PROXY=host:8080` is about one port; urllib looks at it when it is told the port.
    proxies = urllib_request.getproxies_environment()
    with_ports = [f"{name}:{url.port}" for name in names if ":" not in name or name[0] == "["]
    return any(
        urllib_request.proxy_bypass_environment(name, proxies)  # type: ignore[attr-defined]
        for name in with_ports
    )


def _proxy_for(url: URL, entries: netrc | None) -> Proxy | None:
    proxies = urllib_request.getproxies()
    given = proxies.get(url.scheme)
    name = f"{url.scheme.upper()}_PROXY"
    if not given:
        given, name = proxies.get("all"), "ALL_PROXY"
        if not given:
            return None
        scheme, separator, _ = given.partition("://")
        if separator and scheme.lower() not in {"http", "https"}:
            # Other programs know SOCKS and share this variable; aiohttp does not read it at all.
            client_logger.warning(
                "ALL_PROXY names a %s proxy, which is not spoken here: %s is asked directly",
                scheme[:20],
                url.host,
            )
            return None
    if "://" not in given:
        given = f"http://{given}"  # as curl and urllib take it
    proxy = make_proxy(given, said_by=name)
    if not proxy.authorization:
        auth = _credentials(entries, proxy.url.host or "", exactly=False)
        if auth is not None:
            proxy = proxy._replace(authorization=auth.encode())
    return proxy


# netrc


def _read_netrc() -> netrc | None:
    """Return the entries of the user's netrc file; None if there is no such file."""
    named = os.environ.get("NETRC")
    if named is not None:
        path = Path(named)
    else:
        try:
            path = Path.home() / ("_netrc" if os.name == "nt" else ".netrc")
        except RuntimeError:  # there is no home
            return None
    try:
        return netrc(str(path))
    except NetrcParseError as error:
        # Not its message: it repeats the word that it did not understand, perhaps a password.
        client_logger.warning("Could not parse %s, line %s: it is ignored", path, error.lineno)
    except ValueError:
        client_logger.warning("Could not read %s: it is no text", path)
    except OSError as error:
        if named or path.is_file():
            client_logger.warning("Could not read %s: %s", path, error.strerror or error)
    return None


def _credentials(entries: netrc | None, host: str, *, exactly: bool) -> BasicAuth | None:
    if entries is None or not host:
        return None
    found = entries.hosts.get(host) if exactly else entries.authenticators(host)
    if found is None:
        return None
    login, account, password = found
    user, password = login or account or "", password or ""
    try:
        f"{user}{password}".encode("latin-1")
        return BasicAuth(user, password)
    except UnicodeEncodeError:
        return BasicAuth(user, password, encoding="utf-8")
    except ValueError:
        client_logger.warning("The netrc entry for %s is ignored: its login holds a colon", host)
        return None
