"""Heads that two readers could read in two ways (RFC 9112 §2.2, §3, §5, §11): one table.

Each is refused with its status and the end of the connection, reaches no handler, and nothing
behind it is read as a request: whole, byte by byte, behind a good request, and at every split.
"""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.advisory

# §2.2: where lines and messages end.
MESSAGE_PARSING = {
    "line feeds only": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "line feed behind the request line": (b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400),
    "line feed behind a field": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    "line feed ends the head": (b"GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    "two line feeds end the head": (b"GET / HTTP/1.1\r\nHost: a\n\n", 400),
    "bare carriage return behind the request line": (b"GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
    "bare carriage return behind a field": (b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
    "bare carriage return begins a field": (b"GET / HTTP/1.1\r\n\rHost: a\r\n\r\n", 400),
    "carriage return, then a letter, ends the head": (b"GET / HTTP/1.1\r\nHost: a\r\n\rX", 400),
    "two carriage returns end the head": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", 400),
    "doubled carriage returns": (b"GET / HTTP/1.1\r\r\nHost: a\r\r\n\r\n", 400),
    "white space behind the request line": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a tab behind the request line": (b"GET / HTTP/1.1\r\n\tX: b\r\nHost: a\r\n\r\n", 400),
    "NUL begins": (b"\0GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "white space begins": (b" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a byte order mark begins": (b"\xef\xbb\xbfGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "the hello of TLS": (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 400),
    "an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
}
# §3: method, target, version.
REQUEST_LINE = {
    "no version": (b"GET /\r\nHost: a\r\n\r\n", 400),
    "HTTP/0.9": (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/3.0": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
    "HTTP/1": (b"GET / HTTP/1\r\nHost: a\r\n\r\n", 400),
    "HTTP/1.10": (b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
    "HTTP/01.1": (b"GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/1,1": (b"GET / HTTP/1,1\r\nHost: a\r\n\r\n", 400),
    "HTTP/+1.1": (b"GET / HTTP/+1.1\r\nHost: a\r\n\r\n", 400),
    "http/1.1": (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
    "digits of another script": ("GET / HTTP/1.١\r\nHost: a\r\n\r\n".encode(), 400),
    "RTSP/1.0": (b"GET / RTSP/1.0\r\nHost: a\r\n\r\n", 400),
    "RTSP/1.1 by POST": (b"POST / RTSP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 400),
    "RTSP/1.0 by OPTIONS": (b"OPTIONS * RTSP/1.0\r\nHost: a\r\n\r\n", 400),
    "a method of RTSP": (b"DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n", 400),
    "a method that nobody knows": (b"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "ICE/1.0": (b"SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", 400),
    "something behind the version": (b"GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", 400),
    "white space behind the version": (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    "white space in the method": (b"GE T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tab behind the method": (b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a tab behind the target": (b"GET /\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a form feed behind the target": (b"GET /\x0cHTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two spaces behind the target": (b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two spaces behind the method": (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "white space in the target": (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "no target": (b"GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method that is no token": (b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method with a letter of another script": (
        "GETÄ / HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
        400,
    ),
    "NUL in the method": (b"GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "NUL in the target": (b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a control byte in the target": (b"GET /\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "DEL in the target": (b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target without a slash": (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "user information for a target": (b"GET @evil HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an asterisk for GET": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an asterisk and more": (b"OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an address that does not end": (b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a URL of another scheme": (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a URL without a host": (b"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a URL with user information": (b"GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a fragment": (b"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a target that is too long": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
}
# §3.2, §5, §11.2: fields, and the one that names the host.
FIELDS = {
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "one host twice": (b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400),
    "two hosts in one field": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a host with a path": (b"GET / HTTP/1.1\r\nHost: a/b?c\r\n\r\n", 400),
    "a host with user information": (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    "a host with white space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a port that is no number": (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
    "a port of another script": ("GET / HTTP/1.1\r\nHost: a:٨\r\n\r\n".encode(), 400),
    "a folded field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
    "a folded field, by a tab": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tb\r\n\r\n", 400),
    "a folded, empty field": (b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n \r\n\r\n", 400),
    "white space before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "a tab before the colon": (b"GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400),
    "white space in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", 400),
    "no colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
    "no name": (b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
    "NUL in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n", 400),
    "NUL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    "a control byte in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n", 400),
    "DEL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n", 400),
    "a carriage return hides a field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: \rY: b\r\n\r\n", 400),
    "a letter of another script in a name": (
        "GET / HTTP/1.1\r\nHost: a\r\nÄ: b\r\n\r\n".encode(),
        400,
    ),
    "a byte over 127 in a name": (b"GET / HTTP/1.1\r\nHost: a\r\nX\xff: b\r\n\r\n", 400),
    "two content types": (
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
        400,
    ),
    "a field that is too long": (
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        431,
    ),
    "too many fields": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
}
ROWS = [
    pytest.param(bad, status, id=name)
    for table in (MESSAGE_PARSING, REQUEST_LINE, FIELDS)
    for name, (bad, status) in table.items()
]


@pytest.mark.parametrize(("bad", "status"), ROWS)
async def test_promise_no_head_is_read_in_two_ways(refused, bad, status):
    """A server and whatever stands before it must see the same request, or none."""
    await refused(bad, status, steps=(0, 1) if len(bad) < 500 else (0, 509))
