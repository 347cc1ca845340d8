"""What was said about products, locations, channels and stock policy."""

from msgspec import field

from ledger.domain.events.base import Event
from ledger.domain.requests import Price
from ledger.domain.words import ChannelKind, LocationKind, part


class _LocationEvent(Event, frozen=True):
    location: str

    @property
    def stream(self) -> str:
        return f"location/{part(self.location)}"


class LocationDescribed(_LocationEvent, frozen=True):
    kind: LocationKind
    active: bool
    time_zone: str
    ships: bool
    pickup: bool
    latitude_udeg: int | None = None
    longitude_udeg: int | None = None
    handling_cost_minor: int | None = None
    daily_capacity: int | None = None


class LocationCounted(_LocationEvent, frozen=True):
    """The whole location was counted: every sku not named in it was counted 0."""

    named: int


class ProductDescribed(Event, frozen=True):
    sku: str
    title: str
    attributes: dict[str, str] = field(default_factory=dict)
    gtin: str | None = None
    prices: tuple[Price, ...] = ()

    @property
    def stream(self) -> str:
        return f"product/{part(self.sku)}"


class ChannelDescribed(Event, frozen=True):
    """`described` is the channel; `channel` is who said so."""

    described: str
    kind: ChannelKind
    locations: tuple[str, ...] | None = None

    @property
    def stream(self) -> str:
        return f"channel/{self.described}"


class ChannelBufferSet(Event, frozen=True):
    """How much of a sku a channel leaves to others, and the most it may show.

    `described` is the channel; `channel` is who said so.
    """

    described: str
    sku: str
    quantity: int
    cap: int | None = None

    @property
    def stream(self) -> str:
        return f"channel/{self.described}"
