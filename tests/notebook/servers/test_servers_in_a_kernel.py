"""Servers of cells in a real kernel: a cell that is run again, edited, or ends with its kernel."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

Get = Callable[..., tuple[int, str]]

SERVE = """
async def hello(request):
    return {"run": RUN}
srv = await nh.serve({"GET /": hello})
print(srv.url)
"""


@pytest.mark.kernel
@pytest.mark.parametrize("cell_id", ["cell-20", None])
def test_running_a_cell_twenty_times_keeps_one_socket(
    cells: Any, get: Get, cell_id: str | None
) -> None:
    """The most common thing that people do with a server's cell."""
    urls = set()
    before = _listening_ports(cells)
    for number in range(20):
        cells.run(f"RUN = {number}")
        ran = cells.run(SERVE, cell_id)
        assert (ran.error, ran.stderr) == ("", "")
        assert len(ran.cards) == 1
        urls.add(ran.stdout.strip())
    (url,) = urls
    assert get(url) == (200, '{"run": 19}')
    assert len(_listening_ports(cells) - before) == 1


def _listening_ports(cells: Any) -> set[int]:
    """Return the ports on which the kernel's process listens."""
    code = (
        "import os, psutil\n"
        "print(*[c.laddr.port for c in psutil.Process(os.getpid()).net_connections('tcp')"
        " if c.status == psutil.CONN_LISTEN])"
    )
    return {int(port) for port in cells.run(code).stdout.split()}


@pytest.mark.kernel
def test_an_edited_cell_is_still_the_same_cell(cells: Any, get: Get) -> None:
    """The front end's id stays when the source changes."""
    first = cells.run("srv = await nh.serve({'/': lambda r: 'one'}); print(srv.url)", "edited")
    second = cells.run("srv = await nh.serve({'/': lambda r: 'two'}); print(srv.url)", "edited")
    assert first.stdout == second.stdout
    assert get(second.stdout.strip()) == (200, "two")


@pytest.mark.kernel
def test_two_servers_of_one_cell_keep_their_two_ports(cells: Any, get: Get) -> None:
    """The call's order in the run tells them apart."""
    code = (
        "a = await nh.serve({'/': lambda r: 'a'})\n"
        "b = await nh.serve({'/': lambda r: 'b'})\n"
        "print(a.url, b.url)"
    )
    first, second = cells.run(code, "pair"), cells.run(code, "pair")
    assert first.stdout == second.stdout
    a, b = second.stdout.split()
    assert (get(a), get(b)) == ((200, "a"), (200, "b"))
    other = cells.run(code, "another cell, same source")
    assert set(other.stdout.split()).isdisjoint({a, b})


@pytest.mark.kernel
def test_the_card_is_shown_once_and_elsewhere_again(cells: Any) -> None:
    """As the last line of its cell the handle adds one line only; in another cell it is a card."""
    ran = cells.run("await nh.serve({'GET /hello': lambda r: 'x'}, name='shown')", "shown")
    assert len(ran.cards) == 1
    assert "/hello" in ran.cards[0]["text/html"]
    assert "text/html" not in ran.value
    assert ran.value["text/plain"].startswith("<Server 'shown' http://127.0.0.1:")
    elsewhere = cells.run("nh.servers()['shown']")
    assert "/hello" in elsewhere.value["text/html"]
    assert elsewhere.cards == []
    table = cells.run("nh.servers()")
    assert "shown" in table.value["text/html"]


@pytest.mark.kernel
def test_an_explicit_port_is_replaced_from_another_cell_but_not_from_its_own(cells: Any) -> None:
    """Another cell means it; twice in one run is a slip."""
    port = cells.run("srv = await nh.serve({}); print(srv.port)", "first").stdout.strip()
    assert cells.run(f"await nh.serve({{}}, port={port})", "second").error == ""
    assert cells.run("print(srv.running)").stdout == "False\n"
    ran = cells.run(
        f"await nh.serve({{}}, port={port})\nawait nh.serve({{}}, port={port})", "third"
    )
    assert "PortTakenError" in ran.error
    assert "this run of the cell" in ran.error
    assert len(ran.error.splitlines()) <= 12


@pytest.mark.kernel
def test_a_taken_port_is_a_short_error_of_its_cell(cells: Any) -> None:
    """Without the extension, too: at most twelve lines, and the owner's process."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = cells.run(f"await nh.serve({{}}, port={port})")
    assert f"Port {port} on 127.0.0.1 is taken by process {os.getpid()}" in ran.error
    assert len(ran.error.splitlines()) <= 12
    assert ran.cards == []


@pytest.mark.kernel
def test_a_kernel_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """Servers, kept connections and all: sockets just close."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    # Until the kernel says that it is idle: a shutdown begins with an interrupt, and ipykernel
    # prints one that meets it while it is still busy with the cell's reply.
    client.execute_interactive(
        "import notebook_http as nh\n"
        "srv = await nh.serve({'/': lambda r: 'x'})\n"
        "r = await nh.get(srv.url)",
        timeout=60,
    )
    time.sleep(0.3)
    capfd.readouterr()
    client.stop_channels()
    manager.shutdown_kernel(now=False)
    manager.cleanup_resources()
    assert capfd.readouterr().err == ""
