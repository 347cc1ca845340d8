"""When a standby writer takes over: leadership without a coordinator.

The active writer is the author of the last block. It is taken for gone when input waits and the
ledger has consumed none of it for a while, or when a deadline has passed and the ledger has not
decided it for as long. Two that act at once do no harm: of two blocks decided on one head only
one counts, and who is superseded stands by again.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from ledger.domain.entries import DeadlineKey

TAKEOVER_S: Final = 1.0
PLACE_FACTOR: Final = 0.25
"""A standby waits so much longer for each place, so that not all of them act at once."""
_DEADLINES: Final = ""
"""Stands beside the topics, none of which is named so."""


class Standing:
    """How long each topic's input has waited while its tracking stood still, and a deadline."""

    def __init__(self, takeover_s: float, place: int, clock: Callable[[], float]) -> None:
        self._limit_s = takeover_s * (1 + PLACE_FACTOR * place)
        self._clock = clock
        self._since: dict[str, tuple[object, float]] = {}

    def look(
        self,
        trackings: Mapping[str, int],
        waiting: Collection[str],
        due: DeadlineKey | None = None,
    ) -> bool:
        """Whether to take over, now that these topics have input behind these trackings.

        `due` is the earliest deadline that has passed and is not decided.
        """
        now = self._clock()
        undone: dict[str, object] = {topic: trackings.get(topic, 0) for topic in waiting}
        if due is not None:
            undone[_DEADLINES] = due
        self._since = {what: self._still_since(what, at, now) for what, at in undone.items()}
        return any(now - since >= self._limit_s for _, since in self._since.values())

    def _still_since(self, what: str, reached: object, now: float) -> tuple[object, float]:
        known = self._since.get(what)
        return known if known is not None and known[0] == reached else (reached, now)
