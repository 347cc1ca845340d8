"""What an import as a whole does: batches, repetition, progress, and what the report says."""

from ledger.domain.requests import DescribeProduct, RecordSale

ROWS = [f"{n},22141,MUG,1,2010-12-01 08:26:00,2.5,17850.0,UK" for n in range(3000)]


def test_the_same_file_again_adds_nothing_and_says_so(imported):
    first, ledger = imported(*ROWS[:20])
    before = dict(ledger.kept)
    again, _ = imported(*ROWS[:20], sink=ledger)
    assert (first.accepted, first.replayed, first.nothing_new) == (len(before), 0, False)
    assert (again.accepted, again.replayed, again.nothing_new) == (0, len(before), True)
    assert ledger.kept == before


def test_an_invoice_that_was_edited_since_is_told_and_changes_nothing(imported):
    _, ledger = imported(*ROWS[:3])
    edited = ROWS[1].replace(",MUG,1,", ",MUG,2,")
    report, _ = imported(ROWS[0], edited, ROWS[2], sink=ledger)
    assert (report.mismatched, report.whole) == (1, False)
    assert [problem.request_id for problem in report.problems] == ["1"]
    assert ledger["1"].lines[0].quantity == 1


def test_a_longer_file_adds_what_is_new_in_it(imported):
    _, ledger = imported(*ROWS[:3])
    report, _ = imported(*ROWS[:5], sink=ledger)
    assert report.accepted == 2


def test_requests_are_sent_in_batches_of_bounded_size_in_the_order_of_the_file(imported):
    _, ledger = imported(*ROWS, *ROWS[:10])
    sales = [
        [request for _, request in batch if isinstance(request, RecordSale)]
        for batch in ledger.batches
    ]
    assert max(len(batch) for batch in ledger.batches) == 500
    assert max(sum(len(sale.lines) for sale in batch) for batch in sales) <= 2000
    order = [int(sale.request_id) for batch in sales for sale in batch]
    assert order == [*range(10, 3000), *range(10)]


def test_large_invoices_make_smaller_batches(imported):
    rows = [f"{n},22141,MUG,1,2010-12-01 08:26:00,2.5,1.0,UK" for n in range(5) for _ in range(900)]
    rows += ["9,22141,MUG,1,2010-12-01 08:26:00,2.5,1.0,UK"] * 2500
    _, ledger = imported(*rows)
    lines = [sum(len(getattr(r, "lines", ())) for _, r in batch) for batch in ledger.batches]
    assert lines == [0, 1800, 1800, 900, 2500]


def test_another_file_that_describes_a_product_in_another_way_is_another_description(imported):
    _, ledger = imported(ROWS[0])
    renamed = ROWS[0].replace("MUG", "BEAKER").replace("0,", "77,", 1)
    report, _ = imported(renamed, sink=ledger)
    assert (report.mismatched, report.whole) == (0, True)
    assert {said.title for said in ledger.of(DescribeProduct)} == {"MUG", "BEAKER"}


def test_progress_goes_from_the_first_row_to_the_last_byte_in_each_reading(imported):
    told = []
    imported(*ROWS, on_progress=told.append)
    assert [progress.stage for progress in told] == ["reading"] * 2 + ["importing"] * 2
    assert [progress.rows for progress in told] == [2000, 3000] * 2
    assert told[-1].bytes_read == told[-1].bytes_total > 0
