"""Decide what is a secret, and show it masked: one rule for all that is shown, logged or exported.

A secret is recognised by the *name* it goes by (`secret_names`: a header, a query or form field, a
JSON key), by its *shape* (a JWT, a `Bearer` credential, a vendor's token prefix), or because
somebody has said what it is (`registered_secrets`). It is shown as `•••• (len 40)`.

Knows strings and JSON values. Imports nothing heavy, never raises, never changes its argument;
every pattern is linear in the text, because the text comes from strangers. Masking twice gives
what masking once gave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from notebook_http.wire.markup_secrets import mask_markup
from notebook_http.wire.registered_secrets import are_any_registered, mask_registered
from notebook_http.wire.secret_names import (
    Secrecy,
    counts_things,
    is_masked,
    is_secret_header,
    is_secret_name,
    mask,
    mask_leaf,
    secrecy_of,
)

__all__ = [
    "is_secret_name",
    "mask",
    "mask_header",
    "mask_headers",
    "mask_json",
    "mask_text",
    "mask_url",
]

# What is a secret by its shape ------------------------------------------------------------------

# A cheap look before the costly ones: text without any of these holds nothing to mask. (Substring
# searches, not one pattern of alternatives: that is ten times slower.)
_SUSPICIOUS = (
    *("tok", "secr", "pass", "pwd", "key", "sig", "auth", "cookie", "cred", "jwt", "bear", "basic"),
    *("sess", "sid", "otp", "pin", "hmac", "xsrf", "csrf", "assert", "saml", "dpop", "negotiate"),
    *("eyj", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "xox", "hf_"),
    *("akia", "asia", "aiza", "://", "@"),
)
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"eyJ[\w-]{8,}+\.[\w-]++(?:\.[\w-]*+)?"  # JSON Web Token
    r"|gh[pousr]_\w{20,}+|github_pat_\w{20,}+|glpat-[\w-]{16,}+"
    r"|sk-[\w-]{20,}+|xox[abeoprs]-[\w-]{10,}+|hf_\w{20,}+"
    r"|A[KS]IA[0-9A-Z]{16}(?![0-9A-Z])|AIza[\w-]{30,}+"
    r")"
)
_SCHEME = re.compile(
    r"\b(Bearer|Basic|Token|Negotiate|ApiKey|DPoP)([ \t]++)"
    r"(?!\w++=[^=\s])"  # parameters of a challenge: `Basic realm="x"`, `Bearer error=…`
    r"([A-Za-z0-9._~+/=-]{4,}+)",
    re.IGNORECASE,
)
# 512: more than names and passwords take; the bound keeps many `://` in one run linear.
_BEHIND_SCHEME = re.compile(r"[^\s\"'<>]{0,512}+")
# `user:password@host.example`, without a scheme; neither `mailto:` nor `image:tag@sha256:…`.
_LOGIN = re.compile(
    r"(?<![\w.%+:/@-])(?!mailto:|sips?:|xmpp:|acct:)"
    r"([\w.%+-]{1,64}+:[^\s\"'<>/@]{1,256}+)(?=@(?:localhost\b|[\w-]{1,64}+\.\w))",
    re.IGNORECASE,
)
_AUTHORITY_END = re.compile(r"[/?#]")
# A name and what binds it to a value: `token=`, `"token": `, `token: `, `\"token\": `.
_FIELD = re.compile(r"(?<![\w.%\[\]-])([\w.%\[\]-]++)(\\*+[\"']?[ \t]*+[:=](?!//)[ \t]*+)")
_QUOTE = re.compile(r"\\*[\"']")
_BARE_VALUE = re.compile(r"[^\s&;,<>\"'\\)}\]]++")
_WHOLE_LINE = re.compile(r"[^\r\n]++")
_LINE_FIELDS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})


def mask_text(text: str) -> str:
    """Return *text* with the secrets in it masked: fields, URLs, credentials, known token shapes.

    For text that is not (or not quite) a URL, a header or JSON: error messages, log lines, bodies.
    """
    text = mask_registered(text)
    lowered = text.lower()
    if not any(stem in lowered for stem in _SUSPICIOUS):
        return text
    text = _mask_fields(mask_markup(_mask_userinfos(text)))
    text = _SCHEME.sub(_without_credential, text)
    return _mask_shapes(text)


def _mask_shapes(text: str) -> str:
    return _SHAPES.sub(lambda found: mask(found.group()), text)


def _mask_userinfos(text: str) -> str:
    pieces: list[str] = []
    done = 0
    while (at := text.find("://", done)) >= 0:
        found = _BEHIND_SCHEME.match(text, at + 3)
        userinfo = _userinfo_of(found.group()) if found else ""
        pieces += (text[done : at + 3], mask(userinfo))
        done = at + 3 + len(userinfo)
    pieces.append(text[done:])
    return _LOGIN.sub(lambda found: mask(found.group()), "".join(pieces))


def _userinfo_of(behind_scheme: str) -> str:
    """Return the `user:password` that opens what stands behind `://`; empty when there is none."""
    if "@" not in behind_scheme:
        return ""
    end = _AUTHORITY_END.search(behind_scheme)
    authority = behind_scheme[: end.start()] if end else behind_scheme
    if "@" in authority:
        return authority.rpartition("@")[0]
    # A password typed with a bare `/`, `?` or `#` ends the authority early; what looks like
    # the port then is no number. The URL is wrong, and its error message must not tell it.
    port = authority.rpartition(":")[2] if ":" in authority else "0"
    if port.isdigit() or not port or authority.endswith("]"):
        return ""
    return behind_scheme.rpartition("@")[0]


def _without_credential(found: re.Match[str]) -> str:
    scheme, space, credential = found.groups()
    # "Basic authentication" and "token based" are prose; credentials are longer or less even.
    plain = credential.rstrip(".").replace("-", "")
    if len(plain) < 20 and plain.isalpha() and (plain[1:].islower() or plain.isupper()):
        return found.group()
    return f"{scheme}{space}{mask(credential)}"


def _mask_fields(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for found in _FIELD.finditer(text):
        if found.start() < done or not is_secret_name(found.group(1)):
            continue
        start, end = _value_span(text, found)
        value = text[start:end]
        if not value or is_masked(value):
            continue
        pieces += (text[done:start], _mask_value(found.group(1), value))
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _value_span(text: str, field: re.Match[str]) -> tuple[int, int]:
    """Return where the value of a secret *field* begins and ends; (0, 0) when it has none."""
    start = field.end()
    quote = _QUOTE.match(text, start)
    if quote:
        return quote.end(), _closing_quote(text, quote.end(), quote.group())
    if field.group(1).lower() in _LINE_FIELDS and field.group(2).lstrip().startswith(":"):
        # `Cookie: a=1; b=2`, also as one quoted word: `curl -H "Cookie: a=1; b=2"`.
        before = text[field.start() - 1 : field.start()]
        if before in ("'", '"'):
            return start, _closing_quote(text, start, before)
        found = _WHOLE_LINE.match(text, start)
    else:
        found = _BARE_VALUE.match(text, start)
    return found.span() if found else (0, 0)


def _closing_quote(text: str, start: int, quote: str) -> int:
    """Return where *quote* closes; the text's end when it does not (cut short: still a secret)."""
    end = text.find(quote, start)
    # Inside plain quotes a backslash escapes the next one: `"a\"b"`.
    while end > start and len(quote) == 1 and _is_escaped(text, start, end):
        end = text.find(quote, end + 1)
    return len(text) if end < 0 else end


def _is_escaped(text: str, start: int, at: int) -> bool:
    count = 0
    while at - count > start and text[at - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _mask_value(name: str, value: str) -> str:
    if name.lower() in _LINE_FIELDS:
        return mask_header(name, value)
    if value in ("null", "None", "true", "false", "True", "False", "{", "["):
        return value
    if value.isdigit() and counts_things(name):
        return value  # `max_tokens: 100` counts tokens
    return mask(value)


# Headers ----------------------------------------------------------------------------------------

_SCHEMES = frozenset(
    {"basic", "bearer", "digest", "negotiate", "ntlm", "token", "apikey", "hawk", "dpop"}
    | {"aws4-hmac-sha256"}
)


def mask_header(name: str, value: str) -> str:
    """Return the *value* of header *name* fit to be shown.

    Credentials keep their scheme (`Bearer •••• (len 40)`), cookies their names and attributes;
    other headers are masked where they hold a URL or a field that is a secret.
    """
    lowered = name.lower()
    value = mask_registered(value)
    if lowered == "cookie":
        return "; ".join(_mask_cookie(pair) for pair in value.split(";"))
    if lowered == "set-cookie":
        pair, semicolon, attributes = value.partition(";")
        return _mask_cookie(pair) + semicolon + attributes
    if not is_secret_name(lowered):
        return mask_text(value)
    scheme, space, credential = value.partition(" ")
    if space and scheme.lower() in _SCHEMES:
        return f"{scheme} {mask(credential)}"
    return mask(value)


def _mask_cookie(pair: str) -> str:
    name, equals, value = pair.strip().partition("=")
    return f"{name}={mask(value)}" if equals else mask(name)


def mask_headers(
    headers: Mapping[str, str] | Iterable[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Return (name, masked value) pairs of *headers*, repeated ones too, in their order."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [
        (mask_registered(str(name)), mask_header(str(name), str(value))) for name, value in pairs
    ]


# URLs -------------------------------------------------------------------------------------------


# A parameter of a path's segment (RFC 3986 §3.3), where Java keeps its sessions.
_PATH_FIELD = re.compile(r"(;([^=;/]++)=)([^;/]++)")


def mask_url(url: object) -> str:
    """Return *url* (a str or a `yarl.URL`) with user, password and secret fields masked.

    For display: what was masked holds spaces, so the result is not a URL to be sent again.
    """
    text = mask_registered(str(url))
    scheme, separator, rest = text.partition("//")
    if not separator:
        scheme, rest = "", text
    userinfo = _userinfo_of(rest)
    rest, hash_mark, fragment = rest[len(userinfo) :].partition("#")
    path, question_mark, query = rest.partition("?")
    masked = scheme + separator + mask(userinfo) + _mask_path(path)
    if question_mark:
        masked += "?" + _mask_query(query)
    if hash_mark:
        masked += "#" + (_mask_query(fragment) if "=" in fragment else mask_text(fragment))
    return masked


def _mask_path(path: str) -> str:
    """Return *path* without the secrets among its parameters: `/shop;jsessionid=1F2E/cart`."""
    path = _mask_shapes(path)
    if ";" not in path:
        return path
    return _PATH_FIELD.sub(
        lambda found: found[1] + mask(found[3]) if is_secret_name(found[2]) else found[0], path
    )


def _mask_query(query: str) -> str:
    return "&".join(_mask_field(field) for field in query.split("&"))


def _mask_field(field: str) -> str:
    name, equals, value = field.partition("=")
    if not equals:
        return mask_text(field)
    if is_secret_name(unquote_plus(name)):
        return f"{name}={mask(value)}"
    if "%" not in value and "+" not in value:
        return f"{name}={mask_text(value)}"
    # A URL inside a URL: `?next=https%3A%2F%2Fu%3Ap%40host%2F%3Ftoken%3Dx`.
    decoded = unquote_plus(value)
    masked = mask_text(decoded)
    return field if masked == decoded else f"{name}={masked}"


# JSON -------------------------------------------------------------------------------------------


def mask_json(value: Any) -> Any:
    """Return a copy of a JSON *value* with the secrets in it masked; numbers become text then.

    Everything below a secret key is masked (`{"token": {"access": …}}`), except below `key`/`keys`,
    which as often hold records. `{"name": "Authorization", "value": …}` counts as a field too.
    Any depth: it does not recurse.
    """
    root: list[Any] = [None]
    # (where the copy goes, under which key, what is copied, what the names above it say)
    todo: list[tuple[Any, Any, Any, Secrecy]] = [(root, 0, value, Secrecy.OPEN)]
    while todo:
        target, slot, item, above = todo.pop()
        if isinstance(item, Mapping):
            copy: dict[Any, Any] = dict.fromkeys(item)
            pair_name = item.get("name")
            if are_any_registered():
                # An answer may have one among its keys.
                item = {_masked_key(key): inner for key, inner in item.items()}
                copy = dict.fromkeys(item)
            for key, inner in item.items():
                name = pair_name if key == "value" and isinstance(pair_name, str) else key
                todo.append((copy, key, inner, max(above, secrecy_of(name, inner))))
            target[slot] = copy
        elif isinstance(item, list | tuple):
            target[slot] = copied = [None] * len(item)
            todo.extend((copied, index, inner, above) for index, inner in enumerate(item))
            if len(item) > 1 and isinstance(item[1], str) and is_secret_header(item[0]):
                # One of `list(headers.items())`.
                todo[1 - len(item)] = (copied, 1, item[1], Secrecy.ALL)
        elif above is Secrecy.OPEN and isinstance(item, str):
            target[slot] = mask_text(item)
        else:
            target[slot] = mask_leaf(item, above)
    return root[0]


def _masked_key(key: Any) -> Any:
    return mask_registered(key) if isinstance(key, str) else key
