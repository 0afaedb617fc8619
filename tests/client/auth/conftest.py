"""A server that asks for Digest credentials and checks them by the RFC's formula."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from notebook_http import web

HASHES = {"": "md5", "MD5": "md5", "SHA": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}
FIELD = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass
class Visit:
    """One request as it came: the fields of its `Authorization`, or None without any."""

    method: str
    target: str
    fields: dict[str, str] | None
    body: bytes
    verdict: str = ""


@dataclass
class DigestServer:
    """Serves any path to `Mufasa`, whose password is `Circle of Life`.

    Attributes:
        algorithm, qop, domain, more: what the challenge says; "" leaves it out.
        before: challenges of other schemes that come first, each in a header of its own.
        uses: how often a nonce may be used before it is stale.
        nextnonce: whether answers name the nonce to use next.
        visits: every request.
    """

    algorithm: str = "SHA-256"
    qop: str = "auth"
    realm: str = 'the "inner", circle'
    domain: str = ""
    more: str = ""
    before: tuple[str, ...] = ()
    uses: int = 1000
    nextnonce: bool = False
    login: str = "Mufasa"
    password: str = "Circle of Life"
    url: str = ""
    visits: list[Visit] = field(default_factory=list)
    nonces: dict[str, int] = field(default_factory=dict)
    opaque: str = 'o"paque'

    async def __call__(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization")
        fields = None
        if given is not None:
            assert given.startswith("Digest "), given
            fields = {
                name: re.sub(r"\\(.)", r"\1", text) or bare
                for name, text, bare in FIELD.findall(given[7:])
            }
        visit = Visit(request.method, request.raw_path, fields, await request.read())
        self.visits.append(visit)
        visit.verdict = self.judge(visit)
        if visit.verdict == "welcome":
            info = {"Authentication-Info": f'nextnonce="{self.nonce()}"'} if self.nextnonce else {}
            return web.json_response({"received": len(visit.body)}, headers=info)
        response = web.Response(status=401, text=visit.verdict)
        for challenge in self.before:
            response.headers.add("WWW-Authenticate", challenge)
        response.headers.add("WWW-Authenticate", self.challenge(visit.verdict == "stale"))
        return response

    def nonce(self) -> str:
        nonce = secrets.token_urlsafe() + "=="
        self.nonces[nonce] = 0
        return nonce

    def challenge(self, stale: bool) -> str:
        escaped = self.realm.replace('"', '\\"')
        parts = [f'realm="{escaped}"', f'nonce="{self.nonce()}"', 'opaque="o\\"paque"']
        if self.algorithm:
            parts.append(f"algorithm={self.algorithm}")
        if self.qop:
            parts.append(f'qop="{self.qop}"')
        if self.domain:
            parts.append(f'domain="{self.domain}"')
        if stale:
            parts.append("stale=true")
        if self.more:
            parts.append(self.more)
        return "Digest " + ", ".join(parts)

    def judge(self, visit: Visit) -> str:
        """Say "welcome", "stale", or what is wrong with the credentials."""
        sent = visit.fields
        if sent is None:
            return "no credentials"
        if sent["nonce"] not in self.nonces:
            return "unknown nonce"
        for name, expected in (
            ("uri", visit.target),
            ("realm", self.realm),
            ("opaque", self.opaque),
        ):
            if sent.get(name) != expected:
                return f"wrong {name}"
        if sent.get("algorithm", "MD5").upper() != (self.algorithm or "MD5").upper():
            return "wrong algorithm"
        if sent["response"] != self.expected_response(visit, sent):
            return "wrong response"
        used = self.nonces[sent["nonce"]]
        if self.qop and int(sent["nc"], 16) != used + 1:
            return "replayed"
        if used >= self.uses:
            return "stale"
        self.nonces[sent["nonce"]] += 1
        return "welcome"

    def expected_response(self, visit: Visit, sent: dict[str, str]) -> str:
        algorithm = self.algorithm.upper()

        def digest(*parts: str) -> str:
            data = ":".join(parts).encode()
            return hashlib.new(HASHES[algorithm.removesuffix("-SESS")], data).hexdigest()

        user = digest(self.login, self.realm) if "userhash=true" in self.more else self.login
        if sent["username"] != user:
            return "nobody of that name"
        secret = digest(self.login, self.realm, self.password)
        if algorithm.endswith("-SESS"):
            secret = digest(secret, sent["nonce"], sent["cnonce"])
        proof = digest(visit.method, visit.target)
        if not self.qop:
            return digest(secret, sent["nonce"], proof)
        if sent["qop"] not in self.qop:
            return "a quality nobody offered"
        if sent["qop"] == "auth-int":
            name = HASHES[algorithm.removesuffix("-SESS")]
            proof = digest(visit.method, visit.target, hashlib.new(name, visit.body).hexdigest())
        return digest(secret, sent["nonce"], sent["nc"], sent["cnonce"], sent["qop"], proof)


@pytest.fixture
async def digest_server() -> AsyncIterator[Callable[..., Awaitable[DigestServer]]]:
    """Start servers; the arguments are `DigestServer`'s."""
    runners = []

    async def start(**settings: Any) -> DigestServer:
        server = DigestServer(**settings)
        app = web.Application(client_max_size=16 * 1024**2)
        app.router.add_route("*", "/{path:.*}", server)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, auto_decompress=False)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return server

    yield start
    for runner in runners:
        await runner.cleanup()
