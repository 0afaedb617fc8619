"""`nh.cassette("api.json")`: what servers say is recorded once, and given again from then on."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from notebook_http import hdrs
from notebook_http.notebook.cassettes.cassette_file import read_cassette, write_cassette
from notebook_http.notebook.cassettes.differences import differences, is_same, nearest
from notebook_http.notebook.cassettes.exceptions import NotRecordedError, OfflineError
from notebook_http.notebook.cassettes.interaction import Answer, Asked, answer_of, asked_of
from notebook_http.notebook.cassettes.passing import close_tape, is_offline, open_tape
from notebook_http.notebook.cassettes.recorded_exchange import RecordedExchange

if TYPE_CHECKING:
    import os
    from types import TracebackType

    from notebook_http.client.middleware import ClientHandlerType
    from notebook_http.client.request import ClientRequest
    from notebook_http.client.response import ClientResponse

__all__ = ["Cassette", "cassette"]

Mode = Literal["once", "none", "all"]
_MODES = ("once", "none", "all")
# Requests of one recording; a loop that never ends should not fill the memory.
_MOST = 10_000


class Cassette:
    """A recording, open or not; see `nh.cassette`.

    Attributes:
        path: of the file.
        mode: `once`, `none` or `all`.
    """

    def __init__(self, path: str | os.PathLike[str], mode: Mode = "once") -> None:
        if mode not in _MODES:
            text = f'mode is "once", "none" or "all", not {mode!r}'
            raise ValueError(text)
        self.path = Path(path).expanduser().absolute()
        self.mode = mode
        self._records: bool | None = None  # None while it is not open
        self._is_written = True  # False if `stop` has failed to
        self._known: list[tuple[Asked, Answer]] = []
        self._used: set[int] = set()
        self._taken: list[tuple[Asked, ClientResponse, RecordedExchange]] = []

    def __repr__(self) -> str:
        if self._records is None:
            state = "not open"
        elif not self._is_written:
            state = f"{len(self._taken)} requests recorded, not written yet: stop() writes them"
        elif self._records:
            state = f"recording, {len(self._taken)} requests so far"
        else:
            state = f"replaying, {len(self._used)} of {len(self._known)} requests used"
        return f"<Cassette {self.path.name} mode={self.mode!r}, {state}>"

    # Opening and closing

    def start(self) -> Self:
        """Record or replay from now on, until `stop`: for a whole notebook.

        Called again, by a cell that runs twice, it begins anew.

        Raises:
            CassetteFileError: the file cannot be read as a recording.
            FileNotFoundError: there is none, and *mode* is "none".
        """
        self.stop()
        exists = self.path.exists()
        if self.mode == "none" and not exists:
            text = f"{self.path} is not there. Record it with mode='once' first."
            raise FileNotFoundError(text)
        records = self.mode == "all" or not exists
        self._known = [] if records else read_cassette(self.path)
        self._used = set()
        self._taken = []
        self._records = records
        open_tape(self)
        if records:
            atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Let requests through as ever, and write what was recorded. Idempotent.

        Raises:
            OSError: the file cannot be written; what was recorded is kept, and written by the
                next call.
        """
        close_tape(self)
        if self._records:
            self._is_written = False
            write_cassette(
                self.path,
                [
                    (asked, answer_of(response, exchange))
                    for asked, response, exchange in self._taken
                ],
            )
            self._is_written = True
            atexit.unregister(self.stop)
            self._taken = []
        self._records = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # Called for each request

    @property
    def is_recording(self) -> bool:
        """Whether requests are sent, and their answers noted."""
        return bool(self._records)

    async def record(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send *request*, and note what comes back.

        Raises:
            NotRecordedError: 10,000 were recorded.
        """
        if len(self._taken) >= _MOST:
            text = f"{self.path.name} holds {_MOST:,} requests, which is what one recording takes"
            raise NotRecordedError(text)
        if hdrs.UPGRADE in request.headers:
            return await handler(request)  # messages both ways: no answer that could be kept
        asked = asked_of(request)
        response = await handler(request)
        exchange = response._exchange
        if isinstance(exchange, RecordedExchange):
            self._taken.append((asked, response, exchange))
        return response

    def replay(self, request: ClientRequest) -> ClientResponse:
        """Return the next answer that was recorded for *request*.

        Raises:
            NotRecordedError: there is none; the message says what differs.
        """
        asked = asked_of(request)
        if hdrs.UPGRADE in request.headers:
            text = (
                f"{asked.method} {asked.url[:300]} asks for a WebSocket; {self.path.name} holds "
                "answers to requests only. Stop it before the WebSocket is opened."
            )
            raise (OfflineError if is_offline() else NotRecordedError)(text)
        for number, (recorded, answer) in enumerate(self._known):
            if number not in self._used and is_same(recorded, asked):
                self._used.add(number)
                return _given_again(request, answer)
        raise self._missing(asked)

    def _missing(self, asked: Asked) -> NotRecordedError:
        kind = OfflineError if is_offline() else NotRecordedError
        what = f"{asked.method} {asked.url[:300]}"
        times = sum(is_same(recorded, asked) for recorded, _ in self._known)
        if times:
            text = (
                f"{self.path.name} holds {times} answer{'s' * (times > 1)} to {what}, and "
                f"{'all were' if times > 1 else 'it was'} given already. "
                "Record again with mode='all' to have more."
            )
            return kind(text)
        text = f"{self.path.name} holds no answer to {what}."
        place = nearest(asked, [recorded for recorded, _ in self._known])
        if place is None:
            return kind(f"{text} It holds none at all. Record again with mode='all'.")
        recorded = self._known[place][0]
        lines = "\n  ".join(differences(recorded, asked)[:6])
        text += f" The nearest is request {place + 1}, {recorded.method} {recorded.url[:300]}:"
        return kind(f"{text}\n  {lines}\nRecord again with mode='all' if the new one is right.")


def _given_again(request: ClientRequest, answer: Answer) -> ClientResponse:
    has_body = request.method != "HEAD" and answer.status not in (204, 304)
    first, *more = answer.chunks or [b""]
    response: ClientResponse = request.responder.respond(
        request, answer.head(has_body=has_body), first, more=more, broken=answer.broken
    )
    return response


def cassette(path: str | os.PathLike[str], mode: Mode = "once") -> Cassette:
    """Return a recording of what servers say, to be entered (`with` or `async with`) or started.

    While it is open, all requests of this process (`nh.get`, `nh.Client`, `ClientSession`) are
    recorded or answered by it. For a whole notebook: `tape = nh.cassette("api.json").start()`
    in the first cell, `tape.stop()` in the last.

    ```python
    with nh.cassette("countries.json"):
        r = await nh.get("https://example.org/countries")
    ```

    Requests are told apart by method, URL and body. Equal ones get their answers in the order of
    recording, each once. Secrets are masked before anything is written, and compared masked, so
    that another token replays as well; an answer is replayed masked, too. Bodies keep their chunks.
    WebSockets are not recorded: they are let through while recording, and refused in replay.
    The file is JSON, written when the recording is closed; bodies above 16 MiB are left out.

    Args:
        path: of the file; folders are made.
        mode: "once" records if there is no file, else replays only. "none" only replays. "all"
            sends everything, and records it anew. What only replays never touches the network.

    Raises:
        ValueError: *mode* is none of these.
        CassetteFileError: when opened: the file is no recording; the message says where.
        FileNotFoundError: when opened: it is not there, with "none".
        NotRecordedError: at a request, if no recording answers it; says what differs.
    """
    return Cassette(path, mode)
