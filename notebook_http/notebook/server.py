"""Servers in a notebook: `serve` starts one that keeps its address when its cell is run again.

Decides which server takes whose place; starting and stopping is `kernel_server`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from socket import socket
from typing import overload

from notebook_http.notebook.cell_identity import CallOrder, current_cell_run
from notebook_http.notebook.dict_application import Servable
from notebook_http.notebook.display.server_card import server_bundle, servers_bundle
from notebook_http.notebook.kernel_server import Server, registry
from notebook_http.notebook.listening_socket import (
    LOOPBACK,
    PortTakenError,
    addresses_of,
    checked_port,
    listen,
)
from notebook_http.notebook.pending_call import explains_itself
from notebook_http.notebook.shell import running_shell

__all__ = [
    "Server",
    "ServerList",
    "serve",
    "servers",
    "short_errors",
    "show_card",
    "sockets_for",
    "update_card",
]

_calls = CallOrder()
_cards = count(1)


@explains_itself("nh.serve(…)", "no server was started", Server)
async def serve(
    app: Servable,
    *,
    name: str | None = None,
    port: int = 0,
) -> Server:
    """Return a server of *app* that answers on 127.0.0.1, and show its card in a notebook.

    Run again, it takes the place of the server before it, at the same address: that of the same
    *name*, or without a name the one which the same call in the same cell started. Connections of
    the replaced server are closed, requests that it is at have 3 s to end; who connects meanwhile
    is answered by the new one. In a script only a name makes a place.

    Args:
        app: a `web.Application`, a dict like `{"GET /hello": handler}`, whose handlers may return
            dict, list, str or bytes, or an application for ASGI or WSGI (FastAPI, Flask …).
        name: what it is called, and its place.
        port: 0 for the port that its place had last, or a free one.

    A cancel leaves no server behind, neither the old one nor the new one.

    Raises:
        PortTakenError: somebody else listens on *port*; an OSError that names who.
        TypeError: *app* is no application, or a handler cannot be called.
        ValueError: a route of the dict, or *port*, is none.
        Exception: whatever `on_startup` of the application raised.
    """
    with short_errors():
        checked_port(port)
        server = Server(app, name=name)
    place = _place(name)
    async with registry.turn(place):
        _forget_the_dead()
        old = registry.holder(place)
        with short_errors():
            wanted = port or registry.port_of(place)
            sockets, leaving = _claimed(wanted, old=old, port_is_asked_for=port != 0)
        if old is not None and old not in leaving:
            leaving.append(old)
        server.begin(sockets, after=leaving)
        await server.started()
        registry.settle(place, server, server.port)
    show_card(server)
    return server


def servers() -> ServerList:
    """Return the servers that run in this process, the oldest first; a cell shows a table."""
    _forget_the_dead()
    return ServerList(registry.running())


def _forget_the_dead() -> None:
    """Close the servers whose event loop ended without them, as that of an `asyncio.run` does."""
    for server in registry.running():
        if server.loop is not None and server.loop.is_closed():
            server.close()


class ServerList(Sequence[Server]):
    """The servers that ran when it was made. Take one by number or by name."""

    __slots__ = ("_servers",)

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = tuple(servers)

    @overload
    def __getitem__(self, index: int | str) -> Server: ...

    @overload
    def __getitem__(self, index: slice) -> ServerList: ...

    def __getitem__(self, index: int | str | slice) -> Server | ServerList:
        if isinstance(index, slice):
            return ServerList(self._servers[index])
        if isinstance(index, int):
            return self._servers[index]
        for server in self._servers:
            if server.name == index:
                return server
        names = ", ".join(repr(server.name) for server in self._servers if server.name) or "none"
        msg = f"No running server is called {index!r}; there are: {names}"
        raise KeyError(msg)

    def __len__(self) -> int:
        return len(self._servers)

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers)

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return servers_bundle([server.facts() for server in self._servers])


# Whose place it takes ---------------------------------------------------------------------------


def _place(name: str | None) -> str | None:
    """Return what stays the same when the running cell is run again; None in a script."""
    if name is not None:
        return f"name:{name}"
    cell_run = current_cell_run()
    if cell_run is None:
        return None
    return f"cell:{_calls.next_place(cell_run)}:{cell_run.cell}"


def _claimed(
    wanted: int, *, old: Server | None, port_is_asked_for: bool
) -> tuple[list[socket], list[Server]]:
    """Return listening sockets on port *wanted*, and the servers of ours that had it."""
    if port_is_asked_for or (old is not None and old.port == wanted):
        return sockets_for([LOOPBACK], wanted, old=old)
    try:
        return listen(LOOPBACK, wanted), []
    except PortTakenError:
        # Nobody asked for this port: it is only the one of last time, and somebody took it since.
        return listen(LOOPBACK, 0), []


def sockets_for(
    hosts: Sequence[str], port: int, *, old: Server | None = None, backlog: int = 128
) -> tuple[list[socket], list[Server]]:
    """Return sockets that listen on *port* of *hosts*, and the servers of ours that they replace.

    A server of ours there hands its sockets over: they are duplicates, so that it can be stopped
    and nobody who connects in between is refused. It may just be stopping, so there may be more
    than one.

    Raises:
        PortTakenError: somebody else listens there, or a server other than *old* that this
            very run of the cell (in a script: this process) has started.
        OSError: nothing can listen there.
    """
    leaving = [each for each in registry.running() if port and each.port == port]
    listening = [each for each in leaving if each.sockets]
    with ExitStack() as undo:
        sockets: list[socket] = []
        if listening:
            _refuse_other_servers(listening, hosts, port, old)
            opened: Iterable[socket] = (each.dup() for each in listening[-1].sockets)
        else:
            opened = (each for host in hosts for each in listen(host, port, backlog=backlog))
        for each in opened:
            sockets.append(each)
            undo.callback(each.close)
        undo.pop_all()
    return sockets, leaving


def _refuse_other_servers(
    leaving: Iterable[Server], hosts: Sequence[str], port: int, old: Server | None
) -> None:
    """Raise PortTakenError if one of *leaving* is none that a server on *hosts* may replace."""
    addresses = {address for host in hosts for address in addresses_of(host, port)}
    this_run = current_cell_run()
    for each in leaving:
        if {(str(one.getsockname()[0]), port) for one in each.sockets} != addresses:
            msg = (
                f"Port {port} is taken by {each!r}, which listens on other addresses than "
                f"{', '.join(hosts)}.\n"
                "Stop it first: `await server.stop()` (nh.servers() lists it)."
            )
            raise PortTakenError(hosts[0], port, msg)
        same_run = this_run is None or each.started_in == this_run
        if each.running and each is not old and same_run:
            started = "this program" if this_run is None else "this run of the cell"
            msg = (
                f"Port {port} is taken by {each!r}, which {started} has started.\n"
                "Give one of the two another port; port=0 takes one that is free."
            )
            raise PortTakenError(hosts[0], port, msg)


@contextmanager
def short_errors() -> Iterator[None]:
    """Let a cell show what is raised in here in a few lines, without our own code's part in it."""
    try:
        yield
    except (OSError, TypeError, ValueError) as error:
        from notebook_http.notebook.display.error import short_if_ours

        short_if_ours(error)
        raise


# Its card ---------------------------------------------------------------------------------------


def show_card(server: Server) -> str | None:
    """Show the card of *server* below the running cell; return the id for `update_card`.

    None, and nothing is shown, where there is no IPython.
    """
    if running_shell() is None:
        return None
    from IPython.display import display

    card_id = f"notebook-http-server-{next(_cards)}"
    display(server_bundle(server.facts()), raw=True, display_id=card_id)
    server.card_shown()
    return card_id


def update_card(server: Server, card_id: str | None) -> None:
    """Show how *server* stands now, in place of the card that `show_card` has shown."""
    if card_id is None:
        return
    from IPython.display import display

    display(server_bundle(server.facts()), raw=True, display_id=card_id, update=True)
