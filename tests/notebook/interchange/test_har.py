"""`nh.history()` and HAR 1.2: bounded, masked, valid, and read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import notebook_http as nh
from notebook_http.notebook.interchange.exceptions import HarError

# The fields of HAR 1.2, by object: name, type, whether it may be left out. "?" is any of ours.
FIELDS: dict[str, dict[str, tuple[Any, bool]]] = {
    "log": {
        "version": (str, False),
        "creator": ("creator", False),
        "browser": (dict, True),
        "pages": (list, True),
        "entries": (["entry"], False),
        "comment": (str, True),
    },
    "creator": {"name": (str, False), "version": (str, False), "comment": (str, True)},
    "entry": {
        "pageref": (str, True),
        "startedDateTime": (str, False),
        "time": ((int, float), False),
        "request": ("request", False),
        "response": ("response", False),
        "cache": (dict, False),
        "timings": ("timings", False),
        "serverIPAddress": (str, True),
        "connection": (str, True),
        "comment": (str, True),
    },
    "request": {
        "method": (str, False),
        "url": (str, False),
        "httpVersion": (str, False),
        "cookies": (["cookie"], False),
        "headers": (["pair"], False),
        "queryString": (["pair"], False),
        "postData": ("postData", True),
        "headersSize": (int, False),
        "bodySize": (int, False),
        "comment": (str, True),
    },
    "response": {
        "status": (int, False),
        "statusText": (str, False),
        "httpVersion": (str, False),
        "cookies": (["cookie"], False),
        "headers": (["pair"], False),
        "content": ("content", False),
        "redirectURL": (str, False),
        "headersSize": (int, False),
        "bodySize": (int, False),
        "comment": (str, True),
    },
    "cookie": {"name": (str, False), "value": (str, False)},
    "pair": {"name": (str, False), "value": (str, False), "comment": (str, True)},
    "postData": {"mimeType": (str, False), "params": (["pair"], True), "text": (str, True)},
    "content": {
        "size": (int, False),
        "compression": (int, True),
        "mimeType": (str, False),
        "text": (str, True),
        "encoding": (str, True),
        "comment": (str, True),
    },
    "timings": {
        "blocked": ((int, float), True),
        "dns": ((int, float), True),
        "connect": ((int, float), True),
        "send": ((int, float), False),
        "wait": ((int, float), False),
        "receive": ((int, float), False),
        "ssl": ((int, float), True),
        "comment": (str, True),
    },
}


def check(kind: str, value: Any, place: str) -> None:
    """Hold *value* to what HAR 1.2 says of an object of this *kind*."""
    assert isinstance(value, dict), place
    known = FIELDS[kind]
    for name in value:
        assert name in known or name.startswith("_"), f"{place}.{name}"
    for name, (wanted, optional) in known.items():
        if name not in value:
            assert optional, f"{place}.{name} is missing"
        elif isinstance(wanted, str):
            check(wanted, value[name], f"{place}.{name}")
        elif isinstance(wanted, list):
            assert isinstance(value[name], list), f"{place}.{name}"
            for number, item in enumerate(value[name]):
                check(wanted[0], item, f"{place}.{name}[{number}]")
        else:
            assert isinstance(value[name], wanted), f"{place}.{name}"


def check_archive(archive: dict[str, Any]) -> None:
    """Hold a whole archive to HAR 1.2, what the fields mean included."""
    assert list(archive) == ["log"]
    check("log", archive["log"], "log")
    assert archive["log"]["version"] == "1.2"
    for entry in archive["log"]["entries"]:
        assert datetime.fromisoformat(entry["startedDateTime"]).tzinfo is not None
        assert entry["time"] >= 0
        timings = entry["timings"]
        assert all(ms >= -1 for ms in timings.values())
        assert min(timings["send"], timings["wait"], timings["receive"]) >= 0
        spent = sum(ms for name, ms in timings.items() if ms > 0 and name != "ssl")
        assert entry["time"] == pytest.approx(spent, abs=0.01)
        parts = urlsplit(entry["request"]["url"])
        assert parts.scheme in ("http", "https")
        assert " " not in entry["request"]["url"]


@pytest.fixture(autouse=True)
def empty_history() -> Iterator[None]:
    """Each test begins with nothing, and leaves nothing."""
    nh.history().clear()
    yield
    nh.history().clear()


async def test_what_was_sent_is_a_valid_archive(recorder: Any, client: Any, tmp_path: Path) -> None:
    """Bodies of all kinds, redirects, failures, streams."""
    await client.get(recorder.url + "a?q=1&q=2", headers={"Cookie": "x=1; y=2"})
    await client.post(recorder.url, data={"f": "v"})
    await client.post(recorder.url, data=b"\xff\x00")
    await client.post(recorder.url, data=b"x" * 20_000)
    await client.post(recorder.url + "moved", json={"a": 1})
    await client.get(recorder.url + "login")
    async with client.get(recorder.url) as response:
        await response.read()
    with pytest.raises(nh.ClientError):
        await client.get("http://127.0.0.1:1/")
    path = nh.history().har(tmp_path / "session.har")
    archive = json.loads(path.read_text())
    check_archive(archive)
    entries = archive["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [
        *(200, 200, 200, 200, 302, 200, 200, 200, 0)
    ]
    assert entries[0]["response"]["content"]["text"] == '[{"a": 1}]'
    assert entries[0]["request"]["queryString"] == [
        {"name": "q", "value": "1"},
        {"name": "q", "value": "2"},
    ]
    assert entries[1]["request"]["postData"]["text"] == "f=v"
    assert entries[2]["request"]["postData"]["_encoding"] == "base64"
    assert "20,000 bytes, and 16,384 are kept" in entries[3]["request"]["comment"]
    assert entries[4]["response"]["redirectURL"] == "/"
    assert entries[6]["response"]["cookies"][0]["name"] == "sid"
    assert "ClientConnectorError" in entries[8]["comment"]


async def test_nothing_secret_is_written(recorder: Any, client: Any, tmp_path: Path) -> None:
    """Masked when it is written, wherever it stood; also in the table and in what a cell shows."""
    secret = "c4n4ryc4n4ryc4n4ry"
    await client.post(
        recorder.url + f"login?token={secret}",
        headers={"Authorization": f"Bearer {secret}", "Cookie": f"sid={secret}"},
        json={"password": secret},
    )
    await client.post(recorder.url, data={"password": secret})
    with pytest.raises(nh.ClientError):
        await client.get(f"http://me:{secret}@127.0.0.1:1/?api_key={secret}")
    seen = nh.history()
    text = seen.har(tmp_path / "x.har").read_text()
    check_archive(json.loads(text))
    shown = [text, repr(seen), repr(seen[0]), repr(seen[0].request), seen.df().to_csv()]
    for each in shown:
        assert secret not in each
        assert "c4n4ry" not in each  # the cookie that was set
    assert "2022" in text or "\\u2022" in text
    assert seen[0].request.header("authorization") == f"Bearer {secret}"


async def test_the_table_has_a_row_a_request(recorder: Any, client: Any) -> None:
    """Small, and with the types that one sorts by."""
    await client.get(recorder.url)
    await client.get(recorder.url + "missing")
    frame = nh.history().df()
    assert list(frame["status"]) == [200, 404]
    assert list(frame["bytes"]) == [10, 0]
    assert str(frame["time"].dtype).startswith("datetime64")
    assert (frame["ms"] > 0).all()
    assert len(nh.history()[1:].df()) == 1


async def test_it_is_bounded(recorder: Any, client: Any) -> None:
    """The last thousand are kept, however many there were."""
    batch = await nh.fetch_all([client.get(f"{recorder.url}{n}") for n in range(1_010)])
    assert len(batch) == 1_010
    assert len(nh.history()) == 1_000
    before = nh.history()
    nh.history().clear()
    assert len(nh.history()) == 0
    assert len(before) == 1_000


async def test_an_archive_is_sent_again(recorder: Any, client: Any, tmp_path: Path) -> None:
    """What came in the second time is what came in the first."""
    await client.get(recorder.url + "a?q=%2F1", headers={"X-A": "ü"})
    await client.post(recorder.url, data={"f": "v w"})
    await client.put(recorder.url, data=b"\xff\x00\n")
    await client.request("REPORT", recorder.url, json={"a": "é"})
    await client.get(recorder.url + "moved")
    path = nh.history().har(tmp_path / "session.har")
    first = list(recorder.requests)
    recorder.requests.clear()
    pending = nh.from_har(path, client=client)
    assert len(pending) == len(first) == 6
    for request in pending:
        await request
    for got, sent in zip(recorder.requests, first, strict=True):
        assert (got.line, got.body) == (sent.line, sent.body)
        assert got.meant() == sent.meant()


async def test_archives_of_browsers_are_read(recorder: Any, client: Any) -> None:
    """HTTP/2's own headers, cookies without a header, fields without a text, other schemes."""
    host = recorder.url
    archive = {
        "log": {
            "entries": [
                {"request": {"method": "GET", "url": "data:text/plain,x"}},
                {
                    "request": {
                        "method": "POST",
                        "url": f"{host}x#part",
                        "headers": [
                            {"name": ":authority", "value": "h"},
                            {"name": "content-length", "value": "99"},
                            {"name": "authorization", "value": "masked"},
                        ],
                        "cookies": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}],
                        "postData": {
                            "mimeType": "application/x-www-form-urlencoded",
                            "params": [{"name": "f", "value": "v w"}],
                        },
                    }
                },
            ]
        }
    }
    (pending,) = nh.from_har(archive, headers={"Authorization": "Bearer x"}, client=client)
    await pending
    sent = recorder.requests[0]
    assert sent.line == "POST /x HTTP/1.1"
    assert sent.body == b"f=v+w"
    assert sent.header("cookie") == "a=1; b=2"
    assert sent.header("authorization") == "Bearer x"
    assert sent.header("content-type") == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        ({}, "the archive has no 'log'"),
        ({"log": {"entries": {}}}, "log has no 'entries'"),
        ({"log": {"entries": [{}]}}, r"log.entries\[0\] has no 'request'"),
        ({"log": {"entries": ["x"]}}, r"log.entries\[0\] is no object, but str"),
        ({"log": {"entries": [{"request": {"method": "GET"}}]}}, r"\.request has no 'url'"),
        (
            {
                "log": {
                    "entries": [{"request": {"method": "GET", "url": "http://h/", "headers": 1}}]
                }
            },
            r"\.headers is no list",
        ),
        (
            {
                "log": {
                    "entries": [
                        {
                            "request": {
                                "method": "POST",
                                "url": "http://h/",
                                "postData": {"text": "?", "_encoding": "base64"},
                            }
                        }
                    ]
                }
            },
            "no base64",
        ),
    ],
)
def test_what_is_no_archive_is_said(archive: Any, words: str) -> None:
    """With the place in it."""
    with pytest.raises(HarError, match=words):
        nh.from_har(archive)


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    """A path is easily mistaken."""
    path = tmp_path / "x.har"
    path.write_text("<html>")
    with pytest.raises(HarError, match=r"x\.har is no HAR file"):
        nh.from_har(path)
