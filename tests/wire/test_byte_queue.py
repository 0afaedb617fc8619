"""A queue of bytes gives what a plain string of bytes would, however it was filled and emptied."""

from __future__ import annotations

from hypothesis import given, strategies as st

from notebook_http.wire.byte_queue import ByteQueue

pieces = st.binary(min_size=1, max_size=5)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), pieces),
        st.tuples(st.just("put_back"), st.binary(max_size=5)),
        st.tuples(st.just("take"), st.integers(0, 12)),
        st.tuples(st.just("take_piece"), st.none()),
    )
)


@given(steps)
def test_a_queue_is_a_string_of_bytes(steps: list[tuple[str, bytes | int | None]]) -> None:
    queue, expected = ByteQueue(), b""
    for step, what in steps:
        if isinstance(what, bytes):
            getattr(queue, step)(what)
            expected = expected + what if step == "append" else what + expected
        elif isinstance(what, int):
            assert queue.take(what) == expected[:what]
            expected = expected[what:]
        else:
            size = len(queue.first_piece()) if expected else 0
            assert (size > 0) is bool(expected)
            assert queue.take_piece() == expected[:size]
            expected = expected[size:]
        assert queue.size == len(queue) == len(expected)
        if expected:
            first = bytes(queue.first_piece())
            assert expected.startswith(first)
            for separator in (b"\0", expected[-1:]):
                assert queue.find_in_first(separator) == first.find(separator)


def test_one_piece_is_given_as_it_came() -> None:
    """Without a copy of it."""
    queue, piece = ByteQueue(), bytes(1000)
    queue.append(piece)
    assert queue.take(1000) is piece
    queue.append(piece)
    queue.append(b"x")
    assert queue.take(1000) is piece
    assert queue.take(1) == b"x"
