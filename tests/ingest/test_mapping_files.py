"""Mapping files: what is wrong in one is said by file, key and what is allowed."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from consumers.ingest.examples import MAPPING, example
from consumers.ingest.faults import MappingFault
from consumers.ingest.mapping import load_mapping, parse_mapping
from consumers.ingest.run import run_import
from ledger.domain.requests import (
    AdjustStock,
    DescribeLocation,
    DescribeProduct,
    RecordReturn,
    RecordSale,
)

EXAMPLE = example(MAPPING).read_text()

WRONG = {
    "an unknown table": ("[customer]", "[buyer]", "unknown key buyer; known: sender, file, col"),
    "an unknown column role": ('reason = "Desc', 'why = "Desc', "columns: unknown key why; known:"),
    "no sender": ('sender = "erp"', "", "sender: field required"),
    "a channel in capitals": ('sender = "erp"', 'sender = "ERP"', "sender: must be 1-40 of a-z"),
    "the writer's channel": ('sender = "erp"', 'sender = "onebook"', "and not onebook"),
    "a zone that is none": ('"Europe/London"', '"Europe/Lodnon"', "time.zone: must be an IANA"),
    "a zone that is a path": ('"Europe/London"', '"../etc/passwd"', "time.zone: must be an IANA"),
    "an encoding that is none": ('"utf-8"', '"utf-9"', "file.encoding: must be a text encoding"),
    "two delimiters": ('delimiter = ","', 'delimiter = ",;"', "file.delimiter: "),
    "a decimal star": (
        'decimal = "."',
        'decimal = "*"',
        "file.decimal: input should be '.' or ','",
    ),
    "one mark for two things": (
        'decimal = "."',
        'decimal = "."\nthousands = "."',
        "file: decimal and thousands must be different",
    ),
    "a kind that is none": ('kind = "return"', 'kind = "refund"', "kinds[0].kind: input should be"),
    "a broken pattern": ("C[0-9]+", "C[0-9+", "kinds[0].every[0].matches: is no regular"),
    "two questions at once": (
        'sign = "zero"',
        'sign = "zero", empty = true',
        "kinds[1].every[1]: must be a column with exactly one of",
    ),
    "a question about nothing": ('{ line = "goods" }', "{}", "kinds[1].every[3]: must be a column"),
    "zero rows": ("rows = 1", "rows = 0", "kinds[1].rows: input should be greater"),
    "a currency in words": ('"GBP"', '"pounds"', "price.currency: "),
    "a price of nothing": (
        'unit_price = "UnitPrice"',
        "",
        "columns.unit_price and price.currency belong together",
    ),
    "a number in quotes": (
        "decimals = 2",
        'decimals = "2"',
        "price.decimals: input should be a va",
    ),
    "a channel described twice": (
        'channel = "store"\nkind = "store"',
        'channel = "web"\nkind = "store"',
        "channel web is described in two ways",
    ),
    "no TOML": ("[sku]", "[sku", "is not TOML"),
}


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_mapping_is_told_by_file_key_and_what_is_allowed(tmp_path, old, new, said):
    assert old in EXAMPLE
    (tmp_path / "wrong.toml").write_text(EXAMPLE.replace(old, new, 1))
    with pytest.raises(MappingFault) as fault:
        load_mapping(tmp_path / "wrong.toml")
    assert str(fault.value).startswith(str(tmp_path / "wrong.toml"))
    assert said in str(fault.value)


def test_a_location_has_no_conditions_where_a_column_names_it():
    text = (Path(__file__).parent / "kiosk.toml").read_text()
    with pytest.raises(MappingFault, match=r"columns\.location decides the location"):
        parse_mapping(f"{text}rows = 1\n".encode(), "kiosk.toml")


def test_a_mapping_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MappingFault, match=re.escape(f"{tmp_path}: cannot be read")):
        load_mapping(tmp_path)


def test_a_mapping_without_bounds_is_not_read(tmp_path):
    (tmp_path / "huge.toml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(MappingFault, match="no mapping file"):
        load_mapping(tmp_path / "huge.toml")


@pytest.fixture
def kiosk():
    return load_mapping(Path(__file__).parent / "kiosk.toml")


@pytest.fixture
def receipts(tmp_path):
    file = tmp_path / "bons.csv"
    rows = """Art;Bon;Filiale;Zeit;Artikel;Bezeichnung;Menge;Preis;Kunde;Grund
VK;100;mitte;01.03.2026 09:15;KAFFEE-1;Kaffee für alle;2;3,50;;
VK;100;mitte;01.03.2026 09:15;PFAND;Pfand;2;0,25;;
VK;101;nord;01.07.2026 09:20;kaffee-1;Kaffee;1.000;1.203,505;77-DE;
RET;102;nord;01.03.2026 10:00;kaffee-1;Kaffee;1;3,50;77-DE;
KORR-;103;mitte;01.03.2026 11:00;kaffee-1;Kaffee;3;0;;verschüttet
KORR+;104;mitte;01.03.2026 11:00;kaffee-1;Kaffee;-5;0;;
"""
    file.write_bytes(rows.encode("cp1252"))
    return file


def test_another_retailers_export_is_read_by_another_mapping(kiosk, receipts, ledger_of_nothing):
    report = run_import(receipts, kiosk, ledger_of_nothing)
    assert report.whole, report.first_bad
    ledger = ledger_of_nothing
    coffee, deposit = ledger["100"].lines
    assert (coffee.sku, coffee.quantity, coffee.unit_price_minor) == ("kaffee-1", 2, 350)
    assert (deposit.sku, deposit.kind, deposit.unit_price_minor) == ("pfand", "service", 25)
    assert ledger["100"].occurred_at == datetime(2026, 3, 1, 8, 15, tzinfo=UTC)
    assert ledger["100"].currency == "EUR"
    [large] = ledger["101"].lines
    assert (large.quantity, large.unit_price_minor) == (1000, 120350)
    assert (ledger["101"].location, ledger["101"].customer_id) == ("nord", "77")
    assert ledger["101"].occurred_at == datetime(2026, 7, 1, 7, 20, tzinfo=UTC)
    assert [sale.request_id for sale in ledger.of(RecordSale, "app")] == ["101"]
    assert [(r.request_id, r.lines[0].quantity) for r in ledger.of(RecordReturn)] == [("102", 1)]
    assert {(r.reason, r.lines[0].quantity) for r in ledger.of(AdjustStock, "kasse")} == {
        ("verschüttet", -3),
        ("inventur", 5),
    }
    titles = {said.sku: said.title for said in ledger.of(DescribeProduct)}
    assert titles == {"kaffee-1": "Kaffee für alle", "pfand": "Pfand"}
    [mitte] = ledger.of(DescribeLocation)
    assert (mitte.location, mitte.kind, mitte.ships) == ("mitte", "store", False)


def test_rows_of_one_invoice_at_two_locations_keep_it_out(kiosk, receipts, ledger_of_nothing):
    text = receipts.read_bytes().replace(b"VK;100;mitte", b"VK;100;nord", 1)
    receipts.write_bytes(text)
    report = run_import(receipts, kiosk, ledger_of_nothing)
    assert [(bad.line, bad.column) for bad in report.first_bad] == [(3, "Filiale")]


def test_a_service_has_no_stock_to_adjust(kiosk, receipts, ledger_of_nothing):
    text = EXAMPLE.replace('    { line = "goods" },\n', "")
    mapping = parse_mapping(text.encode(), "loose.toml")
    receipts.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"
        "1,POST,POSTAGE,1,2010-12-01 08:26:00,0.0,\n"
    )
    report = run_import(receipts, mapping, ledger_of_nothing)
    assert (report.first_bad[0].column, report.invoices) == ("StockCode", 0)
