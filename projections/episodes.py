"""Since when something stands, and until when it stood: the columns of what people must look at.

An episode is the latest one: what comes again begins a new one, and the ledger keeps the others.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from ledger.domain.events import Event


class Episode(Struct, frozen=True, gc=False):
    """From where in the ledger something stands, and to where it stood."""

    since_position: int | None = None
    since: datetime | None = None
    until_position: int | None = None
    until: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it stands now."""
        return self.since_position is not None and self.until_position is None


NEVER = Episode()


def opened(episode: Episode, position: int, event: Event) -> Episode:
    """It stands from this event on, unless it stands already."""
    return episode if episode.stands else Episode(position, event.recorded_at)


def closed(episode: Episode, position: int, event: Event) -> Episode:
    """It stands no longer, if it did."""
    if not episode.stands:
        return episode
    return replace(episode, until_position=position, until=event.recorded_at)
