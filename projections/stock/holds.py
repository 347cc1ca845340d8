"""Holds: what an owner has reserved, where, and until when."""

from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed

from ledger.domain.events import (
    HoldEvent,
    HoldExtended,
    HoldPlaced,
    StockReleased,
    StockReserved,
)
from ledger.domain.events.stock import ReleaseReason
from ledger.domain.words import LineId, Location, Owner, Sku
from projections.paging import Page, key_of
from projections.projection import Batch, Projection
from projections.reading import equal, listing, maker, page
from projections.rows import MAX_ROWS_IN_MEMORY, DetailRows, Rows
from projections.tables import Table, Values
from projections.words import RecordedAt, Sender

NAME = "holds"
HoldState = Literal["held", "released", "expired"]


class HoldRow(Struct, frozen=True, gc=False):
    """One line of an owner's holds, as it was placed latest."""

    owner: Owner
    line_id: LineId
    sku: Sku
    placed: Annotated[int, Meta(description="How much was asked for, and granted.")]
    held: Annotated[int, Meta(description="How much is held now.")]
    state: Annotated[
        HoldState,
        Meta(description="held: something is; expired: its deadline passed; released: otherwise."),
    ]
    cause: Annotated[
        ReleaseReason | None, Meta(description="Why something of it was released last.")
    ]
    location: Annotated[
        Location | None, Meta(description="The location that was named; null: the writer chose.")
    ]
    expires_at: Annotated[datetime, Meta(description="When it ends by itself.")]
    channel: Sender
    request_id: Annotated[str, Meta(description="The request that placed it.")]
    recorded_at: RecordedAt
    position: Annotated[int, Meta(description="Position of the event that placed it.")]
    changed_position: Annotated[int, Meta(description="Position of the last event of it.")]


class HoldPart(Struct, frozen=True, gc=False):
    """How much of a hold is reserved at a location."""

    owner: Owner
    line_id: LineId
    location: Location
    quantity: Annotated[int, Meta(description="Reserved here.")]


class HeldAt(Struct, frozen=True, gc=False):
    """So much is reserved at a location."""

    location: Location
    quantity: Annotated[int, Meta(description="Reserved here.")]


class Hold(HoldRow, frozen=True, gc=False):
    """One line of an owner's holds, and where it is reserved."""

    parts: Annotated[tuple[HeldAt, ...], Meta(description="By location.")]


HOLDS = Table(
    "holds",
    HoldRow,
    key=("owner", "line_id"),
    comment="What each owner holds, by line, as it was placed latest.",
    fillfactor=80,
)
HOLD_PARTS = Table(
    "hold_parts",
    HoldPart,
    key=("owner", "line_id", "location"),
    comment="Where what is held is reserved.",
)

Key = tuple[str, str]


class State(Struct, frozen=True, gc=False):
    """A hold, and how much of it is reserved where; `origin` is what placed it."""

    sku: str
    location: str | None
    placed: int
    expires_at: datetime
    origin: Values
    changed_position: int
    cause: ReleaseReason | None = None
    parts: tuple[tuple[str, int], ...] = ()


class Holds(Projection):
    """Folds holds, and the reservations made for them."""

    name = NAME
    comment = HOLDS.comment

    def __init__(self, limit: int | None = MAX_ROWS_IN_MEMORY) -> None:
        super().__init__(limit)
        self.holds: Rows[Key, State] = Rows(
            HOLDS.select_by(
                HOLDS.key,
                SQL("""coalesce((
                    SELECT jsonb_object_agg(part.location, part.quantity) FROM hold_parts AS part
                    WHERE part.network = kept.network AND part.owner = kept.owner
                    AND part.line_id = kept.line_id
                ), '{}')"""),
            ),
            table=HOLDS,
            pack=_pack,
            unpack=_unpack,
            limit=limit,
        )
        self.kept = (self.holds,)
        self.details = (DetailRows(HOLD_PARTS, self.holds, _parts_of),)
        self.folds = {
            HoldPlaced: self._placed,
            HoldExtended: self._extended,
            StockReserved: self._reserved,
            StockReleased: self._released,
        }

    def ask(self, batch: Batch) -> None:
        """The holds that events name."""
        named = set()
        for _, event in batch:
            match event:
                case HoldEvent():
                    named.add((event.owner, event.line_id))
                case StockReserved(held_for="hold") | StockReleased(held_for="hold"):
                    named.add((event.holder, event.line_id))
        self.holds.ask(named)

    def _placed(self, position: int, event: HoldPlaced) -> None:
        key = (event.owner, event.line_id)
        self.holds.get(key)
        origin = (event.channel, event.request_id, event.recorded_at, position)
        what = (event.sku, event.location, event.quantity, event.expires_at)
        self.holds.put(key, State(*what, origin, position))

    def _extended(self, position: int, event: HoldExtended) -> None:
        key = (event.owner, event.line_id)
        state = self._hold(key)
        self.holds.put(key, replace(state, expires_at=event.expires_at, changed_position=position))

    def _reserved(self, position: int, event: StockReserved) -> None:
        if event.held_for == "hold":
            self._reserves(position, event, event.quantity)

    def _released(self, position: int, event: StockReleased) -> None:
        if event.held_for == "hold":
            self._reserves(position, event, -event.quantity)

    def _reserves(self, position: int, event: StockReserved | StockReleased, quantity: int) -> None:
        key = (event.holder, event.line_id)
        state = self._hold(key)
        parts = dict(state.parts)
        parts[event.location] = parts.get(event.location, 0) + quantity
        left = tuple((location, n) for location, n in parts.items() if n)
        cause = event.cause if isinstance(event, StockReleased) else state.cause
        self.holds.put(key, replace(state, parts=left, cause=cause, changed_position=position))

    def _hold(self, key: Key) -> State:
        state = self.holds.get(key)
        assert state is not None, f"{key[0]} has no hold {key[1]}"
        return state


def _parts_of(key: Key, state: State) -> list[Values]:
    return [(*key, *part) for part in state.parts]


def _pack(key: Key, state: State) -> Values:
    held = sum(quantity for _, quantity in state.parts)
    how: HoldState = "held"
    if held == 0 and state.cause is not None:
        how = "expired" if state.cause == "expired" else "released"
    return (
        *key,
        state.sku,
        state.placed,
        held,
        how,
        state.cause,
        state.location,
        state.expires_at,
        *state.origin,
        state.changed_position,
    )


def _unpack(values: Values) -> tuple[Key, State]:
    *columns, parts = values
    row = HoldRow(*columns)
    origin = (row.channel, row.request_id, row.recorded_at, row.position)
    state = State(
        row.sku,
        row.location,
        row.placed,
        row.expires_at,
        origin,
        row.changed_position,
        row.cause,
        tuple(parts.items()),
    )
    return (row.owner, row.line_id), state


_WITH_PARTS = SQL("""
    (SELECT holds.*, coalesce((
        SELECT jsonb_agg(to_jsonb(part) ORDER BY part.location) FROM hold_parts AS part
        WHERE part.network = holds.network AND part.owner = holds.owner
        AND part.line_id = holds.line_id
    ), '[]') AS parts FROM holds) AS hold
""")


async def hold_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    *,
    owner: str | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[Hold]:
    """Holds by owner and line. Raises BadToken for an `after` that is not this list's."""
    filters = {"owner": owner, "state": state}
    given = {name: value for name, value in filters.items() if value is not None}
    params = {"network": network, **given}
    if after is not None:
        params["after_owner"], params["after_line"] = key_of(after, str, str)
    statement = _hold_list(tuple(given), after is not None)
    return await page(
        conn, maker(Hold), statement, params, limit, lambda item: (item.owner, item.line_id)
    )


@cache
def _hold_list(given: tuple[str, ...], after: bool) -> Composed:  # noqa: FBT001 - a cache key
    where: list[Composed | SQL] = [*equal(["network", *given])]
    if after:
        where.append(SQL("(owner, line_id) > (%(after_owner)s, %(after_line)s)"))
    columns = Hold.__struct_fields__
    return listing(
        NAME, columns, _WITH_PARTS, conditions=where, order="owner, line_id", limited=True
    )
