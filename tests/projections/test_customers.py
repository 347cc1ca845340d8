"""Rule 14: customers are merged and unmerged, and their history follows."""

from datetime import UTC, datetime
from random import Random

import pytest
from asks import (
    ask,
    cancel,
    clock_time,
    collected,
    customer,
    delivered,
    line,
    order,
    paid,
    ready,
    received,
    returned,
    shipment_voided,
    shipped,
    sold,
)
from given import given
from people import agreed, claimed, contact, linked, merged, unmerged, withdrew

from ledger.domain.requests import (
    AuthoriseReturn,
    OrderLine,
    ReceivedLine,
    ReceiveReturn,
    ReturnedLine,
    SaleLine,
)
from projections.customers import customers

MUGS = received("MUG", "STORE", 50)
PRICED = (SaleLine(line_id="1", sku="MUG", quantity=2, unit_price_minor=500),)


def bought(name, customer_id=None, currency="EUR", lines=PRICED, **more):
    """A sale of two mugs at 5.00 each."""
    more = {"name": name, "customer_id": customer_id, "currency": currency, **more}
    return sold("MUG", "STORE", 2, lines=lines, **more)


def person(ledger, customer_id):
    return ledger.read(customers.customer, customer_id)[0]


def timeline(ledger, customer_id):
    return ledger.read(customers.history, customer_id, limit=1000).items


def kinds(ledger, customer_id):
    return [(item.kind, item.customer_id) for item in timeline(ledger, customer_id)]


def test_two_merged_customers_have_one_timeline_newest_first(told):
    ledger = told(
        given(
            MUGS,
            bought("s-1", "c-1"),
            bought("s-2", "c-2"),
            contact("phone", customer_id="c-1", topic="opening hours"),
            merged("c-2", "c-1"),
            agreed("c-2"),
        )
    )
    whole = [
        ("consent_given", "c-2"),
        ("merged", "c-2"),
        ("contact", "c-1"),
        ("sale", "c-2"),
        ("sale", "c-1"),
    ]
    assert kinds(ledger, "c-1") == kinds(ledger, "c-2") == whole
    topics = [item.topic for item in timeline(ledger, "c-1")]
    assert topics == ["newsletter", "c-1", "opening hours", None, None]


def test_asking_for_a_merged_id_shows_the_person_and_says_into_whom_it_was_merged(told):
    ledger = told(given(MUGS, bought("s-1", "c-1"), bought("s-2", "c-2"), merged("c-2", "c-1")))
    one, other = person(ledger, "c-1"), person(ledger, "c-2")
    assert (one.customer_id, one.merged_into) == ("c-1", None)
    assert (other.customer_id, other.merged_into) == ("c-2", "c-1")
    assert (one.ids, one.id_count, one.sales) == (("c-1", "c-2"), 2, 2)
    fields = set(customers.Customer.__struct_fields__) - {"customer_id", "merged_into"}
    assert {f: getattr(one, f) for f in fields} == {f: getattr(other, f) for f in fields}


def test_an_unmerge_gives_each_their_own_history_back(told):
    shop = given(MUGS, bought("s-1", "c-1"), bought("s-2", "c-2"), linked("c-2", "4711"))
    ledger = told(shop)
    alone = {name: (person(ledger, name), timeline(ledger, name)) for name in ("c-1", "c-2")}
    ledger = told(shop.when(merged("c-2", "c-1")))
    assert [i.identity for i in person(ledger, "c-1").identities] == ["4711"]
    ledger = told(shop.when(unmerged("c-2")))
    assert timeline(ledger, "c-1") == alone["c-1"][1]
    assert timeline(ledger, "c-2")[2:] == alone["c-2"][1]
    assert [item.kind for item in timeline(ledger, "c-2")[:2]] == ["unmerged", "merged"]
    for name, (before, _) in alone.items():
        now = person(ledger, name)
        assert (now.ids, now.sales, now.amounts, now.identities, now.merged_into) == (
            (name,),
            before.sales,
            before.amounts,
            before.identities,
            None,
        )


def test_a_chain_of_merges_is_one_person_and_breaks_where_it_is_undone(told):
    shop = given(merged("c-1", "c-2"), merged("c-2", "c-3"), merged("c-3", "c-4"))
    ledger = told(shop)
    for name in ("c-1", "c-2", "c-3", "c-4"):
        assert person(ledger, name).ids == ("c-1", "c-2", "c-3", "c-4")
        assert person(ledger, name).merged_into == (None if name == "c-4" else "c-4")
    ledger = told(shop.when(unmerged("c-2")))
    assert (person(ledger, "c-1").ids, person(ledger, "c-1").merged_into) == (("c-1", "c-2"), "c-2")
    assert (person(ledger, "c-3").ids, person(ledger, "c-3").merged_into) == (("c-3", "c-4"), "c-4")


def test_customers_merged_in_a_circle_are_one_person_under_the_smallest_id(told):
    ledger = told(
        given(
            merged("c-3", "c-2"),
            merged("c-2", "c-4"),
            merged("c-4", "c-3"),
            merged("a-1", "c-4"),  # leads into the circle, and is not of it
        )
    )
    for name in ("a-1", "c-2", "c-3", "c-4"):
        found = person(ledger, name)
        assert found.ids == ("a-1", "c-2", "c-3", "c-4")
        assert found.merged_into == (None if name == "c-2" else "c-2")


def test_merging_again_moves_a_customer_to_whom_the_latest_word_says(told):
    ledger = told(
        given(merged("c-3", "c-1", at="10:00"), merged("c-3", "c-2", at="09:00", arrives="11:00"))
    )
    assert person(ledger, "c-3").merged_into == "c-1"
    assert person(ledger, "c-2").ids == ("c-2",)


@pytest.mark.parametrize("seed", [1, 2, 8])
def test_whoever_leads_to_the_same_customer_is_one_person_whatever_the_links(told, seed):
    chance = Random(seed)
    names = [f"c-{number:02}" for number in range(40)]
    links = {}
    words = [customer(name) for name in names]
    for _ in range(60):
        name, into = chance.sample(names, 2)
        if chance.random() < 0.2:
            links.pop(name, None)
            words.append(unmerged(name))
        else:
            links[name] = into
            words.append(merged(name, into))
    ledger = told(given(*words))
    heads = {name: head(links, name) for name in names}
    assert any(heads[links.get(h, h)] == h and h in links for h in heads.values()), "no circle"
    for name in names:
        found = person(ledger, name)
        ids = tuple(other for other in names if heads[other] == heads[name])
        assert (found.ids, found.merged_into or name) == (ids, heads[name])


def head(links, name):
    """Who stands for a customer: told in another way than the read does it."""
    for _ in links:
        name = links.get(name, name)
    circle = {name}
    while name in links and links[name] not in circle:
        name = links[name]
        circle.add(name)
    return min(circle) if name in links else name


def test_a_merge_is_one_row_and_rewrites_nothing(told):
    shop = given(MUGS, bought("s-1", "c-1"), bought("s-2", "c-2"))
    ledger = told(shop)
    before = ledger.sql("SELECT xmin::text, * FROM customer_history ORDER BY position")
    ledger = told(shop.when(merged("c-2", "c-1")))
    after = ledger.sql("SELECT xmin::text, * FROM customer_history ORDER BY position")
    assert after[:2] == before
    assert [row["kind"] for row in after[2:]] == ["merged"]
    [link] = ledger.sql("SELECT customer_id, merged_into FROM customer_merges")
    assert link == {"customer_id": "c-2", "merged_into": "c-1"}


def test_totals_of_a_person_never_mix_currencies(told):
    ledger = told(
        given(
            MUGS,
            bought("s-1", "c-1", "EUR"),
            bought("s-2", "c-2", "GBP"),
            bought("s-3", "c-2", "EUR"),
            returned("MUG", "STORE", 1, sale="s-3", customer_id="c-2"),
            bought("guest", None, "CHF"),
            claimed("c-1", "sale:till:guest"),
            merged("c-2", "c-1"),
        )
    )
    found = person(ledger, "c-1")
    assert [(a.currency, a.bought_minor) for a in found.amounts] == [
        ("CHF", 1000),
        ("EUR", 2000),
        ("GBP", 1000),
    ]
    assert (found.sales, found.orders, found.returns) == (4, 0, 1)


def test_the_latest_word_on_a_consent_counts_under_whichever_id_it_was_said(told):
    shop = given(
        agreed("c-1", at="10:00"),
        agreed("c-1", "profiling", at="10:00"),
        withdrew("c-2", at="11:00"),
        withdrew("c-2", "profiling", at="09:00"),
        merged("c-2", "c-1"),
    )
    ledger = told(shop)
    consents = [(c.purpose, c.given, c.customer_id) for c in person(ledger, "c-1").consents]
    assert consents == [("newsletter", False, "c-2"), ("profiling", True, "c-1")]
    ledger = told(shop.when(unmerged("c-2")))
    assert [c.given for c in person(ledger, "c-1").consents] == [True, True]
    assert [c.given for c in person(ledger, "c-2").consents] == [False, False]


def test_a_loyalty_card_is_whose_it_was_linked_to_last(told):
    ledger = told(
        given(
            linked("c-2", "4711", at="10:00"),
            linked("c-1", "4711", at="09:00", arrives="12:00"),
            linked("c-1", "4711", scheme="shop", at="09:00"),
        )
    )
    first, second = (person(ledger, name).identities for name in ("c-1", "c-2"))
    assert [(i.scheme, i.identity) for i in first] == [("shop", "4711")]
    assert [(i.scheme, i.identity) for i in second] == [("loyalty", "4711")]


def test_a_guests_order_and_sale_stand_in_the_history_of_who_claims_them(told):
    shop = given(MUGS, order("A", line("1", "MUG"), currency="EUR"), bought("s-1"), paid("A"))
    shop.when(customer("c-1"))
    assert timeline(told(shop), "c-1") == []
    ledger = told(shop.when(claimed("c-1", "A", "sale:till:s-1")))
    said = [(i.kind, i.order_id, i.claimed, i.state) for i in timeline(ledger, "c-1")]
    assert said == [
        ("guest_orders_claimed", None, False, None),
        ("payment", "A", True, "captured"),
        ("sale", "sale:till:s-1", True, "collected"),
        ("order", "A", True, "open"),
    ]
    found = person(ledger, "c-1")
    assert (found.sales, found.orders, found.amounts[0].bought_minor) == (1, 1, 1000)
    assert found.last_purchase_at is not None
    assert {c.order_id: c.state for c in found.claimed_orders} == {
        "A": "counts",
        "sale:till:s-1": "counts",
    }


def test_an_order_claimed_before_it_is_known_counts_when_it_comes(told):
    shop = given(MUGS, claimed("c-1", "A"))
    ledger = told(shop)
    assert [c.state for c in person(ledger, "c-1").claimed_orders] == ["waits"]
    assert person(ledger, "c-1").orders == 0
    ledger = told(shop.when(order("A", line("1", "MUG"))))
    assert [c.state for c in person(ledger, "c-1").claimed_orders] == ["counts"]
    assert person(ledger, "c-1").orders == 1
    assert ("order", "c-1") in kinds(ledger, "c-1")


def test_an_order_that_names_another_customer_stays_theirs_however_claimed(told):
    shop = given(MUGS, order("A", line("1", "MUG"), customer_id="c-1"), claimed("c-2", "A"))
    ledger = told(shop)
    assert [c.state for c in person(ledger, "c-2").claimed_orders] == ["of_another"]
    assert kinds(ledger, "c-2") == [("guest_orders_claimed", "c-2")]
    assert kinds(ledger, "c-1") == [("order", "c-1")]
    ledger = told(shop.when(merged("c-2", "c-1")))
    assert [c.state for c in person(ledger, "c-2").claimed_orders] == ["own"]
    assert person(ledger, "c-2").orders == 1


def test_a_guest_order_claimed_by_two_belongs_to_the_later_one(told):
    ledger = told(
        given(
            MUGS,
            order("A", line("1", "MUG")),
            claimed("c-2", "A", at="11:00"),
            claimed("c-1", "A", at="10:00", arrives="12:00"),
        )
    )
    assert (person(ledger, "c-1").orders, person(ledger, "c-2").orders) == (0, 1)


def test_parcels_pickups_payments_and_returns_of_a_persons_orders_are_on_their_timeline(told):
    mine = {"customer_id": "c-1", "currency": "EUR"}
    two = (line("1", "MUG", 3), line("2", "CUP"))
    pickup = line("1", "MUG", how="pickup")
    ledger = told(
        given(
            MUGS,
            received("CUP", "STORE", 5),
            order("A", *two, **mine),
            paid("A"),
            shipped("A", {"1": 3, "2": 1}),
            shipment_voided("A", {"2": 1}),
            delivered("A", {"1": 3}),
            order("B", pickup, **mine),
            collected("B"),
            returned("MUG", "STORE", 2, order_id="A"),
        )
    )
    said = [
        (i.kind, i.order_id, i.quantity, i.shipment_id, i.location) for i in timeline(ledger, "c-1")
    ]
    assert said == [
        ("return", "A", 2, None, "STORE"),
        ("collected", "B", 1, None, "STORE"),
        ("order", "B", None, None, None),
        ("delivered", "A", 3, "parcel", None),
        ("shipment_voided", "A", 1, "parcel", "STORE"),
        ("shipped", "A", 4, "parcel", "STORE"),
        ("payment", "A", None, None, None),
        ("order", "A", None, None, None),
    ]
    assert person(ledger, "c-1").returns == 1


def test_goods_of_an_authorised_return_come_back_to_the_timeline_at_the_orders_price(told):
    keys = {"return_id": "r-1", "location": "STORE"}
    goods = {"lines": (ReturnedLine(line_id="1", quantity=2),), "order_id": "A"}
    back = {"lines": (ReceivedLine(line_id="1", sku="MUG", quantity=2),), **keys}
    ledger = told(
        given(
            MUGS,
            order("A", dear_mugs(3), customer_id="c-1", currency="GBP"),
            shipped("A", {"1": 3}),
            ask(AuthoriseReturn, {"return_id": "r-1", **goods}, {}),
            ask(ReceiveReturn, back, {}),
        )
    )
    item = timeline(ledger, "c-1")[0]
    assert (item.kind, item.return_id, item.quantity, item.order_id) == ("return", "r-1", 2, "A")
    found = person(ledger, "c-1")
    amounts = [(a.currency, a.bought_minor, a.returned_minor) for a in found.amounts]
    assert amounts == [("GBP", 2970, 1980)]
    assert found.returns == 1


def test_what_was_cancelled_or_not_collected_in_time_was_not_bought(told):
    mine = {"customer_id": "c-1", "currency": "EUR"}
    shop = given(
        MUGS,
        order("A", dear_mugs(3), **mine),
        order("B", dear_mugs(1), **mine),
        ready("A", {"1": 2}, until=clock_time("10:00")),
        cancel("B"),
    )
    found = person(told(shop.wait_until("11:00")), "c-1")
    assert [a.bought_minor for a in found.amounts] == [990]
    assert [i.kind for i in timeline(told(shop), "c-1")][:2] == [
        "pickup_expired",
        "ready_for_pickup",
    ]


def dear_mugs(quantity):
    return OrderLine(
        line_id="1",
        sku="MUG",
        quantity=quantity,
        how="pickup",
        location="STORE",
        unit_price_minor=990,
    )


def test_a_return_that_names_the_customer_is_listed_once(told):
    ledger = told(
        given(
            MUGS,
            order("A", line("1", "MUG"), customer_id="c-1"),
            shipped("A"),
            returned("MUG", "STORE", 1, order_id="A", customer_id="c-1"),
        )
    )
    assert [item.kind for item in timeline(ledger, "c-1")] == ["return", "shipped", "order"]
    assert person(ledger, "c-1").returns == 1


def test_after_sales_by_whatsapp_about_an_order_stands_with_whose_order_it_is(told):
    shop = given(MUGS, contact(order_id="A", topic="where is it"))
    ledger = told(shop)
    assert person(ledger, "c-1") is None
    ledger = told(shop.when(order("A", line("1", "MUG"), customer_id="c-1")))
    first = timeline(ledger, "c-1")[-1]
    assert (first.kind, first.means, first.topic) == ("contact", "whatsapp", "where is it")
    assert (first.direction, first.order_id, person(ledger, "c-1").contacts) == ("inbound", "A", 1)


def test_a_contact_that_names_customer_and_order_is_listed_once_with_the_customer(told):
    ledger = told(
        given(
            MUGS,
            order("A", line("1", "MUG"), customer_id="c-1"),
            contact("social", customer_id="c-2", order_id="A", direction="outbound"),
        )
    )
    assert kinds(ledger, "c-1") == [("order", "c-1")]
    [item] = timeline(ledger, "c-2")
    assert (item.kind, item.means, item.order_id) == ("contact", "social", "A")
    assert (person(ledger, "c-1").contacts, person(ledger, "c-2").contacts) == (0, 1)


def test_a_person_is_seen_since_the_earliest_of_their_ids_and_bought_at_the_latest(told):
    ledger = told(
        given(
            MUGS,
            customer("c-1", at="09:00"),
            bought("s-1", "c-2", at="08:00"),
            bought("s-2", None, at="10:00"),
            claimed("c-2", "sale:till:s-2", at="11:00"),
            merged("c-2", "c-1"),
        )
    )
    found = person(ledger, "c-1")
    times = [found.first_seen, found.last_purchase_at]
    assert times == [datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (8, 10)]
    assert found.registered


def test_whoever_is_named_by_any_fact_is_known_and_nobody_else(told):
    ledger = told(given(merged("c-2", "c-1"), linked("c-3", "4711"), contact(customer_id="c-4")))
    found = [person(ledger, f"c-{number}") for number in range(1, 6)]
    assert [p is None or p.registered for p in found] == [False, False, False, False, True]
    assert found[4] is None
    assert (found[0].sales, found[0].amounts, found[0].last_purchase_at) == (0, (), None)


def test_the_timeline_read_page_by_page_is_the_whole_of_it_for_every_id_of_the_person(told):
    ledger = told(
        given(
            MUGS,
            *(bought(f"s-{n}", f"c-{n % 3}") for n in range(6)),
            *(order(f"o-{n}", line("1", "MUG"), line("2", "MUG")) for n in range(3)),
            *(shipped(f"o-{n}", {"1": 1, "2": 1}) for n in range(3)),
            claimed("c-2", "o-0", "o-1", "o-2"),
            cancel("o-1"),
            merged("c-0", "c-1"),
            merged("c-1", "c-2"),
        )
    )
    whole = timeline(ledger, "c-2")
    assert [i.position for i in whole] == sorted({i.position for i in whole}, reverse=True)
    assert len(whole) == 6 + 3 + 3 + 1 + 2
    for limit in (1, 2, 4):
        for name in ("c-0", "c-1", "c-2"):
            found, after = [], None
            for _ in whole:
                page = ledger.read(customers.history, name, after=after, limit=limit)
                found += page.items
                after = page.next
                if after is None:
                    break
            assert (found, after) == (whole, None)


def test_customers_folded_afresh_are_the_same_and_verified(told):
    shop = given(
        MUGS,
        order("A", line("1", "MUG")),
        paid("A"),
        bought("s-1", "c-1"),
        claimed("c-2", "A", "B"),
        merged("c-2", "c-1"),
        unmerged("c-3"),
        linked("c-1", "4711"),
        linked("c-2", "4711"),
        agreed("c-1"),
        withdrew("c-1"),
        contact(order_id="A"),
        contact(customer_id="c-1"),
    )
    ledger = told(shop)
    before = (ledger.digests(), person(ledger, "c-1"), timeline(ledger, "c-1"))
    assert ledger.differences() == 0
    ledger.rebuild("customers", "customer_links", "order_history")
    assert (ledger.digests(), person(ledger, "c-1"), timeline(ledger, "c-1")) == before


@pytest.mark.parametrize(
    ("tampering", "table"),
    [
        ("UPDATE customer_merges SET merged_into = 'c-9'", "customer_merges"),
        ("UPDATE customer_identities SET customer_id = 'c-9'", "customer_identities"),
        ("UPDATE customer_consents SET given = NOT given", "customer_consents"),
        ("UPDATE guest_order_claims SET customer_id = 'c-9'", "guest_order_claims"),
        ("DELETE FROM order_history", "order_history"),
        ("UPDATE customer_history SET topic = 'x' WHERE kind = 'merged'", "customer_history"),
    ],
)
def test_a_link_changed_by_hand_is_named_by_verify(told, tampering, table):
    words = (merged("c-2", "c-1"), linked("c-1", "1"), agreed("c-1"), claimed("c-1", "A"))
    ledger = told(given(*words, contact(order_id="A")))
    ledger.sql(tampering)
    reports = {t.table: t.different_rows for report in ledger.verify() for t in report.tables}
    assert {name: rows for name, rows in reports.items() if rows} == {table: 1}
