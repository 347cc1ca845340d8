"""Inventory days: what there was at the end of each UTC day by effective time, as known now.

A row stands for a day on which something took effect, and for the days after it until the next.
An event that is told late corrects its own day and every later one.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from psycopg import Connection
from psycopg.sql import SQL

from ledger.domain.events import AnyStockEvent
from ledger.domain.stock.item import NOTHING, StockItem, moved
from ledger.domain.words import ChannelId, Location, RequestId, Sku
from projections.rows import Rows
from projections.tables import Table, Values
from projections.words import Moment


class DayRow(Struct, frozen=True, gc=False):
    """Quantities of one sku at one location at the end of a UTC day."""

    sku: Sku
    location: Location
    day: Annotated[
        date, Meta(description="The day in UTC; it stands also for those that follow, to the next.")
    ]
    on_hand: Annotated[int, Meta(description="on_hand at its end.")]
    committed: Annotated[int, Meta(description="committed at its end.")]
    reserved: Annotated[int, Meta(description="reserved at its end.")]
    damaged: Annotated[int, Meta(description="damaged at its end.")]
    quality_control: Annotated[int, Meta(description="quality_control at its end.")]
    safety_stock: Annotated[int, Meta(description="safety_stock at its end.")]
    incoming: Annotated[int, Meta(description="incoming at its end.")]
    position: Annotated[
        int, Meta(description="The last event, by position, that took effect on it or before.")
    ]
    safety_at: Annotated[Moment | None, Meta(description="When safety_stock was set.")]
    safety_channel: Annotated[ChannelId | None, Meta(description="Who set safety_stock.")]
    safety_request_id: Annotated[RequestId | None, Meta(description="Which request set it.")]


INVENTORY_DAYS = Table(
    "inventory_days",
    DayRow,
    key=("sku", "location", "day"),
    comment="What there was at the end of each day on which something took effect, as known now.",
    fillfactor=80,  # the last day of each item changes in place
)
_SINCE: Final = SQL("""
    SELECT kept.sku, kept.location, kept.day, kept.on_hand, kept.committed, kept.reserved,
      kept.damaged, kept.quality_control, kept.safety_stock, kept.incoming, kept.position,
      kept.safety_at, kept.safety_channel, kept.safety_request_id
    FROM unnest(%s::text[], %s::text[], %s::date[]) AS asked (sku, location, day)
    CROSS JOIN (SELECT %s::text AS network) AS own
    CROSS JOIN LATERAL (
      SELECT * FROM inventory_days AS each
      WHERE each.network = own.network AND each.sku = asked.sku AND each.location = asked.location
      AND each.day >= coalesce((
        SELECT day FROM inventory_days AS before WHERE before.network = own.network
        AND before.sku = asked.sku AND before.location = asked.location AND before.day <= asked.day
        ORDER BY day DESC LIMIT 1
      ), '-infinity')
    ) AS kept
""").format()

Item = tuple[str, str]
Key = tuple[str, str, date]
Closing = tuple[StockItem, int]
"""What there was, and the position of the last event that counts."""


class DayRows(Rows[Key, Closing]):
    """The days of items: of each in memory from some day to its last, with the one before that."""

    def __init__(self, limit: int | None) -> None:
        super().__init__(_SINCE, table=INVENTORY_DAYS, pack=_pack, unpack=_unpack, limit=limit)
        self._days: dict[Item, list[date]] = {}
        self._since: dict[Item, date] = {}

    def ask_for(self, effects: Iterable[tuple[str, str, datetime]]) -> None:
        """Say of which items something takes effect, and when."""
        first: dict[Item, date] = {}
        for sku, location, time in effects:
            item, day = (sku, location), time.date()
            if day < first.get(item, date.max):
                first[item] = day
        self._missing = {
            (*item, day)
            for item, day in first.items()
            if item not in self._since or day < self._since[item]
        }
        for item in first.keys() - self._days.keys():
            self._days[item] = []
        for sku, location, day in self._missing:
            self._since[(sku, location)] = day

    def load(self, conn: Connection[Any], network: str) -> None:
        """Fetch the days that were asked for."""
        super().load(conn, network)
        self._missing.clear()

    def _learn(self, key: Key, state: Closing) -> None:
        if key not in self._now:
            insort(self._days[key[:2]], key[2])
            super()._learn(key, state)

    def take(
        self, position: int, event: AnyStockEvent, time: datetime, before: StockItem, now: StockItem
    ) -> None:
        """The event takes effect then: its day and all later ones end otherwise.

        `before` and `now` are the item before and after it in order of positions.
        """
        item, day = (event.sku, event.location), time.date()
        days = self._days[item]
        place = bisect_left(days, day)
        if place == len(days) or days[place] != day:
            earlier = self._now[(*item, days[place - 1])][0] if place else NOTHING
            days.insert(place, day)
            self.put((*item, day), (earlier, position))
        for later in days[place:]:
            key = (*item, later)
            closing = self._now[key][0]
            # Mostly they come in order: the day ends as the item stands.
            self.put(key, (now if closing is before else moved(closing, event), position))

    def settle(self) -> None:
        """The batch counts; of each item that it changed only the last day stays in memory."""
        if self._limit is not None:
            for item in {key[:2] for key in (*self._added, *self._changed)}:
                self._keep_last(item)
            while len(self._now) > self._limit:
                self._drop(next(iter(self._days)))
        super().settle()

    def forget(self) -> None:
        """Drop everything."""
        super().forget()
        self._days.clear()
        self._since.clear()

    def _keep_last(self, item: Item) -> None:
        *gone, last = self._days[item]
        for day in gone:
            del self._now[(*item, day)]
        self._days[item], self._since[item] = [last], last

    def _drop(self, item: Item) -> None:
        for day in self._days.pop(item):
            del self._now[(*item, day)]
        self._since.pop(item, None)


def _pack(key: Key, closing: Closing) -> Values:
    item, position = closing
    return (
        *key,
        item.on_hand,
        item.committed,
        item.reserved,
        item.damaged,
        item.quality_control,
        item.safety_stock,
        item.incoming,
        position,
        *(item.safety_stamp or (None, None, None)),
    )


def _unpack(values: Values) -> tuple[Key, Closing]:
    row = DayRow(*values)
    stamp = None
    if row.safety_at is not None:
        assert row.safety_channel is not None, row
        assert row.safety_request_id is not None, row
        stamp = (row.safety_at, row.safety_channel, row.safety_request_id)
    item = StockItem(
        on_hand=row.on_hand,
        damaged=row.damaged,
        quality_control=row.quality_control,
        committed=row.committed,
        safety_stock=row.safety_stock,
        safety_stamp=stamp,
        reserved=row.reserved,
        incoming=row.incoming,
    )
    return (row.sku, row.location, row.day), (item, row.position)
