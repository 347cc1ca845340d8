"""A retailer's days, with every trouble of the trade, from a seed each.

Stores, tills, channels, warehouses, lorries, suppliers and customers say what they do, late, twice
and mixed up; after every request the books are held against what was said. ONEBOOK_SEED=7 tells
one seed's story; ONEBOOK_TEST_RETAIL_SEEDS=10000 runs more of them; `make days` does by itself.
"""

from collections import Counter
from itertools import islice
from os import environ
from typing import get_args

import msgspec
import pytest
from retail.days import DayBroken, run
from retail.looks import EVERY, looks_of
from retail.story import shortest, told

from ledger.domain.requests import AnyRequest, kind_of
from ledger.domain.words import Reason
from ledger.door import read_request

SEEDS = int(environ.get("ONEBOOK_TEST_RETAIL_SEEDS", "2000"))
ONE = environ.get("ONEBOOK_SEED")
AT_ONCE = 50
SEEDS_OF_EVERYTHING = 30


def holds(seed: int) -> None:
    """Nothing is wrong with this seed; else its story, as short as it can be told."""
    looks = looks_of(seed) if ONE is None else EVERY
    try:
        run(seed, *looks)
    except DayBroken as broken:
        pytest.fail(told(shortest(broken, *looks)), pytrace=False)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE) if ONE is None else [int(ONE)])
def test_whatever_a_retailer_goes_through_the_books_are_right(first: int) -> None:
    for seed in range(first, min(first + AT_ONCE, SEEDS)) if ONE is None else [first]:
        holds(seed)


def test_a_seed_is_always_the_same_days() -> None:
    for seed in range(3):
        one, other = run(seed), run(seed)
        assert one.desk.taken == other.desk.taken
        assert one.desk.events == other.desk.events


def test_every_request_that_is_told_is_one_that_the_door_lets_in() -> None:
    for seed in range(3):
        for sent in run(seed).desk.taken:
            assert read_request(msgspec.json.encode(sent.request)) == sent.request, seed


def test_the_troubles_that_are_meant_come_about() -> None:
    seen: Counter[str] = Counter()
    for seed in range(SEEDS_OF_EVERYTHING):
        desk = run(seed).desk
        seen.update(type(event).__name__ for event in desk.events)
        seen.update(str(getattr(event, "kind", "")) for event in desk.events)
        seen.update(str(getattr(event, "reason", "")) for event in desk.events)
        asked = Counter((sent.channel, sent.request.request_id) for sent in desk.taken)
        seen["asked twice"] += sum(times > 1 for times in asked.values())
        seen["late"] += sum((s.arrives - s.request.occurred_at).seconds > 600 for s in desk.taken)
    kinds = {str(kind.__struct_config__.tag) for kind in get_args(AnyRequest)}
    meant = {*kinds, *UNUSUAL, *map(str, Reason), "asked twice", "late"}
    assert sorted(what for what in meant if not seen[what]) == []


UNUSUAL = frozenset(
    {
        "BackorderFilled", "BackorderOverdue", "CollectionVoided", "HoldExpired", "HoldExtended",
        "LineShort", "OrderLineDeclined", "OrderLineReassigned", "OrderLineSourced",
        "PickupExpired", "ReturnInspected", "ShipmentVoided", "ShortageCleared", "ShortageFound",
        "StockArrived", "StockCountRevised", "StockWrittenOut", "SupplyOverdue",
        "TransferCancelled", "TransferClosed", "TransferOverdue", "clock_ahead", "declined",
        "discrepancy", "over_received", "over_returned", "over_voided", "overshipped",
        "payment_moved", "unknown_location", "unknown_sku", "unlinked",
    }
)  # fmt: skip


def test_a_seed_is_about_five_hundred_requests() -> None:
    for seed in islice(range(1000), 5):
        assert 480 <= len(run(seed).desk.taken) <= 700
        assert {kind_of(sent.request) for sent in run(seed).desk.taken}
