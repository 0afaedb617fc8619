"""Read a curl command: what it asks for, as plain data."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from notebook_http.notebook.interchange.bash_words import decode_escapes, split_bash
from notebook_http.notebook.interchange.curl_body import DataPiece, FormField, join_data
from notebook_http.notebook.interchange.curl_flags import GivenFlag, read_flags
from notebook_http.notebook.interchange.exceptions import CurlSyntaxError
from notebook_http.notebook.interchange.windows_words import split_cmd, split_powershell
from notebook_http.notebook.interchange.words import Shell, Word, shell_of
from notebook_http.notebook.source_errors import Source

__all__ = ["CurlCommand", "read_curl"]

_FORM_TYPE = "application/x-www-form-urlencoded"
_SPLITTERS: dict[Shell, Callable[[str], list[Word]]] = {
    "bash": split_bash,
    "cmd": split_cmd,
    "powershell": split_powershell,
}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2: a token
# A set or a range of URLs; neither an IPv6 address nor what a backslash makes plain.
_PATTERN = re.compile(r"(?<!\\)(?:\{[^{}]*\}|\[(?:\d+-\d+|[A-Za-z]-[A-Za-z])(?::\d+)?\])")
_ESCAPED_BRACKET = re.compile(r"\\([\[\]{}])")
_FORM_PART = re.compile(r';\s*(type|filename|headers|encoder)=(?:"((?:[^"\\]|\\.)*)"|([^;]*))')


@dataclass(slots=True)
class CurlCommand:
    """What a curl command asks for.

    Attributes:
        url: with a scheme; as it was written.
        method: of `-X`; without one it follows from the rest (`verb`).
        headers: (name, value) pairs in their order; those of the other flags come last.
        removed: names in lower case of headers that `-H "Name:"` takes away.
        data: the pieces of the body, or of the query with `-G`.
        separator: what stands between them.
        form: the fields of a multipart form; never beside *data*.
        stdin: what `printf … |` gives to a file named `-`.
        in_query: whether *data* belongs into the query.
        head: whether only the head is asked for.
        follow: whether redirects are followed.
        max_redirects: the redirect that is one too many; 0 for no limit.
        verify: whether certificates are.
        compressed: whether codings are asked for.
        fail: whether statuses of 400 and above are errors.
        output: the file that the body goes to; "" for none.
        max_time: seconds for the whole; None for the client's own limit.
        connect_time: seconds to connect; None for the client's own limit.
        proxy: its URL; "" for none, as in the command; None when it says nothing.
        proxy_user: its user and password, `user:password`; "" for none.
    """

    url: str = ""
    method: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    data: tuple[DataPiece, ...] = ()
    separator: bytes = b"&"
    form: tuple[FormField, ...] = ()
    stdin: bytes | None = None
    in_query: bool = False
    head: bool = False
    follow: bool = False
    max_redirects: int = 51
    verify: bool = True
    compressed: bool = False
    fail: bool = False
    output: str = ""
    max_time: float | None = None
    connect_time: float | None = None
    proxy: str | None = None
    proxy_user: str = ""

    @property
    def verb(self) -> str:
        """The method that is sent."""
        if self.method:
            return self.method
        if self.head:
            return "HEAD"
        return "POST" if (self.data and not self.in_query) or self.form else "GET"

    @property
    def reads_files(self) -> bool:
        """Whether files of this machine belong to what is sent."""
        return any(piece.is_file and piece.content != "-" for piece in self.data) or any(
            part.kind != "text" for part in self.form
        )

    def header(self, name: str) -> str | None:
        """Return the first value of a header by its lower-case *name*; None without one."""
        return next((value for given, value in self.headers if given.lower() == name), None)

    def body(self) -> bytes | None:
        """Return what `-d` and the like make; None without them. Reads files.

        Raises:
            OSError: a file cannot be read.
        """
        return join_data(self.data, self.separator, self.stdin) if self.data else None


def read_curl(text: str, shell: Shell | None = None) -> CurlCommand:
    """Return what the curl command *text* asks for; reads no file and sends nothing.

    Args:
        text: as browsers copy it, or as it was typed; `printf '…' |` may stand in front.
        shell: whose quoting it is written in; by default what it looks like.

    Raises:
        CurlSyntaxError: it cannot be read. The message shows the place.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    source = Source(text, first_line=1)
    if not text.isascii():
        try:
            text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:
            message = "This is half a character (a lone surrogate), which no command can hold"
            raise CurlSyntaxError(message, source, (error.start, error.end)) from None
    prompt = re.match(r"\s*[$%>][ \t]+(?=curl\b)", text)
    if prompt:  # copied from a page that shows it; blanked, so that places stay what they are
        text = " " * prompt.end() + text[prompt.end() :]
    words = _SPLITTERS[shell or shell_of(text)](text)
    words, stdin = _take_printf(words, source)
    if not words or not _is_curl(words[0].text):
        place = words[0] if words else Word("", 0, len(text))
        raise CurlSyntaxError(
            "This is no curl command",
            source,
            (place.start, place.end),
            expected="curl URL [flags]",
        )
    reader = _Reader(source, stdin)
    for flag in read_flags(words[1:], source):
        reader.take(flag)
    return reader.finish(words[0])


def _is_curl(word: str) -> bool:
    return re.split(r"[/\\]", word)[-1].lower() in ("curl", "curl.exe")


def _take_printf(words: list[Word], source: Source) -> tuple[list[Word], bytes | None]:
    """Return the words behind `printf 'text' |`, and the bytes that this gives to curl."""
    if not words or words[0].text != "printf":
        return words, None
    if len(words) < 4 or words[2] != Word("|", words[2].start, words[2].start):
        raise CurlSyntaxError(
            "Only `printf 'text' | curl …` is understood in front of curl",
            source,
            (words[0].start, words[0].end),
        )
    text = decode_escapes(words[1].text).replace("%%", "%")
    return words[3:], text.encode("utf-8", "surrogateescape")


class _Reader:
    """Gathers what the flags of one command say."""

    def __init__(self, source: Source, stdin: bytes | None) -> None:
        self._source = source
        self._command = CurlCommand(stdin=stdin)
        self._data: list[DataPiece] = []
        self._form: list[FormField] = []
        self._url: GivenFlag | None = None
        self._globoff = False
        self._is_json = False
        # Those of flags such as `-A`; a `-H` of the same name wins.
        self._implied: dict[str, str] = {}
        self._switches: dict[str, Callable[[CurlCommand], None]] = {
            "insecure": lambda command: setattr(command, "verify", False),
            "location": lambda command: setattr(command, "follow", True),
            "get": lambda command: setattr(command, "in_query", True),
            "head": lambda command: setattr(command, "head", True),
            "compressed": lambda command: setattr(command, "compressed", True),
            "fail": lambda command: setattr(command, "fail", True),
            "fail-with-body": lambda command: setattr(command, "fail", True),
        }

    def take(self, flag: GivenFlag) -> None:
        """Take one flag.

        Raises:
            CurlSyntaxError: its value is none that it can have.
        """
        name, value, span = flag
        command = self._command
        if name in self._switches:
            self._switches[name](command)
        elif name == "globoff":
            self._globoff = True
        elif name == "url":
            self._take_url(flag)
        elif name == "header":
            self._take_header(value, span)
        elif name.startswith(("data", "json")):
            self._data.append(self._data_piece(name, value))
            self._is_json = self._is_json or name == "json"
        elif name.startswith("form"):
            self._form.append(self._form_field(name, value, span))
        elif name == "request":
            if not _HEADER_NAME.fullmatch(value):
                raise self._wrong("This is no method", span, "GET, POST and so on")
            command.method = value
        elif name == "cookie":
            self._take_cookie(value, span)
        elif name == "user":
            self._take_user(value, span)
        elif name == "user-agent":
            self._imply("User-Agent", value)
        elif name == "referer":
            self._imply("Referer", value.removesuffix(";auto"))
        elif name == "oauth2-bearer":
            self._imply("Authorization", f"Bearer {value}")
        elif name == "output":
            command.output = "" if value in ("-", "/dev/null", "NUL", "nul") else value
        elif name == "proxy":
            command.proxy = value if "://" in value or not value else f"http://{value}"
        elif name == "proxy-user":
            command.proxy_user = value
        elif name == "max-time":
            command.max_time = self._seconds(value, span)
        elif name == "connect-timeout":
            command.connect_time = self._seconds(value, span)
        elif name == "max-redirs":
            most = -1 if value == "-1" else int(self._seconds(value, span, "a number"))
            command.max_redirects = most + 1

    def finish(self, curl: Word) -> CurlCommand:
        """Return the command.

        Raises:
            CurlSyntaxError: it has no URL, or two kinds of body.
        """
        command = self._command
        if self._url is None:
            place = (curl.start, curl.end)
            raise self._wrong("There is no URL in this command", place, "curl URL [flags]")
        if self._data and self._form:
            place = self._url.span
            raise self._wrong("There are two bodies: -d and -F", place, "one of them")
        command.url = self._checked_url(self._url)
        command.data = tuple(self._data)
        command.form = tuple(self._form)
        given = {name.lower() for name, _ in command.headers} | command.removed
        if command.data and not command.in_query:
            self._imply("Content-Type", "application/json" if self._is_json else _FORM_TYPE)
        if self._is_json:
            command.separator = b""
            self._imply("Accept", "application/json")
        command.headers += [
            (name, value) for name, value in self._implied.items() if name.lower() not in given
        ]
        return command

    # The flags

    def _take_url(self, flag: GivenFlag) -> None:
        if self._url is not None:
            raise self._wrong(
                "This is a second URL",
                flag.span,
                "one URL",
                "Is it part of a word before it? Then put quotes around both.",
            )
        self._url = flag

    def _checked_url(self, flag: GivenFlag) -> str:
        text = flag.value.strip()
        if not self._globoff:
            if _PATTERN.search(text.partition("://")[2] or text):
                raise self._wrong(
                    "To curl this URL is a pattern for several",
                    flag.span,
                    "one URL; -g if the brackets are meant as they are",
                )
            text = _ESCAPED_BRACKET.sub(r"\1", text)
        if not text:
            raise self._wrong("The URL is empty", flag.span, "curl URL [flags]")
        scheme, separator, _ = text.partition("://")
        if separator and scheme.lower() not in ("http", "https"):
            raise self._wrong("This is no http or https URL", flag.span, "http://… or https://…")
        return text if separator else f"http://{text}"

    def _take_header(self, value: str, span: tuple[int, int]) -> None:
        if value.startswith("@"):
            raise self._wrong("Headers in a file are not read", span, "Name: value")
        name, colon, content = value.partition(":")
        if not colon:
            name, semicolon, rest = value.partition(";")
            if not semicolon or rest.strip():
                raise self._wrong("This is no header", span, "Name: value")
            self._add_header(name, "", span)
        elif not content.strip():
            self._command.removed.add(name.strip().lower())
        else:
            self._add_header(name, content.strip(" \t"), span)

    def _add_header(self, name: str, value: str, span: tuple[int, int]) -> None:
        if not _HEADER_NAME.fullmatch(name):
            raise self._wrong(f"{name!r} cannot be the name of a header", span, "Name: value")
        if any(char in value for char in "\r\n\0"):
            raise self._wrong(f"The value of {name} holds a line end", span, "Name: value")
        self._command.headers.append((name, value))

    def _take_cookie(self, value: str, span: tuple[int, int]) -> None:
        if "=" not in value:
            raise self._wrong(
                "Cookie files are not read", span, 'the cookies themselves: -b "name=value"'
            )
        before = self._implied.get("Cookie")
        self._imply("Cookie", f"{before};{value}" if before else value)

    def _take_user(self, value: str, span: tuple[int, int]) -> None:
        if ":" not in value:
            raise self._wrong("curl would ask for the password here", span, "-u user:password")
        credentials = base64.b64encode(value.encode("utf-8", "surrogateescape")).decode("ascii")
        self._imply("Authorization", f"Basic {credentials}")

    def _imply(self, name: str, value: str) -> None:
        if value:
            self._implied[name] = value
        else:
            self._command.removed.add(name.lower())

    def _data_piece(self, name: str, value: str) -> DataPiece:
        if name == "data-raw":
            return DataPiece(value)
        if name != "data-urlencode":
            if value.startswith("@"):
                return DataPiece(value[1:], is_file=True, lines=name in ("data", "data-ascii"))
            return DataPiece(value)
        found = re.search("[=@]", value)
        if found is None:
            return DataPiece(value, encoded=True)
        before, after = value[: found.start()], value[found.end() :]
        is_file = found.group() == "@"
        return DataPiece(after, is_file, f"{before}=" if before else "", encoded=True)

    def _form_field(self, flag: str, value: str, span: tuple[int, int]) -> FormField:
        name, equals, content = value.partition("=")
        if not equals:
            raise self._wrong("This is no field of a form", span, "name=value or name=@file")
        if flag == "form-string" or not content:
            return FormField(name, content, "text")
        given: dict[str, str] = {}
        while found := re.search(_FORM_PART.pattern + r"\s*$", content):
            given[found.group(1)] = re.sub(r"\\(.)", r"\1", found.group(2) or found.group(3) or "")
            content = content[: found.start()]
        if "headers" in given or "encoder" in given:
            raise self._wrong("Headers and encoders of a part are not known", span, ";type=…")
        kind = {"@": "file", "<": "file as text"}.get(content[:1], "text")
        if kind != "text":
            content = content[1:]
        if len(content) > 1 and content[0] == content[-1] == '"':
            content = re.sub(r"\\(.)", r"\1", content[1:-1])
        return FormField(name, content, kind, given.get("type"), given.get("filename"))

    def _seconds(self, value: str, span: tuple[int, int], what: str = "seconds") -> float:
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < 1e9:
            raise self._wrong(f"{value!r} is no number", span, what)
        return number

    def _wrong(
        self, problem: str, span: tuple[int, int], expected: str, hint: str = ""
    ) -> CurlSyntaxError:
        # One line is marked: a value may go over several.
        end = self._source.text.find("\n", *span)
        span = (span[0], end if end >= 0 else span[1])
        return CurlSyntaxError(problem, self._source, span, expected=expected, hint=hint)
