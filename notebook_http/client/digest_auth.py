"""`DigestAuthMiddleware`: answer a server that asks for Digest credentials (RFC 7616)."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from yarl import URL

from notebook_http import hdrs
from notebook_http.client.cookies_argument import split_cookie_header
from notebook_http.client.exceptions import ClientError, ClientPayloadError
from notebook_http.client.request import request_target
from notebook_http.client.url_errors import NOT_A_URL
from notebook_http.wire.auth_challenge import parse_auth_parameters
from notebook_http.wire.cookie import format_cookie_header
from notebook_http.wire.digest import (
    DigestChallenge,
    DigestChallengeError,
    DigestSession,
    choose_digest_challenge,
)

if TYPE_CHECKING:
    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse
    from notebook_http.wire.content_coding import ContentEncoder
    from notebook_http.wire.digest import Hash

__all__ = ["DigestAuthMiddleware"]

# Bytes hashed before others run once: a millisecond or less. The sender cuts bodies in the same
# pieces, so that a coder sees the same twice.
_PIECE_BYTES = 256 * 1024


class DigestAuthMiddleware:
    """Answers `401` with Digest credentials; the password itself never leaves.

    ```python
    digest = DigestAuthMiddleware("ana", password)
    async with ClientSession(middlewares=(digest,)) as session:
        ...
    ```

    The credentials belong to the origin of the first request that passes through, for as long as
    the middleware lives. Requests to other origins, and what a redirect leads to, pass untouched;
    excepted are the URLs that this first origin names in `domain=`.

    A body is sent again after a `401`, so that it has to be bytes or a seekable file; and it is
    read once more to be hashed if the server insists on `auth-int`. Where the server leaves the
    choice, bodies in memory are hashed, others are not.

    Args:
        login: the user's name; sent as it is, or hashed where the server can look that up.
        password: only hashes of it leave.
        preemptive: sign requests at once where the server's last challenge applies. False asks
            each time without credentials first.

    Raises:
        ValueError: *login* or *password* is None, or *login* holds a colon.
        TypeError: one of them is no text.
    """

    def __init__(self, login: str, password: str, preemptive: bool = True) -> None:
        given: tuple[tuple[str, Any], ...] = (("login", login), ("password", password))
        for what, value in given:
            if value is None:
                text = f"None is not allowed as {what} value"
                raise ValueError(text)
            if not isinstance(value, str):
                text = f"{what} is a str, not a {type(value).__name__}"  # never its value
                raise TypeError(text)
        if ":" in login:
            text = 'A ":" is not allowed in username: the password begins there (RFC 7616 §3.4.2)'
            raise ValueError(text)
        self._login = login
        self._password = password
        self._preemptive = preemptive
        self._home: _Origin | None = None
        self._spaces: tuple[_Space, ...] = ()
        # By origin: another one than home is there only if home's `domain` names it.
        self._sessions: dict[_Origin, DigestSession] = {}

    def __repr__(self) -> str:
        # Cells show values: nobody wants their password saved with the notebook.
        return f"<DigestAuthMiddleware login={self._login!r} for {_shown(self._home)}>"

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send *request*, and once more with credentials if the server asks for them.

        A third time, if all it minds then is a nonce that has become stale. A cancel stops the
        request that is under way.

        Raises:
            ClientError: the server asks for something that we do not have, or its challenge is
                malformed.
            ClientPayloadError: the body was a stream, which cannot be sent again.
        """
        origin = _origin_of(request.url)
        if self._home is None:
            self._home = origin
        elif origin != self._home and not self._covers(request.url):
            return await handler(request)
        session = None
        if self._preemptive and self._covers(request.url):
            session = self._sessions.get(origin)
        answered = 0
        while True:
            if session is not None:
                request.headers[hdrs.AUTHORIZATION] = await self._sign(request, session)
            response = await handler(request)
            if response.status != 401:
                if session is not None:
                    self._take_next_nonce(request.url, session, response)
                return response
            challenge = _challenge_of(request, response)
            if challenge is None:
                return response
            again = _is_worth_an_answer(challenge, session, answered)
            session = self._follow(request.url, challenge)
            if not again:
                if not challenge.stale:
                    # Wrong credentials: the next call is not to begin with a failed login.
                    self._sessions.pop(origin, None)
                return response
            answered += 1
            _take_cookies(request, response)
            response.close()
            await response.wait_for_close()
            if request.outgoing is not None and request.outgoing.is_spent:
                # Now, and not by whoever sends: the server counts what was signed.
                text = (
                    f"{request.method} {request.url} was answered with a Digest challenge, and its "
                    "body cannot be sent again. Use bytes or a seekable file; or ask for something "
                    "without a body first, so that this is signed at once."
                )
                raise ClientPayloadError(text)

    # What is remembered

    def _covers(self, url: URL) -> bool:
        """Tell whether *url* is in the protection space that home has announced."""
        return any(space.holds(url) for space in self._spaces)

    def _follow(self, url: URL, challenge: DigestChallenge) -> DigestSession:
        """Remember *challenge*, and return the session that answers it."""
        cnonce = os.urandom(8).hex()
        origin = _origin_of(url)
        session = self._sessions.get(origin)
        if session is None:
            session = DigestSession(challenge, cnonce)
        else:
            session = session.follow(challenge, cnonce)
        self._sessions[origin] = session
        if origin == self._home:  # nobody else says where these credentials may go
            self._spaces = _spaces_of(url.origin(), challenge.domain)
        return session

    def _take_next_nonce(self, url: URL, session: DigestSession, response: ClientResponse) -> None:
        """Use the nonce that the server wants to see next, if it names one (RFC 7616 §3.5)."""
        value = response.headers.get(hdrs.AUTHENTICATION_INFO)
        if value is None:
            return
        nonce = parse_auth_parameters(value).get("nextnonce")
        if nonce:
            self._follow(url, session.challenge._replace(nonce=nonce, stale=False))

    # Signing

    async def _sign(self, request: ClientRequest, session: DigestSession) -> str:
        """Return the value of `Authorization`. A cancel leaves the body where it was read to."""
        challenge = session.challenge
        qop = _choose_qop(challenge, request)
        body_hash = await _hash_body(request, challenge) if qop == "auth-int" else ""
        return session.authorization(
            self._login,
            self._password,
            method=request.method,
            uri=request_target(request.url),
            qop=qop,
            cnonce=os.urandom(8).hex(),
            body_hash=body_hash,
        )


class _Origin(NamedTuple):
    """Scheme, host and port: said outright or by default, they are the same."""

    scheme: str
    host: str | None
    port: int | None


def _origin_of(url: URL) -> _Origin:
    return _Origin(url.scheme, url.raw_host, url.port)


def _shown(origin: _Origin | None) -> str:
    return "any origin" if origin is None else f"{origin.scheme}://{origin.host}:{origin.port}"


class _Space(NamedTuple):
    """A part of a server: everything at and below *path*."""

    origin: _Origin
    path: str

    def holds(self, url: URL) -> bool:
        """Tell whether *url* lies inside."""
        if _origin_of(url) != self.origin:
            return False
        path = url.raw_path
        return path == self.path or path.startswith(self.path.removesuffix("/") + "/")


def _spaces_of(home: URL, domain: tuple[str, ...]) -> tuple[_Space, ...]:
    """Return what *domain* covers; all of *home* when it says nothing that can be read."""
    spaces = []
    for uri in domain:
        try:
            url = home.join(URL(uri)) if uri.startswith("/") else URL(uri)
            origin = _origin_of(url.origin())
        except NOT_A_URL:
            continue
        # What is asked for over TLS is not answered in the clear.
        if origin.scheme == home.scheme or origin.scheme == "https":
            spaces.append(_Space(origin, url.raw_path))
    return tuple(spaces) or (_Space(_origin_of(home), "/"),)


def _challenge_of(request: ClientRequest, response: ClientResponse) -> DigestChallenge | None:
    """Return the challenge in a `401`; None if there is none for Digest."""
    try:
        return choose_digest_challenge(response.headers.getall(hdrs.WWW_AUTHENTICATE, ()))
    except DigestChallengeError as error:
        response.close()
        text = (
            f"{error} ({request.method} {request.url} was answered 401). Without the middleware "
            "the response itself can be looked at: pass middlewares=()."
        )
        raise ClientError(text) from error


def _take_cookies(request: ClientRequest, response: ClientResponse) -> None:
    """Send the cookies that came with a challenge along: some servers tie a nonce to one."""
    jar = getattr(request.session, "cookie_jar", None)
    if jar is None or hdrs.SET_COOKIE not in response.headers:
        return
    kept = jar.filter_cookies(request.url)
    new = {name: kept[name].coded_value for name in response.cookies if name in kept}
    if new:
        pairs: dict[str, str] = {}
        for value in request.headers.getall(hdrs.COOKIE, ()):
            pairs.update(split_cookie_header(value))
        request.headers[hdrs.COOKIE] = format_cookie_header({**pairs, **new}.items())


def _is_worth_an_answer(
    challenge: DigestChallenge, refused: DigestSession | None, answered: int
) -> bool:
    """Tell whether a `401` is to be answered.

    Args:
        challenge: what it asks for.
        refused: what the request was signed with, or None.
        answered: how many challenges were answered in this call already.
    """
    if refused is None:
        return True
    if challenge.stale:
        return answered < 2  # a server whose nonces never live would go on for ever
    # Signed at once, with a nonce of an earlier call, the server may merely have forgotten it.
    return answered == 0 and challenge.nonce != refused.challenge.nonce


def _choose_qop(challenge: DigestChallenge, request: ClientRequest) -> str:
    if not challenge.qops:
        return ""
    in_memory = request.outgoing is None or request.outgoing.content is not None
    if "auth-int" in challenge.qops and (in_memory or "auth" not in challenge.qops):
        return "auth-int"
    return "auth"


async def _hash_body(request: ClientRequest, challenge: DigestChallenge) -> str:
    """Return the hash of the body's bytes as they will be sent, content coding included.

    Raises:
        ClientError: the body can be read only once.
    """
    hashing = _HashingWriter(challenge.new_hash(), request.new_encoder())
    body = request.outgoing
    if body is not None and body.content is not None:
        for start in range(0, len(body.content), _PIECE_BYTES):
            await hashing.write(memoryview(body.content)[start : start + _PIECE_BYTES])
            await asyncio.sleep(0)
    elif body is not None and body.payload is not None:
        if not body.is_spent:
            await body.payload.write_with_length(hashing, body.size)
        if body.is_spent:
            text = (
                f"{request.method} {request.url}: the server wants the body hashed "
                "(qop=auth-int), but this one can be read only once. Pass bytes or a seekable file."
            )
            raise ClientError(text)
    return hashing.finish()


class _HashingWriter:
    """Takes a body as a connection would, and hashes what would be sent."""

    def __init__(self, made: Hash, encoder: ContentEncoder | None) -> None:
        self._made = made
        self._encoder = encoder

    async def write(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take a piece of the body in."""
        self._made.update(data if self._encoder is None else self._encoder.encode(bytes(data)))

    def finish(self) -> str:
        """Return the hash of all pieces."""
        if self._encoder is not None:
            self._made.update(self._encoder.finish())
        return self._made.hexdigest()
