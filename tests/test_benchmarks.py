"""`make bench` runs through: every row, every promise, every figure in its file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

RUN = Path(__file__).parent / "benchmarks" / "run.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RUN), "--rounds", "1", "--work", "0.001", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What a run with next to no work writes, and what it prints."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    finished = run("--client", "--results", str(path))
    assert finished.returncode == 0, finished.stderr
    return json.loads(path.read_text()), finished.stdout


def test_every_row_has_figures_of_both_and_their_ratio(
    results: tuple[dict[str, Any], str],
) -> None:
    rows = results[0]["clients"]
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    for kind in ("GET, 1 connection", "GET, 64", "JSON 2 KiB", "POST 10 KiB", "download", "upload"):
        assert {name[-3:] for name in names if kind in name} == {"TCP", "TLS"}
    assert sum("WebSocket echo" in name for name in names) == 2
    for row in rows:
        ours, theirs = (
            row["libraries"][name]["cpu_microseconds_a_request"]["median"]
            for name in ("notebook_http", "aiohttp")
        )
        # One round: the median of the ratios is the ratio of the medians.
        assert row["aiohttp_over_ours"]["median"] == pytest.approx(theirs / ours)
        assert f"{ours:,.1f}" in results[1]


def test_every_promise_is_judged(results: tuple[dict[str, Any], str]) -> None:
    promises = {promise["name"]: promise for promise in results[0]["client_promises"]}
    assert {"small requests, geometric mean", "WebSocket echo, 64 KiB, TCP, aiohttp / ours"} <= set(
        promises
    )
    for promise in promises.values():
        if "least" in promise:
            assert promise["met"] == (promise["figure"] >= promise["least"])
        else:
            assert promise["met"] == (promise["figure"] <= promise["most"])
        assert promise["met"] == (promise["short_by"] == 0)
    assert ("SHORT BY" in results[1]) == (not all(p["met"] for p in promises.values()))


def test_peer_that_is_missing_is_said_and_left_out(
    results: tuple[dict[str, Any], str],
) -> None:
    measured = set(results[0]["clients"][0]["libraries"])
    assert {"notebook_http", "aiohttp"} <= measured
    for name in {"httpx", "niquests", "pyreqwest"} - measured:
        assert f"{name} is NOT INSTALLED" in results[1]


@pytest.fixture(scope="module")
def servers_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the picture of the servers' run is."""
    return tmp_path_factory.mktemp("bench") / "scaling.svg"


@pytest.fixture(scope="module")
def servers(servers_picture: Path) -> tuple[dict[str, Any], str]:
    """The same of the servers, ours beside aiohttp's."""
    path = servers_picture.with_name("bench.json")
    finished = run("--server", "--beside", "aiohttp", "--results", str(path))
    assert finished.returncode == 0, finished.stderr
    return json.loads(path.read_text()), finished.stdout


def test_every_server_row_has_figures_of_both_and_their_ratio(
    servers: tuple[dict[str, Any], str],
) -> None:
    rows = servers[0]["servers"]
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    for kind in ("hello", "JSON, dynamic route", "POST 10 KiB"):
        assert {f"{kind}, TCP", f"{kind}, TLS"} <= set(names)
    for row in rows:
        ours, theirs = (
            row["servers"][name]["cpu_microseconds_a_request"]["median"]
            for name in ("notebook_http", "aiohttp")
        )
        assert row["aiohttp_over_ours"]["median"] == pytest.approx(theirs / ours)
        assert row["answer_bytes"]["notebook_http"] > 64
        assert f"{ours:,.1f}" in servers[1]


def test_every_server_promise_is_judged(servers: tuple[dict[str, Any], str]) -> None:
    promises = {promise["name"]: promise for promise in servers[0]["server_promises"]}
    small = [row for row in servers[0]["servers"] if row["small"]]
    assert f"geometric mean of {len(small)} small requests" in promises
    assert "hello, heads numbered, TCP, aiohttp / ours" in promises
    for promise in promises.values():
        if "least" in promise:
            assert promise["met"] == (promise["figure"] >= promise["least"])
        else:
            assert promise["met"] == (promise["figure"] <= promise["most"])
    for row in small:
        assert row["name"] in " ".join(servers[1].split("Small requests: ")[1].split())


def test_starlette_answers_what_ours_answers(tmp_path: Path) -> None:
    """The load checks every answer of every server: none is measured doing something else."""
    path = tmp_path / "bench.json"
    rows = "json,post,streamed,routes,middlewares"
    finished = run("--server", "--beside", "uvicorn", "--rows", rows, "--results", str(path))
    assert finished.returncode == 0, finished.stderr
    for row in json.loads(path.read_text())["servers"]:
        assert "uvicorn" in row["servers"]


def test_asgi_rows_have_figures_of_ours_and_its_peers(tmp_path: Path) -> None:
    """The same application on each, and its answers are checked."""
    path = tmp_path / "bench.json"
    finished = run("--beside", "uvicorn", "--rows", "server: asgi", "--results", str(path))
    assert finished.returncode == 0, finished.stderr
    rows = json.loads(path.read_text())["asgi"]
    assert [row["name"].split(",")[0] for row in rows] == [
        "ASGI: hello",
        "ASGI: JSON",
        "ASGI: streamed",
    ]
    for row in rows:
        ours, theirs = (
            row["servers"][name]["cpu_microseconds_a_request"]["median"]
            for name in ("asgi", "uvicorn")
        )
        assert row["uvicorn_over_ours"]["median"] == pytest.approx(theirs / ours)
        assert f"{ours:,.1f}" in finished.stdout


def test_idle_connections_have_figures_of_both(servers: tuple[dict[str, Any], str]) -> None:
    for row in servers[0]["idle_memory"]:
        assert set(row["bytes_a_connection"]) == {"notebook_http", "aiohttp"}
        assert row["name"] in servers[1]
    crowd = servers[0]["beside_idle"]
    assert crowd["connections"] >= 100
    for figures in crowd["servers"].values():
        alone, crowded = (
            figures[key]["cpu_microseconds_a_request"]["median"] for key in ("alone", "crowded")
        )
        assert figures["crowded_over_alone"]["median"] == pytest.approx(crowded / alone)


def test_scaling_is_drawn(servers: tuple[dict[str, Any], str], servers_picture: Path) -> None:
    """Every point of bench.json is a dot of the picture, further up the dearer it is."""
    series = {each["name"]: each["servers"] for each in servers[0]["scaling"]}
    assert set(series) == {
        "routes",
        "routes under one prefix",
        "routes of mixed segments",
        "connections",
    }
    costs = []
    for points in (points for servers in series.values() for points in servers.values()):
        assert list(points) == ["1", "10", "100", "1000"]
        costs += [cost["median"] for cost in points.values()]
    namespace = "{http://www.w3.org/2000/svg}"
    root = ElementTree.parse(servers_picture).getroot()
    dots = [float(dot.attrib["cy"]) for dot in root.iter(f"{namespace}circle")]
    assert len(dots) == len(costs)
    # SVG's axis points downwards.
    by_cost = [dot for _, dot in sorted(zip(costs, dots, strict=True))]
    assert by_cost == sorted(dots, reverse=True)


def test_part_of_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    finished = run("--rows", "server: HELLO", "--beside", "aiohttp", "--results", str(path))
    assert finished.returncode == 0, finished.stderr
    written = json.loads(path.read_text())
    assert [row["name"] for row in written["servers"]] == [
        "hello, 1 connection, TCP",
        "hello, TCP",
        "hello, TLS",
        "hello, heads numbered, TCP",
    ]
    assert "clients" not in written
    assert "imports" not in written


def test_frames_are_measured_beside_pandas_alone(tmp_path: Path) -> None:
    path = tmp_path / "frames.json"
    finished = run("--rows", "frames", "--results", str(path))
    assert finished.returncode == 0, finished.stderr
    results = json.loads(path.read_text())
    assert [row["records"] for row in results["frames"]] == [100, 100]
    for row in results["frames"]:
        ours, theirs = (figures["seconds"]["median"] for figures in row["libraries"].values())
        assert row["theirs_over_ours"]["median"] == pytest.approx(theirs / ours)
    speed = [each for each in results["frame_promises"] if each["name"].endswith("CPU")]
    assert [each["least"] for each in speed] == [2.0, 2.0]
    assert "clients" not in results


def test_cards_are_measured_beside_json_loads(tmp_path: Path) -> None:
    path = tmp_path / "cards.json"
    finished = run("--rows", "card: ", "--results", str(path))
    assert finished.returncode == 0, finished.stderr
    results = json.loads(path.read_text())
    assert len(results["cards"]) == len(results["card_promises"]) == 2
    for row, kept in zip(results["cards"], results["card_promises"], strict=True):
        assert 0 < row["card_bytes"] <= 64 * 1024
        assert kept["figure"] == row["card_milliseconds"]["median"] > 0
        assert kept["most"] == 30.0
    assert "frames" not in results
