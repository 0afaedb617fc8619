"""A corpus of what strangers try, in every field that is shown: none of it becomes markup."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from notebook_http.client.exceptions import ClientConnectionError
from notebook_http.notebook.display.card import CardFacts, Hop, card_bundle
from notebook_http.notebook.display.error import short_lines
from notebook_http.notebook.display.rendered_page import RenderedPage
from notebook_http.notebook.display.size_budget import BUNDLE_BYTES
from notebook_http.notebook.reply import Reply, SentRequest

Facts = Callable[..., CardFacts]
ReadSafely = Callable[[str], Any]

TAGS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\x0c>alert(1)</script\n>",
    "<script/x>alert(1)</script/y>",
    "<script>alert(1)",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='x'onerror=alert(1)>",
    "<img\tsrc=x\tonerror\t=\talert(1)>",
    "<image src=x onerror=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>",
    "<iframe src=javascript:alert(1)>",
    "<object data=javascript:alert(1)></object><embed src=//evil.example>",
    "<form action=//evil.example><button>Sign in</button></form>",
    "<button formaction=javascript:alert(1)>x",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<xmp></xmp><img src=x onerror=alert(1)>",
    "<plaintext><script>alert(1)</script>",
    "<select><style></select><img src=x onerror=alert(1)></style>",
    "<table><td><form><table><form><input name=x>",
]
BREAKOUTS = [
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "` onmouseover=`alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</pre></td></tr></table></details><script>alert(1)</script>",
    "</summary></details><a href=javascript:alert(1)>x</a>",
    "</li></ul></div><form>",
    "--><script>alert(1)</script><!--",
    "<!--><img src=x onerror=alert(1)>-->",
    "]]><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><?php echo 1 ?>",
    "<!DOCTYPE html [<!ENTITY x '<script>'>]>&x;",
]
ENTITIES = [
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "&lt;img src=x onerror=alert(1)>",
    "&amp;lt;script&amp;gt;",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "\\x3cscript\\x3e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "\x00<\x00s\x00c\x00r\x00i\x00p\x00t\x00>",
    "\x1b$B<script>alert(1)</script>\x1b(B",
]
URLS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//http://h",
    "java\tscript:alert(1)",
    "&#106;avascript:alert(1)",
    "\x01javascript:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+",
    "http://h/?q=<script>alert(1)</script>#<img src=x onerror=alert(1)>",
    "http://h/\"onmouseover='alert(1)'",
    "//evil.example/\\@h",
    "command:workbench.action.terminal.new",
    "vscode://file/etc/passwd",
    "file:///etc/passwd",
]
STYLES_AND_SVG = [
    "<style>*{background:url(//evil.example)}</style>",
    "<p style='background:url(javascript:alert(1))'>",
    "<p style='width:expression(alert(1))'>",
    "; background: url(//evil.example); x:",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=9>x</text></a></svg>",
    "<svg><foreignObject><iframe src=javascript:alert(1)>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href='javascript:alert(1)'>x</math>",
]
NOTEBOOKS = [
    "$$\\href{javascript:alert(1)}{x}$$",
    "\\(\\require{html}\\class{x}{y}\\)",
    "$\\unicode{x3c}script\\unicode{x3e}$",
    "[x](javascript:alert(1))",
    '![x](x"onerror="alert(1))',
    "<javascript:alert(1)>",
    "```html\n<script>alert(1)</script>\n```",
    "<a data-commandlinker-command='terminal:create-new' data-commandlinker-args='{}'>x</a>",
    "<div data-commandlinker-command='x'>",
    '<a id=jupyter-config-data>{"baseUrl": "//evil.example"}</a>',
    "<img name=getElementById><form id=document><input name=cookie>",
    "<div class='jp-mod-active lm-Widget' id=main>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}#{7*7}<%= 7*7 %>{{7*7}}{%raw%}",
    "__proto__",
    "%load_ext x\n!touch /tmp/x",
    '=HYPERLINK("//evil.example")',
]
TERMINALS = [
    "\x1b]0;title\x07\x1b[2J\x1b[1;1H",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07",
    "\x9b31m\x90q\x9c",
    "\rHTTP/1.1 200 OK\x08\x08\x08",
    "\x7f\x05\x0e\x0f",
    "user\u202etxt.exe\u202c",
    "\u2066\u2067\u2068x\u2069",
    "\u2028alert(1)\u2029",
    "\ud800<script>\udfff",
    "שלום <b>עולם</b> مرحبا",
    "你好<script>世界</script>",
    "Z\u0351\u036b\u0343\u0341a\u0334l\u0300\u0301\u0302g\u0321o" * 20,
    "\ufeff\u200b\u200e\u200f<script>",
]
HOSTILE = [*TAGS, *BREAKOUTS, *ENTITIES, *URLS, *STYLES_AND_SVG, *NOTEBOOKS, *TERMINALS]

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _bodies(text: str) -> Iterator[tuple[bytes, str]]:
    """Yield *text* in bodies of every kind that is shown."""
    raw = text.encode("utf-8", "surrogatepass")
    yield raw, "text/html"
    yield raw, "text/plain"
    yield raw, "image/svg+xml"
    yield raw, "image/png"
    yield raw, "application/javascript"
    yield raw, "application/octet-stream"
    yield raw, text
    yield raw, "application/json"
    yield json.dumps({text: {text: [text, {text: text}]}}).encode(), "application/json"
    yield json.dumps([{text: text, "n": {text: 1}}] * 2).encode(), "application/json"
    yield b'{"' + raw + b'": NaN}', "application/problem+json"
    yield json.dumps({text: text}).encode() + b"\n", "application/x-ndjson"
    yield b"a," + raw + b"\n" + raw + b",1\n", "text/csv"
    yield (
        quote(raw).encode() + b"=" + quote(raw).encode() + b"&a=1",
        ("application/x-www-form-urlencoded"),
    )
    one_line = raw.replace(b"\r", b"").replace(b"\n", b"")
    yield b"event: " + one_line + b"\ndata: " + one_line + b"\n\n", "text/event-stream"
    yield (
        (b"--b\r\nContent-Disposition: form-data; name=" + one_line + b'; filename="' + one_line)
        + b'"\r\nContent-Type: '
        + one_line
        + b"\r\n\r\n"
        + raw
        + b"\r\n--b--",
        "multipart/form-data",
    )


def _text_is_clean(text: str) -> None:
    """Fail when a terminal, or a page, would do something with *text*."""
    text.encode("utf-8")
    assert not CONTROLS.search(text)


def _is_well_formed(html: str) -> None:
    """Fail unless *html* nests as written, by a second and stricter parser."""
    closed = re.sub(r"<(img|br)((?: [^<>]*)?)>", r"<\1\2/>", html)
    ElementTree.fromstring(f"<card>{closed}</card>")


@pytest.mark.parametrize("text", HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_no_field_of_a_card_becomes_markup(
    facts: Facts, read_safely: ReadSafely, text: str
) -> None:
    """URL, method, reason, names and values of headers, redirects, bodies of every kind."""
    for content, content_type in _bodies(text):
        bundle = card_bundle(
            facts(
                content,
                content_type,
                reason=text,
                method=text,
                url=text,
                headers=[(text, text), ("Content-Disposition", f"attachment; filename={text}")],
                request_headers=[(text, text)],
                redirects=[Hop(302, text, text, text, text)],
            )
        )
        read_safely(bundle["text/html"])
        _is_well_formed(bundle["text/html"])
        for shown in bundle.values():
            _text_is_clean(shown)
        assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES


def test_the_corpus_is_as_big_as_it_was() -> None:
    """Each text is one way that somebody once got through, somewhere."""
    assert len(HOSTILE) == len(set(HOSTILE)) > 110


@pytest.mark.parametrize("text", HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_reprs_errors_and_pages_are_clean_too(text: str) -> None:
    """What a terminal shows, an error's lines, and the frame of a rendered page."""
    headers = CIMultiDictProxy(CIMultiDict([("Content-Type", "text/html"), ("X", text)]))
    url = URL("http://127.0.0.1/").with_query({"q": text.encode("utf-8", "replace").decode()})
    answer = Reply(
        status=500,
        reason=text,
        headers=headers,
        url=url,
        request=SentRequest("GET", url, headers),
        content=text.encode("utf-8", "surrogatepass"),
    )
    for shown in (repr(answer), str(answer), repr(answer.headers), repr(answer.request)):
        _text_is_clean(shown)
    assert "\n" not in repr(answer)
    for line in short_lines(ClientConnectionError(text), None):
        _text_is_clean(line)
    html = RenderedPage(answer.text, text, 300).html()
    _text_is_clean(html)
    frame = ElementTree.fromstring(html)
    assert frame.tag == "iframe"
    assert {*frame.attrib} == {
        *("sandbox", "srcdoc", "referrerpolicy", "title", "width", "height", "style")
    }
    assert frame.attrib["sandbox"] == ""
    assert frame.attrib["srcdoc"].startswith("<!doctype html><html><head><meta charset")


@pytest.mark.parametrize(
    ("beginning", "piece", "end", "content_type"),
    [
        (b"", b"<script>", b"", "text/html"),
        (b"", b'{"<b>": [', b"", "application/json"),
        (b'{"a": "', b"<", b'"}', "application/json"),
        (b"[", b'"<b>",', b"1]", "application/json"),
        (b"", b'{"a": 1}\n', b"", "application/x-ndjson"),
        (b"", b"<b>,2\n", b"", "text/csv"),
        (b"", b"data: <b>\n\n", b"", "text/event-stream"),
        (b"", bytes(range(256)), b"", "application/octet-stream"),
        (b"", b"\xed\xa0\x80", b"", "text/plain"),
        (b"\x89PNG\r\n\x1a\n", b"\0", b"", "image/png"),
    ],
    ids=[str(n) for n in range(10)],
)
def test_a_hundred_megabytes_cost_a_glance(
    facts: Facts,
    read_safely: ReadSafely,
    beginning: bytes,
    piece: bytes,
    end: bytes,
    content_type: str,
    most_cpu: Any,
) -> None:
    """In processor time and in memory: the body is there once, and is not copied."""
    import tracemalloc

    content = beginning + piece * (100_000_000 // len(piece)) + end
    exchange = facts(content, content_type)
    with most_cpu(0.5):
        bundle = card_bundle(exchange)
    assert sum(len(shown.encode()) for shown in bundle.values()) <= BUNDLE_BYTES
    read_safely(bundle["text/html"])
    tracemalloc.start()
    try:
        card_bundle(facts(content, content_type))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
