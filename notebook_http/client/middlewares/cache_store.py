"""Where cached answers lie: one table of SQLite, on disk or in memory, bounded in size."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import sqlite3
import threading
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, TypeVar

from notebook_http.client.middlewares.cached_answer import CachedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["CacheStore"]

T = TypeVar("T")

_log = logging.getLogger("notebook_http.client.cache")
# The number is the layout's: another one means another table, and nothing of the old is read.
_TABLE = "notebook_http_answers_1"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS {_TABLE} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL,
    slot BLOB NOT NULL UNIQUE,
    answer TEXT NOT NULL,
    body BLOB NOT NULL,
    size INTEGER NOT NULL,
    used_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS {_TABLE}_key ON {_TABLE} (key);
CREATE INDEX IF NOT EXISTS {_TABLE}_used_at ON {_TABLE} (used_at);
"""
_LOCK_SECONDS = 5.0  # for another process to finish its write
_TOUCH_SECONDS = 60.0  # a use is noted at most this often: a read should not be a write
# What a row takes beside its body and fields: it keeps many small answers from going uncounted.
_ROW_BYTES = 256


class CacheStore:
    """Answers by key. Several threads, loops and processes may use one file.

    On disk, SQLite works in a thread, so that the event loop never waits for the disk. A cancel
    leaves what was begun to be finished there. Failures of the disk are logged, and are as if
    nothing was stored: they never fail a request.

    Args:
        path: the file, made if it is not there, readable by its owner only; None for memory.
        max_bytes: of all answers together; those not used for the longest time go first.

    Raises:
        ValueError: there is something else at *path*, or it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, max_bytes: int) -> None:
        self._lock = threading.Lock()
        self._in_memory = path is None
        self._max_bytes = max_bytes
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = _open(path)
        except (sqlite3.Error, OSError) as error:
            text = (
                f"The cache cannot be kept in {os.fspath(path) if path else 'memory'}: {error}. "
                "Give the path of a file that is not there yet, in a folder that you may write to."
            )
            raise ValueError(text) from error

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close the file; from now on nothing is found or stored. Idempotent."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    async def find(self, key: bytes) -> list[tuple[int, CachedAnswer]]:
        """Return the answers under *key*, each with its number."""
        return await self._run(lambda connection: _find(connection, key), [])

    async def body(self, number: int) -> bytes | None:
        """Return the body of an answer; None if it is gone meanwhile."""
        return await self._run(lambda connection: _body(connection, number), None)

    async def put(self, key: bytes, answer: CachedAnswer, body: bytes) -> None:
        """Store an answer in place of the one to the same request, and make room for it."""
        most = self._max_bytes
        await self._run(lambda connection: _put(connection, key, answer, body, most), None)

    async def update(self, number: int, answer: CachedAnswer) -> None:
        """Replace all of an answer but its body; nothing if it is gone."""
        change = (answer.to_json(), time(), number)
        sql = f"UPDATE {_TABLE} SET answer = ?, used_at = ? WHERE id = ?"
        await self._run(lambda connection: _change(connection, sql, [change]), None)

    async def remove(self, numbers: Iterable[int]) -> None:
        """Forget answers."""
        rows = [(number,) for number in numbers]
        sql = f"DELETE FROM {_TABLE} WHERE id = ?"
        await self._run(lambda connection: _change(connection, sql, rows), None)

    async def clear(self) -> None:
        """Forget all answers."""
        await self._run(lambda connection: _change(connection, f"DELETE FROM {_TABLE}", [()]), None)

    async def _run(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        if self._in_memory:
            return self._locked(work, otherwise)
        return await asyncio.to_thread(self._locked, work, otherwise)

    def _locked(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        with self._lock:
            if self._connection is None:
                return otherwise
            try:
                return work(self._connection)
            except sqlite3.Error as error:
                _log.warning("The cache does without its store for now: %s", error)
                return otherwise


def _open(path: str | os.PathLike[str] | None) -> sqlite3.Connection:
    if path is None:
        name = ":memory:"
    else:
        name = os.fspath(Path(path).expanduser())
        # SQLite makes its other files with the same permissions.
        os.close(os.open(name, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(
        name, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        if path is not None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        # What was removed is overwritten: it may have been somebody's.
        connection.execute("PRAGMA secure_delete=FAST")
        connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _find(connection: sqlite3.Connection, key: bytes) -> list[tuple[int, CachedAnswer]]:
    rows = connection.execute(f"SELECT id, answer FROM {_TABLE} WHERE key = ?", (key,)).fetchall()
    found = []
    for number, text in rows:
        try:
            found.append((number, CachedAnswer.from_json(text)))
        except (ValueError, TypeError, KeyError):
            connection.execute(f"DELETE FROM {_TABLE} WHERE id = ?", (number,))
    return found


def _body(connection: sqlite3.Connection, number: int) -> bytes | None:
    sql = f"SELECT body, used_at FROM {_TABLE} WHERE id = ?"
    row = connection.execute(sql, (number,)).fetchone()
    if row is None:
        return None
    now = time()
    if not 0 <= now - row[1] < _TOUCH_SECONDS:
        connection.execute(f"UPDATE {_TABLE} SET used_at = ? WHERE id = ?", (now, number))
    return bytes(row[0])


def _put(
    connection: sqlite3.Connection, key: bytes, answer: CachedAnswer, body: bytes, most: int
) -> None:
    text = answer.to_json()
    same = repr((key, answer.method, answer.decoded, sorted(answer.variant.items())))
    slot = hashlib.sha256(same.encode("utf-8", "surrogateescape")).digest()
    size = len(body) + len(text) + _ROW_BYTES
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if size > most:  # it would drive all others out, and then go itself
            connection.execute(f"DELETE FROM {_TABLE} WHERE slot = ?", (slot,))
            return
        connection.execute(
            f"INSERT OR REPLACE INTO {_TABLE} (key, slot, answer, body, size, used_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (key, slot, text, body, size, time()),
        )
        (total,) = connection.execute(f"SELECT SUM(size) FROM {_TABLE}").fetchone()
        while total > most:
            sql = f"SELECT id, size FROM {_TABLE} ORDER BY used_at, id LIMIT 1"
            number, size = connection.execute(sql).fetchone()
            connection.execute(f"DELETE FROM {_TABLE} WHERE id = ?", (number,))
            total -= size


def _change(connection: sqlite3.Connection, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(sql, rows)
