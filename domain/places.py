"""Distances between positions, and the two systems of coordinates that devices and maps in China use.

Positions are integers in 1e-7 degrees as on the wire. GCJ-02 is WGS-84 shifted by a known smooth function of up to
700 m; a position in it is shifted back before two are compared. The invariant: pure arithmetic, good to a percent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

EARTH: Final = 6_371_008.8
"""Mean radius of the earth, metres."""

_DEGREE: Final = math.radians(1) * EARTH
"""Length of a degree of latitude, metres."""

_AXIS: Final = 6_378_245.0
_ECCENTRICITY: Final = 0.006_693_421_622_965_943
"""The ellipsoid of Krasovsky, on which the shift of GCJ-02 is defined."""


@dataclass(frozen=True, slots=True)
class Place:
    """A position in WGS-84, in degrees. `accuracy` in metres, 0 if it is not known."""

    lat: float
    lon: float
    accuracy: int = 0


def place_of(loc: Mapping[str, Any]) -> Place:
    """The place that a `loc` of an envelope names (wire protocol, section 2)."""
    return place(loc["lat"], loc["lon"], loc["crs"], accuracy=loc["acc"])


def place(lat: int, lon: int, crs: str, *, accuracy: int = 0) -> Place:
    """The place of a position in 1e-7 degrees. `crs` is "WGS84" or "GCJ02"."""
    if crs == "GCJ02":
        return Place(*_unshifted(lat / 1e7, lon / 1e7), accuracy)
    return Place(lat / 1e7, lon / 1e7, accuracy)


def metres(one: Place, other: Place) -> float:
    """Length of the great circle between two places."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    dlat, dlon = lat2 - lat1, math.radians(other.lon - one.lon)
    h = math.sin(dlat / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(min(1.0, h)))


def metres_to_area(one: Place, corners: Sequence[Place]) -> float:
    """How far a place lies outside of an area with these corners; 0 inside. Good for areas of some kilometres."""
    scale_x, scale_y = math.cos(math.radians(one.lat)) * _DEGREE, _DEGREE
    points = [((c.lon - one.lon) * scale_x, (c.lat - one.lat) * scale_y) for c in corners]
    sides = list(zip(points, [*points[1:], points[0]], strict=True))
    crossings = sum(1 for (x1, y1), (x2, y2) in sides if (y1 > 0) != (y2 > 0) and x1 + (x2 - x1) * -y1 / (y2 - y1) > 0)
    return 0.0 if crossings % 2 else min(_to_side(*side) for side in sides)


def _to_side(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Distance of the origin from the line between two points, metres."""
    (x1, y1), (x2, y2) = start, end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = 0.0 if length == 0 else max(0.0, min(1.0, (-x1 * (x2 - x1) - y1 * (y2 - y1)) / length))
    return math.hypot(x1 + along * (x2 - x1), y1 + along * (y2 - y1))


def _unshifted(lat: float, lon: float) -> tuple[float, float]:
    """WGS-84 of a position in GCJ-02: the shift at the shifted place differs from the true one by centimetres."""
    guess = (lat, lon)
    for _ in range(3):
        dlat, dlon = _shift(*guess)
        guess = (lat - dlat, lon - dlon)
    return guess


def _shift(lat: float, lon: float) -> tuple[float, float]:
    """How far GCJ-02 moves a position of WGS-84, in degrees. Outside of China it moves nothing."""
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return 0.0, 0.0
    x, y = lon - 105.0, lat - 35.0
    waves = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + waves
    north += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + waves
    east += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    sine = math.sin(math.radians(lat))
    curve = 1 - _ECCENTRICITY * sine * sine
    metres_north = _AXIS * (1 - _ECCENTRICITY) / (curve * math.sqrt(curve))
    metres_east = _AXIS / math.sqrt(curve) * math.cos(math.radians(lat))
    return math.degrees(north / metres_north), math.degrees(east / metres_east)
