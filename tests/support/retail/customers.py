"""Customers: registered, known by many names, merged and unmerged, in contact."""

from ledger.domain.requests import (
    ClaimGuestOrders,
    GiveConsent,
    LinkIdentity,
    MergeCustomers,
    RecordContact,
    RegisterCustomer,
    UnmergeCustomers,
    WithdrawConsent,
)
from retail.counter import of_sale
from retail.world import World


def register(world: World) -> None:
    """Somebody new; heard of late at times, so that others name them first."""
    customer_id = world.a_name("customer")
    world.tell(RegisterCustomer, customer_id=customer_id)
    world.customers.append(customer_id)


def link(world: World) -> None:
    """A card or an account; two customers may claim the same."""
    if world.customers:
        scheme = world.chance.choice(("loyalty", "web-account"))
        identity = f"{scheme}-{world.chance.randint(1, 6)}"
        customer_id = world.one_of(world.customers)
        world.tell(LinkIdentity, customer_id=customer_id, scheme=scheme, identity=identity)


def merge(world: World) -> None:
    """Two ids are one person; in circles, if people say so."""
    if len(world.customers) > 1:
        one, other = world.chance.sample(world.customers[-6:], 2)
        world.tell(MergeCustomers, customer_id=one, into=other)


def unmerge(world: World) -> None:
    if world.customers:
        world.tell(UnmergeCustomers, customer_id=world.one_of(world.customers))


def claim_guest_orders(world: World) -> None:
    """Orders and sales that were a guest's, or somebody's, or nobody knows."""
    if world.customers and world.orders:
        order_ids = [world.an_order()]
        if world.sales and world.perhaps(0.5):
            order_ids.append(of_sale(world.one_of(world.sales)))
        customer_id = world.one_of(world.customers)
        world.tell(ClaimGuestOrders, customer_id=customer_id, order_ids=tuple(order_ids))


def contact(world: World) -> None:
    means = world.chance.choice(("whatsapp", "social", "phone", "store"))
    customer_id = world.one_of(world.customers) if world.customers and world.perhaps(0.8) else None
    order_id = world.an_order() if world.orders and world.perhaps(0.6) else None
    if customer_id or order_id:
        world.tell(RecordContact, means=means, customer_id=customer_id, order_id=order_id)


def consent(world: World) -> None:
    if world.customers:
        kind = GiveConsent if world.perhaps(0.6) else WithdrawConsent
        world.tell(kind, customer_id=world.one_of(world.customers), purpose="newsletter")


ACTS = ((1.0, register), (0.6, link), (0.4, merge), (0.3, unmerge), (0.4, claim_guest_orders), (0.4, contact), (0.3, consent))  # fmt: skip
