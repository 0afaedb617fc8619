"""An answer as the cache keeps it: without secrets, and with what its age is reckoned from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from notebook_http import hdrs
from notebook_http.wire.http_date import format_http_date, parse_http_date
from notebook_http.wire.http_version import HttpVersion
from notebook_http.wire.response_head import ResponseHead
from notebook_http.wire.secret_names import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from multidict import CIMultiDict

    from notebook_http.client.response import ClientResponse

__all__ = ["CachedAnswer", "Fields", "directives", "strictest", "variant_of"]

Fields = list[tuple[str, str]]
_DIRECTIVE = r'([^\s,="]+)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^,]*))?'
# Directives that may be about some fields only.
_OF_FIELDS = frozenset({"no-cache", "private"})
# Reckoned anew whenever they are asked for, or not the answer's own.
_RECKONED = frozenset({"age", "date"})
_ADAPTED = frozenset({"cache-control", "expires"})
_OLDEST = 2**31  # seconds, 68 years


class CachedAnswer(NamedTuple):
    """All of a stored answer but its body.

    Attributes:
        method: of the request, GET or HEAD.
        decoded: whether the body is kept decoded, as `auto_decompress` left it.
        variant: the fields of the request that `Vary` names, as they were sent; None: not sent.
        status: the status code.
        reason: the reason phrase.
        version: of HTTP, as major and minor number.
        fields: of the response, those of secrets left out.
        received_at: when it came, or was last found to be valid; seconds since the epoch.
        initial_age: how old it was then, in seconds (RFC 9111 §4.2.3).
    """

    method: str
    decoded: bool
    variant: dict[str, str | None]
    status: int
    reason: str
    version: tuple[int, int]
    fields: Fields
    received_at: float
    initial_age: float

    @classmethod
    def of(
        cls,
        response: ClientResponse,
        names: Iterable[str],
        variant: dict[str, str | None],
        *,
        decoded: bool,
        asked_at: float,
        received_at: float,
    ) -> CachedAnswer:
        """Return *response* as it is stored.

        Args:
            response: the head is enough.
            names: of the fields that may be stored, in lower case; secrets are left out anyway.
            variant: see `variant_of`.
            decoded: see above.
            asked_at: when the request was sent, seconds since the epoch.
            received_at: when the head was there.
        """
        # Fields that `Connection` names are for this connection alone (RFC 9111 §3.1).
        named = ",".join(response.headers.getall(hdrs.CONNECTION, ())).lower()
        allowed = frozenset(names) - {name.strip() for name in named.split(",")}
        pairs = [pair for pair in response.headers.items() if pair[0].lower() in allowed]
        version = response.version or HttpVersion(1, 1)
        return cls(
            response.method,
            decoded,
            variant,
            response.status,
            response.reason or "",
            (int(version[0]), int(version[1])),
            _storable(pairs, received_at),
            received_at,
            _initial_age(pairs, asked_at, received_at),
        )

    def freshened(
        self, merged: Mapping[str, list[str]], pairs: Fields, asked_at: float, received_at: float
    ) -> CachedAnswer:
        """Return the answer after its server has said that it still holds (RFC 9111 §4.3.4).

        Args:
            merged: the fields that it has from now on, by name in lower case.
            pairs: the fields of the 304.
            asked_at: when it was asked about, seconds since the epoch.
            received_at: when the 304 was there.
        """
        new = {name.lower() for name, _ in pairs}
        spelled = {name.lower(): name for name, _ in (*self.fields, *pairs)}
        fields: Fields = []
        for name, values in merged.items():
            if name in _ADAPTED and name not in new:
                # Adapted for the rules of freshness; the server's own word is kept.
                fields += [pair for pair in self.fields if pair[0].lower() == name]
            elif name not in _RECKONED:
                fields += [(spelled.get(name, name), value) for value in values]
        fields += [(name, value) for name, value in pairs if name.lower() == "date"]
        return self._replace(
            fields=_storable(fields, received_at),
            received_at=received_at,
            initial_age=_initial_age(pairs, asked_at, received_at),
        )

    def answers(self, method: str, headers: CIMultiDict[str], *, decoded: bool) -> bool:
        """Return whether it may answer such a request, if it is fresh (RFC 9111 §4.1)."""
        return (
            self.method == method
            and self.decoded == decoded
            and all(_sent(headers, name) == value for name, value in self.variant.items())
        )

    def age(self, now: float) -> float:
        """Return its age in seconds."""
        return max(0.0, now - self.received_at) + self.initial_age

    def reckoned_fields(self) -> dict[str, list[str]]:
        """Return its fields by name in lower case, `Date` such that now minus `Date` is the age.

        The rules of freshness look at nothing else: `Age` of caches on the way, the time that the
        request took, and clocks that differ are all in it. `Expires` keeps its distance to `Date`.
        """
        fields: dict[str, list[str]] = {}
        for name, value in self.fields:
            fields.setdefault(name.lower(), []).append(value)
        made_at = self.received_at - self.initial_age
        expires = parse_http_date(fields.get("expires", [""])[0])
        date = parse_http_date(fields.get("date", [""])[0])
        if expires is not None and date is not None:
            lifetime = (expires - date).total_seconds()
            fields["expires"] = [format_http_date(int(made_at) + lifetime)]
        fields["date"] = [format_http_date(made_at)]
        if "cache-control" in fields:
            fields["cache-control"] = [strictest(fields["cache-control"])]
        return fields

    def head(self, now: float) -> ResponseHead:
        """Return the head that it is answered with at *now*, `Age` included."""
        age = (hdrs.AGE, str(int(self.age(now))))
        raw = [
            (name.encode("latin-1"), value.encode("utf-8", "surrogateescape"))
            for name, value in (*self.fields, age)
        ]
        head = ResponseHead(HttpVersion(*self.version), self.status, self.reason, raw, True)
        length = head.headers.get(hdrs.CONTENT_LENGTH, "")
        if length.isascii() and length.isdecimal():
            head.content_length = int(length)
        return head

    def to_json(self) -> str:
        """Return it as text that `from_json` reads."""
        return json.dumps(self._asdict())

    @classmethod
    def from_json(cls, text: str) -> CachedAnswer:
        """Return what `to_json` wrote.

        Raises:
            ValueError: or `TypeError`: it was written by somebody else.
        """
        values: dict[str, Any] = json.loads(text)
        values["fields"] = [(name, value) for name, value in values["fields"]]
        values["version"] = tuple(values["version"])
        return cls(**values)


def directives(values: Iterable[str]) -> dict[str, str]:
    """Return the directives of `Cache-Control` by name in lower case."""
    found = {}
    for part in ",".join(values).split(","):
        name, _, value = part.partition("=")
        if name.strip():
            found[name.strip().lower()] = value.strip().strip('"')
    return found


def strictest(values: Iterable[str]) -> str:
    """Return `Cache-Control` of a response such that no reader takes more freedom than it gives.

    The first of two equal directives counts (RFC 9111 §4.2.1), and one that names no fields after
    all (`private=""`) is about the whole response.
    """
    found: dict[str, str] = {}
    for match in re.finditer(_DIRECTIVE, ",".join(values)):
        name, value = match[1].lower(), (match[2] or "").strip()
        if name in _OF_FIELDS and not value.strip('" \t,'):
            value = ""
        found.setdefault(name, f"{name}={value}" if value else name)
    return ", ".join(found.values())


def variant_of(vary: Iterable[str], headers: CIMultiDict[str]) -> dict[str, str | None] | None:
    """Return what an answer with these values of `Vary` depends on; None if it cannot be kept.

    That is: it depends on more than fields (`*`), or on a secret that was sent (`Cookie`), which
    would have to be stored.
    """
    names = {name.strip().lower() for value in vary for name in value.split(",")} - {""}
    variant = {name: _sent(headers, name) for name in sorted(names)}
    for name, value in variant.items():
        if name == "*" or (value is not None and is_secret_name(name)):
            return None
    return variant


def _sent(headers: CIMultiDict[str], name: str) -> str | None:
    """Return what was sent in the fields called *name*: white space between values is no matter."""
    values = headers.getall(name, None)
    if values is None:
        return None
    return ",".join(part.strip() for value in values for part in value.split(","))


def _storable(pairs: Fields, received_at: float) -> Fields:
    """Return *pairs* without secrets and `Age`, with the `Date` they lack (RFC 9110 §6.6.1)."""
    date = next((value for name, value in pairs if name.lower() == "date"), None)
    if parse_http_date(date) is None:
        pairs = [pair for pair in pairs if pair[0].lower() != "date"]
        pairs.append((hdrs.DATE, format_http_date(received_at)))
    return [
        (str(name), value)
        for name, value in pairs
        if name.lower() != "age" and not is_secret_name(name)
    ]


def _initial_age(pairs: Fields, asked_at: float, received_at: float) -> float:
    """Return how old an answer was when it came (RFC 9111 §4.2.3)."""
    # Of several, the first one counts (§5.1).
    fields = {name.lower(): value for name, value in reversed(pairs)}
    said = fields.get("age", "").partition(",")[0].strip()
    age = 0.0
    if said.isascii() and said.isdecimal():
        # A number that is too large for most is 2^31, which is older than anything (§1.2.2).
        age = float(said) if len(said) < len(str(_OLDEST)) else float(_OLDEST)
    age += max(0.0, received_at - asked_at)
    date = parse_http_date(fields.get("date"))
    apparent = 0.0 if date is None else max(0.0, received_at - date.timestamp())
    # Dates are whole seconds: under one, nobody knows.
    return max(age, apparent if apparent >= 1 else 0.0)
