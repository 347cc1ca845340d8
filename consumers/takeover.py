"""When a standby writer takes over: leadership without a coordinator.

The active writer is the author of the last block. It is taken for gone when input waits and the
ledger has consumed none of it for a while. Two that act at once do no harm: of two blocks
decided on one head only one counts, and who is superseded stands by again.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

TAKEOVER_S: Final = 1.0
PLACE_FACTOR: Final = 0.25
"""A standby waits so much longer for each place, so that not all of them act at once."""


class Standing:
    """How long each topic's input has waited while its tracking stood still."""

    def __init__(self, takeover_s: float, place: int, clock: Callable[[], float]) -> None:
        self._limit_s = takeover_s * (1 + PLACE_FACTOR * place)
        self._clock = clock
        self._since: dict[str, tuple[int, float]] = {}

    def look(self, trackings: Mapping[str, int], waiting: Collection[str]) -> bool:
        """Whether to take over, now that these topics have input behind these trackings."""
        now = self._clock()
        self._since = {
            topic: self._still_since(topic, trackings.get(topic, 0), now) for topic in waiting
        }
        return any(now - since >= self._limit_s for _, since in self._since.values())

    def _still_since(self, topic: str, reached: int, now: float) -> tuple[int, float]:
        known = self._since.get(topic)
        return known if known is not None and known[0] == reached else (reached, now)
