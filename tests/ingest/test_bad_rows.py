"""A bad row says where and why, keeps its whole invoice out, and nothing else."""

import gzip

import pytest

from consumers.ingest.faults import FileFault
from consumers.ingest.run import run_import
from ledger.domain.requests import DescribeProduct, RecordSale

GOOD = "536365,22141,RED MUG,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"
LATER = "536367,22141,RED MUG,1,2010-12-03 08:26:00,2.55,17850.0,United Kingdom"

BAD_CELLS = {
    "a quantity in words": ("22142,MUG,six,2010-12-02 08:26:00,2.5,1.0,UK", "Quantity", "six"),
    "half a piece": ("22142,MUG,1.5,2010-12-02 08:26:00,2.5,1.0,UK", "Quantity", "whole"),
    "a quantity of zero": ("22142,MUG,0,2010-12-02 08:26:00,2.5,1.0,UK", "Quantity", "must be"),
    "a quantity beyond": ("22142,MUG,1000000001,2010-12-02 08:26:00,2,1.0,UK", "Quantity", "must"),
    "an endless number": (f"22142,MUG,{'9' * 50},2010-12-02 08:26:00,2,1.0,UK", "Quantity", "99"),
    "minus in a sale": ("22142,MUG,-1,2010-12-02 08:26:00,2.5,1.0,UK", "Quantity", "above 0"),
    "no number": ("22142,MUG,NaN,2010-12-02 08:26:00,2.5,1.0,UK", "Quantity", "NaN"),
    "an exponent": ("22142,MUG,1,2010-12-02 08:26:00,1e3,1.0,UK", "UnitPrice", "1e3"),
    "a decimal comma": ('22142,MUG,1,2010-12-02 08:26:00,"2,5",1.0,UK', "UnitPrice", "2,5"),
    "no price": ("22142,MUG,1,2010-12-02 08:26:00,,1.0,UK", "UnitPrice", "empty"),
    "goods below zero": ("22142,MUG,1,2010-12-02 08:26:00,-0.001,1.0,UK", "UnitPrice", "below 0"),
    "a price beyond": (f"22142,M,1,2010-12-02 08:26:00,{'9' * 20},1,UK", "UnitPrice", "beyond"),
    "another date format": ("22142,MUG,1,02/12/2010 08:26,2.5,1.0,UK", "InvoiceDate", "02/12"),
    "the 30th of February": ("22142,MUG,1,2011-02-30 08:26:00,2.5,1.0,UK", "InvoiceDate", "30"),
    "the hour that clocks skip": ("22142,M,1,2011-03-27 01:30:00,2,1,UK", "InvoiceDate", "forward"),
    "no code": (" ,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK", "StockCode", "empty"),
    "a code with a bell": ("22\x07,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK", "StockCode", "printable"),
    "a title with a bell": (
        "22142,M\x07,1,2010-12-02 08:26:00,2.5,1,UK",
        "Description",
        "printable",
    ),
    "a code too long": (f"{'x' * 129},M,1,2010-12-02 08:26:00,2,1,UK", "StockCode", "128"),
    "a title too long": (f"22142,{'x' * 1001},1,2010-12-02 08:26:00,2,1,UK", "Description", "1000"),
    "a cell too many": ("22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK,?", None, "9 cells"),
    "a cell too few": ("22142,MUG,1,2010-12-02 08:26:00,2.5,1.0", None, "7 cells"),
    "another encoding": (
        b"22142,M\xfcg,1,2010-12-02 08:26:00,2.5,1.0,UK",
        "Description",
        "encoding",
    ),
    "text after a quote": ('22142,"M"UG,1,2010-12-02 08:26:00,2.5,1.0,UK', None, "no CSV row"),
}


@pytest.mark.parametrize(("row", "column", "said"), BAD_CELLS.values(), ids=BAD_CELLS.keys())
def test_a_bad_row_is_told_with_line_column_and_reason(imported, row, column, said):
    bad_row = b"536366," + row if isinstance(row, bytes) else f"536366,{row}"
    report, ledger = imported(GOOD, bad_row, LATER)
    [bad] = report.first_bad
    assert (bad.line, bad.column, bad.invoice) == (3, column, "536366")
    assert said in bad.reason
    assert bad.file.endswith("sales.csv")
    assert str(bad).startswith(f"{bad.file}, line 3")
    assert [sale.request_id for sale in ledger.of(RecordSale)] == ["536365", "536367"]
    assert (report.bad_rows, report.invoices_out, report.invoices) == (1, 1, 2)
    assert not report.whole


def test_one_bad_row_keeps_its_whole_invoice_out_wherever_it_stands(imported):
    before = "1,22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK"
    bad = "1,22142,MUG,?,2010-12-02 08:26:00,2.5,1.0,UK"
    report, ledger = imported(before, GOOD, bad, LATER, before)
    assert [sale.request_id for sale in ledger.of(RecordSale)] == ["536365", "536367"]
    assert (report.bad_rows, report.invoices_out) == (1, 1)
    assert [said.sku for said in ledger.of(DescribeProduct)] == ["22141"]


def test_the_mended_file_adds_the_missing_invoice_and_nothing_else(imported):
    _, ledger = imported(GOOD, "536366,22141,RED MUG,?,2010-12-02 08:26:00,2.5,1.0,UK", LATER)
    before = dict(ledger.kept)
    mended = "536366,22141,RED MUG,1,2010-12-02 08:26:00,2.5,1.0,UK"
    report, _ = imported(GOOD, mended, LATER, sink=ledger)
    assert report.whole
    assert (report.accepted, report.replayed) == (1, len(before))
    assert ledger.kept.keys() - before.keys() == {("wholesale", "536366")}


def test_every_bad_row_is_told_and_the_first_hundred_are_kept(imported):
    told = []
    rows = [f"{n},22142,MUG,?,2010-12-02 08:26:00,2.5,1.0,UK" for n in range(250)]
    report, _ = imported(*rows, on_bad_row=told.append)
    assert (report.bad_rows, len(report.first_bad), len(told)) == (250, 100, 250)
    assert [bad.line for bad in told] == list(range(2, 252))


def test_rows_that_differ_in_their_customer_keep_the_invoice_out(imported):
    report, ledger = imported(GOOD, GOOD.replace("17850", "17851"))
    assert report.first_bad[0].column == "CustomerID"
    assert not ledger.of(RecordSale)


def test_an_invoice_that_no_rule_covers_is_kept_out(imported):
    report, _ = imported("X1,22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK")
    assert (report.first_bad[0].column, report.invoices_out) == ("InvoiceNo", 1)
    assert "no rule of kinds" in report.first_bad[0].reason


def test_goods_handed_in_with_a_positive_quantity_are_no_return(imported):
    report, _ = imported("C1,22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK")
    assert "below 0 in a return" in report.first_bad[0].reason


def test_a_row_without_an_invoice_number_is_told_and_the_rest_goes_in(imported):
    report, ledger = imported(",22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK", GOOD)
    assert (report.first_bad[0].column, report.first_bad[0].invoice) == ("InvoiceNo", None)
    assert (report.invoices_out, len(ledger.of(RecordSale))) == (0, 1)


def test_lines_are_counted_as_an_editor_counts_them(imported):
    two_lines = '1,22142,"RED\nMUG",1,2010-12-02 08:26:00,2.5,1.0,UK'
    report, ledger = imported(two_lines, "", "2,22142,MUG,?,2010-12-02 08:26:00,2.5,1.0,UK")
    assert report.first_bad[0].line == 5
    assert [said.title for said in ledger.of(DescribeProduct)] == ["RED MUG"]


def test_a_quote_that_never_closes_keeps_out_every_invoice_that_it_swallows(imported):
    open_quote = '1,22142,"MUG,1,2010-12-02 08:26:00,2.5,1.0,UK'
    swallowed = "2,22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK"
    report, ledger = imported(GOOD, swallowed, open_quote, swallowed, "3,22142,MUG")
    assert [sale.request_id for sale in ledger.of(RecordSale)] == ["536365"]
    assert report.invoices_out == 3
    assert [bad.line for bad in report.first_bad] == [4, 5, 6]


def test_a_quote_that_closes_far_away_keeps_out_every_invoice_between(imported):
    between = [f"{n},22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK" for n in range(2, 40)]
    report, ledger = imported(
        GOOD,
        '1,22142,"MUG,1,2010-12-02 08:26:00,2.5,1.0,UK',
        *between,
        '40,22142,MUG",1,2010-12-02 08:26:00,2.5,1.0,UK',
        LATER,
    )
    assert [sale.request_id for sale in ledger.of(RecordSale)] == ["536365", "536367"]
    assert report.invoices_out == 40


def test_an_invoice_of_ten_thousand_lines_goes_in_and_of_one_more_does_not(imported):
    def rows(number, count):
        return [f"{number},22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK"] * count

    report, ledger = imported(*rows(1, 10_000), *rows(2, 10_001))
    assert [sale.request_id for sale in ledger.of(RecordSale)] == ["1"]
    assert (report.first_bad[0].line, report.first_bad[0].column) == (10_002, "InvoiceNo")
    assert "10001 rows" in report.first_bad[0].reason


def test_a_file_of_no_bytes_is_refused(export, mapping, ledger_of_nothing):
    file = export(header="")
    with pytest.raises(FileFault, match="is empty"):
        run_import(file, mapping, ledger_of_nothing)


def test_a_file_of_a_header_alone_says_nothing(imported):
    report, ledger = imported(opening_balances=True)
    assert (report.rows, report.sent, report.whole, report.nothing_new) == (0, {}, True, True)
    assert not ledger.kept


def test_a_missing_column_is_named_with_those_that_are_there(export, mapping, ledger_of_nothing):
    file = export(header="InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Price,CustomerID\n")
    with pytest.raises(FileFault, match=r"no column UnitPrice; its columns are: .*Price"):
        run_import(file, mapping, ledger_of_nothing)


def test_a_file_that_is_not_there_is_named(tmp_path, mapping, ledger_of_nothing):
    with pytest.raises(FileFault, match=r"gone\.csv: cannot be read: No such file"):
        run_import(tmp_path / "gone.csv", mapping, ledger_of_nothing)


def test_a_packed_file_that_ends_too_early_is_refused_before_anything_is_sent(
    export, tmp_path, mapping, ledger_of_nothing
):
    packed = gzip.compress(export(*[GOOD] * 5000).read_bytes())
    (tmp_path / "half.csv.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(FileFault, match=r"half\.csv\.gz: is damaged"):
        run_import(tmp_path / "half.csv.gz", mapping, ledger_of_nothing)
    assert not ledger_of_nothing.kept


def test_a_file_that_changes_while_it_is_read_is_told(export, mapping, ledger_of_nothing):
    file = export(GOOD)

    def change(progress):
        if progress.stage == "reading":
            export(GOOD.replace(",6,", ",7,"))

    with pytest.raises(FileFault, match="changed while it was imported"):
        run_import(file, mapping, ledger_of_nothing, on_progress=change)


def test_rows_that_lie_too_far_apart_are_refused_before_memory_is_full(
    imported, monkeypatch, ledger_of_nothing
):
    monkeypatch.setattr("consumers.ingest.survey.MAX_HELD_ROWS", 3)
    first = [f"{n},22142,MUG,1,2010-12-02 08:26:00,2.5,1.0,UK" for n in range(2)]
    with pytest.raises(FileFault, match="sort the file by invoice"):
        imported(*first, *first, sink=ledger_of_nothing)
    assert not ledger_of_nothing.kept
