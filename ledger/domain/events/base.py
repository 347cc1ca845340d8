"""What every event carries."""

from datetime import datetime

from msgspec import Struct


class Event(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What every event carries: its request, and when by the channel's and the writer's clock."""

    channel: str
    request_id: str
    occurred_at: datetime
    recorded_at: datetime

    @property
    def stream(self) -> str:
        """The stream that this event belongs to."""
        raise AssertionError(type(self))
