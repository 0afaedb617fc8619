"""The access log: one line for each answer, in the format of Apache's mod_log_config."""

from __future__ import annotations

import logging
import os
import re
import time as clock
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from notebook_http.web.response_head import SERVER_SOFTWARE, current_date

if TYPE_CHECKING:
    from notebook_http.web.request import BaseRequest
    from notebook_http.web.stream_response import StreamResponse

__all__ = ["AbstractAccessLogger", "AccessLogger", "access_logger"]

access_logger = logging.getLogger("notebook_http.access")

Atom = Callable[["BaseRequest", "StreamResponse", float], Any]

# A client's bytes must not begin a line of their own, nor drive a terminal, nor end a quoted field.
_UNSAFE = r'[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"\\]'


def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return re.sub(_UNSAFE, lambda match: f"\\x{ord(match[0]):02x}", text)


class AbstractAccessLogger(ABC):
    """What writes the access log.

    Args:
        logger: where the lines go.
        log_format: what a line looks like.
    """

    __slots__ = ("log_format", "logger")

    def __init__(self, logger: logging.Logger, log_format: str) -> None:
        self.logger = logger
        self.log_format = log_format

    @abstractmethod
    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Write a line about *response*, which took *time* seconds."""

    @property
    def enabled(self) -> bool:
        """Whether anybody listens; `log` is not called otherwise."""
        return True


class AccessLogger(AbstractAccessLogger):
    """Writes lines in the format of Apache's mod_log_config.

    ``%a`` address of the client · ``%t`` time of the request · ``%P`` process · ``%r`` request line
    · ``%s`` status · ``%b`` bytes sent, head and body · ``%T`` seconds, whole · ``%Tf``
    seconds with fraction · ``%D`` microseconds · ``%{X}i`` field of the request · ``%{X}o`` field
    of the answer · ``%{X}e`` environment variable · ``%%``, or one that begins nothing of these, a
    percent sign. Control characters that a client sent are escaped, and values by secret names in
    the query of the request or of its `Referer` (`token`, `password` …) are `***`.
    """

    __slots__ = ("_atoms", "_template")

    LOG_FORMAT = '%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"'

    # Compiled when a logger is made: importing costs nothing.
    _ATOM = r"%(?:\{([A-Za-z0-9_-]+)\}([ioe])|(Tf|[atPrsbTD%])|)"

    def __init__(self, logger: logging.Logger, log_format: str = LOG_FORMAT) -> None:
        super().__init__(logger, log_format)
        self._atoms: list[tuple[str | tuple[str, str], Atom]] = []
        self._template = re.sub(self._ATOM, self._take_atom, log_format)

    def _take_atom(self, match: re.Match[str]) -> str:
        name, kind, letter = match.groups()
        if letter == "%" or match[0] == "%":
            return "%%"
        if letter is not None:
            self._atoms.append(_ATOMS[letter])
        else:
            key, read = _NAMED[kind]
            self._atoms.append(((key, name), read(name)))
        return "%s"

    @property
    def enabled(self) -> bool:
        """Whether the logger takes lines of level INFO."""
        return self.logger.isEnabledFor(logging.INFO)

    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Write a line about *response*, which took *time* seconds. Never raises."""
        try:
            values = []
            extra: dict[str, Any] = {}
            for key, read in self._atoms:
                value = read(request, response, time)
                values.append(value)
                if isinstance(key, str):
                    extra[key] = value
                else:
                    extra.setdefault(key[0], {})[key[1]] = value
            self.logger.info(self._template % tuple(values), extra=extra)  # noqa: G002
        except Exception:
            self.logger.exception("Error in logging")


def _request_time(request: BaseRequest, response: StreamResponse, time: float) -> str:
    return _local_time(int(clock.time() - time), clock.tzname)


@lru_cache(maxsize=16)  # a busy server's lines begin in the same second, or the one before
def _local_time(second: int, zone: tuple[str, str]) -> str:
    return datetime.fromtimestamp(second, UTC).astimezone().strftime("[%d/%b/%Y:%H:%M:%S %z]")


def _request_line(request: BaseRequest, response: StreamResponse, time: float) -> str:
    if request.method == "UNKNOWN" and (line := getattr(request, "first_line", None)) is not None:
        return _escaped(line)  # of what was refused
    version = request.version
    target = _shown(request.raw_path)
    return f"{_escaped(request.method)} {target} HTTP/{version.major}.{version.minor}"


def _shown(url: str) -> str:
    """Return a target or referrer escaped, and without the secrets that its query may hold."""
    if "?" in url or "@" in url:
        from notebook_http.wire.logged_url import logged_url

        url = logged_url(url)
    return _escaped(url)


def _request_field(name: str) -> Atom:
    shown = _shown if name.lower() == "referer" else _escaped
    return lambda request, response, time: shown(request.headers.get(name, "-"))


def _response_field(response: StreamResponse, name: str) -> str:
    value = response.headers.get(name)
    if value is None and response.writer is None:
        # Plain answers are sent without a table of fields.
        name = name.lower()
        if name == "content-length" and response.content_length is not None:
            return str(response.content_length)
        if name == "content-type" and response.body_length:
            return "application/octet-stream"
        if name == "date":
            return current_date()
        if name == "server":
            return SERVER_SOFTWARE
    return "-" if value is None else value


_ATOMS: dict[str, tuple[str, Atom]] = {
    "a": ("remote_address", lambda request, response, time: request.remote or "-"),
    "t": ("request_start_time", _request_time),
    "P": ("process_id", lambda request, response, time: f"<{os.getpid()}>"),
    "r": ("first_request_line", _request_line),
    "s": ("response_status", lambda request, response, time: response.status),
    "b": ("response_size", lambda request, response, time: response.output_length),
    "T": ("request_time", lambda request, response, time: str(round(time))),
    "Tf": ("request_time_frac", lambda request, response, time: f"{time:06f}"),
    "D": ("request_time_micro", lambda request, response, time: str(round(time * 1e6))),
}

_NAMED: dict[str, tuple[str, Callable[[str], Atom]]] = {
    "i": ("request_header", _request_field),
    "o": (
        "response_header",
        lambda name: lambda request, response, time: _escaped(_response_field(response, name)),
    ),
    "e": (
        "environ",
        lambda name: lambda request, response, time: _escaped(os.environ.get(name, "-")),
    ),
}
