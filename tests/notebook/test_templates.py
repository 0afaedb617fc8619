"""`{expr}` and `{{expr}}` in magics: what counts, what stays, and how values are put in."""

from __future__ import annotations

import datetime
import gc
import math
import warnings
from types import SimpleNamespace

import pytest

from notebook_http.notebook.magics.exceptions import (
    MagicSyntaxError,
    Source,
    TemplateError,
    UndefinedNameError,
)
from notebook_http.notebook.magics.request_cell import ParsedRequest, read_cell, read_line
from notebook_http.notebook.magics.template_values import Values, as_text, fill_text
from notebook_http.notebook.magics.templates import Expression, expression_at, split_templates


def line(text: str, **names: object) -> ParsedRequest:
    return read_line(text, dict(names))


def body(text: str, headers: str = "", **names: object) -> str | bytes | None:
    return read_cell("POST :3000/", f"{headers}\n{text}", dict(names)).body


# What counts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("{name}", "name"),
        ("{ name }", "name"),
        ("{user.id}", "user.id"),
        ("{user['first name']}", "user['first name']"),
        ("{f(a, b)}", "f(a, b)"),
        ('{f({"a": 1})}', 'f({"a": 1})'),
        ("{'}' + x}", "'}' + x"),
        ("{[x for x in y]}", "[x for x in y]"),
        ("{a if b else c}", "a if b else c"),
        ("{-n}", "-n"),
        ("{{name}}", "name"),
        ("{{ {'a': {'b': 1}} }}", "{'a': {'b': 1}}"),
        ('{{"}}"}}', '"}}"'),
        ("{{1}}", "1"),
        ("{{a, b}}", "a, b"),
    ],
)
def test_an_expression_on_the_line_counts(text, source):
    """Single and double braces alike, up to the brace that closes them."""
    found = expression_at(text, 0, single=True)
    assert found == Expression(source, 0, len(text), text.startswith("{{"))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{ }",
        '{"k": 1}',
        '{"k": {"a": 2}}',
        "{1}",
        "{1.5}",
        "{-1}",
        "{2,3}",
        "{a, b}",
        '{"a"}',
        "{'a', 'b'}",
        "{None}",
        "{[1, 2]}",
        "{...}",
        "{x:.2f}",
        "{x!r}",
        "{x=}",
        "{a b}",
        "{*a}",
        "{x := 1}",
        "{#if x}",
        "{name",
        "{name\n}",
        "{don't}",
        "{{}}",
        "{{{name}}}",
    ],
)
def test_other_braces_are_text(text):
    """JSON, regular expressions and other people's templates are sent as they were typed."""
    assert expression_at(text, 0, single=True) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{name} {1} {'a': 1}", []),
        ("a {{x}} b {{y}}", ["x", "y"]),
        ('{"a": {{x}}}', ["x"]),
        ('{"a":{{{k}}:1}}', ["k"]),
        ("{{a}}{{b}}", ["a", "b"]),
        ("{{user name}} {{}} {{#each x}} {{x}}", ["x"]),
        ("{{x", []),
        ("{{x\n}}", []),
        ("$x ${x} $$", []),
    ],
)
def test_in_a_body_only_double_braces_count(text, names):
    """A body is data, most often JSON; one brace means nothing there."""
    parts = split_templates(text)
    assert [part.source for part in parts if isinstance(part, Expression)] == names
    assert "".join([str(part) for part in parts]) == text


def test_many_braces_are_searched_in_a_moment():
    """A megabyte of braces that mean something else must not stop the kernel."""
    assert len(split_templates("{{x " * 50_000)) == 1
    assert len(split_templates("}} {{" * 50_000)) == 1


def test_text_that_is_no_expression_makes_no_warning():
    """Python's parser warns of invalid escapes, even in what turns out to be text."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert expression_at("{{'\\d' 1}}", 0, single=False) is None


# Values are one word ----------------------------------------------------------------------------

AWKWARD = 'O\'Brien "Bob" a=b c==d e:f {x} {{y}} $HOME --df ?&#/ \\ ü'


def test_a_value_on_the_line_is_one_word():
    """Blanks, quotes, separators and braces of a value are never read as grammar."""
    request = line(
        "POST :3000/x q=={v} X-V:{{v}} f={v} j:={v} l:={all} --into r", v=AWKWARD, all=[AWKWARD]
    )
    assert request.query == (("q", AWKWARD),)
    assert request.headers == (("X-V", AWKWARD),)
    assert request.fields == {"f": AWKWARD, "j": AWKWARD, "l": [AWKWARD]}
    assert request.options == {"into": "r"}


def test_a_value_inside_json_on_the_line_is_encoded():
    """`"` in a name must not end the JSON string it is put into."""
    request = line('POST :3000/x u:={"name": {v}, "note": "by {{v}}", "n": {n}}', v=AWKWARD, n=3)
    assert request.fields == {"u": {"name": AWKWARD, "note": f"by {AWKWARD}", "n": 3}}


def test_a_value_cannot_leave_its_place_in_the_url():
    """A user name with a slash or an ampersand is still one segment, one field."""
    request = line("GET :3000/u/{v}/x?q={v}&r=1", v="a?b c&d#e%f")
    assert request.url == (
        "http://localhost:3000/u/a%3Fb%20c&d%23e%25f/x?q=a%3Fb%20c%26d%23e%25f&r=1"
    )


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("{base}items", "http://127.0.0.1:9/items"),
        ("{host}/x", "https://api.example.com:81/x"),
        ("http://{host}/x", "http://api.example.com:81/x"),
        ("http://127.0.0.1:{port}/{path}", "http://127.0.0.1:8000/a/b"),
        (":{port}/x", "http://localhost:8000/x"),
        ("{page.next()}", "https://x.org/1"),
    ],
)
def test_a_value_at_the_start_of_the_url_is_taken_as_it_is(text, url):
    """A base URL in a variable is the usual case."""
    calls = iter(range(1, 9))
    page = SimpleNamespace(next=lambda: f"x.org/{next(calls)}")
    names = {"base": "http://127.0.0.1:9/", "host": "api.example.com:81", "port": 8000}
    assert line(text, **names, path="a/b", page=page).url == url


def test_braces_and_dollars_that_are_no_template_stay():
    """What a person typed and did not mean as a template arrives as typed."""
    request = line('POST :3000/x re=a{2,3} s=$x{1} t="{x:.2f}" j:={"a": {}} e=\\{v} f=\\{{v}}', v=1)
    assert request.fields == {
        "re": "a{2,3}",
        "s": "$x{1}",
        "t": "{x:.2f}",
        "j": {"a": {}},
        "e": "{v}",
        "f": "{{v}}",
    }


def test_a_json_body_takes_values_as_json():
    """Inside quotes a value is escaped, outside it becomes JSON of its own kind."""
    text = '{"name": {{v}}, "note": "by \\"{{v}}\\"", "flag": {{flag}}, "rows": {{rows}}, "n": {v}}'
    filled = body(text.replace(', "n": {v}', ""), v='a"b', flag=True, rows=[{"x": None}])
    assert filled == (
        '{"name": "a\\"b", "note": "by \\"a\\"b\\"", "flag": true, "rows": [{"x": null}]}'
    )


def test_a_form_body_takes_values_percent_encoded():
    """`&` in a value must not begin another field."""
    form = "Content-Type: application/x-www-form-urlencoded\n"
    assert body("a={{v}}&b=2", form, v="x&y=z ü") == "a=x%26y%3Dz+%C3%BC&b=2"


def test_a_text_body_takes_values_as_text():
    """And leaves everything else alone."""
    assert body("Dear {{name}}, {name} owes ${{sum}} {{ not a name }}", name="Bo", sum=3) == (
        "Dear Bo, {name} owes $3 {{ not a name }}"
    )


def test_a_body_that_is_one_expression_is_its_value():
    """Bytes and text as they are, everything else as JSON."""
    assert body("{{v}}", v=b"\x00\xff") == b"\x00\xff"
    assert body("{{v}}", v='{"a": 1}') == '{"a": 1}'
    assert body("{{v}}", v={"a": [1, None]}) == '{"a": [1, null]}'
    assert body("{{v}}", "Content-Type: application/json\n", v="text") == "text"


def test_header_values_in_a_cell_are_filled():
    """The token comes from a variable, not from the cell."""
    request = read_cell(
        "", "GET :3000/\nAuthorization: Bearer {{token}}\nX: {token}", {"token": "t"}
    )
    assert request.headers == (("Authorization", "Bearer t"), ("X", "{token}"))


@pytest.mark.parametrize("end", ["\n", "\r", "\0"])
def test_a_value_cannot_add_a_header(end):
    """A line end in a token would begin a header of its own."""
    for text, below in (("GET :3000/ X-A:{v}", None), ("GET :3000/", "X-A: {{v}}")):
        names = {"v": f"a{end}X-B: c"}
        with pytest.raises(MagicSyntaxError, match="holds a line end or a NUL"):
            read_line(text, names) if below is None else read_cell(text, below, names)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (b"\xc3\xbc", "ü"),
        (True, "true"),
        (None, "null"),
        (3, "3"),
        (1.5, "1.5"),
        ([1, "a"], '[1, "a"]'),
        ({"k": True}, '{"k": true}'),
        (datetime.date(2024, 2, 29), "2024-02-29"),
    ],
)
def test_values_become_the_text_that_servers_read(value, text):
    """JSON's words for what Python spells in its own way."""
    assert as_text(value) == text


def test_numbers_dates_and_frames_become_json():
    """What a notebook holds is more often numpy's and pandas' than Python's own."""
    import numpy
    import pandas

    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    fields = line(
        "POST :3000/ n:={n} a:={a} d:={d} f:={f} s:={s}",
        n=numpy.float64(1.5),
        a=numpy.array([1, 2]),
        d=datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.UTC),
        f=frame,
        s=frame["a"],
    ).fields
    assert fields == {
        "n": 1.5,
        "a": [1, 2],
        "d": "2024-01-02T03:04:00+00:00",
        "f": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        "s": [1, 2],
    }


def test_an_expression_is_evaluated_once():
    """`{next(pages)}` must not skip a page."""
    pages = iter(["a.org/1", "a.org/2"])
    assert line("{next(pages)}", pages=pages, next=next).url == "https://a.org/1"


# Errors -----------------------------------------------------------------------------------------


def message_of(text: str, error: type[MagicSyntaxError] = TemplateError, **names: object) -> str:
    with pytest.raises(error) as caught:
        line(text, **names)
    assert len(str(caught.value).splitlines()) <= 12
    return str(caught.value)


def test_an_undefined_name_is_told_with_its_neighbours():
    """It is a typing slip, so the right name is near."""
    message = message_of(":3000/{usr_id}", UndefinedNameError, user_id=1, other=2)
    assert "{usr_id}: the name 'usr_id' is not defined" in message
    assert "Did you mean user_id?" in message
    assert "\\{usr_id}" in message
    assert "         ^^^^^^^^" in message


def test_an_undefined_name_is_a_name_error():
    """Code that catches NameError in a cell still does."""
    with pytest.raises(NameError):
        line(":3000/{nowhere}")


def test_an_undefined_name_in_a_body_names_the_line():
    """And how to send the braces themselves."""
    with pytest.raises(UndefinedNameError) as caught:
        read_cell("POST :3000/", "\nfirst\nsecond {{nowhere}}", {})
    assert "(line 4)" in str(caught.value)
    assert '{{"{{nowhere}}"}}' in str(caught.value)
    assert body('{{"{{nowhere}}"}} and text') == "{{nowhere}} and text"


def test_a_failing_expression_tells_its_error():
    """The expression is named, its own traceback is left out."""
    message = message_of(":3000/{d['k']}", d={})
    assert "{d['k']}: KeyError: 'k'" in message
    assert "Try d['k'] in a cell of its own." in message


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("id", id, ["{id} is a function", "id(…)"]),
        ("kind", dict, ["is a class"]),
        ("module", math, ["is a module"]),
    ],
)
def test_what_is_no_data_is_refused(name, value, words):
    """`/users/{id}` without an `id` would send `<built-in function id>`."""
    message = message_of(f":3000/{{{name}}}", **{name: value})
    for word in words:
        assert word in message


def test_what_must_be_awaited_is_refused_without_a_warning():
    """A coroutine in a URL is a forgotten await."""

    async def token() -> str:
        return "t"

    message = message_of(":3000/{token()}", token=token)
    assert "value = await token()" in message
    gc.collect()


def test_what_json_has_no_word_for_is_refused():
    """NaN is not JSON, and most servers say so only with a 400."""
    assert "cannot be sent as JSON" in message_of(":3000/ a:={v}", v=float("nan"))


def test_values_need_no_request():
    """Other magics may use the same templates."""
    source = Source("a {{b}} c")
    assert fill_text(split_templates(source.text), Values({"b": 2}, source)) == "a 2 c"
