"""What TLS a connection speaks, and how the peer proves who it is."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "Fingerprint",
    "FingerprintError",
    "TlsSetting",
    "check_tls_setting",
    "client_context",
    "merge_tls_settings",
    "ready_context",
]

_SHA256_BYTES = 32


class FingerprintError(ssl.SSLError):
    """The peer's certificate has another digest than the one expected.

    Attributes:
        expected: SHA-256 digest that the caller named.
        got: SHA-256 digest of the certificate that the peer showed.
    """

    def __init__(self, expected: bytes, got: bytes) -> None:
        super().__init__("the certificate's fingerprint is not the expected one")
        self.expected = expected
        self.got = got


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A peer that is recognised by the SHA-256 digest of its certificate, and by nothing else.

    For servers whose certificate no authority signed: the chain and the name are not checked.

    Attributes:
        fingerprint: 32 bytes, the digest of the certificate in DER form.

    Raises:
        ValueError: the digest is MD5 or SHA-1 (forgeable), or of no known length.
    """

    fingerprint: bytes

    def __post_init__(self) -> None:
        size = len(self.fingerprint)
        if size in {16, 20}:
            text = "md5 and sha1 are insecure and not supported. Use sha256."
            raise ValueError(text)
        if size != _SHA256_BYTES:
            text = f"a fingerprint is the {_SHA256_BYTES} bytes of a SHA-256 digest, not {size}"
            raise ValueError(text)

    def check(self, transport: asyncio.BaseTransport) -> None:
        """Return when the peer behind *transport* is the one; plain TCP is never checked.

        Raises:
            FingerprintError: it is another.
        """
        ssl_object = transport.get_extra_info("ssl_object")
        if ssl_object is None:
            return
        # Few programs pin certificates: the others do not pay for the import.
        from hashlib import sha256

        got = sha256(ssl_object.getpeercert(binary_form=True)).digest()
        if got != self.fingerprint:
            raise FingerprintError(self.fingerprint, got)


# True: verified against the system's authorities. False: not verified at all.
TlsSetting = ssl.SSLContext | bool | Fingerprint


def check_tls_setting(setting: Any) -> TlsSetting:
    """Return *setting* as a `TlsSetting`; None means True, as it did in older aiohttp.

    Raises:
        TypeError: it is none.
    """
    if setting is None:
        return True
    if isinstance(setting, (bool, ssl.SSLContext, Fingerprint)):
        return setting
    text = f"ssl should be SSLContext, Fingerprint, or bool, got {setting!r} instead."
    raise TypeError(text)


def merge_tls_settings(
    setting: Any,
    verify_ssl: bool | None,
    ssl_context: ssl.SSLContext | None,
    fingerprint: bytes | None,
) -> TlsSetting:
    """Return the setting that the argument `ssl`, or one of its older names, stands for.

    Raises:
        TypeError: *setting* or *ssl_context* is none.
        ValueError: more than one of the four is given.
    """
    older: list[TlsSetting] = []
    if verify_ssl is not None and not verify_ssl:
        older.append(False)
    if ssl_context is not None:
        older.append(check_tls_setting(ssl_context))
    if fingerprint is not None:
        older.append(Fingerprint(fingerprint))
    if not older:
        return check_tls_setting(setting)
    if len(older) > 1 or check_tls_setting(setting) is not True:
        text = "verify_ssl, ssl_context, fingerprint and ssl parameters are mutually exclusive"
        raise ValueError(text)
    return older[0]


def ready_context(setting: TlsSetting) -> ssl.SSLContext | None:
    """Return the context for *setting* if there is one already, else None.

    None means: call `client_context` off the loop, it reads the authorities from disk.
    """
    if isinstance(setting, ssl.SSLContext):
        return setting
    return _contexts.get(setting is True)


def client_context(setting: TlsSetting) -> ssl.SSLContext:
    """Return a client's context for *setting*; the two default ones are made once.

    May take tens of milliseconds of disk reads the first time.
    """
    context = ready_context(setting)
    if context is None:
        verified = setting is True
        context = _contexts.setdefault(verified, _make_context(verified=verified))
    return context


_contexts: dict[bool, ssl.SSLContext] = {}


def _make_context(*, verified: bool) -> ssl.SSLContext:
    if verified:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    # We speak nothing else yet; without ALPN some servers choose for us (RFC 7301).
    context.set_alpn_protocols(["http/1.1"])
    return context
