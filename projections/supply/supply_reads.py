"""Reading supplies and transfers: lists, newest first, and one of them with its lines."""

from functools import cache
from typing import Annotated, Any

from msgspec import Meta
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from projections.paging import FIRST_PAGE, Page, key_of
from projections.reading import equal, listing, maker, one, page
from projections.supply import supplies, transfers
from projections.supply.supplies import SupplyLineItem, SupplyRow
from projections.supply.transfers import TransferItem, TransferLineItem


class Supply(SupplyRow, frozen=True, gc=False):
    """A supply with its lines."""

    lines: Annotated[tuple[SupplyLineItem, ...], Meta(description="In the order as they came.")]


class Transfer(TransferItem, frozen=True, gc=False):
    """A transfer with its lines."""

    lines: Annotated[tuple[TransferLineItem, ...], Meta(description="In the order as they came.")]


async def supply(
    conn: AsyncConnection[Any], network: str, supply_id: str
) -> tuple[Supply | None, int]:
    """A supply, None if there is none, and the view's position."""
    return await one(conn, maker(Supply), _supply(), {"network": network, "id": supply_id})


async def transfer(
    conn: AsyncConnection[Any], network: str, transfer_id: str
) -> tuple[Transfer | None, int]:
    """A transfer, None if there is none, and the view's position."""
    return await one(conn, maker(Transfer), _transfer(), {"network": network, "id": transfer_id})


async def supply_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    *,
    state: str | None = None,
    location: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[SupplyRow]:
    """Supplies, newest first. Raises BadToken for an `after` that is not this list's."""
    params, given = _filters(network, after, state=state, location=location)
    statement = _supply_list(given)
    return await page(conn, SupplyRow, statement, params, limit, lambda row: (row.position,))


async def transfer_list(  # noqa: PLR0913 - filters
    conn: AsyncConnection[Any],
    network: str,
    *,
    state: str | None = None,
    from_location: str | None = None,
    to_location: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[TransferItem]:
    """Transfers, newest first. Raises BadToken for an `after` that is not this list's."""
    params, given = _filters(
        network, after, state=state, from_location=from_location, to_location=to_location
    )
    statement = _transfer_list(given)
    return await page(conn, TransferItem, statement, params, limit, lambda row: (row.position,))


def _filters(
    network: str, after: str | None, **filters: str | None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    given = {name: value for name, value in filters.items() if value is not None}
    before = FIRST_PAGE if after is None else key_of(after, int)[0]
    return {"network": network, "before": before, **given}, tuple(given)


def _with_lines(table: str, key: str) -> Composed:
    return SQL("""
        (SELECT {table}.*, (
            SELECT jsonb_agg(to_jsonb(line) ORDER BY line.number) FROM {lines} AS line
            WHERE line.network = %(network)s AND line.{key} = %(id)s
        ) AS lines FROM {table} WHERE network = %(network)s AND {key} = %(id)s) AS item
    """).format(table=Identifier(table), lines=Identifier(f"{key[:-3]}_lines"), key=Identifier(key))


@cache
def _supply() -> Composed:
    source = _with_lines("supplies", "supply_id")
    return listing(supplies.NAME, Supply.__struct_fields__, source, order="supply_id")


@cache
def _transfer() -> Composed:
    source = _with_lines("transfers", "transfer_id")
    return listing(transfers.NAME, Transfer.__struct_fields__, source, order="transfer_id")


@cache
def _supply_list(given: tuple[str, ...]) -> Composed:
    return _newest_first(supplies.NAME, SupplyRow.__struct_fields__, given)


@cache
def _transfer_list(given: tuple[str, ...]) -> Composed:
    return _newest_first(transfers.NAME, TransferItem.__struct_fields__, given)


def _newest_first(view: str, columns: tuple[str, ...], given: tuple[str, ...]) -> Composed:
    where: list[Composed | SQL] = [*equal(["network", *given]), SQL("position < %(before)s")]
    source = Identifier(view)
    return listing(view, columns, source, conditions=where, order="position DESC", limited=True)
