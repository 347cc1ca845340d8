"""Events to bytes and back: deterministic JSON, one decoder a type and version.

The topic of a stored event is its type and version, such as `stock_sold.v1`; its state is the
JSON of the struct's fields in order, without those at their default.
"""

import re
from collections.abc import Callable
from typing import Final, get_args

import msgspec

from ledger.domain.events import AnyEvent
from ledger.recorded import OwnRecorded, own_recorded

EVENT_TYPES: Final[tuple[type[AnyEvent], ...]] = get_args(AnyEvent)


class UnknownEventType(Exception):
    """The ledger holds a type or version that this release cannot read."""


def type_name(event_type: type) -> str:
    """`StockSold` -> `stock_sold`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event_type.__name__).lower()


TOPICS: Final[dict[type, str]] = {t: f"{type_name(t)}.v1" for t in EVENT_TYPES}
_DECODE: Final[dict[str, Callable[[bytes], AnyEvent]]] = {
    topic: msgspec.json.Decoder(event_type).decode for event_type, topic in TOPICS.items()
}
encode: Final[Callable[[object], bytes]] = msgspec.json.Encoder().encode


def decode(topic: str, state: bytes) -> AnyEvent:
    """The event that these bytes say.

    Raises UnknownEventType for a topic of another release, msgspec.ValidationError for bytes that
    are not such an event.
    """
    try:
        decoder = _DECODE[topic]
    except KeyError:
        raise UnknownEventType(
            f"event type {topic!r} is not known to this release; read it with a newer one"
        ) from None
    return decoder(state)


def recorded(event: AnyEvent, stream: str, version: int) -> OwnRecorded:
    """The event as a ledger keeps it, as `version` of its `stream`."""
    return own_recorded((stream, version, TOPICS[type(event)], encode(event)))
