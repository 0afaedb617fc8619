"""What must not be repeated is not, however it is spelled."""

from __future__ import annotations

import pytest

from notebook_http.wire.errors import InvalidHeader
from notebook_http.wire.framing_fields import framing_fields
from notebook_http.wire.spellings import Spellings


def test_only_what_matters_is_returned_in_lower_case() -> None:
    fields = [(b"HOST", b"a"), (b"Accept", b"*/*"), (b"eXpect", b"100-continue"), (b"X", b"y")]
    assert framing_fields(fields) == {b"host": b"a", b"expect": b"100-continue"}


def test_lists_are_joined() -> None:
    fields = [(b"Connection", b"close"), (b"connection", b"upgrade")]
    assert framing_fields(fields) == {b"connection": b"close,upgrade"}


@pytest.mark.parametrize("name", [b"Host", b"Content-Length", b"Transfer-Encoding", b"ETag"])
def test_a_second_one_is_refused(name: bytes) -> None:
    with pytest.raises(InvalidHeader, match="more than once"):
        framing_fields([(name, b"1"), (b"X", b"y"), (name.upper(), b"1")])


def test_made_up_names_do_not_fill_the_table() -> None:
    names = Spellings(frozenset((b"host", b"etag")))
    assert [names[b"X-%d" % number] for number in range(3000)] == [None] * 3000
    assert len(names) <= 1024
    assert names[b"hOsT"] == b"host"
