"""What a file's name says of its type."""

from __future__ import annotations

import pytest
from aiohttp.web_fileresponse import CONTENT_TYPES

from notebook_http.web.files.media_type import media_type_of


@pytest.mark.parametrize(
    "name",
    ["a.html", "A.HTM", "a.tar.gz", "a.tgz", "a.svgz", "a.bz2", "a.txz", "a.Z", "a.br", "a.css",
     "a.js", "a.b.c", "a", ".gz", ".profile", "a.mp4", "a.woff2", "a.xyz", "a.deb", "a.json"],
)  # fmt: skip
def test_names_say_what_they_say_elsewhere(name: str) -> None:
    """On every machine, whatever is installed there."""
    expected = CONTENT_TYPES.guess_type(name)[0] or "application/octet-stream"
    assert media_type_of(f"/folder.txt/{name}") == expected


@pytest.mark.parametrize("name", ["data:text/html,x", "http:a.txt", "a.zst"])
def test_a_colon_makes_no_url(name: str) -> None:
    """And zstd has a type as the other compressions have."""
    expected = {"http:a.txt": "text/plain", "a.zst": "application/zstd"}
    assert media_type_of(name) == expected.get(name, "application/octet-stream")
