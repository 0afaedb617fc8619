"""A batch as a table, and in words: complete, short, and without secrets."""

from __future__ import annotations

import pytest

import notebook_http as nh


async def test_one_row_a_request(answers):
    """With missing values where there is nothing."""
    urls = [answers.url(path) for path in ("/item/1", "/missing", "/broken")]
    frame = (await nh.fetch_all(urls, retry=None)).df()
    assert list(frame.columns) == ["url", "status", "ms", "bytes", "attempts", "error"]
    assert frame.url.tolist() == urls
    assert frame.status.fillna(0).tolist() == [200, 404, 0]
    assert frame.bytes.fillna(-1).tolist() == [21, 13, -1]
    assert frame.error.isna().tolist() == [True, True, False]
    assert (frame.ms > 0).all()


async def test_a_column_of_a_frame_keeps_its_index(answers):
    """So that both can be joined; what is no URL in it is named."""
    import pandas

    frame = pandas.DataFrame({"url": [answers.url("/item/1"), answers.url("/item/2")]}, ["a", "b"])
    batch = await nh.fetch_all(frame["url"])
    assert frame.join(batch.df()[["status"]]).status.tolist() == [200, 200]
    with pytest.raises(TypeError, match=r"one column of a DataFrame.*\['url'\]"):
        nh.fetch_all(frame)
    with pytest.raises(TypeError, match="item 1 is no URL"):
        nh.fetch_all(pandas.Series(["http://h/", None]))


async def test_words_and_tables_hold_no_secrets(answers):
    """Neither of what was asked nor of what went wrong; and twelve lines are enough."""
    good = answers.url("/item/1").replace("http://", "http://user:canary@") + "?token=canary"
    bad = "http://user:canary@127.0.0.1:1/x?api_key=canary"
    batch = await nh.fetch_all([good, *[bad] * 20], retry=None)
    shown = repr(batch) + batch._repr_html_() + batch.df().to_csv() + repr(nh.last_batch)
    # A path without a base URL: its error repeats it as it was given.
    lost = await nh.fetch_all([nh.get("/x?token=canary")])
    assert "canary" in str(lost[0])
    shown += repr(lost) + lost._repr_html_() + lost.df().to_csv()
    assert "canary" not in shown
    assert "••••" in shown
    assert len(repr(batch).splitlines()) <= 12
    assert repr(batch).startswith("Batch of 21 requests in ")
    assert "ClientConnectorError (20), 200 (1)" in repr(batch)
    assert "and 12 more" in repr(batch)


async def test_the_records_of_all_bodies_are_one_frame(answers):
    """In the order asked, each with where it is from; what has none is listed."""
    paths = ("/item/1", "/missing", "/item/2", "/none", "/broken")
    urls = [answers.url(path) for path in paths]
    batch = await nh.fetch_all([url + "?token=canary" for url in urls], retry=None)
    frame = batch.rows()
    assert list(frame.columns) == ["source", "n"]
    assert frame.n.tolist() == [1, -1, 2, -2]
    assert frame.index.tolist() == [0, 1, 2, 3]
    assert [source.split("?")[0] for source in frame.source] == [urls[0]] * 2 + [urls[2]] * 2
    assert "canary" not in frame.to_csv()
    assert frame.attrs["without_rows"] == [1, 4]


async def test_a_body_without_rows_is_named(answers):
    """By its position and URL; and where no body came at all, that is said."""
    batch = await nh.fetch_all([answers.url("/item/1"), answers.url("/redirect")])
    assert len(batch.rows()) == 4
    with pytest.raises(ValueError, match=r"(?s)Request 0, http://.*/item/1:\n.*nowhere") as caught:
        batch.rows("nowhere")
    assert len(str(caught.value).splitlines()) <= 12
    batch = await nh.fetch_all([answers.url("/missing")])
    with pytest.raises(ValueError, match="No reply with a status below 400 has come"):
        batch.rows()
