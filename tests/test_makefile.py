"""The two commands where they cannot work: they say why, and leave nothing half made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make(need_program: Callable[[str], str], tmp_path: Path) -> Make:
    """Run make with the project's Makefile in a folder with a space in its name."""
    program = need_program("make")
    folder = tmp_path / "a project"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    environment = {name: value for name, value in os.environ.items() if name[:4] != "MAKE"}
    # An index that does not answer, asked once.
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "-C", str(folder), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def script(path: Path, text: str) -> str:
    """Write an executable shell script; return its path."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_no_package_index_is_said_in_words(make: Make) -> None:
    """Pip's last line is that pip is likely not to blame; ours is what to do."""
    for _ in range(2):  # and the second time it is tried again
        finished = make(f"PYTHON={sys.executable}", "demo")
        assert finished.returncode == 2
        assert "Most often there is no network" in finished.stderr.splitlines()[-2]


def test_environment_that_was_not_finished_is_made_anew(make: Make, tmp_path: Path) -> None:
    """Debian's Python without python3-venv stops half-way, and must not be taken for whole."""
    python = script(
        tmp_path / "python", 'test "$1" = -c || { mkdir -p "$3/bin"; : > "$3/bin/python"; exit 1; }'
    )
    for _ in range(2):
        finished = make(f"PYTHON={python}", "demo")
        assert finished.returncode == 2
        assert "creating .venv" in finished.stdout
        assert "installing" not in finished.stdout


def test_old_python_is_refused_before_anything_is_made(make: Make, tmp_path: Path) -> None:
    """An old Python that hears of a new syntax only tells where it stumbled."""
    old = (
        'test "$1" = -c || exit 9; shift; '
        f'exec {sys.executable} -c "import sys; sys.version_info = (3, 9); '
        'sys.version = \'3.9.2 (old)\'; exec(sys.argv[1])" "$1"'
    )
    finished = make(f"PYTHON={script(tmp_path / 'python', old)}", "demo")
    assert finished.returncode == 2
    assert "Python 3.11 or newer is needed, this is 3.9.2" in finished.stderr
    assert "creating" not in finished.stdout
