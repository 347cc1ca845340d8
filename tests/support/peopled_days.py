"""Days of the whole domain in which people matter too, and clocks are wrong.

Customers are merged and unmerged, cards change hands, guests claim orders, payments move to other
orders; and what happened is told late, or by a clock that is behind.
"""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from asks import Ask, customer, order, paid, product, returned, sold
from busy_days import SKUS
from given import Shop
from msgspec.structs import replace
from people import agreed, claimed, contact, linked, merged, unmerged, withdrew
from whole_days import days_request

from ledger.domain.requests import SaleLine

PEOPLE = tuple(f"c-{number}" for number in range(1, 9))
LAST_IDS = 12


def peopled_days(requests: int, seed: int = 1) -> Shop:
    """A shop after so many requests, of which a third are about people."""
    chance, shop = Random(seed), Shop(checked=False)
    for number in range(requests):
        if number == requests * 3 // 4:
            shop.wait_until("9/12:00")
        about_people = chance.random() < 0.35
        request = _of_people if about_people else days_request
        shop.send(_by_a_wrong_clock(chance, shop, request(chance, shop, number)))
    return shop


def _by_a_wrong_clock(chance: Random, shop: Shop, asked: Ask) -> Ask:
    """The request, in one case of four as if it had happened earlier."""
    if asked.at is not None or chance.random() > 0.25:
        return asked
    time = shop.clock - timedelta(minutes=chance.choice((1, 5, 30, 240)))
    return replace(asked, at=f"{time.day}/{time:%H:%M}")


def _of_people(chance: Random, shop: Shop, number: int) -> Ask:
    one, other = chance.sample(PEOPLE, 2)
    known = ["later", *list(shop.books.state.orders)[-LAST_IDS:]]
    some = chance.sample(known, min(len(known), chance.randint(1, 2)))
    payment = f"payment-{chance.randint(1, 6)}"
    said = {"name": f"p{number}"}
    basket = (
        SaleLine(line_id="1", sku=chance.choice(SKUS), quantity=2, unit_price_minor=500),
        SaleLine(line_id="2", sku="MUG", quantity=1, unit_price_minor=None),
    )
    money = {"customer_id": chance.choice((one, None)), "currency": "EUR"}
    asks: tuple[Callable[[], Ask], ...] = (
        lambda: customer(one, **said),
        lambda: linked(one, f"card-{chance.randint(1, 4)}", **said),
        lambda: merged(one, other, **said),
        lambda: unmerged(one, **said),
        lambda: claimed(one, *some, **said),
        lambda: claimed(one, *some, **said),
        lambda: contact(customer_id=chance.choice((one, None)), order_id=some[0], **said),
        lambda: agreed(one, **said),
        lambda: withdrew(one, **said),
        lambda: paid(some[0], chance.choice(("captured", "refunded")), payment_id=payment, **said),
        lambda: sold("MUG", "STORE", 1, lines=basket, **said, **money),
        lambda: order(f"p{number}", **money),
        lambda: returned("MUG", "STORE", 1, order_id=some[0], **said, **money),
        lambda: product(chance.choice(SKUS), **said, gtin=None, title=f"the {number}th"),
    )
    return chance.choice(asks)()
