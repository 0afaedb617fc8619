"""Tell by its name whether something is a secret, and mask it.

A name is read word by word: `api_key`, `apiKey` and `X-Api-Key` are secrets, `keyboard`, `monkey`,
`primary_key` and `token_type` are not. When in doubt it is a secret: the value is still in the
variable, and a saved notebook is read by more people than its author.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from secrets import token_hex
from urllib.parse import unquote

__all__ = [
    "LOG_MARK",
    "PLACEHOLDER",
    "Secrecy",
    "counts_things",
    "is_masked",
    "is_secret_header",
    "is_secret_name",
    "mask",
    "mask_leaf",
    "placeholder",
    "secrecy_of",
]

_DOTS = "••••"
# In logs that programs read: they split lines at spaces.
LOG_MARK = "***"
_MASKED = re.compile(_DOTS + r" \(len \d+\)")
# Stands for a secret in a text that is still being written. Letters and digits, which no way of
# quoting changes, and nobody else can write it: what a server sent must not become a name here.
_KEY = f"secret{token_hex(8)}"
PLACEHOLDER = re.compile(f"{_KEY}x((?:[0-9a-f]{{2}})+)x")


def _word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+|\d+")

# The name's last word is one of these: a secret, whatever stands in front.
_SECRET_WORDS = _word_set(
    "token secret secrets password passwords passwd pwd passphrase passcode passkey otp "
    "sig signature hmac credential credentials authorization cookie cookies jwt bearer "
    "auth csrf xsrf apikey apikeys sid ssid sessid sessionid phpsessid jsessionid"
)
# The same, where a capital or a hyphen breaks the word in two.
_SECRET_COMPOUNDS = frozenset({"samlresponse", "samlassertion", "clientassertion"})
# The last word ends in one of these, written without a break: `accesstoken`, `mypassword`.
_SECRET_ENDINGS = (
    *("token", "secret", "password", "passwd", "signature", "credentials"),
    *("apikey", "secretkey", "privatekey", "accesskey"),
)
# `…_key` is a secret unless one of these says that it only names or sorts something.
_HARMLESS_KEYS = _word_set(
    "public primary foreign sort partition cache surrogate idempotency socket index "
    "row column group order map hot answer"
)
# `…_keys` says "names" far more often than "secrets".
_SECRET_KEY_RINGS = _word_set("api secret access private signing")
# Words behind the secret's own word that do not make it anything else.
_TRAILERS = _word_set(
    "value hash b64 base64 encoded text string header str plain raw current new old "
    "confirm confirmation base again"
)
_EXACT_NAMES = frozenset({"pass", "pin"})
_SESSION_WORDS = frozenset({"id", "key", "token"})


def mask(value: str) -> str:
    """Return `•••• (len 40)` for a secret of 40 characters; an empty or masked one as it is."""
    if not value or is_masked(value):
        return value
    return f"{_DOTS} (len {len(value)})"


def is_masked(value: str) -> bool:
    """Return whether *value* stands for a secret already, so that masking twice changes nothing.

    As what `mask` makes, or as `LOG_MARK`, or as a `placeholder`.
    """
    if value in (_DOTS, LOG_MARK) or _MASKED.fullmatch(value) is not None:
        return True
    return PLACEHOLDER.fullmatch(value) is not None


def placeholder(name: str) -> str:
    """Return what stands for the secret *name*; `PLACEHOLDER` finds it, the name in hexadecimal."""
    return f"{_KEY}x{name.encode().hex()}x"


@lru_cache(maxsize=1024)
def _judge(name: str) -> tuple[bool, bool]:
    """Return (is secret, is plural) for the name of a header, field or key."""
    if "%" in name:
        name = unquote(name)
    words = [word.lower() for word in _WORDS.findall(name)]
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _TRAILERS):
        words.pop()
    if not words:
        return False, False
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last in _SECRET_WORDS or last.endswith(_SECRET_ENDINGS):
        return True, False
    if "".join(words) in _SECRET_COMPOUNDS:
        return True, False
    if last == "tokens" or last.endswith("passwords"):
        return True, True
    if last == "key":
        return before not in _HARMLESS_KEYS, False
    if last == "keys":
        return before in _SECRET_KEY_RINGS, True
    if before == "session" and last in _SESSION_WORDS:
        return True, False
    return len(words) == 1 and last in _EXACT_NAMES, False


def is_secret_name(name: str) -> bool:
    """Return whether what goes by this *name* (header, query or form field, JSON key) is masked."""
    return len(name) <= 256 and _judge(name)[0]


def is_secret_header(name: object) -> bool:
    """Return whether *name* can only be that of a header that is masked: `["Cookie", …]` is a pair.

    A header has a hyphen, or is one of the few of credentials: `["token", "name"]` are columns.
    """
    if not isinstance(name, str) or not is_secret_name(name):
        return False
    return "-" in name or name.lower() in ("authorization", "cookie")


def counts_things(name: str) -> bool:
    """Return whether a number by this secret *name* is a count: `max_tokens: 100` hides nothing."""
    return len(name) <= 256 and _judge(name)[1]


class Secrecy(IntEnum):
    """What of a JSON value is masked."""

    OPEN = 0
    WORDS = 1  # texts; its numbers count things
    ALL = 2


def secrecy_of(name: object, value: object) -> Secrecy:
    """Return what of the JSON *value* under the key *name* is masked, with all that it holds.

    Of *value* only its type is looked at, and that of a list's first entry.
    """
    if not isinstance(name, str) or not is_secret_name(name):
        return Secrecy.OPEN
    sample = value[0] if isinstance(value, list) and value else value
    if isinstance(sample, Mapping) and name.lower().endswith(("key", "keys")):
        return Secrecy.OPEN  # records: keys of a keyboard, of a database, of a set
    return Secrecy.WORDS if counts_things(name) else Secrecy.ALL


def mask_leaf(value: object, secrecy: Secrecy) -> object:
    """Return a JSON scalar as *secrecy* has it: `true`, `false` and `null` tell nothing."""
    if value is None or isinstance(value, bool) or secrecy is Secrecy.OPEN:
        return value
    if isinstance(value, str):
        return mask(value)
    return mask(str(value)) if secrecy is Secrecy.ALL else value
