"""Inventory: what there is of each sku at each location, and what of it can be sold."""

from functools import cache
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.domain.events import AnyStockEvent, ShortageFound, StockCountRevised
from ledger.domain.stock.item import NOTHING, StockItem, moved
from ledger.domain.words import ChannelId, Location, RequestId, Sku
from projections.episodes import NEVER, Episode, closed, opened
from projections.paging import Page, key_of
from projections.projection import Batch, Projection
from projections.reading import equal, listing, page, rows
from projections.rows import MAX_ROWS_IN_MEMORY, Rows, of_items
from projections.tables import Table, Values
from projections.words import Moment, Position

NAME = "inventory"


class InventoryItem(Struct, frozen=True, gc=False):
    """Stock of one sku at one location, in the sku's stock unit."""

    sku: Sku
    location: Location
    on_hand: Annotated[
        int,
        Meta(
            description="Physically there, promised goods included; below zero where goods left "
            "that the books did not have."
        ),
    ]
    committed: Annotated[int, Meta(description="Promised to order lines, not yet left.")]
    reserved: Annotated[int, Meta(description="Held for a cart or another cause.")]
    damaged: Annotated[int, Meta(description="Part of on_hand: cannot be sold.")]
    quality_control: Annotated[int, Meta(description="Part of on_hand: waits for a check.")]
    safety_stock: Annotated[int, Meta(description="Held back from claims, by policy.")]
    available: Annotated[
        int,
        Meta(
            description="on_hand less damaged, quality_control, committed, reserved and "
            "safety_stock: what a claim may take. Shown as it is, also below zero."
        ),
    ]
    incoming: Annotated[int, Meta(description="Expected supply and transfers on their way.")]
    shortage: Annotated[int, Meta(description="Promises that the shelf cannot keep.")]
    position: Annotated[int, Meta(description="Position of the last event of this item.")]


def item_of(sku: str, location: str, item: StockItem, position: int) -> InventoryItem:
    """An item as it is answered; `position` is that of its last event."""
    return InventoryItem(
        sku,
        location,
        item.on_hand,
        item.committed,
        item.reserved,
        item.damaged,
        item.quality_control,
        item.safety_stock,
        item.available,
        item.incoming,
        item.shortage,
        position,
    )


class InventoryRow(InventoryItem, frozen=True, gc=False):
    """An item as it is stored: with what its fold goes on from."""

    safety_at: Annotated[Moment | None, Meta(description="When safety_stock was set.")]
    safety_channel: Annotated[ChannelId | None, Meta(description="Who set safety_stock.")]
    safety_request_id: Annotated[RequestId | None, Meta(description="Which request set it.")]
    short_since_position: Annotated[
        int | None, Meta(description="Position of the event that found its latest shortage.")
    ]
    short_since: Annotated[Moment | None, Meta(description="When that shortage was found.")]
    short_until_position: Annotated[
        int | None, Meta(description="Position of the event that ended it; null while it stands.")
    ]
    short_until: Annotated[Moment | None, Meta(description="When that shortage ended.")]


INVENTORY = Table(
    "inventory",
    InventoryRow,
    key=("location", "sku"),
    comment="What there is of each sku at each location, and what of it can be sold.",
    indexes=[
        "(network, sku, location)",
        "(network, short_since_position) WHERE short_since_position IS NOT NULL",
    ],
    fillfactor=80,  # rows change in place; room for that on their page keeps indexes as they are
)

Key = tuple[str, str]
Kept = tuple[StockItem, Position, Episode]


class Inventory(Projection):
    """Folds the events of stock, with the writer's own fold."""

    name = NAME
    comment = INVENTORY.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.items: Rows[Key, Kept] = Rows(
            INVENTORY.select_by(INVENTORY.key),
            table=INVENTORY,
            pack=_pack,
            unpack=_unpack,
            limit=of_items(limit),
        )
        self.kept = (self.items,)
        self.folds = dict.fromkeys(AnyStockEvent.__args__, self._moved)

    def ask(self, batch: Batch) -> None:
        """The items that stock events name."""
        self.items.ask({(event.location, event.sku) for _, event in batch})  # type: ignore[union-attr,misc]

    def _moved(self, position: int, event: AnyStockEvent) -> None:
        key = (event.location, event.sku)
        kept = self.items.get(key)
        if kept is None:
            item, episode = NOTHING, NEVER
        else:
            item, _, episode = kept
        item = moved(item, event)
        if event.__class__ is ShortageFound:
            episode = opened(episode, position, event)
        elif episode.stands and not _breaks_promises(item):
            episode = closed(episode, position, event)
        elif (
            event.__class__ is StockCountRevised
            and episode.until_position == position - 1
            and _breaks_promises(item)
        ):
            # A count had seen what seemed to end it, and takes that back at once.
            episode = replace(episode, until_position=None, until=None)
        self.items.put(key, (item, position, episode))


def _breaks_promises(item: StockItem) -> bool:
    """A shelf below zero is a shortage too, but not one of promises, unless there are any."""
    return item.shortage > 0 and item.committed + item.reserved > 0


def _pack(key: Key, kept: Kept) -> Values:
    location, sku = key
    item, position, episode = kept
    return (
        sku,
        location,
        item.on_hand,
        item.committed,
        item.reserved,
        item.damaged,
        item.quality_control,
        item.safety_stock,
        item.available,
        item.incoming,
        item.shortage,
        position,
        *(item.safety_stamp or (None, None, None)),
        *astuple(episode),
    )


def _unpack(values: Values) -> tuple[Key, Kept]:
    row = InventoryRow(*values)
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
    episode = Episode(
        row.short_since_position, row.short_since, row.short_until_position, row.short_until
    )
    return (row.location, row.sku), (item, row.position, episode)


async def for_sku(
    conn: AsyncConnection[Any], network: str, sku: str
) -> tuple[list[InventoryItem], int]:
    """The items of a sku by location, and the view's position. No item: never any stock event."""
    return await rows(conn, InventoryItem, _for_sku(), {"network": network, "sku": sku})


async def item_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    *,
    location: str | None = None,
    sku: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[InventoryItem]:
    """Items by sku and location. Raises BadToken for an `after` that is not this list's."""
    filters = {"location": location, "sku": sku}
    given = {name: value for name, value in filters.items() if value is not None}
    params = {"network": network, **given}
    if after is not None:
        params["after_sku"], params["after_location"] = key_of(after, str, str)
    statement = _item_list(tuple(given), after is not None)
    return await page(
        conn, InventoryItem, statement, params, limit, lambda item: (item.sku, item.location)
    )


_ITEM = InventoryItem.__struct_fields__


@cache
def _for_sku() -> Composed:
    where = equal(["network", "sku"])
    source = SQL("inventory")
    return listing(NAME, _ITEM, source, conditions=where, order="location")


@cache
def _item_list(given: tuple[str, ...], after: bool) -> Composed:  # noqa: FBT001 - a cache key
    where: list[Composed | SQL] = [*equal(["network", *given])]
    if after:
        where.append(SQL("(sku, location) > (%(after_sku)s, %(after_location)s)"))
    return listing(
        NAME, _ITEM, SQL("inventory"), conditions=where, order="sku, location", limited=True
    )
