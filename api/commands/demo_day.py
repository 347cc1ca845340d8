"""One scripted day after the imported weeks: what channels send, as the JSON they would send.

Every request goes through the same door and writer as one over HTTP. The ids are fixed: the day
sent again adds nothing.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from consumers.node import Node
from consumers.writer import Answer, Outcome
from ledger.door import read_request

ANSWER_LIMIT_S: Final = 60.0

BAG: Final = "85099B"  # Jumbo bag red retrospot
CAKESTAND: Final = "22423"  # Regency cakestand 3 tier
BUNTING: Final = "47566"  # Party bunting
WAREHOUSE: Final = "uk-dc"
STORE: Final = "london-1"


class Step(NamedTuple):
    """Something that happens: when, who sends it, what it means, and the request."""

    time: str
    channel: str
    told: str
    request: dict[str, Any]


def _step(time: str, channel: str, told: str, type_: str, /, **fields: Any) -> Step:
    request_id = f"demo-{time.replace(':', '')}"
    common = {"request_id": request_id, "occurred_at": f"2011-09-01T{time}:00+01:00"}
    return Step(time, channel, told, {"type": type_, **common, **fields})


def _goods(*quantities: tuple[str, int]) -> list[dict[str, Any]]:
    return [
        {"line_id": str(number), "sku": sku, "quantity": quantity}
        for number, (sku, quantity) in enumerate(quantities, 1)
    ]


def _priced(sku: str, quantity: int, price_minor: int, **more: Any) -> list[dict[str, Any]]:
    return [{**_goods((sku, quantity))[0], "unit_price_minor": price_minor, **more}]


DAY: Final = (
    _step(
        "07:00",
        "erp",
        "a store opens in London",
        "describe_location",
        location=STORE,
        kind="store",
        time_zone="Europe/London",
    ),
    _step(
        "07:05",
        "erp",
        "its till is a channel",
        "describe_channel",
        channel="till-1",
        kind="store",
        locations=[STORE],
    ),
    _step(
        "07:30",
        "wms",
        "40 bags and 20 cakestands reach the warehouse",
        "receive_stock",
        location=WAREHOUSE,
        supply_id="po-901",
        lines=_goods((BAG, 40), (CAKESTAND, 20)),
    ),
    _step(
        "08:15",
        "wms",
        "12 bags, 6 cakestands and 10 buntings reach the store",
        "receive_stock",
        location=STORE,
        lines=_goods((BAG, 12), (CAKESTAND, 6), (BUNTING, 10)),
    ),
    _step(
        "09:02",
        "web",
        "17841 orders 3 bags to be shipped and a cakestand to be picked up",
        "place_order",
        order_id="web-1001",
        customer_id="17841",
        currency="GBP",
        ship_to={"region": "GB-LND"},
        lines=[
            *_priced(BAG, 3, 208, how="ship", location=WAREHOUSE),
            {
                "line_id": "2",
                "sku": CAKESTAND,
                "quantity": 1,
                "unit_price_minor": 1275,
                "how": "pickup",
                "location": STORE,
            },
        ],
    ),
    _step(
        "09:03",
        "web",
        "and pays",
        "record_payment",
        payment_id="pay-1001",
        order_id="web-1001",
        state="captured",
        amount_minor=1899,
        currency="GBP",
    ),
    _step(
        "09:20",
        "web",
        "somebody asks for 50 cakestands from the store",
        "place_order",
        order_id="web-1002",
        currency="GBP",
        lines=_priced(CAKESTAND, 50, 1275, how="pickup", location=STORE),
    ),
    _step(
        "10:10",
        "web",
        "14911 orders 8 buntings for pickup",
        "place_order",
        order_id="web-1003",
        customer_id="14911",
        currency="GBP",
        lines=_priced(BUNTING, 8, 495, how="pickup", location=STORE),
    ),
    _step(
        "10:45",
        "till-1",
        "a shopper takes 4 of them off the shelf: a fact, so web-1003 is short of 2",
        "record_sale",
        location=STORE,
        currency="GBP",
        tender="cash",
        lines=_priced(BUNTING, 4, 495),
    ),
    _step(
        "11:30",
        "wms",
        "the bags of web-1001 are shipped",
        "ship_lines",
        order_id="web-1001",
        shipment_id="s-501",
        location=WAREHOUSE,
        carrier="royal-mail",
        tracking_number="RM501",
        lines=[{"line_id": "1", "quantity": 3}],
    ),
    _step(
        "11:50",
        "till-1",
        "its cakestand waits at the counter",
        "ready_for_pickup",
        order_id="web-1001",
        location=STORE,
        until="2011-09-03T18:00:00+01:00",
        lines=[{"line_id": "2", "quantity": 1}],
    ),
    _step(
        "12:40",
        "till-1",
        "and is picked up",
        "collect_lines",
        order_id="web-1001",
        location=STORE,
        lines=[{"line_id": "2", "quantity": 1}],
    ),
    _step(
        "13:15",
        "web",
        "a guest orders 2 bags",
        "place_order",
        order_id="web-1004",
        currency="GBP",
        lines=_priced(BAG, 2, 208, how="ship", location=WAREHOUSE),
    ),
    _step(
        "13:20",
        "web",
        "and changes their mind",
        "cancel_order",
        order_id="web-1004",
    ),
    _step(
        "15:05",
        "till-1",
        "the shopper brings 1 bunting back",
        "record_return",
        location=STORE,
        currency="GBP",
        sale={"channel": "till-1", "request_id": "demo-1045"},
        lines=_priced(BUNTING, 1, 495),
    ),
    _step(
        "18:00",
        "till-1",
        "the store counts: 6 buntings, one fewer than the books say",
        "count_stock",
        location=STORE,
        scope="named",
        lines=[{"sku": BUNTING, "quantity": 6}, {"sku": CAKESTAND, "quantity": 5}],
    ),
)


def live_through(node: Node) -> Iterator[tuple[Step, Outcome]]:
    """Send the day step by step; yield each with its answer."""
    for step in DAY:
        request = read_request(msgspec.json.encode(step.request))
        [answer] = node.writer.submit(step.channel, [request]).result(ANSWER_LIMIT_S)
        yield step, answer


def said(answer: Outcome) -> str:
    """An answer in a few words."""
    if not isinstance(answer, Answer):
        return "was sent before with other content"
    if answer.outcome == "accepted":
        return f"{answer.events} events at {answer.position:,}"
    [first, *_] = answer.details
    return f"refused: {answer.reason}, asked {first.asked}, available {first.available}"
