"""The page that lists what is in a folder."""

from __future__ import annotations

import os
from html import escape
from urllib.parse import quote

__all__ = ["index_page"]

_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{title}</title>
</head>
<body>
<h1>{title}</h1>
<ul>
{items}
</ul>
</body>
</html>
"""


def index_page(directory: str, shown: str, url: str) -> str:
    """Return the page for *directory*: its files and folders, by name, folders with a slash.

    Names are escaped as text and percent-encoded as links: they are whatever somebody has called a
    file. May wait for a disk.

    Args:
        directory: where the folder is.
        shown: what it is called on the page.
        url: of the folder, percent-encoded, without a slash at its end.

    Raises:
        OSError: the folder cannot be read.
    """
    items = []
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            name = os.fsencode(entry.name)
            link = f"{url}/{quote(name, safe='')}"
            text = name.decode("utf-8", "replace") + ("/" if _is_folder(entry) else "")
            items.append(f'<li><a href="{escape(link)}">{escape(text)}</a></li>')
    return _PAGE.format(title=escape(f"Index of /{shown}"), items="\n".join(items))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to where nobody may look
        return False
