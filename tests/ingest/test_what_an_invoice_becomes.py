"""The example's rules, one by one: which request the rows of an invoice become."""

from datetime import UTC, datetime

import pytest

from ledger.domain.requests import (
    AdjustLine,
    AdjustStock,
    DescribeChannel,
    DescribeLocation,
    DescribeProduct,
    RecordReturn,
    RecordSale,
    ReturnLine,
    SaleLine,
)

MUG = "536365,22141,RED MUG,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom"


def test_an_invoice_becomes_one_sale_with_a_line_for_each_row(imported):
    report, ledger = imported(
        MUG, "536365,22142,BLUE MUG,2,2010-12-01 08:26:00,1.1,17850.0,United Kingdom"
    )
    assert ledger["536365"] == RecordSale(
        request_id="536365",
        occurred_at=datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
        location="uk-dc",
        customer_id="17850",
        currency="GBP",
        lines=(
            SaleLine(line_id="1", sku="22141", quantity=6, unit_price_minor=255),
            SaleLine(line_id="2", sku="22142", quantity=2, unit_price_minor=110),
        ),
    )
    assert (report.rows, report.invoices, report.sent["record_sale"]) == (2, 1, 1)
    assert report.whole


def test_rows_of_one_invoice_that_lie_apart_are_one_sale(imported):
    _, ledger = imported(
        MUG,
        "536366,22142,BLUE MUG,2,2010-12-01 08:28:00,1.1,17850.0,United Kingdom",
        "536365,22143,GREEN MUG,1,2010-12-01 08:26:00,1.1,17850.0,United Kingdom",
    )
    assert [line.sku for line in ledger["536365"].lines] == ["22141", "22143"]
    assert [sale.request_id for sale in ledger.of(RecordSale)] == ["536366", "536365"]


def test_an_invoice_with_two_timestamps_happened_at_the_earliest(imported):
    _, ledger = imported(
        "536591,22141,RED MUG,1,2010-12-01 16:58:00,2.55,14606.0,United Kingdom",
        "536591,22142,BLUE MUG,1,2010-12-01 16:57:00,2.55,14606.0,United Kingdom",
    )
    assert ledger["536591"].occurred_at == datetime(2010, 12, 1, 16, 57, tzinfo=UTC)


def test_identical_rows_are_separate_lines(imported):
    _, ledger = imported(MUG, MUG, MUG)
    assert [(line.line_id, line.quantity) for line in ledger["536365"].lines] == [
        ("1", 6),
        ("2", 6),
        ("3", 6),
    ]


def test_codes_in_lower_case_and_with_spaces_are_the_same_goods(imported):
    _, ledger = imported(
        "1, 85123a ,HEART,1,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
        "2,85123A,HEART,1,2010-12-01 08:27:00,2.55,17850.0,United Kingdom",
    )
    assert {line.sku for sale in ledger.of(RecordSale) for line in sale.lines} == {"85123A"}


@pytest.mark.parametrize(
    "code", ["POST", "dot", "C2", "M", "B", "BANK CHARGES", "PADS", "gift_0001_20", "AMAZONFEE"]
)
def test_services_are_sold_as_services(imported, code):
    _, ledger = imported(f"1,{code},,1,2010-12-01 08:26:00,18.0,17850.0,France", MUG)
    assert ledger["1"].lines[0].kind == "service"


def test_goods_whose_code_begins_with_letters_are_goods(imported):
    _, ledger = imported("1,DCGS0003,BOX,1,2010-12-01 08:26:00,18.0,17850.0,France")
    assert ledger["1"].lines[0].kind == "goods"


@pytest.mark.parametrize(("quantity", "reason"), [(-10, "damaged"), (3100, "came coded as 20713")])
def test_one_row_for_nothing_to_nobody_adjusts_stock_by_the_quantity_as_written(
    imported, quantity, reason
):
    _, ledger = imported(f"536589,21777, {reason} ,{quantity},2010-12-01 16:50:00,0.0,,France")
    assert ledger["536589"] == AdjustStock(
        request_id="536589",
        occurred_at=datetime(2010, 12, 1, 16, 50, tzinfo=UTC),
        location="uk-dc",
        reason=reason,
        lines=(AdjustLine(line_id="1", sku="21777", quantity=quantity),),
    )
    assert ledger.of(AdjustStock, "store")


def test_an_adjustment_without_a_description_says_that_the_reason_is_not_stated(imported):
    _, ledger = imported("536589,21777,,-10,2010-12-01 16:50:00,0.0,,United Kingdom")
    assert ledger["536589"].reason == "not stated"


@pytest.mark.parametrize(
    "rows",
    [
        ["1,21777,GIFT,1,2010-12-01 16:50:00,0.0,,UK", "1,21778,MUG,1,2010-12-01 16:50:00,2.5,,UK"],
        ["1,21777,GIFT,1,2010-12-01 16:50:00,0.0,,UK", "1,21778,MUG,1,2010-12-01 16:50:00,0.0,,UK"],
        ["1,21777,GIFT,1,2010-12-01 16:50:00,0.0,17850.0,UK"],
        ["1,POST,POSTAGE,1,2010-12-01 16:50:00,0.0,,UK"],
    ],
    ids=["in an invoice of several rows", "beside another", "to a customer", "of a service"],
)
def test_other_rows_for_nothing_are_sold_as_gifts(imported, rows):
    _, ledger = imported(*rows)
    assert ledger["1"].lines[0].unit_price_minor == 0
    assert isinstance(ledger["1"], RecordSale)


def test_a_credit_note_is_a_return_of_what_can_be_sold_again(imported):
    _, ledger = imported("C536391,22556,PLASTERS,-12,2010-12-01 10:24:00,1.65,17548.0,UK")
    assert ledger["C536391"] == RecordReturn(
        request_id="C536391",
        occurred_at=datetime(2010, 12, 1, 10, 24, tzinfo=UTC),
        location="uk-dc",
        customer_id="17548",
        currency="GBP",
        lines=(
            ReturnLine(
                line_id="1", sku="22556", quantity=12, unit_price_minor=165, state="available"
            ),
        ),
    )


def test_a_credit_note_of_a_discount_moves_no_stock(imported):
    _, ledger = imported("C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,UK")
    [line] = ledger["C536379"].lines
    assert (line.kind, line.quantity, line.unit_price_minor) == ("service", 1, 2750)


def test_bad_debt_is_a_sale_of_a_service_whose_price_may_be_below_zero(imported):
    _, ledger = imported("A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,UK")
    [line] = ledger["A563186"].lines
    assert (line.kind, line.unit_price_minor) == ("service", -1106206)


@pytest.mark.parametrize(
    ("price", "pence"),
    [
        ("0.001", 0),
        ("0.005", 0),
        ("0.015", 2),
        ("0.025", 2),
        ("0.0251", 3),
        ("1.1", 110),
        ("2", 200),
    ],
)
def test_prices_are_rounded_half_even_to_pence(imported, price, pence):
    _, ledger = imported(f"1,22141,MUG,1,2010-12-01 08:26:00,{price},17850.0,UK")
    assert ledger["1"].lines[0].unit_price_minor == pence


@pytest.mark.parametrize(
    ("rows", "channel"),
    [
        (
            ["1,22141,MUG,1,2010-12-01 08:26:00,2.5,,UK", "1,DOT,,1,2010-12-01 08:26:00,9,,UK"],
            "web",
        ),
        (["1,22141,MUG,1,2010-12-01 08:26:00,2.5,,UK"], "store"),
        (["1,22141,MUG,1,2010-12-01 08:26:00,2.5,17850.0,UK"], "wholesale"),
    ],
)
def test_postage_makes_it_the_web_a_guest_the_store_and_a_number_wholesale(imported, rows, channel):
    _, ledger = imported(*rows)
    assert ledger.of(RecordSale, channel)


def test_a_title_is_the_earliest_sale_row_with_a_price_and_a_description(imported):
    _, ledger = imported(
        "9,22141,later,1,2010-12-05 08:00:00,2.5,1.0,UK",
        "8,22141,,1,2010-12-02 08:00:00,2.5,1.0,UK",
        "7,22141,a gift,1,2010-12-02 09:00:00,0,1.0,UK",
        "C6,22141,a return,-1,2010-12-02 10:00:00,2.5,1.0,UK",
        "5,22141,damages,-1,2010-12-02 11:00:00,0,,UK",
        "4,22142,other,1,2010-12-03 08:00:00,2.5,1.0,UK",
        "4,22141, RED MUG ,1,2010-12-03 08:00:00,2.5,1.0,UK",
        "4,22141,second in the invoice,1,2010-12-03 08:00:00,2.5,1.0,UK",
        "41,22141,greater invoice,1,2010-12-03 08:00:00,2.5,1.0,UK",
    )
    [mug] = [said for said in ledger.of(DescribeProduct) if said.sku == "22141"]
    assert (mug.title, mug.occurred_at) == ("RED MUG", datetime(2010, 12, 3, 8, tzinfo=UTC))


def test_a_price_that_rounds_to_nothing_is_a_price(imported):
    _, ledger = imported("1,PADS,PADS TO MATCH,1,2010-12-01 08:26:00,0.001,1.0,UK")
    assert [said.title for said in ledger.of(DescribeProduct)] == ["PADS TO MATCH"]


def test_the_location_and_the_channels_are_described_before_any_row(imported):
    _, ledger = imported(MUG)
    [location] = ledger.of(DescribeLocation)
    assert (location.location, location.time_zone) == ("uk-dc", "Europe/London")
    kinds = {said.channel: said.kind for said in ledger.of(DescribeChannel)}
    assert kinds == {"web": "web", "store": "store", "wholesale": "erp"}
    assert all(not isinstance(request, RecordSale) for _, request in ledger.batches[0])


def test_summer_time_is_an_hour_before_the_clock_on_the_wall(imported):
    _, ledger = imported("1,22141,MUG,1,2011-07-01 08:26:00,2.5,1.0,UK")
    assert ledger["1"].occurred_at == datetime(2011, 7, 1, 7, 26, tzinfo=UTC)


def test_a_time_that_occurs_twice_is_the_first_of_the_two(imported):
    _, ledger = imported("1,22141,MUG,1,2010-10-31 01:30:00,2.5,1.0,UK")
    assert ledger["1"].occurred_at == datetime(2010, 10, 31, 0, 30, tzinfo=UTC)
