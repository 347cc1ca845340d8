"""A retailer's day, sent to a running server: `python examples/retail_day.py [ADDRESS]`.

Two stores and a warehouse sell two mugs over a web shop, two tills and a phone. Each chapter says
what happened, and what the books say then. Run it again and nothing changes, since every request
has its id: it tells how the day ended.
"""

import sys
from collections.abc import Iterable

import httpx

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000"
RED, BLUE = "DAY-MUG-RED", "DAY-MUG-BLUE"
WAREHOUSE, MITTE, ALTONA = "day-warehouse", "day-mitte", "day-altona"
BERLIN = {"region": "DE-BE", "latitude_udeg": 52_520_008, "longitude_udeg": 13_404_954}


class Onebook:
    """A running server. What was answered is waited for by every read after it."""

    def __init__(self, address: str) -> None:
        self.http = httpx.Client(base_url=address, timeout=60)
        self.position = 0

    def send(self, channel: str, at: str, kind: str, request_id: str, /, **fields: object) -> dict:
        """Send one request as a channel; gives back its answer, accepted or refused."""
        said = {"request_id": f"day-{request_id}", "occurred_at": f"2026-03-02T{at}:00Z"}
        headers = {"Onebook-Channel": channel}
        request = {"type": kind} | said | fields
        answer = self.http.post("/v1/requests", json=request, headers=headers)
        assert answer.status_code in (201, 409), answer.text
        told = answer.json()
        self.position = max(self.position, told["position"])
        return told

    def read(self, path: str) -> dict:
        """Read a view, once it shows what was answered."""
        answer = self.http.get(path, params={"min_position": self.position})
        assert answer.status_code == 200, answer.text
        return answer.json()


onebook = Onebook(ADDRESS)
send, read = onebook.send, onebook.read


def stock(location: str, sku: str) -> dict:
    """What there is of a mug at a location."""
    items = read(f"/v1/inventory/{sku}")["items"]
    return next(item for item in items if item["location"] == location)


def state(order_id: str) -> str:
    """The order's label."""
    return read(f"/v1/orders/{order_id}")["state"]


def line(line_id: str, sku: str, quantity: int = 1, **more: object) -> dict:
    """A line of goods."""
    return {"line_id": line_id, "sku": sku, "quantity": quantity, **more}


def some(*line_ids: str, quantity: int = 1) -> list[dict]:
    """So much of these lines."""
    return [{"line_id": line_id, "quantity": quantity} for line_id in line_ids]


def chapter(title: str) -> None:
    """Begin a chapter."""
    print(f"\n{title}")


def say(text: str) -> None:
    """What happened."""
    print(f"  {text}")


def shelves(skus: Iterable[str] = (RED, BLUE)) -> None:
    """What is available everywhere."""
    for sku in skus:
        items = sorted(read(f"/v1/inventory/{sku}")["items"], key=lambda item: item["location"])
        say(f"{sku}: " + ", ".join(f"{i['location']} {i['available']}" for i in items))


def the_shops_open() -> None:
    chapter("The shops open")
    places = [
        (WAREHOUSE, "warehouse", 52_400_000, 13_100_000),
        (MITTE, "store", 52_521_900, 13_411_000),
        (ALTONA, "store", 53_550_000, 9_935_000),
    ]
    for location, kind, latitude, longitude in places:
        where = {"latitude_udeg": latitude, "longitude_udeg": longitude}
        zone = {"time_zone": "Europe/Berlin"}
        send(
            "erp",
            "06:00",
            "describe_location",
            location,
            location=location,
            kind=kind,
            **where,
            **zone,
        )
    for sku, title in ((RED, "Mug, red"), (BLUE, "Mug, blue")):
        send("erp", "06:00", "describe_product", sku, sku=sku, title=title)
    for location, quantity in ((WAREHOUSE, 20), (MITTE, 3), (ALTONA, 3)):
        lines = [line("1", RED, quantity), line("2", BLUE, quantity)]
        send("erp", "06:30", "receive_stock", f"in-{location}", location=location, lines=lines)
    shelves()


def a_web_order_is_picked_up_in_a_store() -> None:
    chapter("A web order is picked up in a store")
    pickup = line("1", RED, 2, how="pickup", location=MITTE)
    send(
        "web",
        "08:00",
        "place_order",
        "w-1",
        order_id="day-w-1",
        customer_id="day-ada",
        lines=[pickup],
    )
    say(f"ordered: {stock(MITTE, RED)['committed']} promised at {MITTE}")
    until = {"until": "2126-03-04T18:00:00Z"}
    send(
        "till-mitte",
        "09:00",
        "ready_for_pickup",
        "w-1-ready",
        order_id="day-w-1",
        location=MITTE,
        lines=some("1", quantity=2),
        **until,
    )
    say(f"prepared: the order is {state('day-w-1')}")
    send(
        "till-mitte",
        "10:00",
        "collect_lines",
        "w-1-taken",
        order_id="day-w-1",
        location=MITTE,
        lines=some("1", quantity=2),
    )
    say(f"collected: the order is {state('day-w-1')}, {stock(MITTE, RED)['on_hand']} on hand")


def the_store_sells_what_it_does_not_have() -> None:
    chapter("The store sells what it does not have: endless aisle")
    lines = [line("1", RED, 2, how="ship")]
    send(
        "till-mitte",
        "11:00",
        "place_order",
        "w-2",
        order_id="day-w-2",
        customer_id="day-ben",
        ship_to=BERLIN,
        lines=lines,
    )
    order = read("/v1/orders/day-w-2")
    [served] = order["lines"][0]["allocations"]
    say(f"served from {served['location']}: {MITTE} is nearer, and has only one")
    send(
        "warehouse",
        "13:00",
        "ship_lines",
        "w-2-out",
        order_id="day-w-2",
        shipment_id="day-p-2",
        location=served["location"],
        lines=some("1", quantity=2),
    )
    say(f"shipped: the order is {state('day-w-2')}")


def a_return_in_another_store() -> None:
    chapter("Bought in one store, brought back in another")
    sold = {"location": ALTONA, "customer_id": "day-ada", "currency": "EUR", "tender": "card"}
    send(
        "till-altona",
        "12:00",
        "record_sale",
        "s-1",
        lines=[line("1", BLUE, unit_price_minor=990)],
        **sold,
    )
    origin = {"sale": {"channel": "till-altona", "request_id": "day-s-1"}, "currency": "EUR"}
    back = [line("1", BLUE, unit_price_minor=990, state="available")]
    send("till-mitte", "15:00", "record_return", "s-1-back", location=MITTE, lines=back, **origin)
    here, there = stock(MITTE, BLUE), stock(ALTONA, BLUE)
    say(f"{BLUE}: {there['on_hand']} on hand in {ALTONA}, {here['on_hand']} in {MITTE}")


def an_exchange() -> None:
    chapter("The red one is exchanged for a blue one")
    new = [line("1", BLUE, how="ship", location=WAREHOUSE)]
    returned = some("1")
    exchanged = {"return_id": "day-r-1", "returned": returned, "of_order_id": "day-w-2"}
    send(
        "phone",
        "16:00",
        "exchange",
        "x-1",
        order_id="day-w-3",
        customer_id="day-ben",
        lines=new,
        **exchanged,
    )
    say(
        f"promised: {stock(WAREHOUSE, BLUE)['committed']} {BLUE} at {WAREHOUSE}, "
        "before the red one is back"
    )
    came = [line("1", RED)]
    send(
        "till-mitte",
        "17:00",
        "receive_return",
        "x-1-in",
        return_id="day-r-1",
        location=MITTE,
        lines=came,
    )
    say(f"handed in at {MITTE}: {stock(MITTE, RED)['quality_control']} in quality control")
    checked = [line("1", RED, to="restock")]
    send(
        "till-mitte",
        "17:10",
        "inspect_return",
        "x-1-ok",
        return_id="day-r-1",
        location=MITTE,
        lines=checked,
    )
    say(f"inspected: {stock(MITTE, RED)['available']} available at {MITTE}")


def a_transfer_with_damage() -> None:
    chapter("Ten blue mugs go to Altona; two arrive broken, one does not")
    ends = {"transfer_id": "day-t-1", "from": WAREHOUSE, "to": ALTONA}
    send("erp", "17:00", "request_transfer", "t-1", lines=[line("1", BLUE, 10)], **ends)
    say(f"reserved: {stock(WAREHOUSE, BLUE)['reserved']} at {WAREHOUSE}")
    send(
        "warehouse",
        "17:30",
        "ship_transfer",
        "t-1-out",
        transfer_id="day-t-1",
        lines=some("1", quantity=10),
    )
    say(f"on their way: {stock(ALTONA, BLUE)['incoming']} coming to {ALTONA}")
    arrived = [{"line_id": "1", "accepted": 7, "damaged": 2, "missing": 1}]
    send(
        "till-altona",
        "19:00",
        "receive_transfer",
        "t-1-in",
        transfer_id="day-t-1",
        lines=arrived,
    )
    there = stock(ALTONA, BLUE)
    say(
        f"arrived: {there['on_hand']} on hand, {there['damaged']} of them damaged, "
        f"{there['incoming']} coming"
    )


def one_too_many() -> None:
    chapter("Nobody is promised what is not there")
    lines = [line("1", RED, 30, how="ship")]
    refused = send("web", "20:00", "place_order", "w-9", order_id="day-w-9", lines=lines)
    detail = refused["details"][0]
    say(f"{refused['reason']}: asked {detail['asked']}, available {detail['available']}")


def the_day_ends() -> None:
    chapter("The day ends")
    shelves()
    history = read("/v1/customers/day-ada/history")["items"]
    say("Ada, newest first: " + ", ".join(item["kind"] for item in history))


def main() -> None:
    the_shops_open()
    a_web_order_is_picked_up_in_a_store()
    the_store_sells_what_it_does_not_have()
    a_return_in_another_store()
    an_exchange()
    a_transfer_with_damage()
    one_too_many()
    the_day_ends()


if __name__ == "__main__":
    main()
