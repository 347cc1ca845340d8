"""The days can fail: each of these bugs, planted one at a time, is found within a few seeds."""

from typing import Any

import pytest
from plant import plant
from retail.days import DayBroken, run
from retail.looks import EVERY

from consumers.snapshot.request_index import RequestIndex
from ledger.domain import entries, evolve, holds, settling, transfer_claims, transfers
from ledger.domain.evolve import lines as evolve_lines
from ledger.domain.evolve import stock as evolve_stock
from ledger.domain.evolve import transfers as evolve_transfers
from ledger.domain.orders import (
    allocating,
    changing,
    declining,
    fulfilment,
    pickups,
    planning,
    returns,
    sales,
)
from ledger.domain.orders import lines as orders
from ledger.domain.orders.free import Free
from ledger.domain.sourcing import backorders
from ledger.domain.stock import item as stock
from ledger.domain.stock import shelf, shortage

SEEDS = 60
"""At most; most bugs are found by one of the first five."""

BUGS: list[tuple[str, Any, str, str]] = [
    ("an expired hold gives nothing back", holds.expire_hold, "for part in hold.parts:", "for part in ():"),
    ("a hold placed again stands twice", holds.place_hold, "if line_id in again:", "if line_id not in again:"),
    ("all that an owner holds counts as free for one line", holds.place_hold, "held_by(state, request.owner, again)", "held_by(state, request.owner)"),
    ("a hold that an order takes stands on", holds.use_holds, '_give_back(draft, key, hold.sku, part, taken, "converted")', "pass"),
    ("what an order does not use stays held for a deadline that is gone", evolve_stock._hold_released, "del state.holds[key]", "return"),
    ("a split counts one location twice", planning._served, "free.take(place, line.sku, taken)", "pass"),
    ("named lines of one order do not count together", planning._named, "free.take(line.location, line.sku, granted)", "pass"),
    ("a location's parcels are not counted", evolve_lines.sourced, "state.parcels.get(parcel, 0) + 1", "state.parcels.get(parcel, 0)"),
    ("a channel sells what it leaves to others", Free.limit, "return self._left[sku]", "return None"),
    ("backorders are filled out of order", evolve_lines._backorder_changes, "insort(waiting_now, added)", "waiting_now.insert(0, added)"),
    ("a backorder is filled from any place", backorders.fill, "if may_serve(draft.state, key, line, location):", "if True:"),
    ("what became available is not handed on", settling.settle, "fill_risen(draft, key)", "pass"),
    ("a filled backorder waits on", orders._filled, "line.backordered - event.quantity", "line.backordered"),
    ("a line that may wait stays short", shortage._react, "if left and order.allow_backorder:", "if False:"),
    ("a shortage hits lines before holds", shortage._hit_reservations, "if item.reserved == 0:", "if item.reserved >= 0:"),
    ("a cleared shortage stays marked", shortage._cleared, "_mark(draft, line_key, key[0], -n)", "pass"),
    ("a cancellation gives back what was not promised", changing._cut, 'quantity - backordered, "cancelled"', 'quantity, "cancelled"'),
    ("a reassigned line leaves its old promise", changing._reassign, 'uncommit(draft, key, there.location, moved, "reassigned")', "pass"),
    ("what was not found stays on the books", declining._book, 'if request.cause == "not_found":', 'if request.cause == "found":'),
    ("a declined line is promised twice", declining._serve, 'left = quantity - serve_elsewhere(draft, key, location, quantity, "declined")', 'serve_elsewhere(draft, key, location, quantity, "declined")\n    left = quantity'),
    ("a void promises again what was cancelled", allocating.come_back, "quantity = after.committed - before.committed", "quantity = before.gone - after.gone"),
    ("goods from elsewhere keep the promise here", allocating._give_back_elsewhere, 'uncommit(draft, key, there.location, taken, "left_elsewhere")', "pass"),
    ("a voided shipment brings nothing back", fulfilment._void, "_come_back_by_time(draft, key, request.shipment_id, parcel)", "pass"),
    ("a pickup that expired keeps its goods", pickups.expire_passed, 'uncommit(draft, key, location, quantity, "expired")', "pass"),
    ("a deadline is decided twice", evolve._accepted, "state.end_deadline(key_of(event.request_id, event.occurred_at))", "pass"),
    ("a request sent twice is two", RequestIndex.get, "return None if place < 0 else known_at(bucket, place)", "return None"),
    ("a transfer's reservation is not taken along", transfers.ship_transfer, "reserved=min(line.quantity, before.reserved)", "reserved=0"),
    ("a receipt before its shipment is found for ever", evolve_transfers.shipped, "line.shipped + event.quantity", "line.shipped + (0 if line.accepted else event.quantity)"),
    ("what is missing stays on the way", evolve_transfers.received, "line.missing + event.missing", "line.missing"),
    ("a closed transfer is still on its way", evolve_transfers.closed, "replace(state.transfer_lines[key], closed=True)", "state.transfer_lines[key]"),
    ("in transit goes below zero", entries.TransferLineState.in_transit, "max(0, self.shipped - self.accepted - self.damaged - self.missing)", "self.shipped - self.accepted - self.damaged - self.missing"),
    ("a transfer takes what was promised", transfer_claims._short, "if asked[line.sku] > available:", "if asked[line.sku] > available + 1:"),
    ("a cancelled transfer stays reserved", transfer_claims.cancel_transfer, "release(draft, transfer_id, transfer)", "pass"),
    ("what an inspection misses stays on the shelf", returns._decided, "if out is not None:", 'if out is not None and out != "missing":'),
    ("scrap stays on the books", returns._enters, "if cause is not None:", "if cause is None:"),
    ("what was scrapped and found again is scrapped twice", returns._decided, "quantity=-line.quantity", "quantity=line.quantity"),
    ("a voided sale still fulfils its order", sales._unfulfil, "come_back(draft, key, before, before.location or location)", "pass"),
    ("a late count changes the quantity", shelf._count, "draft.revise(key, later, -variance)", "pass"),
    ("damaged goods are sold", stock.StockItem.sellable, "if self.damaged > 0:", "if self.damaged < 0:"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "said", "says"), [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS]
)
def test_the_days_find(where: Any, said: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, where, said, says)
    with pytest.raises(DayBroken):
        for seed in range(SEEDS):
            run(seed, *EVERY)
