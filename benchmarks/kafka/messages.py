"""What the benchmarks' programs say to whoever started them."""

from msgspec import Struct

ORDERS_A_RECORD = 100
WARM_UP_ORDERS = 2_000
"""Answered before the clock starts: connections stand, the brokers' code is compiled."""


class Published(Struct, frozen=True):
    """So many orders, in so many seconds."""

    orders: int
    seconds: float


class Reached(Struct, frozen=True):
    """A confirmed position, and when: on the clock that all processes of a machine share."""

    position: int
    at_s: float


class Filled(Struct, frozen=True):
    """What a ledger holds."""

    requests: int
    events: int


class Replayed(Struct, frozen=True):
    """So many events were read; the process's memory before and afterwards."""

    events: int
    seconds: float
    before_mib: float
    after_mib: float


class Indexed(Struct, frozen=True):
    """Bytes of memory an entry of the request index, whatever it is made of."""

    entry_bytes: float
