"""Names of files that servers propose: plain names, here, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from notebook_http.notebook.downloads.file_name import downloaded_file_name
from notebook_http.notebook.file_names import safe_file_name
from notebook_http.notebook.widgets.file_names import proposed_file_name


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("/etc/cron.d/job", "job"),
        ("C:\\Windows\\x.dll", "x.dll"),
        (".bashrc", "bashrc"),
        ("...", ""),
        ("", ""),
        ("a\x00b\n.txt", "a_b_.txt"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("data.json. . ", "data.json"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("ex\u202egpj.exe", "exU+202Egpj.exe"),
        ("ж" * 300 + ".json", "ж" * 97 + ".json"),
        ("Ünï.txt", "Ünï.txt"),
    ],
)
def test_names_are_made_safe(given_name: str, safe: str) -> None:
    """The last component, without what hides, configures, escapes or misleads."""
    assert safe_file_name(given_name) == safe


@given(st.text(max_size=400))
def test_any_name_is_one_component_of_bounded_length(name: str) -> None:
    """Whatever a server says."""
    safe = safe_file_name(name)
    assert not set(safe) & set('/\\<>:"|?*\x00')
    assert len(safe.encode()) <= 200
    assert not safe.startswith((".", " ", "-"))
    assert safe.isprintable()
    assert safe_file_name(safe) == safe
    downloaded = downloaded_file_name(name)
    assert downloaded in (safe, "download") or downloaded == safe_file_name(safe + "_")
    assert downloaded_file_name(downloaded) == downloaded


@pytest.mark.parametrize(
    ("disposition", "path", "content_type", "name"),
    [
        ('attachment; filename="a.bin"', "/x/y.txt", "text/plain", "a.bin"),
        ("attachment; filename*=UTF-8''%e2%82%ac.csv; filename=e.csv", "/", "text/csv", "€.csv"),
        ("attachment; filename=../../x", "/", "application/json", "x.json"),
        (None, "/v1/users/", "application/json", "users.json"),
        (None, "/a/b%2Fc.png", "image/png", "c.png"),
        (None, "/", "text/html", "body.html"),
        ("nonsense;;;=", "/", "application/vnd.api+json", "body.json"),
        (None, "/data.tar.gz", "application/gzip", "data.tar.gz"),
    ],
)
def test_proposals(disposition: str | None, path: str, content_type: str, name: str) -> None:
    """Content-Disposition, else the URL, else `body`; an extension if there is none."""
    assert proposed_file_name(disposition, path, content_type) == name
