"""What `await nh.download(…)` gives: where the file is, and how it came there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from notebook_http.notebook.display.html import Html, tag, visible
from notebook_http.notebook.display.size_budget import size_words
from notebook_http.notebook.display.timings_bar import duration_words

__all__ = ["Download"]


@dataclass(frozen=True, slots=True)
class Download:
    """A file that was downloaded. Taken where a path is: `pandas.read_csv(download)`.

    Attributes:
        path: the file.
        size: its bytes.
        seconds: how long this call took; 0.0 if the file was there already, with that checksum.
        checksum: of all its bytes, as `checksum=` takes it: `sha256:…`.
        resumed_from: bytes that were there from before; 0 if it was begun anew.
    """

    path: Path
    size: int
    seconds: float
    checksum: str
    resumed_from: int

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self._rows())

    def _repr_html_(self) -> str:
        """Return what a cell shows whose value this is."""
        rows = [
            tag("tr", tag("th", name, scope="row"), tag("td", value))
            for name, value in self._rows()
        ]
        return str(_table(rows))

    def _rows(self) -> list[tuple[str, str]]:
        how = f"{size_words(self.size)} in {duration_words(self.seconds)}"
        if self.resumed_from:
            how += f", gone on from {size_words(self.resumed_from)}"
        elif not self.seconds:
            how = f"{size_words(self.size)}, was there already"
        return [
            ("File", visible(str(self.path))),
            ("Came", how),
            ("Checksum", self.checksum),
        ]


def _table(rows: list[Html]) -> Html:
    return tag("table", tag("caption", "Download"), tag("tbody", *rows), style="color: inherit")
