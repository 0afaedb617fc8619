"""`nh.doctor()` in this process: what each check says of surroundings that are really so."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time

import pytest

import notebook_http as nh
from notebook_http.notebook.doctor import loop_checks, network, surroundings, versions
from notebook_http.notebook.doctor.check import Check, fine, in_thread, run_check
from notebook_http.notebook.doctor.report import Report
from notebook_http.notebook.extension import load_ipython_extension, unload_ipython_extension
from notebook_http.notebook.pending_call import NotAwaitedError
from notebook_http.notebook.stop_button import signal_of

CANARY = "canary-5d1f9"
PROXIES = [f"{kind}_proxy" for kind in ("http", "https", "all", "no", "ws")]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch):
    """Nothing of who runs the tests: no proxies, no hub, no switch."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("NOTEBOOK_HTTP_OFFLINE", "JUPYTERHUB_SERVICE_PREFIX", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


def by_subject(report: Report) -> dict[str, Check]:
    return {check.subject: check for check in report.checks}


async def test_every_subject_has_a_line():
    report = await nh.doctor()
    checks = by_subject(report)
    assert list(checks)[:6] == [
        "Python",
        "IPython",
        "ipykernel",
        "ipywidgets",
        "anywidget",
        "pandas",
    ]
    assert len(checks) == len(report.checks) == 19
    for subject in ("Python", "pandas", "event loop", "loopback", "localhost", "clock"):
        assert checks[subject].ok is True, checks[subject]
    lines = repr(report).splitlines()
    assert len(lines) == 19
    assert all(line[0] in "✓✗–" for line in lines)
    assert report.ok is not any(line[0] == "✗" for line in lines)
    assert all(check.fix for check in report.checks if check.ok is False)


async def test_without_await_it_explains_itself():
    pending = nh.doctor()
    assert repr(pending) == "nh.doctor(): nothing was looked at yet. Put `await` in front."
    with pytest.raises(NotAwaitedError, match="await"):
        pending.ok  # noqa: B018
    pending.close()


async def test_a_loop_that_is_blocked_lags():
    async def block() -> None:
        while True:
            time.sleep(0.3)
            await asyncio.sleep(0)

    task = asyncio.create_task(block())
    found = await loop_checks.lag()
    task.cancel()
    assert found.ok is False
    assert "to_thread" in found.fix
    assert int(found.found.split()[4]) >= 200


async def test_a_proxy_where_nobody_listens_and_its_password(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{CANARY}@127.0.0.1:{port}")
        report = await nh.doctor()
    check = by_subject(report)["proxies"]
    assert check.ok is False
    assert not report.ok
    assert "nobody listens there" in check.found
    assert f"127.0.0.1:{port}" in check.found
    assert "HTTPS_PROXY" in check.fix
    shown = repr(report) + report._repr_html_() + report.df().to_string()
    assert CANARY not in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (f"socks5://me:{CANARY}@proxy.example:1080", "socks5 is not spoken"),
        (f"http://me:{CANARY}@proxy.example:eighty", "no URL"),
        (f"http://me:{CANARY}@:3128", "no URL"),
    ],
)
async def test_a_proxy_that_cannot_be_used(monkeypatch, given, words):
    monkeypatch.setenv("HTTP_PROXY", given)
    check = await run_check("proxies", network.proxies)
    assert check.ok is False
    assert words in check.found
    assert CANARY not in check.found + check.fix


@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_a_proxy_elsewhere_is_told_and_not_tried(monkeypatch, scheme):
    monkeypatch.setenv("HTTP_PROXY", f"{scheme}me:{CANARY}@proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    check = await run_check("proxies", network.proxies)
    assert check.ok is True
    assert "proxy.invalid:3128" in check.found
    assert "not for localhost" in check.found
    assert CANARY not in check.found


async def test_a_missing_file_of_authorities(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    found = await network.certificates()
    assert found.ok is False
    assert "gone.pem: no such file" in found.found
    assert "SSL_CERT_FILE" in found.fix


async def test_an_empty_file_of_authorities_trusts_nobody(monkeypatch, tmp_path):
    (tmp_path / "ca.pem").write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    (tmp_path / "none").mkdir()
    found = await network.certificates()
    assert found.ok is False
    assert "ca.pem" in found.found


def run_with_offline(code: str) -> str:
    """Return what *code* prints of the check, in a process of its own."""
    code = f"import asyncio, os, sys\n{code}\nimport notebook_http as nh\n" + (
        "async def main():\n"
        "    async with nh.ClientSession() as session:\n"
        "        try: await session.get('http://192.0.2.1/', timeout=nh.ClientTimeout(total=0.2))\n"
        "        except Exception as error: print(type(error).__name__)\n"
        "    for check in (await nh.doctor()).checks:\n"
        "        if 'OFFLINE' in check.subject or check.subject == 'loopback':\n"
        "            print(check.ok, check.found, check.fix)\n"
        "asyncio.run(main())\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_offline_is_a_note_and_loopback_goes_on():
    shown = run_with_offline("os.environ['NOTEBOOK_HTTP_OFFLINE'] = '1'").splitlines()
    assert shown[0] == "OfflineError"
    assert "True a request to a server" in shown[1] + shown[2]
    assert "None set: only this machine is reached %env NOTEBOOK_HTTP_OFFLINE=0" in shown


def test_offline_that_was_set_too_late_is_told():
    """Requests go to the network all the same."""
    code = "import notebook_http\nos.environ['NOTEBOOK_HTTP_OFFLINE'] = '1'"
    first, *checks = run_with_offline(code).splitlines()
    assert first != "OfflineError"
    found = next(line for line in checks if "set after" in line)
    assert found.startswith("False ")
    assert "restart the kernel" in found


async def test_a_hub_asks_for_the_server_proxy(monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ann/")
    found = await surroundings.server_proxy()
    if found.ok:
        assert "/user/ann/proxy/PORT/" in found.found
    else:
        assert "jupyter-server-proxy" in found.fix
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX")
    assert (await surroundings.server_proxy()).ok is None


def test_versions_are_compared_as_numbers(monkeypatch):
    monkeypatch.setattr(versions, "_least_versions", lambda: {"pandas": "999.10"})
    found = versions.package_version("pandas")
    assert found.ok is False
    assert "older than 999.10" in found.found
    assert '%pip install -U "pandas>=999.10"' in found.fix
    monkeypatch.setattr(versions, "_least_versions", lambda: {"pandas": "1.0.0.0"})
    assert versions.package_version("pandas").ok is True
    assert versions.package_version("no-such-package-here").found == "not installed"


def test_what_the_metadata_asks_is_read_without_the_extras():
    least = versions._least_versions()
    assert least["ipykernel"] == "6.17.1"
    assert least["pandas"] == "2.0"
    assert "jupyterlab" not in least


def test_a_package_that_was_upgraded_under_a_running_kernel(monkeypatch):
    import pandas as pd

    monkeypatch.setattr(pd, "__version__", "2.0.0.before")
    found = versions.package_version("pandas")
    assert found.ok is False
    assert "2.0.0.before runs" in found.found
    assert found.fix == "restart the kernel"


async def test_stop_is_checked_by_a_signal_that_means_nothing(shell, monkeypatch):
    from notebook_http.notebook import stop_button

    assert (await surroundings.extension()).fix == "%load_ext notebook_http"
    load_ipython_extension(shell)
    assert (await surroundings.extension()).ok is True
    number = signal_of(asyncio.get_running_loop())
    assert number is not None
    assert (await loop_checks.stop_button()).ok is True

    # Somebody takes away what wakes the loop, as some GUI toolkits do.
    monkeypatch.setattr(stop_button, "_PROBE_SECONDS", 0.2)
    before = signal.set_wakeup_fd(-1)
    try:
        found = await loop_checks.stop_button()
    finally:
        signal.set_wakeup_fd(before)
    assert found.ok is False
    assert found.fix == "%reload_ext notebook_http"
    assert stop_button._probes == set()
    unload_ipython_extension(shell)
    assert (await loop_checks.stop_button()).ok is None


async def test_where_signals_are_taken_the_beat_is_told(shell):
    before = {name: signal.getsignal(name) for name in (signal.SIGWINCH, signal.SIGURG)}
    for name in before:
        signal.signal(name, lambda *_: None)
    try:
        load_ipython_extension(shell)
        found = await loop_checks.stop_button()
        unload_ipython_extension(shell)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    assert found == fine("the loop looks every 0.2 s while a cell runs")
    assert (await loop_checks.stop_button()).ok is None


async def test_a_check_that_fails_or_hangs_is_a_finding(monkeypatch):
    async def fail():
        raise RuntimeError(f"password={CANARY}\nsecond line")

    check = await run_check("it", fail)
    assert check.ok is False
    assert "RuntimeError" in check.found
    assert "\n" not in check.found
    assert CANARY not in check.found

    def hang():
        time.sleep(0.5)
        return fine("late")

    monkeypatch.setattr("notebook_http.notebook.doctor.check.CHECK_SECONDS", 0.05)
    check = await run_check("it", lambda: in_thread(hang))
    assert check.ok is False
    assert "no answer" in check.found


@pytest.mark.parametrize("after", [0, 0.05, 0.12, 0.16])
async def test_a_cancel_leaves_nothing_behind(after):
    before = asyncio.all_tasks()
    task = asyncio.ensure_future(nh.doctor())
    await asyncio.sleep(after)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before


def test_html_says_the_marks_in_words_and_shows_text_as_text():
    report = Report(
        [
            Check("one", True, "<b>found</b>", ""),
            Check("two", False, "x\u202ey", "do & that"),
            Check("three", None, "nothing", ""),
        ]
    )
    html = report._repr_html_()
    for words in ("✓ ok", "✗ failed", "– note", "3 checks, 1 failed"):
        assert words in html
    assert "&lt;b&gt;found" in html
    assert "<code>do &amp; that</code>" in html
    assert "\u202e" not in html + repr(report)
    assert repr(report).splitlines()[1].endswith("→ do & that")
    assert list(report.df()["result"]) == ["ok", "failed", "note"]
    assert not report.ok
    assert Report(report.checks[::2]).ok
