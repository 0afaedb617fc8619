r"""Find a path among thousands of resources without looking at them one by one.

Four tables. A path without variables is one look-up. A template of whole segments such as
``/{shop}/items/{id:\d+}`` is filed under its *shape* (how many segments, which of them are fixed)
and then under its fixed segments: as many look-ups as there are shapes of that length. Mixed
segments and patterns that may match a slash are filed under the fixed segments and the beginnings
and ends of the mixed ones (`template_shape`): as many look-ups as there are shapes of those. What
answers for everything below a prefix is filed under that: as many look-ups as prefixes have
lengths.

Where several match, the one with the longest fixed prefix comes first, then the one that was added
first: as in aiohttp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any, NamedTuple, cast

from notebook_http.web.routing.path_template import (
    Variable,
    decode_value,
    is_canonical,
    readable_path,
)
from notebook_http.web.routing.resource import AbstractResource, PlainResource, Resource
from notebook_http.web.routing.route import ResourceRoute
from notebook_http.web.routing.template_shape import MixedTemplates

__all__ = ["Candidate", "FiledResource", "RouteIndex", "index_key"]


def index_key(canonical: str) -> str:
    """Return the whole segments in front of the first variable, without a slash at their end."""
    fixed, brace, _ = canonical.partition("{")
    return (fixed.rpartition("/")[0] if brace else fixed).rstrip("/") or "/"


class _Shape:
    """The templates that have their fixed segments at the same places."""

    __slots__ = ("key", "table")

    def __init__(self, places: tuple[int, ...]) -> None:
        # The first segment, in front of the first slash, is always there and fixed.
        self.key: Callable[[Any], Any] = itemgetter(*places)
        self.table: dict[Any, list[FiledResource]] = {}


class FiledResource:
    """A resource with its rank and the places of its variables.

    Its own `routes` and `match` are at hand; both are nothing for what is no `Resource`.
    """

    __slots__ = ("match", "rank", "resource", "routes", "variables")

    def __init__(self, rank: tuple[int, int], resource: AbstractResource) -> None:
        self.rank = rank
        self.resource = resource
        self.routes: dict[str, ResourceRoute] = {}
        self.match: Callable[[str], dict[str, str] | None] | None = None
        if isinstance(resource, Resource):  # abstract classes take their time to tell
            self.routes, self.match = resource.routes, resource.match
        # None where equal segments are not enough, and `match` is to say.
        self.variables: tuple[tuple[str, int], ...] | None = None


# A resource that may answer, and the values of its variables; None where `match` is still to say.
Candidate = tuple[FiledResource, dict[str, str] | None]


class _Lone(NamedTuple):
    """A resource that nothing has to be weighed against, and the places of its variables."""

    routes: dict[str, ResourceRoute]
    name: str
    place: int
    others: tuple[tuple[str, int], ...]


class RouteIndex:
    """An index over resources; built once, asked for every request.

    Attributes:
        plain: routes by method, by path.
        exact: the same, and what most requests need; empty where something has to be asked before.
        must_await: whether there are resources that only their own `resolve` can ask.
    """

    __slots__ = (
        "_by_prefix",
        "_lone",
        "_mixed",
        "_prefix_lengths",
        "_rivals",
        "_shapes",
        "exact",
        "must_await",
        "plain",
    )

    def __init__(self, resources: Iterable[AbstractResource]) -> None:
        self.plain: dict[str, dict[str, ResourceRoute]] = {}
        self.exact = self.plain
        self.must_await = False
        self._shapes: dict[int, dict[tuple[int, ...], _Shape]] = {}
        self._mixed: MixedTemplates[FiledResource] = MixedTemplates()
        self._by_prefix: dict[str, list[FiledResource]] = {}
        rivals: dict[str, list[FiledResource]] = {}
        for order, resource in enumerate(resources):
            key = index_key(resource.canonical)
            filed = FiledResource((-len(key), order), resource)
            if isinstance(resource, PlainResource):
                if not any(_answers(rival, resource) for rival in rivals.get(key, ())):
                    self._file_path(resource)
                    continue
                self._by_prefix.setdefault(key, []).append(filed)
            elif isinstance(resource, Resource):
                self._file_template(filed, resource)
            else:
                self._by_prefix.setdefault(key, []).append(filed)
            rivals.setdefault(key, []).append(filed)
        self._prefix_lengths = sorted({len(key) for key in self._by_prefix}, reverse=True)
        # Where nothing has to be weighed against each other, finding takes 0.5 µs instead of 1:
        # by the count of segments, what picks the fixed ones out, and what is filed under them.
        self._lone: dict[int, tuple[Callable[[Any], Any], dict[Any, _Lone]]] = {}
        # What is not filed by its segments is a rival of the paths that begin as it does.
        self._rivals = tuple({*self._by_prefix, *map(_sent_beginning, self._mixed)})
        if "" not in self._rivals and len(self._rivals) <= _FEW_RIVALS:
            for length, shapes in self._shapes.items():
                if len(shapes) == 1:
                    shape = next(iter(shapes.values()))
                    self._lone[length] = (shape.key, _lone_resources(shape))

    def _file_path(self, resource: PlainResource) -> None:
        methods = self.plain.setdefault(resource.canonical, {})
        for method, route in resource.routes.items():
            if "*" not in methods:
                methods.setdefault(method, route)

    def _file_template(self, filed: FiledResource, resource: Resource) -> None:
        template = resource.template
        segments = template.segments
        if segments is None:
            self._mixed.add(template, filed)
            return
        places = tuple(i for i, segment in enumerate(segments) if isinstance(segment, str))
        if not template.needs_pattern:
            filed.variables = tuple(
                (segment.name, i)
                for i, segment in enumerate(segments)
                if isinstance(segment, Variable)
            )
        shapes = self._shapes.setdefault(len(segments), {})
        shape = shapes.setdefault(places, _Shape(places))
        shape.table.setdefault(shape.key(segments), []).append(filed)

    def ask_first(self) -> None:
        """Let `exact` and `only_candidate` find nothing: something else has to be asked before."""
        self.exact, self._lone = {}, {}

    def only_candidate(
        self, path: str
    ) -> tuple[dict[str, ResourceRoute], dict[str, str]] | tuple[None, None]:
        """Return the routes of the one resource that may answer *path*, and its variables' values.

        Nothing if that takes `candidates`. *path* is as it was sent, and not in `plain`.
        """
        segments = path.split("/")
        lone = self._lone.get(len(segments))
        if lone is None:
            return _NOTHING
        key, table = lone
        filed = table.get(key(segments))
        if filed is None or path.startswith(self._rivals):
            return _NOTHING
        routes, name, place, others = filed
        value = segments[place]
        # What is fixed is canonical. A variable is at least one character.
        if not value or is_canonical(value) is None:
            return _NOTHING
        values = {name: value}
        for name, place in others:
            values[name] = value = segments[place]
            if not value or is_canonical(value) is None:
                return _NOTHING
        return routes, values

    def candidates(self, path: str) -> list[Candidate]:
        """Return the resources that may answer *path*, but for those of `plain`.

        *path* is canonical. Best first; ask the next only when one has no route for the method.
        Where values are None, `FiledResource.match` says whether it does.
        """
        found: list[Candidate] = []
        segments = path.split("/")
        encoded = "%" in path
        for shape in self._shapes.get(len(segments), _NO_SHAPES).values():
            for filed in shape.table.get(shape.key(segments), ()):
                if filed.variables is None:
                    found.append((filed, None))
                    continue
                values = {name: segments[i] for name, i in filed.variables}
                if "" in values.values():
                    continue  # a variable is at least one character
                if encoded:
                    if any("%7B" in value or "%7D" in value for value in values.values()):
                        continue  # and no brace
                    values = {name: decode_value(value) for name, value in values.items()}
                found.append((filed, values))
        if self._mixed:
            if encoded:
                segments = readable_path(path).split("/")
            found.extend((filed, None) for filed in self._mixed.find(segments))
        for length in self._prefix_lengths:
            if length == 1 or path[length : length + 1] in _ENDS:
                found.extend((filed, None) for filed in self._by_prefix.get(path[:length], ()))
        if len(found) > 1:
            found.sort(key=_rank)
        return found


def _lone_resources(shape: _Shape) -> dict[Any, _Lone]:
    """Return the resources of *shape* whose fixed segments no other has, if those are enough."""
    lone = {}
    for key, filed in shape.table.items():
        variables = filed[0].variables
        if len(filed) == 1 and variables:
            lone[key] = _Lone(filed[0].routes, *variables[0], variables[1:])
    return lone


def _sent_beginning(filed: FiledResource) -> str:
    """Return how each path begins that *filed*, a template, matches: as it is sent, not as text."""
    first = cast("Resource", filed.resource).template.parts[0]
    return first if isinstance(first, str) else ""


def _answers(filed: FiledResource, plain: PlainResource) -> bool:
    """Tell whether *filed*, of the same key and added before, answers the path of *plain*."""
    path = plain.canonical
    if filed.match is None:  # whatever is below its prefix
        return True
    return filed.match(readable_path(path)) is not None


def _rank(candidate: Candidate) -> tuple[int, int]:
    return candidate[0].rank


_ENDS = ("/", "")
_NOTHING = (None, None)
# So many beginnings are compared (15 ns each) before it is no gain any more.
_FEW_RIVALS = 8
_NO_SHAPES: dict[tuple[int, ...], _Shape] = {}
