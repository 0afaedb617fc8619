"""Make the URL of a magic's line whole.

Short forms: without a scheme it is `http://` on this machine (`localhost`, `127.0.0.1`, `[::1]`,
`:3000/path`, `/path` not) and `https://` everywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from notebook_http.notebook.magics.template_values import Values
from notebook_http.notebook.magics.templates import Part

__all__ = ["complete_url", "fill_url"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_THIS_MACHINE = re.compile(
    r"(?:[^/?#@]*@)?(?:localhost|[\w.-]+\.localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])"
    r"(?=[:/?#]|$)",
    re.IGNORECASE,
)
_AUTHORITY_ENDED = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*[/?#]")
_AUTHORITY = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://)?([^/?#]*)")
# What a value may bring into a path unquoted: it stays a path. `?`, `#` and `%` would not.
_PATH_SAFE = "/:@!$&'()*+,;=~"


def fill_url(parts: Sequence[Part], values: Values) -> str:
    """Return the URL that *parts* make, each value quoted so that it stays where it stands.

    A value at the start or in the host is taken as it is: `{base}items` and
    `http://{host}:{port}/`. In the path `?`, `#`, `%` and blanks are percent-encoded, in the query
    everything that is not plain: `?name={name}` is one field, whatever the name is.
    """
    url = ""
    for part in parts:
        if isinstance(part, str):
            url += part
        elif not _AUTHORITY_ENDED.match(url):
            url += values.text(part)
        elif "?" in url or "#" in url:
            url += quote(values.text(part), safe="")
        else:
            url += quote(values.text(part), safe=_PATH_SAFE)
    return url


def complete_url(text: str) -> str:
    """Return *text* with its scheme and host: `:3000/x` is `http://localhost:3000/x`.

    Raises:
        ValueError: it names no host; the message says what to write.
    """
    authority = _AUTHORITY.match(text)
    if authority is not None and "{" in authority.group(1).rpartition("@")[2]:
        message = "a host without braces; below the magic's line a template has two: {{name}}"
        raise ValueError(message)
    if _SCHEME.match(text):
        return text
    if found := re.match(r"(https?):/?(?=[^/\d])", text, re.IGNORECASE):
        message = f"two slashes behind {found.group(1)}: {found.group(1)}://{text[found.end() :]}"
        raise ValueError(message)
    if text.startswith("//"):
        text = text[2:]
    if text.startswith(":"):
        port = re.match(r":(\d*)(?=[/?#]|$)", text)
        if port is None:
            message = "a port and a path, such as :3000/path"
            raise ValueError(message)
        return "http://localhost" + (text if port.group(1) else text[1:])
    if not text or text[0] in "/?#":
        message = f"a host in front of the path, such as :3000{text} for this machine"
        raise ValueError(message)
    return ("http://" if _THIS_MACHINE.match(text) else "https://") + text
