"""Many requests over real sockets: order, bounds, retries, errors, and wrong lists."""

from __future__ import annotations

import asyncio
import time

import pytest

import notebook_http as nh


async def test_replies_come_in_the_order_asked(answers):
    """Though every third is quicker than the others."""
    batch = await nh.fetch_all([answers.url(f"/item/{n}") for n in range(40)], progress=False)
    assert [reply.json()[0]["n"] for reply in batch] == list(range(40))
    assert len(batch.ok) == 40
    assert batch.errors == {}
    assert batch.missing == []
    assert nh.last_batch.batch is batch
    assert batch[-1] is batch[39]
    assert batch[1:3] == [batch[1], batch[2]]
    with pytest.raises(IndexError):
        batch[40]


@pytest.mark.parametrize(("limit", "per_host", "most"), [(20, 4, 4), (3, 6, 3), (50, 50, 30)])
async def test_no_more_are_under_way_than_allowed(answers, limit, per_host, most):
    """And no fewer: the server sees just as many at once."""
    urls = [answers.url(f"/wait/{n}") for n in range(30)]
    fetching = asyncio.create_task(nh.fetch_all(urls, limit=limit, per_host=per_host))
    while answers.now < most:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert answers.now == most
    answers.gate.set()
    assert len((await fetching).ok) == 30
    assert answers.most_at_once == most


async def test_a_slow_host_does_not_hold_up_the_others(answers):
    """Its requests come first in the list, and are more than all places."""
    urls = [answers.url(f"/wait/{n}") for n in range(30)]
    others = [u.replace("127.0.0.1", "localhost") for u in map(answers.url, ("/item/1", "/item/2"))]
    fetching = asyncio.create_task(nh.fetch_all([*urls, *others], limit=10, per_host=6))
    while not answers.asked["/item/2"]:
        await asyncio.sleep(0.01)
    assert answers.now >= 6
    answers.gate.set()
    assert len((await fetching).ok) == 32


async def test_all_kinds_of_items_go_together(answers):
    """Options of the call are everybody's, those of an item win."""
    batch = await nh.fetch_all(
        [
            answers.url("/echo"),
            nh.post(answers.url("/echo"), json={"a": 1}),
            ("put", answers.url("/echo"), {"params": {"x": "own"}}),
            ("HEAD", answers.url("/redirect")),
            answers.server.make_url("/echo"),
        ],
        params={"x": "all"},
    )
    assert [reply.request.method for reply in batch] == ["GET", "POST", "PUT", "HEAD", "GET"]
    assert [batch[n].json()["query"] for n in (0, 1, 2, 4)] == [
        {"x": "all"},
        {"x": "all"},
        {"x": "own"},
        {"x": "all"},
    ]
    assert batch[3].status == 302


async def test_a_client_with_a_base_url_takes_paths(answers):
    """And its own headers go along; a bare session does as well."""
    client = nh.Client(base_url=answers.url("/"), headers={"X-Mine": "yes"})
    batch = await nh.fetch_all(["item/1", "item/2"], client=client)
    assert [reply.status for reply in batch] == [200, 200]
    assert [headers["X-Mine"] for headers in answers.headers] == ["yes", "yes"]
    async with nh.ClientSession(base_url=answers.url("/")) as session:
        batch = await nh.fetch_all(["item/3"], client=session)
        assert batch.ok
    await client.close()


async def test_errors_stand_where_the_replies_would(answers):
    """A status is a reply; what never came is an error."""
    urls = [answers.url(path) for path in ("/item/1", "/missing", "/broken", "/item/2")]
    batch = await nh.fetch_all(urls, retry=None)
    assert [getattr(each, "status", None) for each in batch] == [200, 404, None, 200]
    assert list(batch.errors) == [2]
    assert isinstance(batch[2], nh.ClientConnectionError)
    judged = await nh.fetch_all(urls[:2], raise_for_status=True)
    assert judged[1].status == 404
    assert isinstance(judged[1], nh.ClientResponseError)


async def test_errors_can_be_raised(answers):
    """The rest is stopped, and what was done is kept."""
    urls = [answers.url("/item/3"), answers.url("/broken"), answers.url("/wait/1")]
    with pytest.raises(nh.ClientConnectionError):
        await nh.fetch_all(urls, errors="raise", retry=1)
    assert nh.last_batch[0].status == 200
    assert nh.last_batch.missing == [2]


async def test_what_passes_is_tried_again(answers):
    """As often as said, redirects not counted, and not where the client does it already."""
    paths = ("/busy/1", "/always-busy", "/redirect", "/item/1")
    frame = (await nh.fetch_all(map(answers.url, paths))).df()
    assert frame.status.tolist() == [200, 503, 200, 200]
    assert frame.attempts.tolist() == [2, 3, 1, 1]
    own = nh.RetryMiddleware(attempts=2, base_delay=0)
    async with nh.ClientSession(middlewares=[own]) as session:
        before = answers.asked["/always-busy"]
        await nh.fetch_all([answers.url("/always-busy")], client=session)
        assert answers.asked["/always-busy"] - before == 2


async def test_a_rate_holds(answers):
    """Evenly from the start: eleven at 50/s take a fifth of a second, whatever the limit."""
    began = time.monotonic()
    batch = await nh.fetch_all([answers.url("/item/3")] * 11, rate="50/s")
    assert time.monotonic() - began >= 0.19
    # What waited for the rate is no time of the server's.
    assert batch.df().ms.max() < 190


async def test_a_cancel_keeps_what_is_done_and_resume_goes_on(answers):
    """Whatever was answered is not asked again."""
    urls = [answers.url(path) for path in ("/item/0", "/wait/1", "/item/3", "/wait/2", "/broken")]
    fetching = asyncio.create_task(nh.fetch_all(urls, retry=None, limit=5))
    while len(nh.last_batch) == 0 or len(nh.last_batch.missing) > 2:
        await asyncio.sleep(0.01)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    batch = nh.last_batch.batch
    assert batch.missing == [1, 3]
    assert isinstance(batch[1], nh.NotFetchedError)
    assert batch.df().error.tolist()[1] == "not done"
    while answers.now:
        await asyncio.sleep(0.01)  # the connections of those under way are closed
    answers.gate.set()
    assert await nh.last_batch.resume() is batch
    assert batch.missing == []
    assert answers.asked["/item/0"] == 1
    before = answers.asked["/broken"]
    await batch.resume(failed=True)
    assert answers.asked["/broken"] > before
    assert answers.asked["/wait/1"] == 2


async def test_a_batch_goes_on_once_at_a_time(answers):
    """Two that write into the same places would lose one."""
    fetching = asyncio.create_task(nh.fetch_all([answers.url("/wait/1")]))
    while not answers.now:
        await asyncio.sleep(0.01)
    with pytest.raises(RuntimeError, match="under way"):
        await nh.last_batch.resume()
    answers.gate.set()
    await fetching


async def test_nothing_is_sent_before_it_is_awaited(answers, recwarn):
    """Nor does anybody complain."""
    pending = nh.fetch_all([answers.url("/item/1")] * 1234)
    assert repr(pending) == "1,234 requests: not sent yet. Put `await` in front."
    with pytest.raises(AttributeError, match=r"\(await …\)\.df"):
        pending.df()
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        pending.nonsense  # noqa: B018
    del pending
    await asyncio.sleep(0)
    assert not answers.asked
    assert not recwarn.list
    once = nh.fetch_all([answers.url("/item/1")])
    await once
    with pytest.raises(RuntimeError, match="already awaited"):
        await once


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("example.com/x", r"item 1 .*example\.com/x.* does not begin with http"),
        ("ftp://example.com/", "item 1 .* is not of http or https"),
        ("http:///x", "item 1 .* has no host"),
        ("http://h:99999/", "item 1 is no URL"),
        ("", "item 1 .* does not begin with http"),
        (None, "item 1 is no URL and no request: None"),
        (float("nan"), "item 1 is no URL and no request: nan"),
        (("GET",), "item 1 is no URL and no request"),
        (("GE T", "http://h/"), "item 1 begins with 'GE T'"),
        (("GET", 3), "item 1 has no URL behind its method, but 3"),
        (("GET", "http://h/", 5), "item 1 has no dict of options"),
        (("GET", "http://h/", {"heders": {}}), "item 1 takes no argument 'heders'.*headers="),
        ("http://u:canary@h:x/?token=canary", "item 1 is no URL"),
    ],
)
async def test_a_malformed_item_is_named_before_anything_is_sent(answers, item, message):
    """By its position; and without its secrets."""
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        nh.fetch_all([answers.url("/item/1"), item])
    assert "canary" not in str(caught.value)
    assert not answers.asked


async def test_a_request_that_was_sent_is_refused(answers):
    """And a refused list leaves its requests as they were."""
    sent = nh.get(answers.url("/item/1"))
    await sent
    fresh = nh.get(answers.url("/item/2"))
    with pytest.raises(ValueError, match="item 1 was sent before"):
        nh.fetch_all([fresh, sent])
    with pytest.raises(ValueError, match="item 1 is the very request of item 0"):
        nh.fetch_all([fresh, fresh])
    with pytest.raises(ValueError, match="item 1 is no URL"):
        nh.fetch_all([fresh, nh.get("http://h:99999/")])
    assert (await fresh).status == 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"urls": "http://h/"}, "takes a list of URLs"),
        ({"urls": {"a": 1}}, "takes a list of URLs"),
        ({"urls": 7}, "takes a list of URLs"),
        ({"limit": 0}, "limit must be at least 1"),
        ({"per_host": 1.5}, "per_host is a whole number"),
        ({"retry": "often"}, "retry is a whole number"),
        ({"rate": "10"}, "rate is text such as"),
        ({"rate": "10/week"}, "rate is text such as"),
        ({"rate": "0/s"}, "nothing could be sent"),
        ({"errors": "ignore"}, "errors is 'collect' or 'raise'"),
        ({"client": 5}, "client is a Client"),
        ({"cache": 5}, "cache is a CacheMiddleware"),
        ({"timout": 5}, "no argument 'timout'. Did you mean timeout="),
    ],
)
async def test_wrong_arguments_are_named(arguments, message):
    """At the call, not at the await."""
    with pytest.raises((TypeError, ValueError), match=message):
        nh.fetch_all(**{"urls": [], **arguments})


async def test_a_list_of_none_is_a_batch_of_none():
    """As a loop over it would be."""
    batch = await nh.fetch_all([])
    assert len(batch) == 0
    assert len(batch.df()) == 0
    assert repr(batch) == "Batch of 0 requests"
