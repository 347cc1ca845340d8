"""Days of the whole domain: holds, sourcing, backorders, supplies, transfers, returns, deadlines.

Random requests from a seed, like `busy_days`, whose facts and claims are among them.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from random import Random

from asks import (
    Ask,
    buffered,
    change,
    clock_time,
    counted,
    declined,
    delivered,
    extended,
    held,
    line,
    order,
    paid,
    picked,
    place,
    ready,
    reassigned,
    received,
    released,
    served_by,
    shipment_voided,
    shipped,
    sold,
    undelivered,
)
from busy_days import LOCATIONS, SKUS, busy_request
from given import Shop

from ledger.domain.requests import (
    ArrivedLine,
    AuthoriseReturn,
    CancelSupply,
    CancelTransfer,
    CloseTransfer,
    ExpectSupply,
    InspectedLine,
    InspectReturn,
    LineQuantity,
    ReceiptLine,
    ReceivedLine,
    ReceiveReturn,
    ReceiveStock,
    ReceiveTransfer,
    RequestTransfer,
    RescheduleSupply,
    ReturnedLine,
    ShipTransfer,
    SupplyLine,
    TransferLine,
)

DISPOSITIONS = ("restock", "quality_control", "damaged", "scrap", "return_to_vendor", "missing")
MAX_SEEDS = 60
LAST_IDS = 12
"""Requests name one of so many latest orders, transfers, supplies and returns."""


def whole_days(requests: int, seed: int = 1) -> Shop:
    """A shop after so many requests of every kind, and what its writer did by the clock."""
    chance, shop = Random(seed), Shop(checked=False)
    for number in range(requests):
        if number == requests * 3 // 4:
            shop.wait_until("9/12:00")
        shop.send(days_request(chance, shop, number))
    return shop


def days_request(chance: Random, shop: Shop, number: int) -> Ask:
    """One of these requests."""
    return _Chance(chance, shop, number).ask()


def days_of(types: Collection[type], requests: int) -> Shop:
    """Days in which events of all these types happened: those of the first seed that has them."""
    for seed in range(1, MAX_SEEDS + 1):
        shop = whole_days(requests, seed)
        if not set(types) - {type(event) for event in shop.books.events}:
            return shop
    raise AssertionError(f"none of {MAX_SEEDS} seeds has everything")


class _Chance:
    """One request, by chance."""

    def __init__(self, chance: Random, shop: Shop, number: int) -> None:
        self.chance, self.state, self.number = chance, shop.books.state, number
        self.name = f"n{number}"
        self.sku, self.location = chance.choice(SKUS), chance.choice(LOCATIONS)
        self.quantity = chance.randint(1, 6)
        later = shop.clock + timedelta(minutes=chance.randint(1, 240))
        self.later = f"{later.day}/{later:%H:%M}"
        self.day = shop.clock.date() + timedelta(days=chance.randint(0, 2))

    def ask(self) -> Ask:
        if self.chance.random() < 0.35:
            return busy_request(self.chance, self.number, self.state)
        groups = (self._claims, self._orders, self._supplies, self._transfers, self._returns)
        kinds: tuple[Callable[[], Ask], ...] = self.chance.choice(groups)()
        return self.chance.choice(kinds)()

    def _one(self, known: object) -> str:
        ids = [str(each) for each in known]  # type: ignore[attr-defined]
        return self.chance.choice(["later", *ids[-LAST_IDS:]])

    def _order_id(self) -> str:
        return self._one(i for i in self.state.orders if not i.startswith("sale:"))

    def _claims(self) -> tuple[Callable[[], Ask], ...]:
        owner = f"cart-{self.chance.randint(1, 9)}"
        where = self.chance.choice([{"anywhere": True}, {"location": self.location}])
        said = {"name": self.name}
        return (
            lambda: held(owner, ("1", self.sku, self.quantity), until=self.later, **where, **said),
            lambda: held(owner, ("2", "MUG", 1), until=self.later, **where, **said),
            lambda: held(owner, ("3", self.sku, 1), until=self.later, **where, **said),
            lambda: extended(owner, self.later, **said),
            lambda: released(owner, self.chance.choice([{}, {"1": 1}]), **said),
            lambda: sold(self.sku, self.location, 1, hold_owner=owner, **said),
            lambda: order(self.name, self._line(), hold_owner=owner),
            lambda: buffered("web", self.sku, 1, self.chance.choice([None, 30]), **said),
            lambda: served_by("web", *LOCATIONS, **said),
            lambda: self._described(said),
        )

    def _described(self, said: dict[str, str]) -> Ask:
        """A location that may be shut, or take only so many parcels a day."""
        capacity = self.chance.choice([None, 3])
        active = self.chance.random() < 0.95
        return place(self.location, **said, active=active, daily_capacity=capacity)

    def _line(self, line_id: str = "1") -> object:
        location = self.chance.choice([None, self.location])
        how = "ship" if location is None else self.chance.choice(["ship", "pickup"])
        return line(line_id, self.sku, self.quantity, how=how, location=location)

    def _orders(self) -> tuple[Callable[[], Ask], ...]:
        order_id, place_, said = self._order_id(), self.location, {"name": self.name}
        allowed = {
            f"allow_{what}": self.chance.random() < 0.6 for what in ("split", "backorder", "part")
        }
        parcel = {"shipment_id": f"parcel of {order_id}"}
        left = [key[0] for key in self.state.shipments][-LAST_IDS:]
        sent = self.chance.choice([*left, order_id])
        parcel_sent = {"shipment_id": f"parcel of {sent}"}
        some = self.chance.choice([{"1": 1}, {"1": 2}])
        busy = self.chance.random() < 0.3
        placed = order(
            self.name,
            self._line(),
            line("2", "MUG", 2, location=None),
            currency="EUR",
            **allowed,
        )
        return (
            lambda: placed,
            lambda: placed,
            lambda: picked(order_id, some, place_, **said),
            lambda: ready(order_id, some, place_, until=clock_time(self.later), **said),
            lambda: shipped(order_id, some, place_, **parcel, **said),
            lambda: shipment_voided(sent, {"1": 1}, location=place_, **parcel_sent, **said),
            lambda: delivered(sent, {"1": 1}, **parcel_sent, **said),
            lambda: undelivered(sent, **parcel_sent, **said),
            lambda: declined(
                order_id, place_, self.chance.choice(["not_found", "too_busy"]), **said
            ),
            lambda: reassigned(order_id, place_, **said),
            lambda: change(order_id, self._line(self.name), cut={"1": 1}, **said),
            lambda: paid(order_id, self.chance.choice(["captured", "captured"]), **said),
            lambda: paid(order_id, "refunded", lines=("1",), **said),
            lambda: counted(place_, {self.sku: 1}, **said) if busy else placed,
        )

    def _supplies(self) -> tuple[Callable[[], Ask], ...]:
        supply_id = self._one(self.state.supplies)
        lines = tuple(
            SupplyLine(line_id=i, sku=sku, quantity=self.quantity, unit_cost_minor=310)
            for i, sku in (("1", self.sku), ("2", "MUG"))
        )
        came = (ReceiptLine(line_id="1", sku=self.sku, quantity=self.quantity),)
        place_ = {"location": self.location}
        expected = {"lines": lines, "due": self.day, "currency": "EUR", **place_}
        return (
            lambda: self._said(ExpectSupply, supply_id=self.name, **expected),
            lambda: self._said(ExpectSupply, supply_id=supply_id, **expected),
            lambda: self._said(RescheduleSupply, supply_id=supply_id, due=self.day),
            lambda: self._said(ReceiveStock, supply_id=supply_id, lines=came, **place_),
            lambda: self._said(ReceiveStock, supply_id=supply_id, lines=came, **place_),
            lambda: self._said(CancelSupply, supply_id=supply_id, line_ids=("2",)),
            lambda: received(self.sku, self.location, self.quantity * 9, name=self.name),
            lambda: received("MUG", self.location, self.quantity * 9, name=self.name),
        )

    def _transfers(self) -> tuple[Callable[[], Ask], ...]:
        transfer_id = self._one(self.state.transfers)
        ends = dict(
            zip(("from_location", "to_location"), self.chance.sample(LOCATIONS, 2), strict=True)
        )
        wanted = tuple(
            TransferLine(line_id=i, sku=sku, quantity=n)
            for i, sku, n in (("1", "MUG", 1 + self.quantity // 3), ("2", self.sku, 1))
        )
        wanted = wanted[: self.chance.randint(1, 2)]
        sent = (LineQuantity(line_id=self.chance.choice("12"), quantity=self.quantity),)
        good, bad, gone = (self.chance.randint(0, 3) for _ in range(3))
        came = (ArrivedLine(line_id="1", accepted=good + 1, damaged=bad, missing=gone),)
        said = {"transfer_id": transfer_id}
        over = self.chance.random() < 0.3
        asked = {"transfer_id": self.name, "lines": wanted, "due": self.day, **ends}
        again = self._said(ShipTransfer, lines=sent, **said)
        return (
            lambda: self._said(RequestTransfer, **asked),
            lambda: self._said(RequestTransfer, **asked),
            lambda: self._said(ShipTransfer, lines=sent, **said),
            lambda: self._said(ShipTransfer, lines=sent, **said),
            lambda: self._said(ReceiveTransfer, lines=came, **said),
            lambda: self._said(ReceiveTransfer, lines=came, **said),
            lambda: self._said(CloseTransfer, **said) if over else again,
            lambda: self._said(CancelTransfer, **said) if over else again,
        )

    def _returns(self) -> tuple[Callable[[], Ask], ...]:
        order_id, return_id = self._order_id(), self._one(self.state.returns)
        known = self.state.lines.get((order_id, "1"))
        sku = self.sku if known is None else known.sku
        before, after = (self.chance.choice(DISPOSITIONS) for _ in range(2))
        wanted = (ReturnedLine(line_id="1", quantity=1, reason="too big"),)
        came = (ReceivedLine(line_id="1", sku=sku, quantity=1, disposition=before),)
        seen = (InspectedLine(line_id="1", sku=sku, quantity=1, from_disposition=before, to=after),)
        place_ = {"return_id": return_id, "location": self.location}
        return (
            lambda: self._said(
                AuthoriseReturn, return_id=self.name, order_id=order_id, lines=wanted
            ),
            lambda: self._said(
                AuthoriseReturn, return_id=self.name, order_id=order_id, lines=wanted
            ),
            lambda: self._said(ReceiveReturn, lines=came, **place_),
            lambda: self._said(InspectReturn, lines=seen, **place_),
        )

    def _said(self, request_type: type, **fields: object) -> Ask:
        return Ask(request_type, fields, name=self.name)
