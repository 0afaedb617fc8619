"""The few field names that matter, however they are spelled.

Names of fields mean the same in any case (RFC 9110 §5.1). Peers spell each in one way, nearly
always: remembered, that costs a look-up, not a lower-case copy and another one (25 against 80 ns).
"""

from __future__ import annotations

__all__ = ["Spellings"]

# Peers use few names; the bound is for those that make them up.
_MAX_SPELLINGS = 1024


class Spellings(dict[bytes, bytes | None]):
    """From a name as it was sent to the one it is, in lower case, or None if it does not matter.

    Args:
        names: those that matter, in lower case.
    """

    __slots__ = ("_names",)

    def __init__(self, names: frozenset[bytes]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, name: bytes) -> bytes | None:
        lower = name.lower()
        known = lower if lower in self._names else None
        if len(self) < _MAX_SPELLINGS:
            self[name] = known
        return known
