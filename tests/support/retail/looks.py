"""Which second look a seed gets: each is dear, so every seed gets one of them or none."""

from typing import Final

from retail.again import (
    blocks_in_flight_are_as_good,
    order_of_arrival_does_not_matter,
    reading_again_is_knowing_the_same,
)
from retail.days import Look

EVERY: Final[tuple[Look, ...]] = (
    reading_again_is_knowing_the_same,
    blocks_in_flight_are_as_good,
    order_of_arrival_does_not_matter,
)
TURN: Final = 6
"""So many seeds take turns; the first of them get one look each."""


def looks_of(seed: int) -> tuple[Look, ...]:
    """The second look of this seed, if it gets one."""
    turn = seed % TURN
    return EVERY[turn : turn + 1]
