"""Addresses that cannot be asked, given by the caller or by a redirect."""

from __future__ import annotations

from yarl import URL

from notebook_http.transport.exceptions import ClientError
from notebook_http.wire.errors import excerpt

__all__ = [
    "NOT_A_URL",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlClientError",
    "NonHttpUrlRedirectClientError",
    "RedirectClientError",
    "shown",
]

# What yarl raises for texts that are no URLs; IndexError for `http://[]@`.
NOT_A_URL = (ValueError, IndexError)
# Characters of a URL, and of what is wrong with it, that an error's text shows as they are. A
# server gives redirects of 8 KiB, and puts into them what a terminal would obey.
_SHOWN_CHARACTERS = 400


def shown(given: object) -> str:
    """Return the text of *given*, or a bounded, printable copy."""
    text = str(given)
    if len(text) <= _SHOWN_CHARACTERS and text.isprintable():
        return text
    return excerpt(text, _SHOWN_CHARACTERS)


class InvalidURL(ClientError, ValueError):
    """A URL that cannot be asked for.

    Attributes:
        url: as it was given.
        description: what is wrong with it, or None.
    """

    def __init__(self, url: str | URL, description: str | None = None) -> None:
        self._url = url
        self._description = description
        if description:
            super().__init__(url, description)
        else:
            super().__init__(url)

    @property
    def url(self) -> str | URL:
        """The URL as it was given."""
        return self._url

    @property
    def description(self) -> str | None:
        """What is wrong with it, or None."""
        return self._description

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"

    def __str__(self) -> str:
        url = shown(self._url)
        return f"{url} - {shown(self._description)}" if self._description else url


class InvalidUrlClientError(InvalidURL):
    """The URL that the caller gave is malformed."""


class RedirectClientError(ClientError):
    """A redirect that cannot be followed."""


class NonHttpUrlClientError(ClientError):
    """The URL is no http or https URL."""


class InvalidUrlRedirectClientError(InvalidUrlClientError, RedirectClientError):
    """The `Location` of a redirect is malformed. The server erred."""


class NonHttpUrlRedirectClientError(NonHttpUrlClientError, RedirectClientError):
    """The `Location` of a redirect is no http or https URL."""
