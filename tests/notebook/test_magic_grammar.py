"""The grammar of `%http` and `%%http`: plain functions, no shell, no network."""

from __future__ import annotations

import pytest

from notebook_http.notebook.magics.exceptions import MagicSyntaxError
from notebook_http.notebook.magics.request_cell import ParsedRequest, read_cell, read_line


def line(text: str, **names: object) -> ParsedRequest:
    return read_line(text, dict(names))


def cell(first: str, body: str, **names: object) -> ParsedRequest:
    return read_cell(first, body, dict(names))


def error_of(text: str, body: str | None = None, **names: object) -> str:
    with pytest.raises(MagicSyntaxError) as caught:
        line(text, **names) if body is None else cell(text, body, **names)
    message = str(caught.value)
    assert len(message.splitlines()) <= 12
    assert all(len(row) <= 120 for row in message.splitlines()), message
    return message


# The request line -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "url"),
    [
        (":3000/path", "http://localhost:3000/path"),
        (":3000", "http://localhost:3000"),
        (":/path", "http://localhost/path"),
        ("localhost:8080/a?b=c", "http://localhost:8080/a?b=c"),
        ("api.localhost:8080", "http://api.localhost:8080"),
        ("127.0.0.1:5000/x", "http://127.0.0.1:5000/x"),
        ("127.8.8.8/x", "http://127.8.8.8/x"),
        ("[::1]:5000/x", "http://[::1]:5000/x"),
        ("0.0.0.0:80", "http://0.0.0.0:80"),
        ("user:pw@localhost/x", "http://user:pw@localhost/x"),
        ("example.com", "https://example.com"),
        ("example.com:8443/x", "https://example.com:8443/x"),
        ("localhost.example.com", "https://localhost.example.com"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com"),
        ("//example.com/x", "https://example.com/x"),
        ("http://example.com/x", "http://example.com/x"),
        ("HTTPS://example.com", "HTTPS://example.com"),
        ("myhost", "https://myhost"),
        ("bücher.example/ä?q=ö", "https://bücher.example/ä?q=ö"),
    ],
)
def test_a_scheme_that_was_left_out_follows_the_host(written, url):
    """Http on this machine, where servers under development are; https everywhere else."""
    assert line(written).url == url


@pytest.mark.parametrize(
    ("written", "method"),
    [
        (":3000/x", "GET"),
        (":3000/x a=1", "POST"),
        (":3000/x a:=1", "POST"),
        (":3000/x q==1 X-A:b", "GET"),
        ("get :3000/x", "GET"),
        ("GET :3000/x a=1", "GET"),
        ("DELETE :3000/x", "DELETE"),
        ("propfind :3000/x", "PROPFIND"),
        ('"Custom" :3000/x', "Custom"),
        ("{verb} :3000/x", "PUT"),
    ],
)
def test_the_method_may_be_left_out(written, method):
    """GET, or POST when there is something to send, as HTTPie's users expect."""
    assert line(written, verb="put").method == method


def test_items_go_where_their_separator_says():
    """One line has to say all that a request is made of."""
    request = line('PUT :3000/x X-A:1 "X-B: two words" q==a q==b name=Ada age:=36 tags:=["a", "b"]')
    assert request.headers == (("X-A", "1"), ("X-B", "two words"))
    assert request.query == (("q", "a"), ("q", "b"))
    assert request.fields == {"name": "Ada", "age": 36, "tags": ["a", "b"]}
    assert request.arguments() == {
        "headers": [("X-A", "1"), ("X-B", "two words")],
        "params": [("q", "a"), ("q", "b")],
        "json": {"name": "Ada", "age": 36, "tags": ["a", "b"]},
    }


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ("name=it's", {"name": "it's"}),
        ('name="a b"', {"name": "a b"}),
        ("name='a \"b\"'", {"name": 'a "b"'}),
        ('name="a \\"b\\""', {"name": 'a "b"'}),
        ('"a b=c d"', {"a b": "c d"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=b:c", {"a": "b:c"}),
        ("a\\=b=c", {"a=b": "c"}),
        ("a\\:b=c", {"a:b": "c"}),
        ("a=b\\ c", {"a": "b c"}),
        ("path=C:\\temp", {"path": "C:\\temp"}),
        ('a=""', {"a": ""}),
        ("a=", {"a": ""}),
        ("price=$HOME", {"price": "$HOME"}),
        ("größe=ü", {"größe": "ü"}),
        ("a:=5", {"a": 5}),
        ("a:=null", {"a": None}),
        ('a:="x y"', {"a": "x y"}),
        ('a:="x \\" y"', {"a": 'x " y'}),
        ('a:={"k": [1, {"z": "a } b"}]}', {"a": {"k": [1, {"z": "a } b"}]}}),
        ("a:='{\"k\": 1}'", {"a": {"k": 1}}),
        ("a:={}", {"a": {}}),
        ('"a b":={"k": 1}', {"a b": {"k": 1}}),
        ('a:={"k": 1} b:=[2, 3] c=4', {"a": {"k": 1}, "b": [2, 3], "c": "4"}),
    ],
)
def test_values_are_quoted_escaped_or_json(written, fields):
    """What a person types without thinking of a shell comes out as it was meant."""
    assert line(f":3000/ {written}").fields == fields


def test_options_stand_anywhere_on_the_line():
    """Nobody remembers whether an option goes before or after the URL."""
    for written in ("--into r --df GET :1/x", "GET --df :1/x --into=r", "GET :1/x --df --into r"):
        assert line(written).options == {"into": "r", "df": ""}
        assert line(written).url == "http://localhost:1/x"


@pytest.mark.parametrize(
    ("written", "mark", "words"),
    [
        ("GTE :3000/x", "GTE", ["GTE is not a method", "Did you mean GET?"]),
        ("PSOT :3000/x a=1", "PSOT", ["Did you mean POST?"]),
        ("get", "", ["URL is missing", "GET URL"]),
        ("GTE", "GTE", ["Did you mean GET?"]),
        ("FROB :3000/x", "FROB", ["not a method", '"FROB"']),
        (":3000/x --int r", "--int", ["no option --int", "Did you mean --into?"]),
        (":3000/x --frame", "--frame", ["no option --frame"]),
        (":3000/x --qqq", "--qqq", ["no option --qqq", "--into --df --rows", "%%http?"]),
        (":3000/x --into", "--into", ["--into needs a value"]),
        (":3000/x --into --df", "--into", ["--into needs a value"]),
        (":3000/x --into 2x", "2x", ["'2x' is no NAME", "a variable"]),
        (":3000/x --into class", "class", ["is no NAME"]),
        (":3000/x --fail=1", "--fail=1", ["--fail takes no value"]),
        (":3000/x --timeout soon", "soon", ["is no S for --timeout", "seconds, more than 0"]),
        (":3000/x --timeout -1", "-1", ["is no S for --timeout"]),
        (":3000/x --rows 0", "0", ["is no N for --rows", "from 1 on"]),
        (":3000/x --follow --no-follow", "--no-follow", ["cannot both be meant"]),
        (":3000/x --timeuot 5", "--timeuot", ["Did you mean --timeout?"]),
        (":3000/x --client nobody", "nobody", ["nobody is not defined", "nh.Client("]),
        (":3000/x --df --df", "--df", ["--df is given twice"]),
        (":3000/x df", "df", ["no item of a request", "Did you mean --df?"]),
        (":3000/x word", "word", ["no item", "Header:value, query==value", "needs quotes"]),
        (":3000/x X-A: b", "X-A:", ["header X-A has no value", '"X-A: some value"']),
        (":3000/x X-A:b c", "c", ["needs quotes", '"X-A:… …"']),
        (":3000/x =b", "=b", ["no name in front of ="]),
        (":3000/x a=1 a=2", "a=2", ["'a' is given twice"]),
        (":3000/x a:=hello", "a:=hello", ["not JSON", "write = in place of :="]),
        (":3000/x a:={1: 2}", "a:={1: 2}", ["not JSON"]),
        (":3000/x a:=[1, 2", "[1, 2", ["not closed"]),
        (':3000/x a="b', '"b', ['This " is not closed', '\\"']),
        (":3000/x http://b.com", "http://b.com", ["second URL"]),
        (":3000/x Bad@Name:v", "Bad@Name:v", ["cannot be the name of a header"]),
        ("http:/b.com", "http:/b.com", ["cannot be asked for", "http://b.com"]),
        ("/path", "/path", ["a host in front of the path", ":3000/path"]),
        (":port/x", ":port/x", ["a port and a path"]),
        ("", "", ["no URL to ask", "%http :3000/hello"]),
        (":3000/{{a b}}", "{{a b}}", ["not a Python expression", "\\{{a b}}"]),
    ],
)
def test_an_error_marks_the_word_and_names_the_next_step(written, mark, words):
    """A slip is found by looking at the line, not by reading a traceback."""
    message = error_of(written)
    for word in words:
        assert word in message
    rows = message.splitlines()
    assert rows[1] == f"  %http {written}"
    start, width = rows[2].index("^"), rows[2].count("^")
    assert rows[1][start : start + width] == mark


def test_a_long_line_is_shown_around_the_mark():
    """A mark that the front end wraps away from its word says nothing."""
    written = f"POST :3000/{'a' * 300} bad {'b' * 300}=1"
    rows = error_of(written).splitlines()
    assert max(len(row) for row in rows[1:3]) <= 80
    start = rows[2].index("^")
    assert rows[1][start : start + 3] == "bad"


def test_the_mark_stands_below_wide_characters():
    """A CJK character takes two columns; the mark has to follow."""
    rows = error_of(":3000/x 名前=太郎 bad").splitlines()
    assert rows[2].index("^") == rows[1].index("bad") + 4


def test_secrets_on_the_line_are_masked_in_its_errors():
    """Outputs are saved and shared; an error must not add a copy of the token."""
    message = error_of(":3000/x Authorization:Bearer abcdefghijk1234567890")
    assert "abcdefghijk1234567890" not in message
    message = error_of(":3000/x token=abcdefghijk1234567890 bad")
    assert "abcdefghijk1234567890" not in message
    assert "bad" in message


# The cell ---------------------------------------------------------------------------------------


def test_a_cell_reads_like_an_http_file():
    """The request line, headers, an empty line, the body: as other tools write it."""
    request = cell(
        "--into r",
        "# a comment\n\nPOST https://example.com/items HTTP/1.1\n  ?page=2\n  &size=5\n"
        "Accept: text/plain\n// another\nX-Note: a: b\n\nfirst\n\n  second # no comment\n\n",
    )
    assert request == ParsedRequest(
        method="POST",
        url="https://example.com/items?page=2&size=5",
        headers=(("Accept", "text/plain"), ("X-Note", "a: b")),
        body="first\n\n  second # no comment",
        options={"into": "r"},
    )


def test_the_request_line_may_stand_on_the_magics_own_line():
    """Then headers and body follow below."""
    request = cell("PUT :3000/x q==1 X-A:b --df", "X-C: d\n\nhello")
    assert request.method == "PUT"
    assert request.query == (("q", "1"),)
    assert request.headers == (("X-A", "b"), ("X-C", "d"))
    assert request.body == "hello"
    assert request.options == {"df": ""}


@pytest.mark.parametrize("body", ["", "\n", "\n\n \n"])
def test_a_cell_without_a_body_is_a_get(body):
    """An empty line below the magic is no body."""
    request = cell(":3000/x", body)
    assert (request.method, request.body) == ("GET", None)


def test_a_body_makes_it_a_post():
    """As items of the line do."""
    assert cell(":3000/x", "\nhello").method == "POST"
    assert cell("", ":3000/x\n\nhello").method == "POST"


@pytest.mark.parametrize("body", ['{"a": 1}', '[1, {"b": 2}]'])
def test_json_below_the_line_needs_no_empty_line_and_gets_its_type(body):
    """No header begins with a bracket, so what is meant is plain."""
    request = cell("POST :3000/x", body)
    assert request.body == body
    assert request.headers == (("Content-Type", "application/json"),)


def test_a_type_that_was_given_stays():
    """JSON is not always application/json."""
    request = cell("POST :3000/x", 'content-type: application/geo+json\n\n{"a": 1}')
    assert request.headers == (("content-type", "application/geo+json"),)
    request = cell("POST :3000/x Content-Type:text/x", '\n{"a": 1}')
    assert request.headers == (("Content-Type", "text/x"),)


def test_braces_that_are_no_json_are_sent_as_text():
    """GraphQL, CSS and many templates have braces, too."""
    request = cell("POST :3000/x", "\n{ user { name } }")
    assert request.body == "{ user { name } }"
    assert request.headers == ()


def test_three_hashes_end_the_request():
    """As in an `.http` file; the one in front is its title."""
    request = cell("", "### title\nPOST :3000/x\n\nbody\n###\n# end\n\n")
    assert request.body == "body"


@pytest.mark.parametrize(
    ("first", "body", "words"),
    [
        ("", "", ["no URL to ask", "on the next line"]),
        ("--df", "\n# only a comment\n", ["no URL to ask"]),
        ("", "\nGTE :3000/x", ["Did you mean GET?", "(line 3)"]),
        ("POST :3000/x", "Accept text/plain\n\nx", ["no header", "(line 2)", "Name: value"]),
        ("POST :3000/x", "A: b\nC d: e\n", ["'C d' cannot be the name", "(line 3)"]),
        ("POST :3000/x a=1", "\n\nhello", ["two bodies"]),
        ("", "GET :3000/x --df", ["no item of a request"]),
    ],
)
def test_an_error_in_a_cell_names_its_line(first, body, words):
    """In a cell of many lines the number is what one looks for."""
    message = error_of(first, body)
    for word in words:
        assert word in message


def test_the_body_keeps_every_character_of_it():
    """U+2028, form feeds and NEL end lines for `str.splitlines`, but they belong to the body."""
    body = "\na\u2028b\x0cc\x85d\x1ce\nf"
    assert cell("POST :3000/x", body).body == body[1:]


@pytest.mark.parametrize("written", ["{base}items", "https://{host}:80/x", "ada:pw@{host}/"])
def test_single_braces_in_the_host_below_the_magic_are_told(written):
    """Nobody asks a name server for `{base}items`: the second pair of braces was forgotten."""
    message = error_of("", f"GET {written}", base="http://h/", host="h")
    assert "host without braces" in message
    assert "{{name}}" in message


def test_secrets_in_a_line_that_cannot_be_read_stay_hidden():
    """The help of the message is ours and stays; what the line holds is masked."""
    message = error_of(":3000/x Authorization: Bearer c4n4ryc4n4ry")
    assert "c4n4ry" not in message
    message = error_of("http:/ada:c4n4ry@h.example/?token=c4n4ry")
    assert "c4n4ry" not in message
    assert "two slashes behind http" in message
