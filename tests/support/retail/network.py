"""The retailer: what it sells, where, and through which channels."""

from random import Random
from typing import Final, NamedTuple

from ledger.domain.requests import Place
from ledger.domain.words import ChannelKind, LocationKind

ZONES: Final = (
    ("Europe/Berlin", 52_520_008, 13_404_954),
    ("Europe/London", 51_507_351, -127_758),
    ("Europe/Athens", 37_983_810, 23_727_539),
    ("America/New_York", 40_712_776, -74_005_974),
    ("Asia/Kolkata", 19_076_090, 72_877_426),
    ("Pacific/Auckland", -36_848_461, 174_763_336),
    ("UTC", 0, 0),
)
CHANNELS: Final[tuple[tuple[str, ChannelKind], ...]] = (
    ("web", "web"),
    ("market", "marketplace"),
    ("app", "app"),
    ("insta", "social"),
    ("callcentre", "phone"),
)
REGIONS: Final = ("DE-BE", "GB-LND", "GR-I", "US-NY", "IN-MH", "NZ-AUK")
BACK_OFFICE: Final = "erp"
WORST_SKEW_S: Final = 2_400


class Site(NamedTuple):
    """A location; some say neither where they are nor what they can take."""

    name: str
    kind: LocationKind
    zone: str
    latitude_udeg: int | None
    longitude_udeg: int | None
    ships: bool
    pickup: bool
    capacity: int | None
    cost_minor: int | None


class Till(NamedTuple):
    """A till is a channel; its clock is off by `skew_s`."""

    channel: str
    location: str
    skew_s: int


class Network(NamedTuple):
    """`busy` are the few places where most of it happens."""

    skus: tuple[str, ...]
    stores: tuple[Site, ...]
    warehouses: tuple[Site, ...]
    channels: tuple[str, ...]
    tills: tuple[Till, ...]
    busy: tuple[str, ...]

    @property
    def sites(self) -> tuple[Site, ...]:
        """All locations."""
        return (*self.warehouses, *self.stores)


def drawn(chance: Random) -> Network:
    """Two or three dozen stores, a few warehouses, and few enough skus that things meet."""
    skus = tuple(f"MUG-{n}" for n in range(1, chance.randint(3, 7)))
    stores = tuple(_site(chance, f"store-{n}") for n in range(1, chance.randint(14, 37)))
    warehouses = tuple(_site(chance, f"dc-{n}") for n in range(1, chance.randint(3, 5)))
    channels = tuple(name for name, _ in CHANNELS)
    busy = (*(s.name for s in stores[: chance.randint(1, 4)]), warehouses[0].name)
    tills = tuple(_till(chance, store.name) for store in stores[:8])
    return Network(skus, stores, warehouses, channels, tills, busy)


def _site(chance: Random, name: str) -> Site:
    zone, latitude, longitude = chance.choice(ZONES)
    known = chance.random() < 0.85
    warehouse = name.startswith("dc")
    return Site(
        name,
        "warehouse" if warehouse else "store",
        zone,
        latitude + chance.randint(-300_000, 300_000) if known else None,
        longitude + chance.randint(-300_000, 300_000) if known else None,
        ships=warehouse or chance.random() < 0.6,
        pickup=not warehouse and chance.random() < 0.9,
        capacity=chance.choice((1, 2, 3, 6)) if chance.random() < 0.4 else None,
        cost_minor=chance.choice((100, 150, 300)) if chance.random() < 0.5 else None,
    )


def _till(chance: Random, store: str) -> Till:
    skew_s = chance.randint(-WORST_SKEW_S, WORST_SKEW_S) if chance.random() < 0.4 else 0
    return Till(f"till-{store}", store, skew_s)


def place_of_customer(chance: Random) -> Place:
    """Where an order goes, with coordinates or without."""
    if chance.random() < 0.3:
        return Place(region=chance.choice(REGIONS))
    _, latitude, longitude = chance.choice(ZONES)
    return Place(
        region=chance.choice(REGIONS),
        latitude_udeg=latitude + chance.randint(-900_000, 900_000),
        longitude_udeg=longitude + chance.randint(-900_000, 900_000),
    )
