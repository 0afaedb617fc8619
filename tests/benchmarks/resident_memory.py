"""Memory of this process that is in RAM, in bytes, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")


def measurable() -> bool:
    """Whether this system tells a peak and lets it be forgotten."""
    return STATUS.exists() and CLEAR_REFS.exists()


def forget_peak() -> None:
    """Let the peak begin anew from what is resident now."""
    CLEAR_REFS.write_text("5")


def resident_bytes() -> int:
    """Return what is resident now."""
    return _kibibytes("VmRSS") * 1024


def peak_bytes() -> int:
    """Return the most that was resident since `forget_peak`."""
    return _kibibytes("VmHWM") * 1024


def _kibibytes(name: str) -> int:
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise RuntimeError(f"{STATUS} has no {name}")
