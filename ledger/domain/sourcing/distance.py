"""Great-circle distances on a sphere, in whole metres, from coordinates in micro-degrees."""

from math import asin, cos, pi, radians, sin, sqrt
from typing import Final

EARTH_RADIUS_M: Final = 6_371_009
"""The mean radius of the WGS 84 ellipsoid, (2a + b) / 3, rounded (IUGG)."""
_UDEG: Final = 1_000_000

Vector = tuple[float, float, float]
"""A point on the unit sphere."""


def vector(latitude_udeg: int, longitude_udeg: int) -> Vector:
    """The point of these coordinates."""
    latitude, longitude = radians(latitude_udeg / _UDEG), radians(longitude_udeg / _UDEG)
    return (cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude))


def metres(here: Vector, there: Vector) -> int:
    """How far, by the chord: exact also for neighbours, where the cosine is not."""
    x, y, z = here[0] - there[0], here[1] - there[1], here[2] - there[2]
    half = sqrt(x * x + y * y + z * z) / 2
    return round(2 * EARTH_RADIUS_M * asin(min(1.0, half)))


def nearness(here: Vector, there: Vector) -> float:
    """The cosine of the angle between them: greater is nearer."""
    return here[0] * there[0] + here[1] * there[1] + here[2] * there[2]


def nearness_at(distance_m: int) -> float:
    """The nearness of points so far from each other; nothing is farther than the antipodes."""
    return cos(min(pi, distance_m / EARTH_RADIUS_M))
