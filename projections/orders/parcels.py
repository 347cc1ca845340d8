"""Parcels that were sourced at locations on their local days: what counts toward capacity."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from ledger.domain.events import OrderLineSourced
from ledger.domain.words import Location
from projections.projection import Batch, Projection
from projections.rows import MAX_ROWS_IN_MEMORY, Rows
from projections.tables import Table, Values

NAME = "parcels"


class ParcelRow(Struct, frozen=True, gc=False):
    """How many parcels were sourced at a location on a day."""

    location: Location
    day: Annotated[date, Meta(description="The location's local day.")]
    parcels: Annotated[
        int, Meta(description="Sourced for it on this day, while it had a daily capacity.")
    ]


PARCELS = Table(
    "parcels",
    ParcelRow,
    key=("location", "day"),
    comment="Parcels sourced at locations that take so many a local day and no more.",
    fillfactor=80,
)

Key = tuple[str, date]


class Parcels(Projection):
    """Counts parcels as the writer does."""

    name = NAME
    comment = PARCELS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.parcels: Rows[Key, int] = Rows(
            PARCELS.select_by(PARCELS.key),
            table=PARCELS,
            pack=_pack,
            unpack=_unpack,
            limit=limit,
        )
        self.kept = (self.parcels,)
        self.folds = {OrderLineSourced: self._sourced}

    def ask(self, batch: Batch) -> None:
        """The days that parcels count on."""
        asked = set()
        for _, event in batch:
            assert isinstance(event, OrderLineSourced), event
            if event.day is not None:
                asked.add((event.location, event.day))
        self.parcels.ask(asked)

    def _sourced(self, _position: int, event: OrderLineSourced) -> None:
        if event.day is not None:
            key = (event.location, event.day)
            self.parcels.put(key, (self.parcels.get(key) or 0) + 1)


def _pack(key: Key, parcels: int) -> Values:
    return (*key, parcels)


def _unpack(values: Values) -> tuple[Key, int]:
    row = ParcelRow(*values)
    return (row.location, row.day), row.parcels
