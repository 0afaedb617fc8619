"""The name of a file that is downloaded, of what a server or a URL says."""

from __future__ import annotations

from notebook_http.notebook.file_names import safe_file_name

__all__ = ["downloaded_file_name"]

# Python imports these from the folder that a notebook runs in, and our own parts end in the last.
_MEANINGFUL = (".py", ".pyc", ".pyw", ".pth", ".so", ".pyd", ".dll", ".part", ".json.part")


def downloaded_file_name(said: str) -> str:
    """Return a safe name (`safe_file_name`) made of *said*; `"download"` if nothing is left.

    None that Python would import, nor that a part of another file has: `x.py` becomes `x.py_`.
    """
    name = safe_file_name(said)
    if name.lower().endswith(_MEANINGFUL):
        name = safe_file_name(f"{name}_")
    return name or "download"
