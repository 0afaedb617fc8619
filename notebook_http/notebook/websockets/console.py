"""`ws = await nh.ws(url)`: an open WebSocket for a person, with a transcript."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from notebook_http.client.exceptions import ClientConnectionResetError
from notebook_http.notebook.display.html import Html, join, tag, visible
from notebook_http.notebook.live_output import LiveOutput, Shown, output_here
from notebook_http.notebook.pending_call import explains_itself
from notebook_http.notebook.shell import running_shell
from notebook_http.notebook.websockets.ending import Ending
from notebook_http.notebook.websockets.exceptions import WebSocketClosedError
from notebook_http.notebook.websockets.transcript import Transcript
from notebook_http.wire.json_parser import parse_json
from notebook_http.wire.secrets import mask_url
from notebook_http.wire.websocket_message import WSCloseCode, WSMsgType

if TYPE_CHECKING:
    from types import TracebackType

    import pandas
    from yarl import URL

    from notebook_http.client.websocket_response import ClientWebSocketResponse
    from notebook_http.wire.websocket_message import WSMessage, WSMessageTextBytes

    _Message = WSMessage | WSMessageTextBytes

__all__ = ["WebSocketConsole", "close_consoles"]

_MESSAGES = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})
_NOTHING_SENT = "nothing was sent"
_NOTHING_RECEIVED = "nothing was received"

_consoles: weakref.WeakSet[WebSocketConsole] = weakref.WeakSet()


class WebSocketConsole:
    """An open WebSocket and what was said over it. Made by `await nh.ws(url)`.

    As the last expression of a cell it shows its state and the last messages. It reads one message
    ahead, so that a server's goodbye is answered and seen without anybody receiving; the others
    wait, and the server with them. Nobody has to close it: it ends with the kernel, or silently
    when nothing refers to it any more.
    """

    def __init__(
        self, socket: ClientWebSocketResponse[bool], url: str | URL, rows: int, keep: int
    ) -> None:
        self._socket = socket
        self._url = url
        self._rows = rows
        self._transcript = Transcript(keep)
        self._end: Ending | None = None
        self._is_awaited = False
        self._shown_in: int | None = None  # the cell that has watched it
        self._loop = asyncio.get_running_loop()
        self._reading = self._read_ahead()
        _consoles.add(self)

    def __del__(self) -> None:
        socket = getattr(self, "_socket", None)
        if socket is None or socket.closed or self._loop.is_closed():
            return
        # Silently: a cell that is run again cannot close what it replaces.
        try:
            self._loop.call_soon_threadsafe(_abort, socket)
        except RuntimeError:
            pass  # closed just now, and its sockets with it

    # Sending

    @explains_itself("ws.send(…)", _NOTHING_SENT)
    async def send(
        self, data: str | bytes | bytearray | memoryview | dict[Any, Any] | list[Any]
    ) -> None:
        """Send a message: text, bytes, or a dict or list as the text of its JSON.

        Waits while the server does not read. A cancel takes nothing back: the message is sent.

        Raises:
            WebSocketClosedError: it is closed.
            TypeError, ValueError: *data* is no message, or has no JSON. Nothing was sent.
        """
        if isinstance(data, dict | list):
            data = json.dumps(data, ensure_ascii=False, allow_nan=False)
        elif isinstance(data, bytearray | memoryview):
            data = bytes(data)
        if data.__class__ is not str and not isinstance(data, str | bytes):
            raise _no_message(data)
        if self._end is not None:
            raise self._closed_error("Nothing was sent")
        try:
            if isinstance(data, str):
                await self._socket.send_str(data)
            else:
                await self._socket.send_bytes(data)
        except ClientConnectionResetError as error:
            self._lost()
            raise self._closed_error("Nothing was sent") from error
        except asyncio.CancelledError:
            self._transcript.note("sent", data)
            raise
        self._transcript.note("sent", data)

    # Receiving

    @explains_itself("ws.receive()", _NOTHING_RECEIVED)
    async def receive(self, timeout: float | None = None) -> str | bytes:
        """Return the next message, text as str and binary as bytes.

        A cancel, or *timeout*, loses nothing: the message goes to the next who asks, and the
        connection stays open.

        Args:
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            TimeoutError: no message in time.
            WebSocketClosedError: it is closed, and all that came was received.
            RuntimeError: another cell or task is receiving.
        """
        return await self._next(timeout)

    @explains_itself("ws.receive_json()", _NOTHING_RECEIVED)
    async def receive_json(self, timeout: float | None = None) -> Any:
        """Return the Python values of the next message; see `receive`.

        Raises:
            ValueError: it is not JSON. It counts as received, and stays in `df()`.
        """
        return parse_json(await self._next(timeout))

    def __aiter__(self) -> WebSocketConsole:
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self._next(None)
        except WebSocketClosedError:
            raise StopAsyncIteration from None

    async def _next(self, timeout: float | None) -> str | bytes:
        if self._is_awaited:
            message = "Another cell or task is receiving from this WebSocket"
            raise RuntimeError(message)
        reading = self._reading
        self._is_awaited = True
        try:
            # Whoever is cancelled here leaves the reading as it is.
            await asyncio.wait((reading,), timeout=timeout)
        finally:
            self._is_awaited = False
        if not reading.done():
            message = f"No message came within {timeout:g} s; the WebSocket is still open"
            raise TimeoutError(message)
        if reading.cancelled() or (got := reading.result()).type not in _MESSAGES:
            self._lost()
            raise self._closed_error("There is nothing to receive")
        self._reading = self._read_ahead()
        data: str | bytes = got.data
        return data

    def _read_ahead(self) -> asyncio.Task[_Message]:
        task = self._loop.create_task(self._socket.receive())
        # Weakly: a reading that waits keeps no console alive.
        task.add_done_callback(partial(_note_arrival, weakref.ref(self)))
        return task

    def _arrived(self, message: _Message) -> None:
        if message.type in _MESSAGES:
            self._transcript.note("received", message.data)
        elif message.type is WSMsgType.CLOSE:
            reason = message.extra or ""
            self._transcript.note_close("received", int(message.data), reason)
            self._end = self._end or Ending("the server", int(message.data), reason)
        elif message.type is WSMsgType.ERROR:
            code = self._socket.close_code or WSCloseCode.ABNORMAL_CLOSURE
            self._end = self._end or Ending("this side", int(code), str(message.data))
        else:
            self._lost()

    def _lost(self, note: str = "") -> None:
        if self._end is None:
            self._end = Ending("", int(WSCloseCode.ABNORMAL_CLOSURE), "", note)

    def _closed_error(self, what: str) -> WebSocketClosedError:
        end = self._end or Ending("", int(WSCloseCode.ABNORMAL_CLOSURE), "")
        text = f"{what}: the WebSocket was {end.words}. Open a new one: ws = await nh.ws(url)"
        return WebSocketClosedError(text, end.code, end.reason)

    # Closing

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more; what came before may still be received."""
        return self._end is not None or self._socket.closed

    @property
    def close_code(self) -> int | None:
        """Why it was closed (RFC 6455 §7.4.1); None while it is open."""
        return None if self._end is None else self._end.code

    @explains_itself("ws.close()", "nothing was closed")
    async def close(self, code: int = 1000, message: bytes | str = b"") -> None:
        """Say goodbye, and wait up to 10 s for the server's answer. Idempotent.

        A cancel closes it without waiting. The transcript stays.

        Args:
            code: why; 1000 for done, 3000 to 4999 for meanings of your own (RFC 6455 §7.4).
            message: the reason, at most 123 bytes as UTF-8.

        Raises:
            ValueError: the reason is too long, or nobody may send this code. It stays open.
        """
        if self._end is not None:
            return
        reason = message if isinstance(message, str) else message.decode("utf-8", "replace")
        self._end = Ending("this side", int(code), reason)
        try:
            await self._socket.close(code=code, message=message)
        except (ValueError, TypeError):
            self._end = None
            raise
        except asyncio.CancelledError:
            self._end = self._end._replace(note="without waiting for the server's goodbye")
            self._transcript.note_close("sent", int(code), reason)
            raise
        self._transcript.note_close("sent", int(code), reason)
        if self._socket.close_code == WSCloseCode.ABNORMAL_CLOSURE:
            self._end = self._end._replace(note="the server did not answer the goodbye")

    async def __aenter__(self) -> WebSocketConsole:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def leave(self) -> None:
        """Close without waiting: a goodbye (1001) where the loop runs here, else the socket."""
        if self.closed or self._loop.is_closed():
            return
        if asyncio._get_running_loop() is self._loop:
            going = self._loop.create_task(_settled(self.close(WSCloseCode.GOING_AWAY)))
            _goodbyes.add(going)
            going.add_done_callback(_goodbyes.discard)
        else:
            self._loop.call_soon_threadsafe(_abort, self._socket)

    # What was said

    def __len__(self) -> int:
        return len(self._transcript)

    def __bool__(self) -> bool:
        return True  # it is no list: a console without messages is one, too

    def df(self) -> pandas.DataFrame:
        """Return one row a message that was kept: time (UTC), direction, kind, size, text.

        Not masked. `size` is in bytes; of a long text 65,536 characters are kept, of binary
        messages 32 bytes in hexadecimal, and of all together 16 MiB, the last ones.
        """
        return self._transcript.df()

    # Showing

    @explains_itself("ws.watch()", "nothing is watched")
    async def watch(self, seconds: float | None = None) -> WebSocketConsole:
        """Show the last messages while they come, until the end, *seconds*, or Stop.

        What comes meanwhile counts as received and is in `df()`. Stop, or a cancel, ends the
        watching and keeps the connection.

        Raises:
            RuntimeError: another cell or task is receiving.
        """
        shell = running_shell()
        self._shown_in = shell.execution_count if shell is not None else None
        until = None if seconds is None else self._loop.time() + seconds
        stopped = True
        shown = LiveOutput(lambda is_over: self._shown(is_over and stopped, is_over), output_here())
        shown.begin()
        try:
            while until is None or until > self._loop.time():
                await self._next(None if until is None else until - self._loop.time())
            stopped = False
        except (TimeoutError, WebSocketClosedError):
            stopped = False
        finally:
            shown.end()
        return self

    def _words(self) -> str:
        url = visible(mask_url(self._url))[:200]
        end = self._end
        state = end.words if end is not None else "closed" if self._socket.closed else "open"
        counts = f"{self._transcript.sent:,} sent, {self._transcript.received:,} received"
        return f"{url}: {state}; {counts}"

    def _shown(self, stopped: bool, is_over: bool) -> Shown:
        words = self._words()
        if stopped and not self.closed:
            words += "; stopped, await ws.watch() goes on"
        return Shown(self._html(words), self._text(words), 0, 0, is_over)

    def _html(self, words: str) -> Html:
        messages = self._transcript.html(self._rows) if self._transcript else None
        return tag("div", join(tag("div", words), messages))

    def _text(self, words: str) -> str:
        return "\n".join([words, *self._transcript.lines(self._rows)])

    def __repr__(self) -> str:
        return self._text(self._words())

    def _ipython_display_(self) -> None:
        """Show it, unless this very cell has watched it, and shows it already."""
        shell = running_shell()
        if shell is not None and shell.execution_count == self._shown_in:
            return
        from IPython.display import display

        bundle = {"text/html": str(self._html(self._words())), "text/plain": repr(self)}
        display(bundle, raw=True)


_goodbyes: set[asyncio.Task[None]] = set()


def close_consoles() -> None:
    """Close all that are open, without waiting. Idempotent."""
    for console in list(_consoles):
        console.leave()


async def _settled(closing: Coroutine[Any, Any, None]) -> None:
    await closing


def _no_message(data: object) -> TypeError:
    kind = type(data).__name__
    return TypeError(f"a message is text, bytes, or a dict or list (sent as JSON), not {kind}")


def _note_arrival(
    console_of: Callable[[], WebSocketConsole | None], reading: asyncio.Task[_Message]
) -> None:
    console = console_of()
    if console is None:
        return
    if reading.cancelled():
        console._lost("its event loop ended")  # which cancels all that runs on it
    elif reading.exception() is None:
        console._arrived(reading.result())


def _abort(socket: ClientWebSocketResponse[bool]) -> None:
    socket._session.abort()
