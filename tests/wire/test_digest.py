"""Digest answers, held against the RFC's examples and its formula written out anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from notebook_http.wire.auth_challenge import parse_challenges
from notebook_http.wire.digest import (
    DigestChallenge,
    DigestChallengeError,
    DigestSession,
    choose_digest_challenge,
)

RFC_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
RFC_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC_HEADER = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    f'nonce="{RFC_NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
HASHES = {
    "MD5": hashlib.md5,
    "SHA": hashlib.sha1,
    "SHA256": hashlib.sha256,
    "SHA-256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "SHA-512": hashlib.sha512,
    "SHA-512-256": lambda data: hashlib.new("sha512_256", data),
}


def challenge_from(*values: str) -> DigestChallenge:
    challenge = choose_digest_challenge(values)
    assert challenge is not None
    return challenge


def sent_fields(authorization: str) -> dict[str, str]:
    """Return the parameters of an Authorization value."""
    [credentials] = parse_challenges([authorization])
    assert credentials.scheme == "digest"
    return dict(credentials.parameters)


def sign(challenge: DigestChallenge, **given: str) -> dict[str, str]:
    asked = {"method": "GET", "uri": "/", "qop": "auth", "cnonce": "c", **given}
    session = DigestSession(challenge, "session-cnonce")
    return sent_fields(session.authorization("Mufasa", "Circle of Life", **asked))


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_the_rfc(algorithm: str, response: str) -> None:
    """RFC 7616 §3.9.1, both answers."""
    challenge = challenge_from(RFC_HEADER.format(algorithm))
    sent = sign(challenge, uri="/dir/index.html", cnonce=RFC_CNONCE)
    assert sent == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": RFC_NONCE,
        "nc": "00000001",
        "cnonce": RFC_CNONCE,
        "qop": "auth",
        "response": response,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_the_example_of_rfc_2617_is_answered_too() -> None:
    """RFC 2617 §3.5: the older RFC's own figures; no algorithm is named, so none is sent."""
    challenge = challenge_from(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    session = DigestSession(challenge, "")
    sent = sent_fields(
        session.authorization(
            "Mufasa",
            "Circle Of Life",
            method="GET",
            uri="/dir/index.html",
            qop="auth",
            cnonce="0a4f113b",
        )
    )
    assert sent["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in sent


@pytest.mark.parametrize("qop", ["auth", "auth-int", ""])
@pytest.mark.parametrize("session", [False, True])
@pytest.mark.parametrize("name", HASHES)
def test_every_algorithm_and_quality(name: str, session: bool, qop: str) -> None:
    """The formula of RFC 7616 §3.4.1 to §3.4.3, step by step."""
    algorithm = name.lower() + "-sess" if session else name
    offered = f', qop="{qop}"' if qop else ""
    challenge = challenge_from(f'Digest realm="r", nonce="n", algorithm={algorithm}{offered}')
    digest: Callable[[str], str] = lambda text: HASHES[name](text.encode()).hexdigest()  # noqa: E731
    body_hash = digest("the body")
    sent = sign(challenge, method="PUT", uri="/a?b=1", qop=qop, body_hash=body_hash)
    cnonce = "session-cnonce" if session else "c"
    secret = digest("Mufasa:r:Circle of Life")
    if session:
        secret = digest(f"{secret}:n:{cnonce}")
    proof = digest("PUT:/a?b=1" + (f":{body_hash}" if qop == "auth-int" else ""))
    if qop:
        assert sent["response"] == digest(f"{secret}:n:00000001:{cnonce}:{qop}:{proof}")
    else:
        assert sent["response"] == digest(f"{secret}:n:{proof}")
        assert not {"qop", "nc"} & sent.keys()
    assert sent["algorithm"] == algorithm
    assert sent.get("cnonce") == (cnonce if qop or session else None)


def test_a_nonce_counts_its_requests_and_a_new_one_begins_anew() -> None:
    """A server that counts too takes each number once."""
    challenge = challenge_from('Digest realm="r", nonce="one", qop=auth, algorithm=MD5-sess')
    session = DigestSession(challenge, "first")

    def count_and_cnonce(session: DigestSession) -> tuple[str, str]:
        value = session.authorization("u", "p", method="GET", uri="/", qop="auth", cnonce="x")
        sent = sent_fields(value)
        return sent["nc"], sent["cnonce"]

    assert [count_and_cnonce(session) for _ in range(2)] == [
        ("00000001", "first"),
        ("00000002", "first"),
    ]
    session = session.follow(challenge._replace(opaque="other"), "second")
    assert count_and_cnonce(session) == ("00000003", "first")
    assert session.challenge.opaque == "other"
    session = session.follow(challenge._replace(nonce="two"), "second")
    assert count_and_cnonce(session) == ("00000001", "second")


def test_the_server_says_which_it_likes_best_and_what_we_lack_is_passed_over() -> None:
    """RFC 7616 §3.7: the first one that can be answered, over all headers."""
    challenge = challenge_from(
        'Basic realm="b", Digest realm="r", nonce="1", algorithm=WHIRLPOOL',
        'Digest realm="r", nonce="2", algorithm=SHA-256, qop="auth", Digest realm="r", nonce="3"',
    )
    assert (challenge.nonce, challenge.algorithm) == ("2", "SHA-256")
    assert choose_digest_challenge(['Basic realm="b"', "Digest"]) is None
    assert choose_digest_challenge([]) is None


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ('Digest nonce="n"', "Missing 'realm'"),
        ('Digest realm="r"', "Missing 'nonce'"),
        ('Digest realm="r", nonce=""', "empty 'nonce'"),
        ('Digest realm="r", nonce="n", algorithm=ROT13', "'ROT13'.*Supported algorithms: MD5"),
        ('Digest realm="r", nonce="n", qop="auth-conf"', "'auth-conf'.*auth and auth-int"),
    ],
)
def test_what_cannot_be_answered_is_named(header: str, says: str) -> None:
    with pytest.raises(DigestChallengeError, match=says):
        choose_digest_challenge([header, 'Digest realm="r", nonce="n", algorithm=NONE'])


def test_everything_that_a_challenge_says() -> None:
    challenge = challenge_from(
        'Digest realm="", nonce="n", qop="AUTH , x,auth-int", opaque="", stale=TRUE, '
        'domain="/a  http://b/ ", charset=utf-8, userhash=true, algorithm=sha-256'
    )
    assert challenge == DigestChallenge(
        realm="",
        nonce="n",
        qops=("auth", "auth-int"),
        algorithm="sha-256",
        opaque="",
        domain=("/a", "http://b/"),
        stale=True,
        normalised=True,
        userhash=True,
    )


def test_names_are_utf8_composed_when_asked_for_and_hashed_when_asked_for() -> None:
    """RFC 7616 §3.4.4 and §4: both spellings of an umlaut are one user there."""
    decomposed, composed = "Ja\u0308so\u0308n", "J\u00e4s\u00f6n"
    plain = 'Digest realm="r", nonce="n", qop=auth'

    def user(header: str, login: str) -> tuple[str, str]:
        session = DigestSession(challenge_from(header), "")
        asked = {"method": "GET", "uri": "/", "qop": "auth", "cnonce": "c"}
        sent = sent_fields(session.authorization(login, "p" + login, **asked))
        return sent["username"], sent["response"]

    assert user(plain, decomposed)[0] == decomposed
    assert user(f"{plain}, charset=UTF-8", decomposed) == user(plain, composed)
    hashed = hashlib.md5(f"{composed}:r".encode()).hexdigest()
    header = f"{plain}, charset=UTF-8, userhash=true"
    assert user(header, decomposed) == (hashed, user(plain, composed)[1])
    assert sign(challenge_from(header))["userhash"] == "true"


def test_bytes_of_a_realm_that_are_no_utf8_go_back_as_they_came() -> None:
    """A Latin-1 realm: what we hash is what the server sent."""
    realm = b"caf\xe9".decode("utf-8", "surrogateescape")
    sent = sign(challenge_from(f'Digest realm="{realm}", nonce="n"'), qop="")
    secret = hashlib.md5(b"Mufasa:caf\xe9:Circle of Life").hexdigest()
    proof = hashlib.md5(b"GET:/").hexdigest()
    assert sent["realm"] == realm
    assert sent["response"] == hashlib.md5(f"{secret}:n:{proof}".encode()).hexdigest()


def test_a_user_cannot_write_fields_of_their_own() -> None:
    """Quotes are escaped, and line ends refused."""
    challenge = challenge_from('Digest realm="r", nonce="n", qop=auth')
    asked = {"method": "GET", "uri": "/", "qop": "auth", "cnonce": "c"}
    session = DigestSession(challenge, "")
    assert sent_fields(session.authorization('a", nc=9, x="', "p", **asked))["nc"] == "00000001"
    with pytest.raises(ValueError, match="control characters"):
        session.authorization("a\r\nX: 1", "p", **asked)
