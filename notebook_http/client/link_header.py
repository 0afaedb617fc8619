"""Read `Link` fields: what else belongs to a response (RFC 8288)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from multidict import MultiDict, MultiDictProxy

from notebook_http.client.url_errors import NOT_A_URL
from notebook_http.wire.media_type import parse_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from yarl import URL

__all__ = ["parse_links"]

# Linear: each part starts with a character that the one before cannot hold.
_LINK = re.compile(r'<([^>]*)>((?:[^",]|"(?:[^"\\]|\\.)*")*)')


def parse_links(values: Iterable[str], base: URL) -> MultiDictProxy[MultiDictProxy[str | URL]]:
    """Return the links by their relation, e.g. `links["next"]["url"]`, a `yarl.URL`.

    A link without `rel` stands under its target's text. What is malformed is left out.

    Args:
        values: of all `Link` fields.
        base: targets are resolved against it.
    """
    links: MultiDict[MultiDictProxy[str | URL]] = MultiDict()
    for value in values:
        for target, parameters in _links(value):
            try:
                url = base.join(type(base)(target))
            except NOT_A_URL:
                continue
            link: MultiDict[str | URL] = MultiDict()
            for name, parameter in parse_parameters(parameters):
                if name not in link:
                    link[name] = parameter
            key = str(link.get("rel", target))
            link["url"] = url
            links.add(key, MultiDictProxy(link))
    return MultiDictProxy(links)


def _links(value: str) -> Iterator[tuple[str, str]]:
    at = 0
    while (start := value.find("<", at)) >= 0:
        match = _LINK.match(value, start)
        if match is None:
            return
        yield match[1], match[2]
        at = match.end()
