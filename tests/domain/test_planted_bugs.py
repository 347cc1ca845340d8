"""The laws can fail: each of these bugs, planted one at a time, is caught by one of them."""

from collections.abc import Callable
from typing import Any

import any_order
import laws
import pytest
from any_request import (
    any_fact,
    any_word,
    days,
    days_of_sales,
    fact_of_an_open_shop,
    several,
    standing_claims,
    two_orders,
    two_transfers,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from plant import plant

from ledger.domain import draft, overlay, settling, state
from ledger.domain.evolve import described, lines
from ledger.domain.orders import allocating, changing, fulfilment, placing, sales
from ledger.domain.orders import lines as orders
from ledger.domain.stock import counts, shelf, shortage
from ledger.domain.stock import item as stock

EXAMPLES = 5_000
"""At most; most bugs are caught within a few dozen."""

Law = tuple[Callable[..., None], tuple[st.SearchStrategy[Any], ...]]
chances = st.randoms(use_true_random=False)
every_number: Law = (laws.every_number_is_a_sum, (days(),))
of_sales: Law = (laws.every_number_is_a_sum, (days_of_sales(),))
in_flight: Law = (laws.a_block_in_flight_is_as_good_as_confirmed, (days(),))
in_any_order: Law = (any_order.facts_commute, (several(any_fact), standing_claims, chances))
words: Law = (any_order.facts_commute, (several(any_word), standing_claims, chances))
claims_of_an_open_shop = st.tuples(two_orders, two_transfers).map(lambda both: both[0] + both[1])
early: Law = (
    any_order.facts_find_their_order,
    (several(fact_of_an_open_shop), claims_of_an_open_shop, chances),
)

BUGS: list[tuple[str, Any, str, str, Law]] = [
    ("a claim takes one more than there is", placing.all_there, "available < line.quantity", "available + 1 < line.quantity", every_number),
    ("each line is held against the whole shelf", placing.all_there, "left[item] = available - line.quantity", "pass", every_number),
    ("a cancellation gives nothing back", changing._cut, "if line.goods and quantity > backordered:", "if not line.goods:", every_number),
    ("what leaves keeps its promise", stock._left, "item.committed - event.committed", "item.committed", every_number),
    ("a void brings nothing back", stock._came_back, '(("on_hand", event.quantity),)', "()", every_number),
    ("damaged goods enter on_hand twice", stock._entered, '("on_hand", quantity)', '("on_hand", 2 * quantity if state == "damaged" else quantity)', every_number),
    ("negative parts make more available", stock.StockItem.sellable, "if self.damaged > 0:", "if self.damaged != 0:", every_number),
    ("a shortage is not seen", shortage.settle_shortage, "_found(draft, key, missing)", "pass", every_number),
    ("goods from elsewhere keep the promise here", allocating._give_back_elsewhere, 'uncommit(draft, key, there.location, taken, "left_elsewhere")', "pass", every_number),
    ("a void promises nothing again", sales._unfulfil, "come_back(draft, key, before, before.location or location)", "pass", of_sales),
    ("shipped after a cancel stays cancelled", orders.Line.parts, "min(rest, self.cancel_asked)", "self.cancel_asked", every_number),
    ("a discrepancy is never ended", settling._discrepancies, 'draft.resolve("discrepancy", about)', "pass", every_number),
    ("the promise outlives the line", lines._allocations_change, "there.committed == 0", "there.committed < 0", every_number),
    ("deciding changes the state", draft.Draft.__init__, "state.on_top(planned=False)", "state", every_number),
    ("a deletion is not merged", overlay.Overlay.merge, "self._base.pop(key, None)", "pass", in_flight),
    ("a deletion falls through to the base", overlay.Overlay.__delitem__, "self._own[key] = GONE", "self._own.pop(key, None)", in_flight),
    ("an overlay forgets the movements below", counts.Journal.sum_after, "self._parent is not None", "self._parent is None", in_any_order),
    ("a count has not seen what happened at its instant", counts.seen_by, "bisect_left", "bisect_right", in_any_order),
    ("a late movement changes the latest count", counts.seen_by, "anchors[index] if", "anchors[-1] if", in_any_order),
    ("a movement that a count saw moves the shelf", draft.Draft.stock, "anchor, -delta)", "anchor, 0)", in_any_order),
    ("a count behind a later one changes the quantity", shelf._count, "draft.revise(key, later, -variance)", "pass", in_any_order),
    ("a whole count anchors only what is there", state.State.anchors_of, "if not whole:", "if whole:", in_any_order),
    ("the journal forgets that late is early", counts.Journal._add, "times.insert(index, time)", "times.append(time)", in_any_order),
    ("the last description to arrive counts", described.location_described, "stamp >= known.stamp", "known.stamp", words),
    ("what waited leaves when the order comes", draft.Draft.at, "self.joining.effective_at", "self.joining and None", early),
    ("a void that came early is forgotten", sales.void_sale, "_wait_for_order(draft, request, own_id)", "pass", early),
    ("what was voided still fulfils the order", sales.join_fulfilment, "sold = draft.state.lines[(own_id, line.line_id)].collected", "sold = line.quantity", early),
    ("an unknown line of a parcel is dropped", fulfilment._known, "if unknown:", "if False:", early),
]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "said", "says", "law"), [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS]
)
def test_the_laws_catch(
    where: Any, said: str, says: str, law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, where, said, says)
    holds, over = law
    quickly = settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        print_blob=False,
    )
    with pytest.raises((AssertionError, KeyError)):
        quickly(given(*over)(holds))()
