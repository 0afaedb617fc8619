"""How much of a form is read before it is refused, whatever its encoding."""

from __future__ import annotations

from dataclasses import dataclass

from notebook_http.wire.limits import DEFAULT_LIMITS, MessageLimits

__all__ = ["DEFAULT_FORM_LIMITS", "FormLimits", "FormTooLarge"]


@dataclass(frozen=True, slots=True)
class FormLimits:
    """Limits on a form; the size of the whole body is the reader's to count.

    Attributes:
        max_fields: fields and files together. 1,000 is what aiohttp and Django allow.
        part_head: limits on the headers of one part, the same as on a message's.
    """

    max_fields: int = 1000
    part_head: MessageLimits = DEFAULT_LIMITS


DEFAULT_FORM_LIMITS = FormLimits()


class FormTooLarge(ValueError):
    """A form has more fields than the reader is willing to take: 413 on a server.

    Attributes:
        limit: how many were allowed.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"form has more than {limit} fields")
        self.limit = limit
