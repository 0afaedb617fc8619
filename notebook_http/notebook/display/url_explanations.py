"""Say what is wrong with a URL, the caller's or that of a redirect."""

from __future__ import annotations

import re

from notebook_http.client import exceptions as failures
from notebook_http.notebook.display.explanation import Explain, Explanation
from notebook_http.notebook.source_errors import nearest
from notebook_http.wire.secrets import mask_url

__all__ = ["URL_EXPLANATIONS", "names_this_machine"]


def _invalid_url(error: failures.InvalidURL) -> Explanation:
    text = str(error.url)
    what = f"{mask_url(text)!r} is no URL that can be asked for"
    if not text.strip():
        return Explanation(what, "It is empty", "Is the variable that holds the URL set?")
    if text.startswith("/") and not text.startswith("//"):
        return Explanation(
            what,
            "It has a path, but no host",
            f"Write http://127.0.0.1:PORT{mask_url(text)}, or give the client a base_url=",
        )
    if "://" not in text:
        scheme = "http" if names_this_machine(text) else "https"
        return Explanation(
            what,
            "It has no scheme",
            f"Did you forget {scheme}:// in front? {scheme}://{mask_url(text.lstrip('/'))}",
        )
    why = error.description or "Its host or port cannot be read"
    return Explanation(what, why, "Check it from left to right: http://host:port/path?name=value")


def _invalid_redirect(error: failures.InvalidURL) -> Explanation:
    return Explanation(
        f"The server redirects to {mask_url(error.url)!r}, which is no URL",
        "Its Location header is malformed",
        "See it with allow_redirects=False, and report it to whoever runs the server",
    )


# aiohttp gives the URL alone, ours a sentence that begins with it.
_URL_OF_SENTENCE = re.compile(
    r"(.*?)(?: \(redirected to from .*\))? is no http or https URL(?:\..*)?", re.DOTALL
)


def _url_of(error: failures.NonHttpUrlClientError) -> str:
    found = _URL_OF_SENTENCE.fullmatch(str(error))
    return found.group(1) if found else str(error)


def _not_http(error: failures.NonHttpUrlClientError) -> Explanation:
    text = _url_of(error)
    scheme, colon, rest = text.partition(":")
    what = f"{mask_url(text)!r} cannot be asked for over HTTP"
    # `localhost:3000/x` reads as scheme `localhost`, and `user:password@host/` as `user`.
    if colon and scheme != "mailto" and (rest[:1].isdigit() or "@" in rest.partition("/")[0]):
        next_step = f"Did you forget http:// in front? http://{mask_url(text)}"
        return Explanation(what, "It has no scheme", next_step)
    near = nearest(scheme, ("http", "https")) if rest.startswith("//") else ""
    if scheme in ("ws", "wss"):
        http = f"{scheme.replace('ws', 'http')}:{mask_url(rest)}"
        next_step = f"For a request write {http}; a WebSocket is await nh.ws(url)"
    elif near:
        next_step = f"Did you mean {near}:{mask_url(rest)} ?"
    else:
        next_step = "Give a URL that begins with http:// or https://"
    return Explanation(what, f"Its scheme is {scheme!r}, not http or https", next_step)


def _redirect_not_http(error: failures.NonHttpUrlClientError) -> Explanation:
    return Explanation(
        "The server redirects to something that is not HTTP",
        f"Its Location is {mask_url(_url_of(error))!r}",
        "See it with allow_redirects=False",
    )


def names_this_machine(text: str) -> bool:
    """Return whether *text*, a host or what begins with one, is this machine's own name."""
    return text.startswith(("localhost", "127.", "0.0.0.0", "[::1]"))


URL_EXPLANATIONS: dict[type[BaseException], Explain] = {
    failures.InvalidUrlRedirectClientError: _invalid_redirect,
    failures.InvalidURL: _invalid_url,
    failures.NonHttpUrlRedirectClientError: _redirect_not_http,
    failures.NonHttpUrlClientError: _not_http,
}
