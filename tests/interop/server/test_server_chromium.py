"""Chromium's `fetch` in front of our server: one page, one script, a test for each thing it did."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

# Each entry runs in the page, after the others, and its value is what its test looks at.
SCRIPT = """
async () => {
  const hex = async (data) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytes = new Uint8Array(4 * 1024 * 1024).map((_, index) => index % 251);
  const said = {};
  const does = {
    async text() {
      const response = await fetch("/hello");
      return [response.status, await response.text(), response.headers.get("Content-Type")];
    },
    async head() {
      const response = await fetch("/hello", {method: "HEAD"});
      return [response.headers.get("Content-Length"), await response.text()];
    },
    async json() {
      const body = JSON.stringify({text: "日本", list: [1, null]});
      const headers = {"Content-Type": "application/json"};
      return (await fetch("/json", {method: "POST", headers, body})).json();
    },
    async form() {
      const body = new URLSearchParams({name: "Ōsaka & Kyōto", empty: ""});
      return (await fetch("/form", {method: "POST", body})).json();
    },
    async file() {
      const body = new FormData();
      body.append("note", "naïve");
      body.append("upload", new File([bytes], "größe.bin", {type: "application/x-thing"}));
      return (await fetch("/form", {method: "POST", body})).json();
    },
    async upload() {
      return (await fetch("/echo", {method: "PUT", body: bytes})).json();
    },
    async digest() { return hex(bytes); },
    async coded() {
      const response = await fetch("/coded");
      return [response.headers.get("Content-Encoding"), (await response.text()).length];
    },
    async download() {
      const data = await (await fetch("/large")).arrayBuffer();
      return [data.byteLength, await hex(data)];
    },
    async stream() {
      const reader = (await fetch("/stream/chromium")).body.getReader();
      const text = new TextDecoder();
      const first = text.decode((await reader.read()).value);
      await fetch("/open/chromium");
      let rest = "";
      for (;;) {
        const {done, value} = await reader.read();
        if (done) return [first, rest];
        rest += text.decode(value);
      }
    },
    async redirect() {
      const response = await fetch("/redirect/302", {method: "POST", body: "body"});
      return [response.redirected, new URL(response.url).search, await response.json()];
    },
    async kept() {
      const response = await fetch("/redirect/307", {method: "POST", body: "body"});
      return (await response.json());
    },
    async cookie() { return document.cookie; },
    async path() {
      const headers = {"X-Name": "plain"};
      return (await fetch("/echo/é/日本/a b?q=Ōsaka", {headers})).json();
    },
    async reused() {
      const numbers = [];
      for (let count = 0; count < 5; count += 1) {
        numbers.push((await (await fetch("/echo", {method: "POST", body: "x"})).json()).connection);
      }
      return new Set(numbers).size;
    },
    async close() {
      const first = await (await fetch("/close")).json();
      return [first.connection, (await (await fetch("/echo")).json()).connection];
    },
    async aborted() {
      const control = new AbortController();
      const response = await fetch("/large", {signal: control.signal});
      await response.body.getReader().read();
      control.abort();
      return (await fetch("/hello")).status;
    },
    async range() {
      const response = await fetch("/file", {headers: {Range: "bytes=10-29"}});
      return [response.status, await response.text()];
    },
    async refused() {
      try {
        return (await fetch("/refuse", {method: "POST", body: bytes})).status;
      } catch (error) {
        return String(error);
      }
    },
  };
  for (const [name, run] of Object.entries(does)) {
    said[name] = await run();
  }
  return said;
}
"""


@pytest.fixture(scope="module")
def said(served: Any, browser: Browser) -> dict[str, Any]:
    """What the page's script got, by the names in it."""
    page = browser.new_page()
    page.goto(served.addresses[False] + "/")
    found: dict[str, Any] = page.evaluate(SCRIPT)
    page.close()
    return found


def test_small_answers(said: dict[str, Any]) -> None:
    """GET, HEAD and JSON."""
    assert said["text"] == [200, "héllo", "text/plain; charset=utf-8"]
    assert said["head"] == ["6", ""]
    assert said["json"] == {"got": {"text": "日本", "list": [1, None]}, "type": "application/json"}


def test_forms(said: dict[str, Any]) -> None:
    """URLSearchParams, and FormData with a file."""
    assert said["form"] == {"name": "Ōsaka & Kyōto", "empty": ""}
    assert said["file"] == {
        "note": "naïve",
        "upload": ["größe.bin", "application/x-thing", said["digest"]],
    }


def test_an_upload(said: dict[str, Any]) -> None:
    """4 MiB."""
    assert said["upload"]["method"] == "PUT"
    assert said["upload"]["sha256"] == said["digest"]


def test_downloads(said: dict[str, Any]) -> None:
    """Compressed, and 8 MiB in chunks; one that is given up disturbs nobody."""
    assert said["coded"][0] in ("gzip", "deflate", "br", "zstd")
    assert said["coded"][1] == len("abracadabra " * 2000)
    large = bytes(range(256)) * 256 * 128
    assert said["download"] == [len(large), hashlib.sha256(large).hexdigest()]
    assert said["aborted"] == 200


def test_a_stream_arrives_as_it_is_sent(said: dict[str, Any]) -> None:
    """The second line is sent only when the first has come."""
    assert said["stream"] == ["first\n", "second\n"]


def test_redirects_and_cookies(said: dict[str, Any]) -> None:
    """302 makes a GET of a POST, 307 does not; the cookie of the way comes along."""
    redirected, search, echo = said["redirect"]
    assert (redirected, search, echo["method"]) == (True, "?redirected=yes", "GET")
    assert echo["cookies"] == {"hop": "on-the-way"}
    assert (said["kept"]["method"], said["kept"]["size"]) == ("POST", 4)
    assert said["cookie"] == "hop=on-the-way"


def test_paths_in_every_script(said: dict[str, Any]) -> None:
    """As UTF-8."""
    assert said["path"]["path"] == "/echo/é/日本/a b"
    assert said["path"]["query"] == {"q": "Ōsaka"}


def test_connections(said: dict[str, Any]) -> None:
    """Kept ones are used again, closed ones are not."""
    assert said["reused"] == 1
    closed, other = said["close"]
    assert closed != other


def test_an_upload_that_is_refused_on_its_way(said: dict[str, Any]) -> None:
    """The page sees why."""
    assert said["refused"] == 413


def test_a_part_of_a_file(said: dict[str, Any], served: Any) -> None:
    """As a media player asks for it."""
    assert said["range"] == [206, served.file.read_bytes()[10:30].decode()]
