"""Templates with mixed segments or free patterns, found by the text that their paths have to have.

In front of the first pattern that may match a slash and behind the last one, a template says how
its paths are cut into segments, and of many of them how they begin and end. Where in a path such
text stands is the template's shape. With the right text a template may still not match; with any
other it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from notebook_http.web.routing.path_template import PathTemplate, is_slashless, readable_path

__all__ = ["MixedTemplates"]

T = TypeVar("T")
# What is known of a segment: its text, or its beginning and end.
_Known = str | tuple[str, str]
# Of each segment that is known in part: its beginning and its end; and how long they are.
_Pieces = tuple[tuple[str, str], ...]
_Lengths = tuple[tuple[int, int], ...]


class _Shape(NamedTuple):
    """Where a path has to be looked at.

    Attributes:
        least: segments that a path has.
        is_open: whether it may have more.
        whole: places of segments that are known; counted from the end if negative.
        mixed: those of which the beginning or the end is known.
    """

    least: int
    is_open: bool
    whole: tuple[int, ...]
    mixed: tuple[int, ...]


class _Table(Generic[T]):
    """What is filed under one shape: by whole segments, by lengths of pieces, by pieces."""

    __slots__ = ("by_whole", "key")

    def __init__(self, shape: _Shape) -> None:
        # The first segment, in front of the first slash, is always there and fixed.
        self.key: Callable[[Any], Any] = itemgetter(*shape.whole)
        self.by_whole: dict[Any, dict[_Lengths, dict[_Pieces, list[T]]]] = {}


class MixedTemplates(Generic[T]):
    """What is filed under templates, in the order in which it came for each of them."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables: dict[_Shape, _Table[T]] = {}

    def __bool__(self) -> bool:
        return bool(self._tables)

    def __iter__(self) -> Iterator[T]:
        for table in self._tables.values():
            for by_lengths in table.by_whole.values():
                for by_pieces in by_lengths.values():
                    for items in by_pieces.values():
                        yield from items

    def add(self, template: PathTemplate, item: T) -> None:
        """File *item* under *template*."""
        shape, known = _shape(template)
        table = self._tables.get(shape)
        if table is None:
            table = self._tables[shape] = _Table(shape)
        pieces = tuple(known[place] for place in shape.mixed)
        lengths = tuple((len(first), len(last)) for first, last in pieces)
        by_lengths = table.by_whole.setdefault(table.key(known), {})
        by_lengths.setdefault(lengths, {}).setdefault(pieces, []).append(item)

    def find(self, segments: Sequence[str]) -> list[T]:
        """Return what may match the path of these *segments*, as patterns see them."""
        found: list[T] = []
        count = len(segments)
        for shape, table in self._tables.items():
            if count != shape.least and not (shape.is_open and count > shape.least):
                continue
            by_lengths = table.by_whole.get(table.key(segments))
            if by_lengths is None:
                continue
            if len(shape.mixed) == 1:
                text = segments[shape.mixed[0]]
                size = len(text)
                for ((first, last),), by_pieces in by_lengths.items():
                    found += by_pieces.get(((text[:first], text[size - last :]),), ())
                continue
            texts = [segments[place] for place in shape.mixed]
            for lengths, by_pieces in by_lengths.items():
                ends = zip(texts, lengths, strict=True)
                pieces = [(text[:first], text[len(text) - last :]) for text, (first, last) in ends]
                found += by_pieces.get(tuple(pieces), ())
        return found


def _shape(template: PathTemplate) -> tuple[_Shape, dict[int, Any]]:
    """Return where paths of *template* have known text, and that text by its place."""
    leading, is_open = _known(template, forward=True)
    known = dict(enumerate(leading))
    least = len(leading)
    if is_open:
        trailing, _ = _known(template, forward=False)
        known.update((-1 - place, segment) for place, segment in enumerate(trailing))
        # The last of each lie around what has no end: they may be one segment.
        least += len(trailing) - 1
    whole = tuple(place for place, segment in known.items() if isinstance(segment, str))
    mixed = tuple(place for place in known if place not in whole and any(known[place]))
    return _Shape(least, is_open, whole, mixed), known


def _known(template: PathTemplate, *, forward: bool) -> tuple[list[_Known], bool]:
    """Return what is known of the segments from one end on, and whether a pattern ended that."""
    segments: list[_Known] = [""]
    for part in template.parts if forward else reversed(template.parts):
        if isinstance(part, str):
            first, *rest = readable_path(part).split("/")[:: 1 if forward else -1]
            segments[-1] = _joined(segments[-1], first, forward=forward)
            segments.extend(rest)
            continue
        known = segments[-1]
        if isinstance(known, str):
            segments[-1] = (known, "") if forward else ("", known)
        else:  # what stands between two variables is at no known place
            segments[-1] = (known[0], "") if forward else ("", known[1])
        if not (part.pattern is None or is_slashless(part.pattern)):
            return segments, True
    return segments, False


def _joined(segment: _Known, text: str, *, forward: bool) -> _Known:
    if isinstance(segment, str):
        return segment + text if forward else text + segment
    first, last = segment
    return (first, last + text) if forward else (text + first, last)
