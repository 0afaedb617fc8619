"""`nh.from_curl`: sends what real curl sends for the same words; wrong words are shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

import notebook_http as nh
from notebook_http.notebook.interchange.bash_words import split_bash
from notebook_http.notebook.interchange.curl_command import read_curl
from notebook_http.notebook.interchange.exceptions import CurlSyntaxError
from notebook_http.notebook.interchange.windows_words import split_cmd, split_powershell
from notebook_http.notebook.interchange.words import shell_of

# By program: who asks, and what is automatic in one and not in the other.
OF_PROGRAMS = ("user-agent", "connection", "expect")
# curl says nothing of a body that there is not, we say it has no bytes (RFC 9110 §8.6).
OF_BODIES = ("content-length",)

COMMANDS = [
    "curl URL",
    "curl URLa%7Eb?x=%2F",
    "curl -X PUT URLitems/1",
    "curl -XDELETE URL",
    "curl -I URL",
    "curl URL -H 'X-A: 1' -H 'X-B:2' -H 'X-Empty;' -H 'Accept:'",
    "curl URL -d a=1 -d 'b=two words'",
    "curl URL --data-raw '@not a file'",
    "curl URL -d @lines.txt",
    "curl URL --data-binary @lines.txt",
    "curl URL --data-urlencode 'q=a b&c/d~é' --data-urlencode '=x y' --data-urlencode 'z w'",
    "curl URL --data-urlencode 'f@lines.txt' --data-urlencode '@lines.txt'",
    "curl -G URL?p=0 -d a=1 --data-urlencode 'q=a b'",
    """curl --json '{"a": 1}' URL""",
    """curl --json '[1,' --json '2]' -H 'Accept: text/plain' URL""",
    "curl -u 'me:p@ss:wörd' URL",
    "curl -u me:secret -H 'Authorization: Bearer x' URL",
    "curl --oauth2-bearer abc URL",
    "curl -b 'a=1; b=2' -A 'Some Agent/1' -e http://other.example/ URL",
    "curl -b a=1 -b b=2 URL",
    "curl -A '' URL",
    "curl -sSL URLmoved",
    "curl -s URLmoved",
    "curl -sSX POST --url URL -d ''",
    r"curl $'URL' -d $'tab\tnl\nquote\' \u00e9 \x41\303\251 \\'",
    r'curl URL -d "dollar \$x, quote \", back \\ and \n"',
    "curl URL \\\n  -H 'A: b' \\\n  -d 'two\nlines'",
    "curl -g 'URL?a[]=1&b={x}'",
    r"curl 'URL?a\[1\]=\{x\}'",
    "curl URL -H 'Content-Type: text/x' -d body",
    "curl URL -H 'Content-Type:' -d body",
    "curl URL -d 'naïve ☃'",
    "curl URL -H 'X-Text: naïve'",
    r"curl URL --data-binary $'\xff\xfe raw'",
    r"printf 'a\000b%%\377' | curl URL --data-binary @- -H 'Content-Type: x/y'",
    "# a comment\ncurl URL # behind it",
]


@pytest.mark.peer
@pytest.mark.parametrize("command", COMMANDS)
async def test_it_sends_what_curl_sends(
    recorder: Any,
    client: Any,
    curl: None,
    run_bash: Any,
    tmp_path: Path,
    command: str,
    monkeypatch: Any,
) -> None:
    """The same text, once run by bash and curl, once by us: the same requests."""
    (tmp_path / "lines.txt").write_bytes(b"one & two\r\n\r\nthree=3\n")
    monkeypatch.chdir(tmp_path)
    command = command.replace("URL", recorder.url)
    await run_bash(command, tmp_path)
    wanted = list(recorder.requests)
    recorder.requests.clear()
    await nh.from_curl(command, client=client)
    assert [got.line for got in recorder.requests] == [sent.line for sent in wanted]
    for got, sent in zip(recorder.requests, wanted, strict=True):
        assert got.body == sent.body
        without = OF_PROGRAMS if sent.body else OF_PROGRAMS + OF_BODIES
        assert got.meant(*without) == sent.meant(*without)


async def test_a_form_holds_fields_and_files(recorder: Any, client: Any, tmp_path: Path) -> None:
    """Files are read when it is awaited, not before."""
    path = tmp_path / "d.bin"
    pending = nh.from_curl(
        f"curl {recorder.url} -F a=1 -F 'f=@{path};type=image/png;filename=\"x y.png\"' "
        f"-F 't=<{path}' --form-string 'at=@x'",
        client=client,
    )
    path.write_bytes(b"data")
    await pending
    body = recorder.requests[0].body
    assert recorder.requests[0].line.startswith("POST / ")
    assert b'name="f"; filename="x y.png"' in body
    assert b"Content-Type: image/png\r\n" in body
    assert body.count(b"\r\n\r\ndata\r\n") == 2
    assert b"\r\n\r\n@x\r\n" in body


async def test_the_other_flags_do_what_they_say(recorder: Any, client: Any, tmp_path: Path) -> None:
    """`-o` writes, `-f` raises, `-m` limits, `-x` goes through the proxy."""
    path = tmp_path / "out.json"
    reply = await nh.from_curl(f"curl -k -m 9 -o {path} {recorder.url}", client=client)
    assert json.loads(path.read_text()) == reply.json() == [{"a": 1}]
    with pytest.raises(nh.ClientResponseError):
        await nh.from_curl(f"curl -f {recorder.url}missing", client=client)
    assert (await nh.from_curl(f"curl {recorder.url}missing", client=client)).status == 404
    proxy = recorder.url.rstrip("/")
    await nh.from_curl(f"curl -x {proxy} -U u:p http://name.invalid/x", client=client)
    asked = recorder.requests[-1]
    assert asked.line == "GET http://name.invalid/x HTTP/1.1"
    assert asked.header("proxy-authorization") == "Basic dTpw"


async def test_nothing_is_sent_before_it_is_awaited(recorder: Any) -> None:
    """And the hint about the forgotten `await` masks what is secret."""
    pending = nh.from_curl(f"curl {recorder.url}?token=c4n4ryc4n4ry")
    assert "not sent yet" in repr(pending)
    assert "c4n4ry" not in repr(pending)
    pending.close()
    assert recorder.requests == []


async def test_a_batch_sends_pasted_commands_too(recorder: Any, client: Any) -> None:
    """They are requests like others."""
    batch = await nh.fetch_all(
        [nh.from_curl(f"curl {recorder.url}{n} -d a={n}", client=client) for n in range(3)]
    )
    assert [reply.status for reply in batch] == [200, 200, 200]
    assert sorted(got.body for got in recorder.requests) == [b"a=0", b"a=1", b"a=2"]


# Quoting of Windows ------------------------------------------------------------------------------

ARGUMENTS = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20),
    min_size=1,
    max_size=4,
)


def chrome_cmd(argument: str) -> str:
    """Quote as Chrome's "Copy as cURL (cmd)": for the C runtime first, then for cmd.exe."""
    text = argument.replace("\\", "\\\\").replace('"', '\\"')
    plain = "_-:=+~'/.',?;()*` \t"
    text = "".join([c if c.isalnum() or c in plain else f"^{c}" for c in text])
    return f'^"{text}^"'


@given(ARGUMENTS)
def test_what_chrome_copies_for_cmd_comes_back(arguments: list[str]) -> None:
    """Every printable character, in every place."""
    command = "curl " + " ^\n  ".join(map(chrome_cmd, arguments))
    assert [word.text for word in split_cmd(command)] == ["curl", *arguments]
    assert shell_of(command) == "cmd"


@given(ARGUMENTS)
def test_what_the_runtime_quotes_comes_back(arguments: list[str]) -> None:
    """`subprocess.list2cmdline` is the other half of Microsoft's rules, written by others."""
    from subprocess import list2cmdline

    arguments = [text for text in arguments if not set(text) & set('^&|<>%"')]
    command = list2cmdline(["curl", *arguments])
    assert [word.text for word in split_cmd(command)] == ["curl", *arguments]


@given(ARGUMENTS)
def test_what_is_quoted_for_powershell_comes_back(arguments: list[str]) -> None:
    """Single quotes double; all else is itself."""
    arguments = [text for text in arguments if '\\"' not in text]
    words = ["'" + text.replace("'", "''") + "'" for text in arguments]
    command = " `\n  ".join(["curl.exe", *words])
    assert [word.text for word in split_powershell(command)] == ["curl.exe", *arguments]


@pytest.mark.parametrize(
    ("command", "shell"),
    [
        ('curl ^"http://h/^" ^\n  -H ^"a: b^"', "cmd"),
        ('curl "http://h/" ^\n  -H "a: b"', "cmd"),
        ('curl.exe "http://h/" -d "{\\"a\\":1}"', "cmd"),
        ("curl.exe 'http://h/' `\n -H 'a: b'", "powershell"),
        ("curl.exe 'http://h/' -d '{\\\"a\\\":1}'", "powershell"),
        ('curl.exe "http://h/" `\n -H "a: `"b`""', "powershell"),
        ("curl 'http://h/' \\\n  -H 'a: ^\"b^\"'", "bash"),
        ("curl 'http://h/?a=^' -d '^\n-x'", "bash"),
        ("curl http://h/", "bash"),
    ],
)
def test_the_shell_is_told_by_its_quoting(command: str, shell: str) -> None:
    """Nobody should have to say where a text was copied."""
    assert shell_of(command) == shell


def test_windows_commands_are_read_whole() -> None:
    """As the browsers copy them, JSON body and all."""
    command = read_curl(
        'curl ^"http://h/a?b=^%^20c^&d=1^" ^\r\n  -H ^"content-type: application/json^" ^\r\n'
        '  --data-raw ^"^{^\\^"a^\\^": ^\\^"x^%^y^\\^"^}^"'
    )
    assert command.url == "http://h/a?b=%20c&d=1"
    assert command.headers == [("content-type", "application/json")]
    assert command.body() == b'{"a": "x%y"}'
    command = read_curl("curl.exe 'http://h/' `\n  -d '{\\\"a\\\": 1}' `\n  -H \"x: `$1 ``\"")
    assert command.body() == b'{"a": 1}'
    assert command.headers[0] == ("x", "$1 `")
    assert split_cmd('curl "a ""b"" c"')[1].text == 'a "b" c'
    assert split_cmd('curl ^"two^\n\nlines^"')[1].text == "two\nlines"


# What is wrong is shown ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "words", "marked"),
    [
        ("curl http://h/ -H 'a: b", "quote ' that opens here never closes", "'"),
        ('curl "http://h/', 'quote " that opens here never closes', '"'),
        ("curl $'http://h/", "quote $' that opens", "$'"),
        ("wget http://h/", "no curl command", "wget"),
        ("", "no curl command", ""),
        ("curl -s", "no URL in this command", "curl"),
        ("curl http://h/ -H", "-H needs a value", "-H"),
        ("curl http://h/ --retry 3 -Z --formm a=b", "--retry (curl's", "--retry"),
        ("curl http://h/ --formm a=b", "did you mean --form?", "--formm"),
        ("curl http://h/ --cert x -sw %{y}", "2 flags are not understood", "--cert"),
        ("curl http://h/?a=1&b=2", "ends here, at &", "&"),
        ("curl http://h/ | jq .", "ends here, at |", "|"),
        ('curl http://h/ -H "A: $TOKEN"', "$TOKEN stands for something", "$TOKEN"),
        ('curl http://h/ -d "$(cat x)"', "$(cat x) stands for", "$(cat x)"),
        ("curl http://h/\n-H 'a: b'", "ended on the line before", "-"),
        ("curl http://h/ \\  \n-H 'a: b'", "blank stands behind the backslash", "\\  "),
        ("curl http://h/ http://i/", "second URL", "http://i/"),
        ("curl http://h/ -d a -F b=c", "two bodies", "http://h/"),
        ("curl 'http://h/{a,b}'", "pattern for several", "'http://h/{a,b}'"),
        ("curl ftp://h/", "no http or https URL", "ftp://h/"),
        ("curl http://h/ -H 'nothing'", "no header", "'nothing'"),
        ("curl http://h/ -H 'a b: c'", "name of a header", "'a b: c'"),
        ("curl http://h/ -u me", "ask for the password", "me"),
        ("curl http://h/ -b jar.txt", "Cookie files are not read", "jar.txt"),
        ("curl http://h/ -m soon", "is no number", "soon"),
        ("curl http://h/ -X 'A B'", "no method", "'A B'"),
        ("curl http://h/ -F name", "no field of a form", "name"),
        ("curl http://h/ \udc80\ud800", "lone surrogate", "\ud800"),
        ('curl "http://h/" ^\n -H "a', 'quote " that opens', '"'),
        ("curl.exe 'http://h/' `\n -d \"$x\"", "$x stands for", "$x"),
        ("printf x | tee | curl h", "no curl command", "tee"),
    ],
)
def test_what_cannot_be_read_is_shown(command: str, words: str, marked: str) -> None:
    """The message names it, and the mark is below it."""
    with pytest.raises(CurlSyntaxError) as caught:
        read_curl(command)
    error = caught.value
    assert words in str(error)
    assert len(str(error).splitlines()) <= 12
    assert error.source.text[slice(*error.span)] == marked


def test_an_error_hides_what_is_secret() -> None:
    """A pasted command is full of credentials."""
    with pytest.raises(CurlSyntaxError) as caught:
        read_curl("curl http://h/ -H 'Authorization: Bearer c4n4ryc4n4ryc4n4ry' --retry 3")
    assert "c4n4ry" not in str(caught.value)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Never another error than ours, whatever was pasted."""
    for start in ("", "curl ", "curl.exe 'a' ` \n", 'curl ^"'):
        try:
            read_curl(start + text)
        except CurlSyntaxError as error:
            str(error)


def test_long_texts_take_linear_time() -> None:
    """One paste must not hang a kernel; CPU time, with much slack."""
    import time

    began = time.process_time()
    for piece in ("'a' ", "\\\n", "^\n", '""', "-H 'a: b' ", "\\x41", "`\n ", "{", "# \n"):
        text = "curl " + piece * 40_000
        for split in (split_bash, split_cmd, split_powershell, read_curl):
            try:
                split(text)
            except CurlSyntaxError:
                pass
    assert time.process_time() - began < 40
