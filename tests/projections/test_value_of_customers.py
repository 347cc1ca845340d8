"""What each person is worth: one row a person and currency, whatever ids are merged into one."""

from random import Random
from typing import Any

import pytest
from asks import ask, cancel, line, order, received, returned, sold
from given import given
from people import claimed, merged, unmerged

from ledger.domain.requests import OrderLine, ReturnLine, SaleLine
from projections.customers import customers
from projections.reports import REPORTS
from projections.reports.reads import report_page
from projections.reports.report import Asked

PEOPLE = 12


def bought(name: str, who: str | None, price: int = 500, currency: str = "EUR") -> Any:
    lines = (SaleLine(line_id="1", sku="MUG", quantity=2, unit_price_minor=price),)
    return sold("MUG", "STORE", 2, lines=lines, name=name, customer_id=who, currency=currency)


def brought_back(name: str, who: str | None, price: int = 500, **more: Any) -> Any:
    lines = (ReturnLine(line_id="1", sku="MUG", quantity=1, unit_price_minor=price),)
    asked = returned("MUG", "STORE", 1, name=name, customer_id=who, currency="EUR", **more)
    return ask(asked.type, asked.fields | {"lines": lines}, {"name": name})


def values(ledger: Any) -> dict[Any, Any]:
    rows = ledger.read(report_page, REPORTS["customer-value"], Asked(by="person"), limit=1000)
    return {
        (row.customer_id, row.currency): (
            row.ids, row.purchases, row.bought_minor, row.returned_minor, row.value_minor
        )
        for row in rows.items
    }  # fmt: skip


def test_a_person_is_worth_what_they_bought_less_what_they_brought_back(told):
    ledger = told(
        given(
            received("MUG", "STORE", 50),
            bought("s1", "c-1"),
            bought("s2", "c-1", 700),
            brought_back("r1", "c-1"),
            bought("s3", "c-2", 900, "USD"),
            bought("s4", None),
        )
    )
    assert values(ledger) == {
        ("c-1", "EUR"): (1, 2, 2_400, 500, 1_900),
        ("c-2", "USD"): (1, 1, 1_800, 0, 1_800),
    }


def test_merged_customers_are_one_row_and_currencies_are_never_added_up(told):
    shop = given(
        received("MUG", "STORE", 50),
        bought("s1", "c-1"),
        bought("s2", "c-2"),
        bought("s3", "c-3", 900, "USD"),
        merged("c-1", "c-2"),
        merged("c-2", "c-3"),
    )
    ledger = told(shop)
    assert values(ledger) == {
        ("c-3", "EUR"): (3, 2, 2_000, 0, 2_000),
        ("c-3", "USD"): (3, 1, 1_800, 0, 1_800),
    }
    shop.when(unmerged("c-2"))
    ledger.tell(shop)
    ledger.project()
    assert values(ledger) == {
        ("c-2", "EUR"): (2, 2, 2_000, 0, 2_000),
        ("c-3", "USD"): (1, 1, 1_800, 0, 1_800),
    }


def test_what_was_cancelled_was_not_bought_and_a_claimed_guest_order_was(told):
    lines = [OrderLine(line_id="1", sku="MUG", quantity=3, how="ship", location="STORE",
                       unit_price_minor=400)]  # fmt: skip
    ledger = told(
        given(
            received("MUG", "STORE", 50),
            order("A", *lines, customer_id="c-1", currency="EUR"),
            cancel("A", lines={"1": 1}),
            order("B", *lines, customer_id="c-1", currency="EUR"),
            cancel("B"),
            order("C", *lines, currency="EUR"),
            claimed("c-1", "C"),
            order("D", line("1", "MUG"), customer_id="c-2"),
        )
    )
    assert values(ledger) == {
        ("c-1", "EUR"): (1, 2, 2_000, 0, 2_000),
        ("c-2", None): (1, 1, 0, 0, 0),
    }


@pytest.mark.parametrize("seed", range(4))
def test_each_persons_amounts_are_those_of_their_own_page_whatever_the_links(told, seed):
    chance = Random(seed)
    who = [f"c-{number}" for number in range(PEOPLE)]
    asks = [received("MUG", "STORE", 500)]
    for number in range(60):
        name, one, other = f"n{number}", *chance.sample(who, 2)
        currency = chance.choice(("EUR", "EUR", "USD"))
        asks.append(
            chance.choice(
                [
                    bought(name, one, chance.randint(0, 900), currency),
                    bought(name, chance.choice((None, other)), chance.randint(0, 900), currency),
                    brought_back(name, one, chance.randint(0, 900)),
                    merged(one, other, name=name),
                    merged(one, other, name=name),
                    unmerged(one, name=name),
                    claimed(one, f"sale:till:n{chance.randint(0, number)}", name=name),
                ]
            )
        )
    ledger = told(given(*asks))
    must = {}
    for one in who:
        person, _ = ledger.read(customers.customer, one)
        if person is not None and person.merged_into is None:
            for amount in person.amounts:
                spent, back = amount.bought_minor, amount.returned_minor
                must[(one, amount.currency)] = (person.id_count, spent, back)
    found = {key: (ids, spent, back) for key, (ids, _, spent, back, _) in values(ledger).items()}
    assert found == must
    assert len(must) > 3
    assert any(ids > 1 for ids, _, _ in must.values())
