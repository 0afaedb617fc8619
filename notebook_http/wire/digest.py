"""Digest access authentication: a challenge to the `Authorization` that answers it (RFC 7616).

Hashes and texts only: nonces of the client, and bytes of bodies, come from whoever asks.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from notebook_http.wire.auth_challenge import AuthChallenge, parse_challenges, quoted
from notebook_http.wire.errors import excerpt

__all__ = [
    "DigestChallenge",
    "DigestChallengeError",
    "DigestSession",
    "Hash",
    "choose_digest_challenge",
    "read_digest_challenge",
]

# By the names that servers use, without `-sess`: RFC 7616 §6.1, and what was usual before it.
_HASHES = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA256": "sha256",
    "SHA-256": "sha256",
    "SHA512": "sha512",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}
_SESSION_SUFFIX = "-SESS"


class Hash(Protocol):
    """What `hashlib` makes."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take more bytes in."""

    def hexdigest(self) -> str:
        """Return the hash of all that was taken in."""


class DigestChallengeError(ValueError):
    """The challenge lacks something, or asks for something that we do not have. Says what."""


class DigestChallenge(NamedTuple):
    """What a server asks for, checked.

    Attributes:
        realm: what the credentials are for; perhaps "".
        nonce: the server's number for one time.
        qops: the qualities of protection that we know, in its order; empty means that it names
            none at all (RFC 2069).
        algorithm: as the server wrote it; None when it did not.
        opaque: to be sent back; None if there was none.
        domain: URIs of the protection space, as they stood; empty for the whole server.
        stale: whether only the nonce was wrong, not the credentials.
        normalised: whether user and password are put into NFC first (`charset=UTF-8`).
        userhash: whether the user's name travels as a hash.
    """

    realm: str
    nonce: str
    qops: tuple[str, ...] = ()
    algorithm: str | None = None
    opaque: str | None = None
    domain: tuple[str, ...] = ()
    stale: bool = False
    normalised: bool = False
    userhash: bool = False

    @property
    def is_session(self) -> bool:
        """Whether the password is hashed once a session instead of once a request (`-sess`)."""
        return (self.algorithm or "").upper().endswith(_SESSION_SUFFIX)

    def new_hash(self) -> Hash:
        """Return a fresh hash of the algorithm.

        Raises:
            DigestChallengeError: nobody knows the algorithm, or this Python lacks it.
        """
        return _hash_maker(self.algorithm)()


def choose_digest_challenge(values: Iterable[str]) -> DigestChallenge | None:
    """Return the first Digest challenge that can be answered (RFC 7616 §3.7); None without any.

    Args:
        values: of all `WWW-Authenticate` headers of a response.

    Raises:
        DigestChallengeError: there are some, but none can be answered; it is the first one's.
    """
    refused: DigestChallengeError | None = None
    for challenge in parse_challenges(values):
        if challenge.scheme == "digest" and challenge.parameters:
            try:
                return read_digest_challenge(challenge)
            except DigestChallengeError as error:
                refused = refused or error
    if refused is not None:
        raise refused
    return None


def read_digest_challenge(challenge: AuthChallenge) -> DigestChallenge:
    """Return the parameters of a Digest challenge, checked (RFC 7616 §3.3).

    Raises:
        DigestChallengeError: it cannot be answered.
    """
    given = challenge.parameters
    for name in ("realm", "nonce"):
        if name not in given:
            text = f"Malformed Digest auth challenge: Missing {name!r} parameter"
            raise DigestChallengeError(text)
    if not given["nonce"]:
        text = (
            "Security issue: Digest auth challenge contains empty 'nonce' value, "
            "which protects nothing"
        )
        raise DigestChallengeError(text)
    _hash_maker(given.get("algorithm"))
    offered = [qop.strip().lower() for qop in given.get("qop", "").split(",")]
    qops = tuple(qop for qop in offered if qop in ("auth", "auth-int"))
    if not qops and any(offered):
        text = (
            "Digest auth error: Unsupported Quality of Protection (qop) value(s): "
            f"{excerpt(given['qop'])}; we know auth and auth-int"
        )
        raise DigestChallengeError(text)
    return DigestChallenge(
        realm=given["realm"],
        nonce=given["nonce"],
        qops=qops,
        algorithm=given.get("algorithm"),
        opaque=given.get("opaque"),
        domain=tuple(given.get("domain", "").split()),
        stale=given.get("stale", "").lower() == "true",
        normalised=given.get("charset", "").upper() == "UTF-8",
        userhash=given.get("userhash", "").lower() == "true",
    )


class DigestSession:
    """One nonce of a server, and how often it was used.

    Args:
        challenge: the one that named the nonce.
        cnonce: a number of ours that nobody can guess. Kept for `-sess`, whose hash of the
            password holds the first one; some servers take the first for it and some the last,
            and with one for all both agree.

    Attributes:
        challenge: the same.
        count: how many requests were signed with the nonce.
    """

    __slots__ = ("_cnonce", "challenge", "count")

    def __init__(self, challenge: DigestChallenge, cnonce: str) -> None:
        self.challenge = challenge
        self.count = 0
        self._cnonce = cnonce

    def follow(self, challenge: DigestChallenge, cnonce: str) -> DigestSession:
        """Return the session for *challenge*: this one as long as the nonce stays the same."""
        same = (challenge.realm, challenge.nonce, challenge.algorithm) == (
            self.challenge.realm,
            self.challenge.nonce,
            self.challenge.algorithm,
        )
        if not same:
            return DigestSession(challenge, cnonce)
        self.challenge = challenge
        return self

    def authorization(
        self,
        login: str,
        password: str,
        *,
        method: str,
        uri: str,
        qop: str,
        cnonce: str,
        body_hash: str = "",
    ) -> str:
        """Return the value of `Authorization` for one request; counts it (RFC 7616 §3.4).

        Args:
            login: the user.
            password: the secret; only hashes of it leave.
            method: of the request.
            uri: the target of the request, as it stands in the request line.
            qop: one of the challenge's, or "" if it has none.
            cnonce: a fresh number of ours; not used where the session has its own.
            body_hash: of the bytes of the body as they are sent, for "auth-int".

        Raises:
            ValueError: the login holds a control character.
        """
        challenge = self.challenge
        new_hash = _hash_maker(challenge.algorithm)
        if challenge.is_session:
            cnonce = self._cnonce
        if challenge.normalised:
            login = unicodedata.normalize("NFC", login)
            password = unicodedata.normalize("NFC", password)
        self.count += 1
        count = f"{self.count:08x}"
        secret = _hashed(new_hash, login, challenge.realm, password)
        if challenge.is_session:
            secret = _hashed(new_hash, secret, challenge.nonce, cnonce)
        asked = (method, uri, body_hash) if qop == "auth-int" else (method, uri)
        proof = _hashed(new_hash, *asked)
        if qop:
            proof = _hashed(new_hash, secret, challenge.nonce, count, cnonce, qop, proof)
        else:
            proof = _hashed(new_hash, secret, challenge.nonce, proof)
        user = _hashed(new_hash, login, challenge.realm) if challenge.userhash else login
        fields = [
            f"username={quoted(user)}",
            f"realm={quoted(challenge.realm)}",
            f"nonce={quoted(challenge.nonce)}",
            f"uri={quoted(uri)}",
            f'response="{proof}"',
        ]
        # What the server did not say is not said to it either: older ones refuse it.
        if challenge.algorithm is not None:
            fields.append(f"algorithm={challenge.algorithm}")
        if challenge.opaque is not None:
            fields.append(f"opaque={quoted(challenge.opaque)}")
        if qop:
            fields += [f"qop={qop}", f"nc={count}", f'cnonce="{cnonce}"']
        elif challenge.is_session:
            fields.append(f'cnonce="{cnonce}"')
        if challenge.userhash:
            fields.append("userhash=true")
        return "Digest " + ", ".join(fields)


def _hash_maker(algorithm: str | None) -> Callable[[], Hash]:
    name = (algorithm or "MD5").upper().removesuffix(_SESSION_SUFFIX)
    known = _HASHES.get(name)
    if known is None:
        text = (
            f"Digest auth error: Unsupported hash algorithm: {excerpt(algorithm or '')}. "
            f"Supported algorithms: {', '.join(sorted(_HASHES))}, and each with -sess"
        )
        raise DigestChallengeError(text)
    try:
        hashlib.new(known)
    except ValueError as error:  # a build that is held to what its authority approves
        text = f"Digest auth error: the OpenSSL of this Python has no {name}: {error}"
        raise DigestChallengeError(text) from error
    return lambda: hashlib.new(known)


def _hashed(new_hash: Callable[[], Hash], *parts: str) -> str:
    made = new_hash()
    # Bytes of a realm that were no UTF-8 go into the hash as they came.
    made.update(":".join(parts).encode("utf-8", "surrogateescape"))
    return made.hexdigest()
