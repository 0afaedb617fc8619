"""Typed keys."""

from __future__ import annotations

from notebook_http import web


def test_keys_are_equal_to_themselves_alone() -> None:
    """Two modules that both say "db" must not meet."""
    assert web.AppKey("db", str) != web.AppKey("db", str)


def test_a_key_tells_where_it_was_made_and_for_what() -> None:
    """That is what one looks for in an error."""
    assert repr(web.AppKey("db", str)).endswith("test_app_key.db, type=str)>")
    assert repr(web.RequestKey[int]("n")).endswith("test_app_key.n, type=int)>")
    assert repr(web.ResponseKey("n")).endswith("n, type=<<Unknown>>)>")
    assert "type=notebook_http.web.application.Application" in repr(
        web.AppKey("a", web.Application)
    )
    assert "type=list[int]" in repr(web.AppKey[list[int]]("l"))


def test_keys_sort_in_front_of_strings() -> None:
    """Listings of a mixed mapping come out the same every time."""
    first, second = web.AppKey("a", str), web.AppKey("b", str)
    assert sorted([second, first], key=lambda key: key) == [first, second]
    assert first < "a"
