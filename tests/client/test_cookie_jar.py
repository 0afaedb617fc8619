"""Which cookies a jar keeps, and which go with which request (RFC 6265bis)."""

from __future__ import annotations

import time
from http.cookies import SimpleCookie

import pytest
from yarl import URL

from notebook_http.client import CookieJar, DummyCookieJar
from notebook_http.client.cookie_jar import MAX_COOKIES, MAX_COOKIES_PER_DOMAIN
from notebook_http.client.cookie_rules import default_path, domain_matches, path_matches

HERE = URL("http://www.example.org/dir/page")
SECURE = URL("https://www.example.org/dir/page")


def names(jar: CookieJar, url: str) -> list[str]:
    return sorted(jar.filter_cookies(URL(url)))


def set_by(url: URL | str, *headers: str, **arguments: object) -> CookieJar:
    jar = CookieJar(**arguments)
    jar.update_cookies_from_headers(headers, URL(url))
    return jar


# The rules


@pytest.mark.parametrize(
    ("host", "domain", "matches"),
    [
        ("example.org", "example.org", True),
        ("a.b.example.org", "example.org", True),
        ("notexample.org", "example.org", False),
        ("example.org", "a.example.org", False),
        ("127.0.0.1", "0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_domains_match_by_whole_labels(host, domain, matches):
    """§5.1.3: `notexample.org` is somebody else."""
    assert domain_matches(host, domain) is matches


@pytest.mark.parametrize(
    ("path", "cookie_path", "matches"),
    [
        ("/", "/", True),
        ("/a/b", "/a", True),
        ("/a/b", "/a/", True),
        ("/ab", "/a", False),
        ("/a", "/a/b", False),
        ("/a", "/a", True),
    ],
)
def test_paths_match_by_whole_segments(path, cookie_path, matches):
    """§5.1.4."""
    assert path_matches(path, cookie_path) is matches


def test_the_default_path_is_the_folder():
    """§5.1.4."""
    assert [default_path(p) for p in ("", "/", "/a", "/a/", "/a/b")] == ["/", "/", "/", "/a", "/a"]


# Domains and paths


def test_without_domain_a_cookie_is_for_its_host_alone():
    """Subdomains belong to others, often."""
    jar = set_by("http://example.org/", "a=1")
    assert names(jar, "http://example.org/") == ["a"]
    assert names(jar, "http://sub.example.org/") == []
    assert jar.host_only_cookies == {("example.org", "", "a")}


def test_with_domain_a_cookie_is_for_subdomains_too():
    """A leading dot means nothing; case does not either."""
    jar = set_by(HERE, "a=1; Domain=.EXAMPLE.org", "b=2; Domain=example.org")
    assert names(jar, "http://other.example.org/dir/") == ["a", "b"]
    assert names(jar, "http://notexample.org/dir/") == []


@pytest.mark.parametrize("domain", ["other.org", "org", "sub.www.example.org", "ample.org"])
def test_foreign_domains_are_refused(domain):
    """Nobody sets cookies for others, nor for a whole top level domain."""
    assert len(set_by(HERE, f"a=1; Domain={domain}")) == 0


def test_paths_limit_where_a_cookie_goes():
    """Given or taken from the request's folder."""
    jar = set_by(HERE, "given=1; Path=/other", "default=1", "root=1; Path=/")
    assert names(jar, "http://www.example.org/dir/x") == ["default", "root"]
    assert names(jar, "http://www.example.org/other/x") == ["given", "root"]
    assert names(jar, "http://www.example.org/otherwise") == ["root"]


def test_the_longest_path_and_nearest_domain_win():
    """§5.8.3 sends the more specific one first; a name goes once here, as in aiohttp."""
    jar = set_by(HERE, "a=root; Path=/", "a=dir; Path=/dir", "b=wide; Domain=example.org", "b=here")
    cookies = jar.filter_cookies(HERE)
    assert (cookies["a"].value, cookies["b"].value) == ("dir", "here")


def test_the_same_cookie_is_replaced():
    """Name, domain and path identify it."""
    jar = set_by(HERE, "a=1", "a=2")
    assert [cookie.value for cookie in jar] == ["2"]


# Security


def test_secure_cookies_go_over_tls_only():
    """§5.8.3; an unencrypted origin cannot set them either (§5.7 step 8)."""
    jar = set_by(SECURE, "a=1; Secure")
    assert names(jar, str(SECURE)) == ["a"]
    assert names(jar, str(HERE)) == []
    assert len(set_by(HERE, "a=1; Secure")) == 0


def test_an_unencrypted_answer_cannot_replace_a_secure_cookie():
    """§5.7 step 9: whoever sits on the line could fix a session."""
    jar = set_by(SECURE, "a=good; Secure; Path=/")
    jar.update_cookies_from_headers(["a=evil", "a=evil; Domain=example.org; Path=/dir"], HERE)
    assert jar.filter_cookies(SECURE)["a"].value == "good"


def test_an_origin_can_be_trusted_as_if_it_spoke_tls():
    """Development servers set `Secure` cookies, too."""
    jar = set_by(HERE, "a=1; Secure", treat_as_secure_origin="http://www.example.org")
    assert names(jar, str(HERE)) == ["a"]
    assert names(jar, "http://www.example.org:81/dir/") == []


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("__Secure-a=1; Secure", True),
        ("__Secure-a=1", False),
        ("__Host-a=1; Secure; Path=/", True),
        ("__Host-a=1; Secure", False),
        ("__Host-a=1; Secure; Path=/; Domain=example.org", False),
        ("__HoSt-a=1; Path=/", False),
        ("=__Host-a=1; Secure; Path=/", False),
    ],
)
def test_prefixed_names_keep_their_promise(header, kept):
    """§4.1.3, in any case of letters; a nameless cookie is no way around it."""
    assert len(set_by(SECURE, header)) == int(kept)


def test_addresses_get_no_cookies_unless_the_jar_is_unsafe():
    """As in aiohttp."""
    assert len(set_by("http://127.0.0.1/", "a=1")) == 0
    jar = set_by("http://127.0.0.1/", "a=1", unsafe=True)
    assert names(jar, "http://127.0.0.1/") == ["a"]
    assert names(jar, "http://127.0.0.2/") == []
    assert names(set_by("http://[::1]/", "a=1", unsafe=True), "http://[::1]/") == ["a"]


# Time


def test_cookies_end_in_time(monkeypatch):
    """`Max-Age` beats `Expires`; what is over is not sent and not kept."""
    jar = set_by(HERE, "a=1; Max-Age=10", "b=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "c=1")
    now = time.time()
    assert names(jar, str(HERE)) == ["a", "b", "c"]
    monkeypatch.setattr("notebook_http.client.cookie_jar.time", lambda: now + 11)
    assert names(jar, str(HERE)) == ["b", "c"]
    assert len(jar) == 2


@pytest.mark.parametrize(
    "over", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_a_cookie_that_is_over_deletes_the_one_before(over):
    """That is how servers delete."""
    jar = set_by(HERE, "a=1", f"a=; {over}")
    assert len(jar) == 0


def test_the_number_of_cookies_is_bounded():
    """A server could fill the memory, one cookie a response."""
    jar = CookieJar()
    jar.update_cookies_from_headers([f"c{n}=1" for n in range(MAX_COOKIES_PER_DOMAIN + 5)], HERE)
    assert len(jar) == MAX_COOKIES_PER_DOMAIN
    assert "c0" not in jar.filter_cookies(HERE)
    for site in range(30):
        url = URL(f"http://site{site}.example/")
        jar.update_cookies_from_headers([f"c{n}=1" for n in range(150)], url)
    assert len(jar) == MAX_COOKIES


# From the caller


def test_cookies_of_the_caller_go_everywhere():
    """`ClientSession(cookies=…)`, addresses included."""
    jar = CookieJar()
    jar.update_cookies({"a": "1", "b": "x y"})
    for url in ("http://example.org/any/where", "https://other.example/", "http://127.0.0.1/"):
        assert names(jar, url) == ["a", "b"]
    assert jar.filter_cookies(HERE)["b"].coded_value in ("x y", '"x y"')


def test_every_form_of_cookies_is_taken():
    """dict, pairs, SimpleCookie, Morsel."""
    simple = SimpleCookie('a=1; Path=/dir; Domain=example.org; b="two words"')
    for form in ({"a": "1"}, [("a", "1")], simple, simple.items(), {"a": simple["a"]}):
        jar = CookieJar()
        jar.update_cookies(form, HERE)
        assert jar.filter_cookies(HERE)["a"].value == "1"


def test_values_can_stay_unquoted():
    """Some servers do not understand quotes."""
    jar = CookieJar(quote_cookie=False)
    jar.update_cookies({"a": "x,y"})
    assert jar.filter_cookies(HERE)["a"].coded_value == "x,y"
    assert CookieJar().quote_cookie


def test_values_go_back_as_they_came():
    """Quotes included: only the server knows what they mean."""
    jar = set_by(HERE, 'a="1,2"', "b=x%20y", "c=[1]")
    coded = {name: morsel.coded_value for name, morsel in jar.filter_cookies(HERE).items()}
    assert coded == {"a": '"1,2"', "b": "x%20y", "c": "[1]"}


# Clearing


def test_cookies_can_be_removed():
    """All, some, or those of a domain and below."""
    jar = set_by(HERE, "a=1", "b=1; Domain=example.org")
    jar.update_cookies_from_headers(["c=1"], URL("http://other.org/"))
    jar.clear(lambda cookie: cookie.key == "a")
    assert sorted(cookie.key for cookie in jar) == ["b", "c"]
    jar.clear_domain("example.org")
    assert [cookie.key for cookie in jar] == ["c"]
    jar.clear()
    assert len(jar) == 0


def test_the_jar_shows_what_it_holds():
    """By (domain, path), with attributes; a copy, not the jar itself."""
    jar = set_by(SECURE, "a=1; Secure; HttpOnly; Path=/dir")
    morsel = jar.cookies["www.example.org", "/dir"]["a"]
    assert morsel["secure"]
    assert morsel["httponly"]
    assert morsel["path"] == "/dir"
    assert "1 cookies" in repr(jar)


def test_a_saved_jar_comes_back_as_it_was(tmp_path):
    """Host-only cookies stay host-only (CVE-2026-54279); nobody else may read the file."""
    jar = set_by(SECURE, "a=1; Secure", "b=2; Domain=example.org; Max-Age=1000", 'c="3"; Path=/')
    jar.update_cookies({"everywhere": "é"})
    path = tmp_path / "jar"
    jar.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    again = CookieJar()
    again.update_cookies({"gone": "1"})
    again.load(path)
    for url in (SECURE, HERE, URL("https://sub.www.example.org/dir/"), URL("http://x.test/")):
        assert again.filter_cookies(url).output() == jar.filter_cookies(url).output()
    assert again.host_only_cookies == jar.host_only_cookies


def test_a_pickle_is_never_read(tmp_path):
    """CVE-2026-34993: it could do anything."""
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (type(tmp_path).mkdir, (tmp_path / "sprung",))

    path = tmp_path / "jar"
    for content in (pickle.dumps(Trap()), b"[]", b'{"version": 2}', b'{"version": 1}', b"{"):
        path.write_bytes(content)
        jar = set_by(HERE, "a=1")
        with pytest.raises(ValueError, match="no cookie file"):
            jar.load(path)
        assert len(jar) == 1
    assert not (tmp_path / "sprung").exists()


def test_a_dummy_jar_keeps_nothing():
    """For crawlers."""
    jar = DummyCookieJar()
    jar.update_cookies({"a": "1"})
    jar.update_cookies_from_headers(["a=1"], HERE)
    jar.clear()
    jar.clear_domain("a")
    assert (len(jar), list(jar), dict(jar.filter_cookies(HERE))) == (0, [], {})
    assert not jar.unsafe
