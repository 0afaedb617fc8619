"""Heads of answers that split, hide or smuggle: refused, and nothing behind them is an answer."""

from __future__ import annotations

import pytest

from notebook_http.wire import http1_response

pytestmark = pytest.mark.advisory

START = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
# What `int()` takes for a number, and RFC 9110 does not.
ODD_NUMBERS = (
    "+5",
    "-5",
    "0x5",
    "1_0",
    "5.0",
    '"5"',
    "٥",
    "５",
    "²",
    "5 5",
    "",
    "5,5",
    "\x0b5",
    "5\0",
)


@pytest.mark.parametrize("byte", [b"\r", b"\n", b"\0", b"\r\r\n", b"\n\r\n"])
@pytest.mark.parametrize("place", [b"X: a%sTransfer-Encoding: chunked\r\n", b"X%s: a\r\n"])
async def test_cve_2023_37276_cr_lf_or_nul_in_a_field_is_refused(refused, place, byte):
    """A lone CR in a value began another field, and that one decided where the body ends."""
    if byte in (b"\n", b"\n\r\n") and place.startswith(b"X:"):
        byte += b" "  # without it, it would be the end of a line: see the rows of bare LF
    await refused(START + place % byte + EMPTY)


@pytest.mark.parametrize(
    "end", [b"\r\n\r", b"\r\n\rX: y\r\n\r\n", b"\n\n", b"\r\r", b"\rX: y\r\n\r\n"]
)
async def test_ghsa_pjjw_qhg8_p2p9_a_head_ends_in_two_crlf_only(refused, end):
    """Two more ways to end a head made the parsers on both sides of a proxy disagree."""
    await refused(START + b"Content-Length: 0" + end)


@pytest.mark.parametrize("number", ODD_NUMBERS)
async def test_cve_2023_47627_a_length_is_ascii_digits(refused, number):
    """`int()` took signs, underscores and white space for a length."""
    await refused(START + f"Content-Length: {number}\r\n\r\n".encode())


@pytest.mark.parametrize("number", ODD_NUMBERS)
async def test_cve_2023_47627_a_chunk_size_is_hex_digits(refused, number):
    """The same in the size of a chunk."""
    head = START + b"Transfer-Encoding: chunked\r\n\r\n"
    await refused(head + f"{number}\r\nhello\r\n0\r\n\r\n".encode())


@pytest.mark.parametrize(
    "coding", ["chunked123", "xchunked", "gzip, chunked", "chunked, identity", "chunked, chunked"]
)
async def test_cve_2023_47641_the_coding_is_exactly_chunked(refused, coding):
    """`"chunked" in value` was enough."""
    await refused(START + f"Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n".encode())


@pytest.mark.parametrize("order", [1, -1])
async def test_cve_2023_47641_a_length_beside_chunks_is_refused(refused, order):
    """Who reads one of them and who reads the other see different bodies."""
    fields = [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"][::order]
    await refused(START + b"".join(fields) + b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("coding", ["chun\u212aed", "ｃhunked", "chunked\u00a0"])
async def test_cve_2025_69224_protocol_words_are_ascii(refused, coding):
    """Case folding made a K of the Kelvin sign, and patterns matched digits of any script."""
    await refused(START + f"Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n".encode())


async def test_cve_2025_69224_a_name_with_a_kelvin_sign_is_refused(refused):
    """Lowered, it would be the name of another field."""
    await refused(START + "Lin\u212a: </>; rel=next\r\n".encode() + EMPTY)


@pytest.mark.parametrize("status", ["٢٠٠", "+20", "2_0", "20", "2000", "099", "2x0", ""])
async def test_cve_2025_69224_a_status_is_three_ascii_digits(refused, status):
    """The same in the status line."""
    await refused(f"HTTP/1.1 {status} OK\r\n".encode() + EMPTY)


@pytest.mark.parametrize(
    "byte", [*b'()<>@,;:\\"/[]?={} \t', *range(9), 11, 12, *range(14, 32), 127, 255]
)
async def test_cve_2024_23829_names_are_tokens(refused, byte):
    """Lenient sets of characters let a name hold what others take for its end."""
    if byte == ord(":"):
        await refused(START + b": a\r\n" + EMPTY)
    else:
        await refused(START + b"X" + bytes([byte]) + b"Y: a\r\n" + EMPTY)


@pytest.mark.parametrize("byte", [0, 1, 8, 11, 12, 14, 27, 31, 127])
async def test_cve_2026_34520_control_bytes_in_a_value_are_refused(refused, byte):
    """The C parser let NUL through, and whoever passed the value on was cut off there."""
    await refused(START + b"X: a" + bytes([byte]) + b"b\r\n" + EMPTY)


@pytest.mark.parametrize("byte", [0, 10, 13, 27])
async def test_cve_2026_34519_control_bytes_in_a_reason_are_refused(refused, byte):
    """A reason with a line break is a field to whoever repeats it."""
    await refused(b"HTTP/1.1 200 O" + bytes([byte]) + b"K: x\r\n" + EMPTY)


@pytest.mark.parametrize(
    "fields",
    [
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: x,\r\n\tchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_cve_2022_32215_no_spelling_of_chunked_but_one(refused, fields):
    """In several lines, folded, with a space in front of the colon: parsers disagreed."""
    await refused(START + fields)


@pytest.mark.parametrize(
    "fields",
    [b"Content-Length : 5", b" Content-Length: 5", b"X: a\r\n folded", b"X: a\r\n\tfolded"],
)
async def test_cve_2022_35256_folded_lines_and_spaces_around_names_are_refused(refused, fields):
    """A name that begins or ends in white space is no name; folding is over since 2014."""
    await refused(START + fields + b"\r\n" + EMPTY)


@pytest.mark.parametrize(
    "fields", [b"Content-Length: 5\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 6"]
)
async def test_cve_2019_16792_two_lengths_are_refused(refused, fields):
    """Each of two parsers took another one of them."""
    await refused(START + fields + b"\r\n\r\nhello")


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        START + b"X: a\nContent-Length: 0\r\n\r\n",
        START + b"X: a\r\nContent-Length: 0\n\r\n",
    ],
)
async def test_cve_2019_16785_a_line_ends_in_crlf(refused, head):
    """A bare LF ended a line here and not in the proxy in front."""
    await refused(head)


def test_cve_2024_27982_the_parsers_lenient_flags_are_these():
    """Which leniencies are on decides what can be smuggled; for answers none is."""
    lenient = [name for name in vars(http1_response) if "lenien" in name.lower()]
    source = http1_response.__file__
    with open(source, encoding="utf-8") as file:
        assert "set_dangerous_leniencies" not in file.read()
    assert lenient == []


@pytest.mark.parametrize(
    "version",
    [
        b"HTTP/0.9",
        b"HTTP/1.2",
        b"HTTP/2.0",
        b"HTTP/3.0",
        b"HTTP/1,1",
        b"HTTP/1.10",
        b"http/1.1",
        b"SIP/1.0",
    ],
)
async def test_promise_only_http_1_0_and_1_1_are_read(refused, version):
    """What another version of the protocol means by the same bytes is anybody's guess."""
    await refused(version + b" 200 OK\r\n" + EMPTY)


async def test_promise_an_error_says_little_of_the_answer_and_no_control_bytes(refused):
    """Escape sequences reached a terminal, and megabytes a log."""
    for bad in (
        b"\x1b[31mHTTP/1.1 200 OK\r\n\r\n",
        b"A" * 5000 + b"\r\n\r\n",
        START + b"X\x1b: " + b"b" * 5000 + b"\r\n\r\n",
    ):
        text = await refused(bad, steps=(0,))
        assert text.isprintable()
        assert len(text) < 400


@pytest.mark.parametrize("part", ["name", "value", "reason"])
async def test_cve_2026_54277_a_line_is_counted_over_reads(refused, part):
    """The limit held for each read and not for the line: a dribbled one had none."""
    long = b"a" * 20_000
    bad = {
        "name": START + long + b": b\r\n" + EMPTY,
        "value": START + b"X: " + long + b"\r\n" + EMPTY,
        "reason": b"HTTP/1.1 200 " + long + b"\r\n" + EMPTY,
    }[part]
    await refused(bad, steps=(0, 1024))


async def test_cve_2024_37890_fields_are_counted(refused):
    """Too many fields crashed who looked for one of them."""
    await refused(START + b"".join(b"X-%d: a\r\n" % n for n in range(200)) + EMPTY, steps=(0, 512))


async def test_cve_2026_22815_interim_answers_have_the_limits_of_answers(refused):
    """Each may be small: without a count they never end."""
    await refused(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000 + START + EMPTY, steps=(0,))
