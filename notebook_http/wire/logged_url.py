"""A request target or a referrer as it may stand in a log: one word, and no secret in it.

What is a secret is `secret_names`' to say. The mark is short and plain, since programs that read
logs split lines at spaces.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from notebook_http.wire.registered_secrets import are_any_registered, mask_registered
from notebook_http.wire.secret_names import LOG_MARK, is_secret_name

__all__ = ["logged_url"]


def logged_url(url: str) -> str:
    """Return *url* with its user information and the values of secret fields masked.

    Fields are those of the query, and parameters of the path: `/shop;jsessionid=1F2E/cart`.
    """
    if "@" in url:
        url = re.sub(r"//[^/?#]*@", f"//{LOG_MARK}@", url, count=1)
    if are_any_registered():
        # A mask holds spaces, which would begin another column.
        url = re.sub(r"•••• \(len \d+\)", LOG_MARK, mask_registered(url))
    begin, question, query = url.partition("?")
    if ";" in begin:
        begin = re.sub(r"(?<=;)[^;/?]*=[^;/?]*", lambda found: _field(found[0]), begin)
    if not question:
        return begin
    return begin + question + "&".join(map(_field, query.split("&")))


def _field(field: str) -> str:
    name, equals, value = field.partition("=")
    if not value or not is_secret_name(unquote_plus(name)):
        return field
    return name + equals + LOG_MARK
