"""Let in those who say who they are: Basic (RFC 7617) and Bearer (RFC 6750) credentials."""

from __future__ import annotations

import hmac
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from secrets import token_bytes
from typing import TYPE_CHECKING, Any

from notebook_http.web.app_key import RequestKey
from notebook_http.web.exceptions import HTTPUnauthorized
from notebook_http.wire.credentials import BasicAuth

if TYPE_CHECKING:
    from notebook_http.web.request import Request
    from notebook_http.web.routing.route import Handler
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["USER", "BasicAuthMiddleware", "BearerAuthMiddleware"]

USER: RequestKey[Any] = RequestKey("user", object)

_REALM = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")  # needs no escape in a quoted string
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # in no name and no password (RFC 7617 §2)
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


class _AuthMiddleware(ABC):
    """What both schemes share: who is asked, who is let in, and what the others are told."""

    scheme: str

    def __init__(self, realm: str, exempt: Callable[[Request], bool] | None) -> None:
        if _REALM.fullmatch(realm) is None:
            raise ValueError(
                f"{type(self).__name__}: a realm is printable ASCII without quotes and "
                f"backslashes, not {realm!r}"
            )
        self.realm = realm
        self.exempt = exempt
        # Digests under a key that nobody knows: as long for every secret, and of no use outside.
        self._key = token_bytes(32)

    def _digest(self, secret: str) -> bytes:
        return hmac.digest(self._key, secret.encode("utf-8", "surrogateescape"), "sha256")

    async def __call__(self, request: Request, handler: Handler) -> StreamResponse:
        """Let the handler answer those who are let in; 401 for the others."""
        if self.exempt is not None and self.exempt(request):
            return await handler(request)
        given = request.headers.getall("Authorization", ())
        scheme, _, credentials = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        offered = scheme.lower() == self.scheme.lower()
        user = await self._user_of(credentials.strip(" \t")) if offered else None
        if user is None or user is False:
            raise HTTPUnauthorized(headers={"WWW-Authenticate": self._challenge(refused=offered)})
        request[USER] = user
        return await handler(request)

    @abstractmethod
    async def _user_of(self, credentials: str) -> Any:
        """Return the user behind *credentials*; None for nobody."""

    @abstractmethod
    def _challenge(self, *, refused: bool) -> str:
        """Return the value of WWW-Authenticate; *refused* tells whether credentials came."""


async def _settled(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer


class BasicAuthMiddleware(_AuthMiddleware):
    """Asks for a user name and a password, which are as safe as the connection: use TLS.

    The user is under `request[USER]`. Others get 401 with the realm; so do clients that send
    several Authorization fields, or one that cannot be read. Whether a name is known cannot be told
    from how long that takes.

    ```python
    BasicAuthMiddleware({"ada": os.environ["ADA_PASSWORD"]}, realm="reports")
    BasicAuthMiddleware(check)  # async def check(login, password): return user or None
    ```

    Args:
        verify: passwords by user name, which are compared in constant time; or a function of name
            and password, asynchronous or not, that returns the user: anything but None and False,
            True for the name itself. Passwords that are kept as hashes need a function.
        realm: what browsers show, and for which they keep the password.
        exempt: tells, of a request, whether it needs no credentials: health checks, for one.

    Raises:
        TypeError: *verify* is neither, or maps something that is no text.
        ValueError: *realm* holds quotes or control characters; or no client could send one of the
            names or passwords.
    """

    scheme = "Basic"

    def __init__(
        self,
        verify: Mapping[str, str] | Callable[[str, str], Awaitable[Any] | Any],
        *,
        realm: str = "restricted",
        exempt: Callable[[Request], bool] | None = None,
    ) -> None:
        super().__init__(realm, exempt)
        self._verify: Callable[[str, str], Any]
        if isinstance(verify, Mapping):
            self._digests = {}
            for login, password in verify.items():
                self._check(login, password)
                self._digests[login] = self._digest(password)
            self._verify = self._look_up
        elif callable(verify):
            self._verify = verify
        else:
            raise TypeError(f"BasicAuthMiddleware: a mapping or a function, not {verify!r}")

    @staticmethod
    def _check(login: Any, password: Any) -> None:
        if not isinstance(login, str) or not isinstance(password, str):
            who = f"the password of {login!r}" if isinstance(login, str) else "a user name"
            raise TypeError(f"BasicAuthMiddleware: {who} is no text: was it set?")
        if ":" in login or _CONTROL.search(login + password) is not None:
            raise ValueError(
                f"BasicAuthMiddleware: no client can send the name {login!r}, or its password: "
                "neither holds control characters, and a name no colon (RFC 7617 §2)"
            )

    def _look_up(self, login: str, password: str) -> bool:
        expected = self._digests.get(login)
        # A comparison for unknown names, too: it takes as long, and never succeeds.
        same = hmac.compare_digest(self._digest(password), expected or bytes(32))
        return same and expected is not None

    async def _user_of(self, credentials: str) -> Any:
        try:
            try:
                found = BasicAuth.decode(f"Basic {credentials}", "utf-8")
            except ValueError:
                found = BasicAuth.decode(f"Basic {credentials}", "latin1")
        except ValueError:
            return None
        if _CONTROL.search(found.login + found.password) is not None:
            return None
        user = await _settled(self._verify(found.login, found.password))
        return found.login if user is True else user

    def _challenge(self, *, refused: bool) -> str:
        return f'Basic realm="{self.realm}", charset="UTF-8"'


class BearerAuthMiddleware(_AuthMiddleware):
    """Asks for a token, which is as safe as the connection: use TLS.

    What the token stands for is under `request[USER]`. Others get 401; those whose token was
    refused, with ``error="invalid_token"`` (RFC 6750 §3). Tokens in URLs or forms are not looked
    at: they end up in logs.

    ```python
    BearerAuthMiddleware({os.environ["REPORTS_TOKEN"]: "reports"})
    BearerAuthMiddleware(check)  # async def check(token): return user or None
    ```

    Args:
        verify: users by token; every token is compared, in constant time. Or a function of the
            token, asynchronous or not, that returns the user: anything but None and False.
        realm: a name for what is protected.
        exempt: tells, of a request, whether it needs no token.

    Raises:
        TypeError: *verify* is neither, or a token is no text.
        ValueError: *realm* holds quotes or control characters, or a token cannot be sent.
    """

    scheme = "Bearer"

    def __init__(
        self,
        verify: Mapping[str, Any] | Callable[[str], Awaitable[Any] | Any],
        *,
        realm: str = "restricted",
        exempt: Callable[[Request], bool] | None = None,
    ) -> None:
        super().__init__(realm, exempt)
        self._verify: Callable[[str], Any]
        if isinstance(verify, Mapping):
            if not all(isinstance(token, str) for token in verify):
                raise TypeError("BearerAuthMiddleware: a token is no text: was it set?")
            if any(_TOKEN68.fullmatch(token) is None for token in verify):
                raise ValueError(
                    "BearerAuthMiddleware: a token is empty or holds characters that no client "
                    "can send (RFC 6750 §2.1 has letters, digits and -._~+/, then =)"
                )
            self._users = [(self._digest(token), user) for token, user in verify.items()]
            self._verify = self._look_up
        elif callable(verify):
            self._verify = verify
        else:
            raise TypeError(f"BearerAuthMiddleware: a mapping or a function, not {verify!r}")

    def _look_up(self, token: str) -> Any:
        digest, found = self._digest(token), None
        for expected, user in self._users:
            if hmac.compare_digest(digest, expected):
                found = user  # and go on: where it was found is nobody's business
        return found

    async def _user_of(self, credentials: str) -> Any:
        if _TOKEN68.fullmatch(credentials) is None:
            return None
        return await _settled(self._verify(credentials))

    def _challenge(self, *, refused: bool) -> str:
        error = ', error="invalid_token"' if refused else ""
        return f'Bearer realm="{self.realm}"{error}'
