"""Cookies as a JSON file: written for the owner alone, and read without running anything."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Any

from notebook_http.client.stored_cookie import StoredCookie
from notebook_http.wire.cookie import SetCookie

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["read_cookies", "write_cookies"]

_VERSION = 1
_FLAGS = ("secure", "http_only", "partitioned")


def write_cookies(path: str | os.PathLike[str], cookies: Iterable[StoredCookie]) -> None:
    """Write *cookies* to *path*, which only its owner may read (mode 0600).

    Raises:
        OSError: the file cannot be written; the one before is still there.
    """
    text = json.dumps(
        {"version": _VERSION, "cookies": [_to_json(stored) for stored in cookies]}, indent=1
    )
    target = os.fspath(path)
    draft = f"{target}.{os.getpid()}.tmp"
    # Created with its mode: between an open() and a chmod() others could look.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise


def read_cookies(path: str | os.PathLike[str]) -> list[StoredCookie]:
    """Return the cookies that `write_cookies`, or aiohttp, wrote to *path*.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no such file. A pickle, as aiohttp wrote them until 3.13, is refused:
            reading one runs whatever its writer put in.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        content = json.loads(data)
        if isinstance(content, dict) and "version" not in content:
            places = content.values()
            return [_from_aiohttp(entry) for place in places for entry in place.values()]
        if content["version"] != _VERSION:
            text = f"cookie file of version {content['version']!r}, not {_VERSION}"
            raise ValueError(text)
        return [_from_json(entry) for entry in content["cookies"]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        text = f"{os.fspath(path)} is no cookie file of this library: {error}"
        raise ValueError(text) from error


def _to_json(stored: StoredCookie) -> dict[str, Any]:
    cookie = stored.cookie
    entry: dict[str, Any] = {
        "name": cookie.name,
        "value": cookie.value,
        "domain": stored.domain,
        "path": stored.path,
        "host_only": stored.host_only,
        "expires_at": None if stored.expires_at == inf else stored.expires_at,
        "same_site": cookie.same_site,
    }
    entry.update((flag, True) for flag in _FLAGS if getattr(cookie, flag))
    return entry


def _from_aiohttp(entry: dict[str, Any]) -> StoredCookie:
    """Return a cookie from a file of aiohttp's: a program keeps its logins when it changes over."""
    return _from_json(
        {
            "name": entry["key"],
            "value": entry["coded_value"],
            "domain": entry.get("domain", ""),
            "path": entry.get("path") or "/",
            "host_only": entry.get("host_only", False),
            "expires_at": entry.get("expires_timestamp"),
            "same_site": entry.get("samesite"),
            "secure": entry.get("secure"),
            "http_only": entry.get("httponly"),
        }
    )


def _from_json(entry: dict[str, Any]) -> StoredCookie:
    domain, path, host_only = entry["domain"], entry["path"], entry["host_only"]
    name, value, expires_at = entry["name"], entry["value"], entry["expires_at"]
    if not all(isinstance(text, str) for text in (name, value, domain, path)) or not name:
        text = "a cookie's name, value, domain and path are text"
        raise ValueError(text)
    expires = None if expires_at is None else datetime.fromtimestamp(float(expires_at), UTC)
    cookie = SetCookie(
        name,
        value,
        expires=expires,
        domain=None if host_only else (domain or None),
        path=path,
        same_site=entry.get("same_site"),
        **{flag: bool(entry.get(flag)) for flag in _FLAGS},
    )
    return StoredCookie(
        cookie,
        domain=domain,
        path=path,
        host_only=bool(host_only),
        expires_at=inf if expires_at is None else float(expires_at),
    )
