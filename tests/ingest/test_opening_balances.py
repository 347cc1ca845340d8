"""Opening balances: what must have been there so that no shelf falls below zero."""

import gzip
import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.ingest.examples import MAPPING, example
from consumers.ingest.faults import OpeningRefused
from consumers.ingest.run import run_import
from consumers.ingest.tally import Balance
from ledger.domain.requests import CountLine, CountStock, ReceiptLine, ReceiveStock, RecordSale

SOLD_6 = "1,22141,RED MUG,6,2010-12-01 08:26:00,2.55,17850.0,UK"
FOUND_4 = "2,22141,found,4,2010-12-01 09:00:00,0.0,,UK"
SOLD_5 = "3,22141,RED MUG,5,2010-12-02 08:26:00,2.55,17850.0,UK"
BACK_1 = "C4,22142,BLUE MUG,-1,2010-12-02 08:26:00,2.55,17850.0,UK"
POSTED = "5,POST,POSTAGE,9,2010-12-03 08:26:00,2.55,17850.0,UK"


def opened(ledger):
    return {line.sku: line.quantity for count in ledger.of(CountStock) for line in count.lines}


def test_an_opening_is_the_lowest_running_sum_and_zero_is_counted_too(imported):
    _, ledger = imported(SOLD_6, FOUND_4, SOLD_5, BACK_1, POSTED, opening_balances=True)
    assert opened(ledger) == {"22141": 7, "22142": 0}


def test_the_running_sum_follows_the_order_of_the_file(imported):
    _, ledger = imported(FOUND_4, SOLD_6, BACK_1, opening_balances=True)
    assert opened(ledger) == {"22141": 2, "22142": 0}


def test_the_count_is_a_second_before_the_earliest_row_and_says_what_it_is(imported, export):
    _, ledger = imported(SOLD_5, SOLD_6, opening_balances=True)
    whole = export(SOLD_5, SOLD_6, name="same.csv").read_bytes() + example(MAPPING).read_bytes()
    assert ledger.of(CountStock, "erp") == [
        CountStock(
            request_id=f"opening:{hashlib.sha256(whole).hexdigest()}:1",
            occurred_at=datetime(2010, 12, 1, 8, 25, 59, tzinfo=UTC),
            reference="synthetic opening",
            location="uk-dc",
            scope="named",
            lines=(CountLine(sku="22141", quantity=11),),
        )
    ]


def test_counts_are_of_at_most_500_skus_in_their_order_and_before_any_row(imported):
    rows = [f"{n},S{n:04},X,1,2010-12-01 08:26:00,1.0,1.0,UK" for n in range(1200, 0, -1)]
    _, ledger = imported(*rows, opening_balances=True)
    counts = ledger.of(CountStock)
    assert [len(count.lines) for count in counts] == [500, 500, 200]
    skus = [line.sku for count in counts for line in count.lines]
    assert skus == sorted(skus)
    assert [count.request_id.rsplit(":", 1)[1] for count in counts] == ["1", "2", "3"]
    requests = list(ledger)
    assert requests.index(counts[-1]) < requests.index(ledger.of(RecordSale)[0])


def test_a_gift_that_looks_like_an_adjustment_until_its_next_row_is_counted_as_a_sale(imported):
    gift = "1,22141,GIFT,10,2010-12-01 08:26:00,0.0,,UK"
    between = "2,22141,MUG,3,2010-12-01 08:27:00,2.5,1.0,UK"
    rest = "1,22142,MUG,1,2010-12-01 08:28:00,2.5,,UK"
    after = "C3,22141,MUG,-20,2010-12-01 08:29:00,2.5,1.0,UK"
    _, ledger = imported(gift, between, rest, after, opening_balances=True)
    assert opened(ledger) == {"22141": 13, "22142": 1}


def test_rows_of_an_invoice_that_is_kept_out_are_not_counted(imported):
    bad = "1,22141,RED MUG,?,2010-12-01 08:26:00,2.55,17850.0,UK"
    _, ledger = imported(SOLD_6, SOLD_5, bad, opening_balances=True)
    assert opened(ledger) == {"22141": 5}


def test_the_same_file_again_with_opening_balances_adds_nothing_and_says_so(imported):
    _, ledger = imported(SOLD_6, SOLD_5, opening_balances=True)
    before = dict(ledger.kept)
    report, _ = imported(SOLD_6, SOLD_5, sink=ledger, opening_balances=True)
    assert (report.nothing_new, report.replayed, report.whole) == (True, len(before), True)
    assert ledger.kept == before


def test_the_packed_file_is_the_same_file(imported, export, mapping, tmp_path):
    _, ledger = imported(SOLD_6, SOLD_5, opening_balances=True)
    packed = tmp_path / "sales.csv.gz"
    packed.write_bytes(gzip.compress(export(SOLD_6, SOLD_5).read_bytes()))
    assert run_import(packed, mapping, ledger, opening_balances=True).nothing_new


def test_openings_are_refused_where_stock_has_moved_already_and_nothing_is_sent(imported):
    _, ledger = imported(SOLD_6)
    before = dict(ledger.kept)
    with pytest.raises(OpeningRefused, match="stock events at uk-dc"):
        imported(SOLD_6, SOLD_5, sink=ledger, opening_balances=True)
    assert ledger.kept == before


def test_stock_at_other_locations_does_not_hinder_an_opening(imported, ledger_of_nothing):
    receipt = ReceiveStock(
        request_id="r",
        occurred_at=datetime(2010, 1, 1, tzinfo=UTC),
        location="store-7",
        lines=(ReceiptLine(line_id="1", sku="22141", quantity=1),),
    )
    ledger_of_nothing.send([("till", receipt)])
    ledger_of_nothing.finish()
    report, _ = imported(SOLD_6, sink=ledger_of_nothing, opening_balances=True)
    assert report.sent["count_stock"] == 1


def test_without_the_option_nothing_is_counted(imported):
    _, ledger = imported(SOLD_6)
    assert not ledger.of(CountStock)


moves = st.lists(st.tuples(st.integers(-9, 9), st.none() | st.integers(-9, 9)), max_size=40)


@given(moves)
def test_a_corrected_balance_is_that_of_the_movements_as_they_were_all_along(movements):
    balance, said = Balance(), []
    for first, corrected in movements:
        if corrected is None:
            balance.move(first)
        else:
            said.append((balance.move_provisionally(first), corrected - first))
    for segment, difference in reversed(said):
        balance.shift(segment, difference)
    running, lowest = 0, 0
    for first, corrected in movements:
        running += first if corrected is None else corrected
        lowest = min(lowest, running)
    assert (balance.sum, balance.opening) == (running, -lowest)
