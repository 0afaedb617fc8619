"""Handlers that answer what they are given, and what no answer may hold."""

from __future__ import annotations

ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BREAKS = ["a\r\nX-Canary: y", "a\nX-Canary: y", "a\rX-Canary: y", "a\0X-Canary: y"]


def answering(response):
    """Return a handler that makes its answer with *response*."""

    async def handle(request):
        return response()

    return handle


async def refuses(serve, response) -> None:
    """See that the caller of *response* is told, and that nothing of it leaves."""
    server = await serve(answering(response))
    answer = await server.exchange(ASK)
    assert server.statuses(answer) == [500]
    assert b"Canary" not in answer
    assert "Error" in str(server.log[0].exc_info)
