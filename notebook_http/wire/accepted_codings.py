"""Which content coding a peer wants, by its `Accept-Encoding` (RFC 9110 §12.5.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["choose_coding", "coding_weights"]

# A weight: at most three digits behind the point. Compiled by `re` when first used.
_WEIGHT = r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)"

# Elements that are looked at. Clients name five; the bound is for those that make them up.
_MAX_ELEMENTS = 64

_ALIASES = {"x-gzip": "gzip", "x-compress": "compress"}


def coding_weights(value: str) -> dict[str, float]:
    """Return the codings that *value* names, in lower case, each with its weight from 0 to 1.

    ``*`` stands for those that are not named. One whose weight is no weight is left out, as if it
    had not been named.
    """
    weights: dict[str, float] = {}
    for element in value.lower().split(",", _MAX_ELEMENTS)[:_MAX_ELEMENTS]:
        name, semicolon, parameter = element.partition(";")
        weight = 1.0
        if semicolon:
            key, _, text = parameter.strip(" \t").partition("=")
            if key != "q" or re.fullmatch(_WEIGHT, text) is None:
                continue
            weight = float(text)
        name = name.strip(" \t")
        if name:
            weights[_ALIASES.get(name, name)] = weight
    return weights


def choose_coding(value: str | None, codings: Iterable[str]) -> str | None:
    """Return which of *codings* suits a peer that sent *value* best; None for no coding.

    The one with the highest weight; of equal ones the first. None when the peer refuses all of
    them, prefers the body as it is, or sent nothing. Also when it refuses that, too: a body it
    may not be able to read is worth more than 406 to those who send ``identity;q=0`` by mistake.
    """
    if not value:
        return None
    weights = coding_weights(value)
    others = weights.get("*", 0.0)
    best, chosen = 0.0, None
    for coding in codings:
        weight = weights.get(coding, others)
        if weight > best:
            best, chosen = weight, coding
    # Unless named, the body as it is may always be sent, but is nobody's first choice.
    return None if weights.get("identity", 0.0) > best else chosen
