"""Days in which everything happens that can: random requests from a seed, in an order of their own."""

from random import Random

from asks import (
    Ask,
    adjusted,
    cancel,
    collected,
    counted,
    customer,
    held_back,
    line,
    moved,
    order,
    paid,
    place,
    product,
    ready,
    received,
    returned,
    served_by,
    service,
    shipped,
    sold,
    voided,
)
from given import Shop

from ledger.domain.requests import SaleLine
from ledger.domain.state import State

SKUS = ("MUG", "TEA/POT", 'CUP "L"', "BÖX\\1")
LOCATIONS = ("STORE", "DC 1")


def busy_days(requests: int, seed: int = 1) -> Shop:
    """A shop after so many requests. Quotes, slashes and umlauts stand in its ids."""
    chance, shop = Random(seed), Shop(checked=False)
    for number in range(requests):
        shop.send(busy_request(chance, number, shop.books.state))
    return shop


def busy_request(chance: Random, number: int, state: State) -> Ask:
    """One of these requests."""
    return _anything(chance, number, _known(state))


def _known(state: State) -> tuple[list[str], list[str]]:
    """The names of the latest orders and sales, and one that nobody knows yet."""
    ids = list(state.orders)
    sales = [
        order_id.removeprefix("sale:till:") for order_id in ids if order_id.startswith("sale:")
    ]
    orders = [order_id for order_id in ids if not order_id.startswith("sale:")]
    return ["later", *orders[-15:]], ["later", *sales[-15:]]


def _anything(chance: Random, number: int, known: tuple[list[str], list[str]]) -> Ask:
    sku, location, quantity = chance.choice(SKUS), chance.choice(LOCATIONS), chance.randint(1, 9)
    earlier, sale, name = chance.choice(known[0]), chance.choice(known[1]), f"n{number}"
    who = chance.choice(["c-1", "c-2", None])
    at = chance.choice([None, None, f"{chance.randint(8, 20):02}:{chance.randint(0, 59):02}"])
    basket = tuple(
        SaleLine(
            line_id=str(i),
            sku=chance.choice(SKUS),
            quantity=chance.randint(1, 3),
            unit_price_minor=chance.choice([None, 990]),
        )
        for i in range(1, 3)
    )
    money = {"customer_id": who, "currency": "EUR"}
    ordered = (
        line("1", sku, quantity, location=location),
        line("2", "MUG", 1, location=location),
        service("3"),
    )
    return chance.choice(
        [
            lambda: received(
                sku,
                location,
                quantity * 5,
                chance.choice(["available", "damaged"]),
                name=name,
                at=at,
            ),
            lambda: received("MUG", location, quantity * 5, name=name),
            lambda: adjusted(sku, location, chance.choice([-2, 3]), name=name, at=at),
            lambda: moved(
                sku,
                location,
                1,
                "available",
                chance.choice(["damaged", "quality_control"]),
                name=name,
            ),
            lambda: counted(
                location, {sku: quantity}, whole=chance.random() < 0.2, name=name, at=at
            ),
            lambda: sold(sku, location, 1, lines=basket, name=name, at=at, **money),
            lambda: sold(sku, location, 1, fulfils=(earlier, "1"), name=name),
            lambda: voided(sale, name=name),
            lambda: returned(
                sku, location, 1, sale=chance.choice([None, sale]), name=name, **money
            ),
            lambda: order(name, *ordered, allow_part=chance.random() < 0.5, **money),
            lambda: order(name, *ordered, allow_part=chance.random() < 0.5, **money),
            lambda: shipped(earlier, {"1": chance.randint(1, 3)}, location, name=name),
            lambda: ready(earlier, name=name),
            lambda: collected(earlier, name=name),
            lambda: cancel(earlier, lines=chance.choice([{}, {"1": 1}]), name=name),
            lambda: paid(earlier, chance.choice(["authorised", "captured"]), name=name, at=at),
            lambda: held_back(sku, location, quantity, name=name, at=at),
            lambda: product(sku, name=name, at=at, attributes={"size": str(quantity), "a": "é"}),
            lambda: place(location, name=name, at=at),
            lambda: served_by("web", location, name=name, at=at),
            lambda: customer(who or "c-3", name=name),
        ]
    )()
