"""Lines of orders and sales as the writer's fold knows them, made into rows and out of them."""

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from psycopg.sql import SQL

from ledger.domain.events import BackorderOverdue, Event
from ledger.domain.orders.lines import Allocation, Line, Pickup, ordered_line, sold_line
from ledger.domain.requests import OrderLine, SaleLine
from projections.episodes import NEVER, Episode, closed, opened
from projections.orders.order_lines import ORDER_LINES, AllocationRow, OrderLineRow
from projections.tables import Values

Money = tuple[int | None, int | None, str | None, str | None, str | None]
"""Unit price, tax, lot, serial and bundle of a line."""


class LineState(Struct, frozen=True, gc=False):
    """A line, its place in its order, and since when it is short (by location) or overdue."""

    line_id: str
    number: int
    money: Money
    line: Line
    overdue: Episode = NEVER
    short: tuple[tuple[str, Episode], ...] = ()


def new_line(said: OrderLine, number: int) -> LineState:
    """A line as the order was placed, or as it was added to one."""
    return LineState(said.line_id, number, _money(said), ordered_line(said))


def new_sale_line(said: SaleLine, location: str, number: int) -> LineState:
    """A line of a sale, as it was recorded."""
    return LineState(said.line_id, number, _money(said), sold_line(said, location))


def _money(said: OrderLine | SaleLine) -> Money:
    return (said.unit_price_minor, said.tax_minor, said.lot, said.serial, said.bundle)


def with_line(state: LineState, line: Line, position: int, event: Event) -> LineState:
    """The line after an event, and what of it stands since then, or stands no longer."""
    before = state.line
    short, overdue = state.short, state.overdue
    if line.allocations is not before.allocations and (short or line.short):
        short = _short_now(short, line.allocations, position, event)
    if event.__class__ is BackorderOverdue:
        overdue = opened(overdue, position, event)
    elif overdue.stands and (line.backordered == 0 or line.promise != before.promise):
        overdue = closed(overdue, position, event)
    return LineState(state.line_id, state.number, state.money, line, overdue, short)


def _short_now(
    short: tuple[tuple[str, Episode], ...],
    allocations: Iterable[Allocation],
    position: int,
    event: Event,
) -> tuple[tuple[str, Episode], ...]:
    known = dict(short)
    for there in allocations:
        episode = known.get(there.location, NEVER)
        change = opened if there.short else closed
        after = change(episode, position, event)
        if after is not NEVER:
            known[there.location] = after
    return tuple(known.items())


def pack_line(key: tuple[str, str], state: LineState) -> Values:
    """The stored line."""
    line = state.line
    cancelled, left, committed, expired, backordered = line.parts
    allocations, pickups = line.allocations, line.pickups
    return (
        state.line_id,
        line.sku,
        line.location,
        line.how,
        "goods" if line.goods else "service",
        line.ordered,
        cancelled,
        expired,
        backordered,
        committed,
        line.picked if allocations else 0,
        line.ready if allocations else 0,
        line.short if allocations else 0,
        line.shipped,
        line.collected,
        line.delivered,
        line.returned,
        line.excess,
        max(0, line.returned - left),
        line.promise,
        min(pickup.until for pickup in pickups) if pickups and line.ready else None,
        *state.money,
        *(line.fulfils or (None, None)),
        key[0],
        state.number,
        line.cancel_asked,
        line.expire_asked,
        line.backorder_asked,
        list(msgspec.to_builtins(pickups)) if pickups else None,
        *astuple(state.overdue),
    )


def allocations_of(key: tuple[str, str], state: LineState) -> list[Values]:
    """The stored locations of a line."""
    if not state.line.allocations:
        return []
    short = dict(state.short)
    return [
        (
            *key,
            there.location,
            there.committed,
            there.short,
            there.waiting_picked,
            there.waiting_ready,
            there.gone,
            number,
            there.picked,
            there.prepared,
            *astuple(short.get(there.location, NEVER)),
        )
        for number, there in enumerate(state.line.allocations, start=1)
    ]


SELECT_LINES: Final = ORDER_LINES.select_by(
    ["order_id"],
    SQL("""coalesce((
        SELECT jsonb_agg(to_jsonb(allocation) ORDER BY allocation.number)
        FROM order_allocations AS allocation WHERE allocation.network = kept.network
        AND allocation.order_id = kept.order_id AND allocation.line_id = kept.line_id
    ), '[]')"""),
)
"""The lines of orders, with their locations behind them."""
_ROW_LENGTH: Final = len(ORDER_LINES.names)


def unpack_line(values: Values) -> tuple[tuple[str, str], LineState]:
    """What the fold goes on from: a stored line, with its locations behind it."""
    row = OrderLineRow(*values[:_ROW_LENGTH])
    allocations = msgspec.convert(values[_ROW_LENGTH], list[AllocationRow])
    line = Line(
        row.sku,
        row.location,
        row.kind == "goods",
        row.ordered,
        tuple(map(_allocation, allocations)),
        cancel_asked=row.cancel_asked,
        shipped=row.shipped,
        collected=row.collected,
        returned=row.returned,
        how=row.how,
        fulfils=_fulfils(row),
        expire_asked=row.expire_asked,
        backorder_asked=row.backorder_asked,
        delivered=row.delivered,
        promise=row.promise,
        pickups=msgspec.convert(row.pickups or [], tuple[Pickup, ...]),
    )
    money = (row.unit_price_minor, row.tax_minor, row.lot, row.serial, row.bundle)
    short = [(there.location, _short_episode(there)) for there in allocations]
    state = LineState(
        row.line_id,
        row.number,
        money,
        line,
        Episode(
            row.overdue_since_position,
            row.overdue_since,
            row.overdue_until_position,
            row.overdue_until,
        ),
        tuple((location, episode) for location, episode in short if episode is not NEVER),
    )
    return (row.order_id, row.line_id), state


def _fulfils(row: OrderLineRow) -> tuple[str, str] | None:
    if row.fulfils_order_id is None or row.fulfils_line_id is None:
        return None
    return (row.fulfils_order_id, row.fulfils_line_id)


def _allocation(row: AllocationRow) -> Allocation:
    return Allocation(
        row.location,
        row.committed,
        short=row.short,
        picked=row.picked_ever,
        prepared=row.prepared_ever,
        gone=row.left,
    )


def _short_episode(row: AllocationRow) -> Episode:
    if row.short_since_position is None:
        return NEVER
    return Episode(
        row.short_since_position, row.short_since, row.short_until_position, row.short_until
    )
