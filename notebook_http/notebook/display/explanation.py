"""The shape of what a person needs to know about an error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Explain", "Explanation"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person needs to know about an error. Each part may be empty.

    Attributes:
        what: what failed.
        why: the likely cause.
        next: the next thing to try.
    """

    what: str = ""
    why: str = ""
    next: str = ""


# What a table of explanations holds for a class of errors.
Explain = Callable[[Any], Explanation]
