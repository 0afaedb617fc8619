"""Rows of GeoJSON (RFC 7946): a feature's properties, and where it is."""

from __future__ import annotations

from typing import Any

__all__ = ["feature_rows"]


def feature_rows(value: Any) -> list[dict[str, Any]] | None:
    """Return a row for each feature in *value*, or None if it is no GeoJSON of features.

    A row has `id` (if the feature has one), the properties by their own names, and `geometry.type`;
    then `longitude`, `latitude` (and `altitude`) where all geometries are points, else
    `geometry.coordinates`, lists as they came. A property of such a name keeps it, and what the
    geometry says is called `geometry.longitude` and so on.
    """
    if isinstance(value, dict):
        kind = value.get("type")
        if kind == "FeatureCollection":
            value = value.get("features")
        elif kind == "Feature":
            value = [value]
    if not isinstance(value, list) or not value or not all(map(_is_feature, value)):
        return None
    taken: set[Any] = set()
    points = True
    for feature in value:
        taken.update(feature.get("properties") or ())
        points = points and _is_place(feature.get("geometry"))
    names = {
        name: f"geometry.{name}" if name in taken else name
        for name in ("longitude", "latitude", "altitude")
    }
    identity = "feature.id" if "id" in taken else "id"
    rows = []
    for feature in value:
        row: dict[str, Any] = {identity: feature["id"]} if "id" in feature else {}
        row.update(feature.get("properties") or {})
        geometry = feature.get("geometry")
        if geometry is not None:
            row["geometry.type"] = geometry.get("type")
            if points:
                row.update(zip(names.values(), geometry["coordinates"], strict=False))
            else:
                inner = "coordinates" if "coordinates" in geometry else "geometries"
                row[f"geometry.{inner}"] = geometry.get(inner)
        rows.append(row)
    return rows


def _is_feature(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") == "Feature"
        and isinstance(value.get("properties", {}), dict | None)
        and isinstance(value.get("geometry"), dict | None)
    )


def _is_place(geometry: Any) -> bool:
    """Tell whether *geometry* is a point; one that is unlocated is in nobody's way."""
    if geometry is None:
        return True
    place = geometry.get("coordinates")
    return (
        geometry.get("type") == "Point"
        and isinstance(place, list)
        and len(place) >= 2
        and all(isinstance(number, int | float) for number in place)
    )
