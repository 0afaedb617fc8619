"""Check versions against what the package's own metadata asks. Imports none of them."""

from __future__ import annotations

import re
import sys
from importlib import metadata

from notebook_http.notebook.doctor.check import Finding, bad, fine

__all__ = ["PACKAGES", "package_version", "python_version"]

PACKAGES = ("IPython", "ipykernel", "ipywidgets", "anywidget", "pandas")
_OURS = "notebook-http"
# `pandas>=2.0` or `pandas (>=2.0)`; what only an extra asks has a marker behind it.
_REQUIREMENT = re.compile(r"([\w.-]+)\s*\(?>=\s*([\d.]+)[^;]*(?:;(?!.*\bextra\b).*)?")


def python_version() -> Finding:
    """Judge the Python that runs."""
    version = ".".join(map(str, sys.version_info[:3]))
    try:
        asked = metadata.metadata(_OURS)["Requires-Python"] or ""
    except metadata.PackageNotFoundError:
        asked = ""
    least = asked.removeprefix(">=")
    if _is_older(version, least):
        return bad(
            f"{version} is older than {least}", f"make the kernel's environment of Python {least}"
        )
    return fine(version + _asked_words(least))


def package_version(name: str) -> Finding:
    """Judge the installed version of *name*, and that it is the one which runs."""
    least = _least_versions().get(name.lower(), "")
    bound = f">={least}" if least else ""
    install = f'%pip install -U "{name.lower()}{bound}", then restart the kernel'
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return bad("not installed" + _asked_words(least), install)
    if _is_older(version, least):
        return bad(f"{version} is older than {least}", install)
    running = getattr(sys.modules.get(name), "__version__", version)
    if running != version:
        return bad(f"{version} is installed, but {running} runs", "restart the kernel")
    return fine(version + _asked_words(least))


def _asked_words(least: str) -> str:
    return f" (asked: {least} or newer)" if least else ""


def _least_versions() -> dict[str, str]:
    """Return the least versions by name in lower case; empty where we are not installed."""
    try:
        lines = metadata.requires(_OURS) or []
    except metadata.PackageNotFoundError:
        return {}
    found = [match for line in lines if (match := _REQUIREMENT.fullmatch(line.strip()))]
    return {match[1].lower(): match[2] for match in found}


def _is_older(version: str, least: str) -> bool:
    if not least:
        return False
    have, want = _numbers(version), _numbers(least)
    width = max(len(have), len(want))
    return have + [0] * (width - len(have)) < want + [0] * (width - len(want))


def _numbers(version: str) -> list[int]:
    """Return the release numbers of *version*: `8.0.0rc1` has those of `8.0.0`."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return [int(each) for each in found.group().split(".")] if found else []
