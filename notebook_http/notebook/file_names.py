"""Make of what a stranger says the name of a file here: of no meaning to any system."""

from __future__ import annotations

import re
import unicodedata

from notebook_http.notebook.display.html import visible

__all__ = ["safe_file_name"]

# ext4, APFS and NTFS take 255 bytes or characters; some room is left for ` (2)`, `.part` and more.
_NAME_BYTES = 200
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff<>:"|?*]')
# Windows opens its devices by these, whatever stands behind the first dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.I)


def safe_file_name(name: str) -> str:
    """Return *name*, which a stranger wrote, as a plain name of a file here; "" if nothing is left.

    No folder, no dot in front (such files are hidden, or configure programs), no hyphen (those
    are options), no device of Windows, nothing that cannot be seen, 200 bytes at most, its
    extension kept.
    """
    name = re.split(r"[/\\]", name)[-1]
    name = _NOT_IN_NAMES.sub("_", name)
    # What turns the reading direction would show `cod.exe` as `exe.doc`.
    name = "".join(char for char in visible(name) if char.isprintable()).replace("\ufffd", "_")
    name = unicodedata.normalize("NFC", re.sub(r"[<>]", "", name))
    name = _shortened(name.lstrip(".- ").rstrip(". "))
    # Looked for in what is left: a cut may end behind a device's name.
    if _DEVICES.fullmatch(name.partition(".")[0].rstrip(" ")):
        name = _shortened(f"_{name}")
    return name


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        stem, dot, extension = name, "", ""
    room = _NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + extension
