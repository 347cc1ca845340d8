"""How far it is: great circles on a sphere, from whole micro-degrees to whole metres."""

from math import asin, cos, radians, sin, sqrt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.domain.requests import Place
from ledger.domain.sourcing.distance import EARTH_RADIUS_M, metres, nearness, nearness_at, vector
from ledger.domain.sourcing.nearby import CELL_UDEG, Nearby
from ledger.domain.sourcing.sites import Site

Point = tuple[int, int]
POINTS = st.tuples(st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))


def haversine_m(here: Point, there: Point) -> float:
    """The textbook's formula, apart from the code."""
    (lat, lon), (other_lat, other_lon) = (
        tuple(radians(udeg / 1_000_000) for udeg in point) for point in (here, there)
    )
    half = sin((other_lat - lat) / 2) ** 2
    half += cos(lat) * cos(other_lat) * sin((other_lon - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))


@given(here=POINTS, there=POINTS)
def test_it_is_as_far_as_the_haversine_says(here: Point, there: Point) -> None:
    assert abs(metres(vector(*here), vector(*there)) - haversine_m(here, there)) <= 1


@pytest.mark.parametrize(
    ("here", "there", "away"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (0, 9), 1),
        ((0, 0), (0, 1_000_000), 111_195),
        ((90_000_000, 0), (90_000_000, 123_000_000), 0),
        ((0, 179_999_955), (0, -179_999_955), 10),
        ((0, 0), (90_000_000, 0), 10_007_558),
    ],
    ids=["here", "a step", "a degree", "the pole", "over the date line", "a quarter"],
)
def test_places_that_are_easily_told(here: Point, there: Point, away: int) -> None:
    assert metres(vector(*here), vector(*there)) == away


@given(here=POINTS, there=POINTS)
def test_it_is_as_far_there_as_back(here: Point, there: Point) -> None:
    assert metres(vector(*here), vector(*there)) == metres(vector(*there), vector(*here))


@given(here=POINTS, there=POINTS)
@example(here=(0, 0), there=(0, 179_999_995))
def test_what_is_quicker_to_tell_never_hides_somebody_as_near(here: Point, there: Point) -> None:
    """Sourcing passes over who is less near than a metre more says."""
    one, other = vector(*here), vector(*there)
    assert nearness(one, other) >= nearness_at(metres(one, other) + 1)


@given(points=st.lists(POINTS, min_size=1, max_size=8), there=POINTS)
def test_a_cell_of_the_map_says_no_site_is_nearer_than_it_can_be(
    points: list[Point], there: Point
) -> None:
    sites = [
        Site(str(i), True, True, 0, None, "UTC", vector(*point))  # noqa: FBT003
        for i, point in enumerate(points)
    ]
    place = Place(region="DE", latitude_udeg=there[0], longitude_udeg=there[1])
    around = Nearby(sites).around(place)
    assert around is not None
    assert [away for away, _ in around.sites] == sorted(away for away, _ in around.sites)
    slack = metres(around.middle, vector(*there)) + 2
    corner = metres(vector(0, 0), vector(CELL_UDEG // 2, CELL_UDEG // 2))
    assert slack <= corner + 4
    for away, site in around.sites:
        assert site.where is not None
        assert metres(vector(*there), site.where) >= away - slack
