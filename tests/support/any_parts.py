"""Few skus, locations, orders, transfers and times, so that requests over them meet."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from books import START
from hypothesis import strategies as st
from msgspec import Struct

from ledger.domain.requests import AnyRequest, Place, SaleKey
from ledger.domain.words import sale_id

MINUTES = 8
"""How far occurred_at lies apart; two requests often happen at the same instant."""
SKUS = ("A", "B")
UNSEEN = "C"
"""A sku that no delivery brings and no order asks for: counts may see it before anybody else."""
LOCATIONS = ("S", "D")
CHANNELS = ("till", "web")
ORDERS = ("o1", "o2", "o3", "o4")
LINE_IDS = ("1", "2", "3")
SALES = ("sale-1", "sale-2")
"""request_ids of sales, so that voids and returns can name them."""
PARCELS = ("parcel", "parcel", "box")
TRANSFERS = ("t1", "t2")
SUPPLIES = ("po1", "po2")
RETURNS = ("r1", "r2")
OWNERS = ("cart", "desk")
CUSTOMERS = ("c1", "c2", "c3")

Said = st.SearchStrategy[dict[str, Any]]
"""Fields of a request, but for its id and time."""


class Sent(Struct, frozen=True):
    """A request and its sender."""

    channel: str
    request: AnyRequest


class Kind(Struct, frozen=True):
    """A request type, and what may be said in it."""

    request_type: type[AnyRequest]
    fields: Said


Kinds = tuple[Kind, ...]


def said(request_type: type[AnyRequest], **fields: st.SearchStrategy[Any]) -> Kind:
    return Kind(request_type, st.fixed_dictionaries(fields))


def one_of(names: Sequence[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


skus = one_of((*SKUS, *SKUS, UNSEEN))
delivered, locations, channels = one_of(SKUS), one_of(LOCATIONS), one_of(CHANNELS)
orders, new_orders = one_of(("o1", "o1", "o1", "o2", *ORDERS)), one_of((*ORDERS[1:], *ORDERS[2:]))
line_ids, parcels = one_of(("1", "1", *LINE_IDS)), one_of(PARCELS)
transfers, new_transfers = one_of(("t1", *TRANSFERS)), one_of((*TRANSFERS, "t3"))
supplies, returns = one_of(("po1", *SUPPLIES)), one_of(("r1", *RETURNS))
owners, customers = one_of(OWNERS), one_of(CUSTOMERS)
quantities = st.integers(1, 4)
states = one_of(("available", "damaged", "quality_control"))
times = st.integers(0, MINUTES - 1).map(lambda minute: START + timedelta(minutes=minute))
deadlines = st.integers(3, 4 * MINUTES).map(lambda minute: START + timedelta(minutes=minute))
"""Of holds and pickups: some have passed when they are set, others pass during a long day."""
days_due = st.sampled_from((date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)))
"""Yesterday, today, tomorrow."""
FIRST_SALE = SaleKey(channel=CHANNELS[0], request_id=SALES[0])
sale_keys = st.just(FIRST_SALE) | st.builds(SaleKey, channel=channels, request_id=one_of(SALES))
sale_ids = sale_keys.map(lambda key: sale_id(key.channel, key.request_id))
places = st.sampled_from((
    Place(region="DE-BE"),
    Place(region="DE-BE", latitude_udeg=52_520_008, longitude_udeg=13_404_954),
    Place(region="DE-HH", latitude_udeg=53_551_086, longitude_udeg=9_993_682),
))  # fmt: skip
some_line_ids = st.lists(line_ids, unique=True, max_size=2).map(tuple)
two_ends = st.permutations(LOCATIONS)


def numbered(parts: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    """Lines with the ids 1, 2, 3 in this order."""
    return st.lists(parts, min_size=1, max_size=most).map(
        lambda made: tuple(make(line_id=str(n)) for n, make in enumerate(made, 1))
    )


def lines_of(part: Any, **fields: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    made = st.fixed_dictionaries(fields).map(
        lambda told: lambda line_id: part(line_id=line_id, **told)
    )
    return numbered(made)


def chosen(
    part: Any, quantity: st.SearchStrategy[Any] = quantities, least: int = 1
) -> st.SearchStrategy[tuple[Any, ...]]:
    """Some lines by id, each once: of orders and sales that have them, or not."""
    return chosen_with(part, quantity.map(lambda n: {"quantity": n}), least)


def chosen_with(part: Any, fields: Said, least: int = 1) -> st.SearchStrategy[tuple[Any, ...]]:
    """Some lines by id, each once, with whatever else is said of them."""
    return st.dictionaries(line_ids, fields, min_size=least, max_size=3).map(
        lambda lines: tuple(part(line_id=i, **told) for i, told in lines.items())
    )


def goods_or_services(part: Any, **goods: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    """Lines of which a few are services, which move no stock and name no place."""
    common = {"sku": skus, "quantity": quantities}
    as_goods = st.fixed_dictionaries(common | goods)
    as_service = st.fixed_dictionaries(common | {"kind": st.just("service")})
    told = st.one_of(as_goods, as_goods, as_goods, as_service)
    return numbered(told.map(lambda s: lambda line_id: part(line_id=line_id, **s)))


def distinct(
    *fields: st.SearchStrategy[Any], part: Any, names: tuple[str, ...], unique: int, least: int = 1
) -> st.SearchStrategy[tuple[Any, ...]]:
    """Parts of which the first `unique` fields together stand once."""
    rows = st.lists(
        st.tuples(*fields), min_size=least, max_size=3, unique_by=lambda row: row[:unique]
    )
    return rows.map(lambda made: tuple(part(**dict(zip(names, row, strict=True))) for row in made))
