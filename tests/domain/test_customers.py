"""Rule 14: facts about customers are recorded, whatever is known; claims of orders are looked at."""

import pytest
from asks import Ask, customer, order, received, sold
from books import snapshot
from given import accepted, given, happened, nothing_raised, raised, resolved
from people import agreed, claimed, contact, linked, merged, unmerged, withdrew

from ledger.domain.events import (
    ConsentGiven,
    ConsentWithdrawn,
    ContactRecorded,
    CustomerRegistered,
    CustomersMerged,
    CustomersUnmerged,
    GuestOrdersClaimed,
    IdentityLinked,
)

PLENTY = received("SKU", "STORE", 50)


@pytest.mark.parametrize(
    ("said", "event", "fields"),
    [
        (customer("c-1"), CustomerRegistered, {"customer_id": "c-1"}),
        (linked("c-1", "4711"), IdentityLinked, {"scheme": "loyalty", "identity": "4711"}),
        (merged("c-2", "c-1"), CustomersMerged, {"customer_id": "c-2", "into": "c-1"}),
        (unmerged("c-2"), CustomersUnmerged, {"customer_id": "c-2"}),
        (contact("phone", customer_id="c-1", topic="size"), ContactRecorded, {"means": "phone", "topic": "size", "order_id": None}),
        (agreed("c-1"), ConsentGiven, {"purpose": "newsletter"}),
        (withdrew("c-1"), ConsentWithdrawn, {"purpose": "newsletter"}),
    ],
)  # fmt: skip
def test_a_word_on_a_customer_nobody_knows_is_recorded_and_needs_no_looking_at(
    said: Ask, event: type, fields: dict[str, str]
) -> None:
    given().when(said).then(happened(event, **fields), nothing_raised())


def test_merging_in_a_circle_is_recorded_like_any_fact() -> None:
    given(merged("c-1", "c-2")).when(merged("c-2", "c-1", name="back")).then(
        accepted("back"), happened(CustomersMerged), nothing_raised()
    )


def test_a_guests_order_and_sale_are_claimed_at_once() -> None:
    given(PLENTY, order("A"), sold("SKU", "STORE", 1, name="s-1")).when(
        claimed("c-1", "A", "sale:till:s-1", name="mine")
    ).then(
        accepted("mine"),
        happened(GuestOrdersClaimed, order_ids=("A", "sale:till:s-1")),
        nothing_raised(),
    )


def test_a_claim_of_orders_nobody_knows_waits_for_each_of_them() -> None:
    shop = given(PLENTY, order("A")).when(claimed("c-1", "A", "B", "sale:till:s-1"))
    shop.then(
        happened(GuestOrdersClaimed),
        raised("unlinked", 2),
        raised("unlinked", order_id="B"),
        raised("unlinked", order_id="sale:till:s-1"),
    )
    shop.when(order("B")).then(resolved("unlinked", order_id="B"), happened(GuestOrdersClaimed, 0))
    shop.when(sold("SKU", "STORE", 1, name="s-1")).then(
        resolved("unlinked", order_id="sale:till:s-1"), nothing_raised()
    )


def test_an_order_that_names_another_customer_is_claimed_twice() -> None:
    given(PLENTY, order("A", customer_id="c-1")).when(claimed("c-2", "A", name="mine")).then(
        accepted("mine"),
        raised("claimed_twice", order_id="A", subject="customer/c-2"),
        happened(GuestOrdersClaimed),
    )


def test_a_sale_that_names_another_customer_is_claimed_twice() -> None:
    given(PLENTY, sold("SKU", "STORE", 1, name="s-1", customer_id="c-1")).when(
        claimed("c-2", "sale:till:s-1")
    ).then(raised("claimed_twice", order_id="sale:till:s-1"))


def test_claiming_what_already_names_the_customer_is_harmless() -> None:
    given(PLENTY, order("A", customer_id="c-1")).when(claimed("c-1", "A")).then(nothing_raised())


def test_a_claimed_order_that_comes_and_names_another_customer_is_told_when_it_comes() -> None:
    given(PLENTY, claimed("c-2", "A")).when(order("A", customer_id="c-1")).then(
        accepted("A"), resolved("unlinked", order_id="A"), raised("claimed_twice", order_id="A")
    )


def test_a_refused_order_is_nobodys_and_its_claim_waits_on() -> None:
    given(claimed("c-1", "A")).when(order("A")).then(resolved("unlinked", 0)).when(
        received("SKU", "STORE", 5), order("A", name="again")
    ).then(accepted("again"), resolved("unlinked", order_id="A"))


@pytest.mark.parametrize("whom", [{}, {"customer_id": "c-1"}])
def test_a_contact_about_an_order_nobody_knows_is_told_until_it_comes(whom: dict[str, str]) -> None:
    given(PLENTY).when(contact(order_id="A", **whom)).then(
        happened(ContactRecorded, order_id="A"), raised("unlinked", order_id="A")
    ).when(order("A")).then(
        resolved("unlinked", order_id="A"), happened(ContactRecorded, 0), nothing_raised()
    )


def test_a_contact_about_a_known_order_is_only_recorded() -> None:
    given(PLENTY, order("A")).when(contact(order_id="A")).then(
        happened(ContactRecorded, stream="contact/crm/request 3"), nothing_raised()
    )


def test_a_thousand_words_on_customers_leave_nothing_behind_in_memory() -> None:
    """All that is known of customers is in the ledger and its views."""
    words = [
        said
        for number in range(100)
        for said in (
            customer(f"c-{number}"),
            linked(f"c-{number}", "4711"),
            merged(f"c-{number}", "c-0" if number else "c-1"),
            agreed(f"c-{number}"),
            contact(customer_id=f"c-{number}"),
        )
    ]
    shop = given(PLENTY)
    before = snapshot(shop.books.state)
    shop.when(*words).then(nothing_raised())
    assert snapshot(shop.books.state) == before
