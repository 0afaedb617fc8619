"""Any location leads to one host or nowhere; any coded body is the same however it is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings, strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http.client.exceptions import InvalidURL, NonHttpUrlClientError
from notebook_http.client.origin import make_key
from notebook_http.client.redirects import redirect_url
from notebook_http.client.request import request_target
from notebook_http.wire.content_coding import decoder_for, encoder_for
from notebook_http.wire.errors import ContentEncodingError

BASE = URL("http://a.example/b/c")
# What a header value can hold when it has come through the parser of heads.
VALUE = st.text(
    st.characters(blacklist_categories=["Cc"], max_codepoint=0x2FFF), max_size=60
) | st.text("/\\@:?#[]%.0x1a é\uff0f。", max_size=40)


def single(data: bytes) -> list[bytes]:
    """Return *data* in single bytes."""
    return [data[at : at + 1] for at in range(len(data))]


# Redirects and hosts


@given(
    VALUE | VALUE.map("http://{}/".format) | VALUE.map("//{}".format) | VALUE.map("/{}".format),
    st.booleans(),
)
def test_any_location_is_one_request_of_one_host_or_refused(location: str, requote: bool) -> None:
    """Who is dialled is who Host names, in one line that ends where we end it."""
    headers = CIMultiDictProxy(CIMultiDict({"Location": location}))
    schemes = frozenset({"http", "https"})
    try:
        url = redirect_url(BASE, headers, requote=requote, schemes=schemes)
        if url is None:
            assert not location  # an empty one leads nowhere
            return
        key = make_key(url, True, None)
        target = request_target(url)
    except (InvalidURL, NonHttpUrlClientError):
        return
    assert not re.search(r"[\x00-\x20\x7f]", target)
    assert url.scheme in schemes
    named = (url.host_port_subcomponent or "").rpartition(":")
    host = named[0] if named[2].isdecimal() and not named[2].endswith("]") else "".join(named)
    # The dot of the root is for the resolver alone.
    assert host.strip("[]").lower() == key.host.lower().removesuffix(".")
    assert re.fullmatch(r"[\x21-\x7e]+", key.host)


# Codings


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@given(st.binary(max_size=60), st.binary(max_size=12), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_coded_bytes_are_the_same_whole_byte_by_byte_and_followed(
    coding: str, data: bytes, more: bytes, step: int
) -> None:
    """What stands behind the end is another member, or an error: never a matter of the cut."""
    encoder = encoder_for(coding)
    packed = encoder.encode(data) + encoder.finish()

    def decoded(pieces: list[bytes]) -> bytes | str:
        decoder = decoder_for(coding)
        found = b""
        try:
            for piece in pieces:
                found += decoder.decode(piece, step)
                while not decoder.needs_input:
                    found += decoder.decode(b"", step)
            decoder.finish()
        except ContentEncodingError:
            return "refused"
        return found

    assert decoded([packed]) == decoded(single(packed)) == data
    for body in (packed + more, packed[: len(packed) // 2] + more):
        assert decoded([body]) == decoded(single(body))
