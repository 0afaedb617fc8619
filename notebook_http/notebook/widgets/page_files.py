"""The files of our controls that run in the page."""

from __future__ import annotations

from pathlib import Path

__all__ = ["file_text", "module_text"]


def module_text(name: str) -> str:
    """Return the ES module of a control, with what all of them share in front of it."""
    return file_text("page_elements.js") + "\n" + file_text(name)


def file_text(name: str) -> str:
    """Return what a file of this folder holds."""
    return Path(__file__).with_name(name).read_text("utf-8")
