"""The short day of `onebook demo`, chapter by chapter: what channels send, as JSON.

The day is the one before the demo began, in London; one cart holds goods since the demo began. All
ids are fixed. The skus are real ones of the imported weeks, of which nothing was left.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

Fields = dict[str, Any]

BAG: Final = "85099B"  # Jumbo bag red retrospot
CAKESTAND: Final = "22423"  # Regency cakestand 3 tier
BUNTING: Final = "47566"  # Party bunting
HEART: Final = "85123A"  # White hanging heart t-light holder
WAREHOUSE: Final = "uk-dc"
SOHO: Final = "london-1"
BRIGHTON: Final = "brighton-1"
CLOCK: Final = ZoneInfo("Europe/London")
HELD_FOR: Final = timedelta(minutes=4)

PLACES: Final[dict[str, Fields]] = {
    WAREHOUSE: {"kind": "warehouse", "latitude_udeg": 52_257_700, "longitude_udeg": -1_161_000},
    SOHO: {"kind": "store", "latitude_udeg": 51_513_600, "longitude_udeg": -136_500},
    BRIGHTON: {"kind": "store", "latitude_udeg": 50_822_500, "longitude_udeg": -137_200},
}
ISLINGTON: Final = {"region": "GB-LND", "latitude_udeg": 51_536_200, "longitude_udeg": -103_300}
GUILDFORD: Final = {"region": "GB-SRY", "latitude_udeg": 51_236_200, "longitude_udeg": -570_400}
HOVE: Final = {"region": "GB-BNH", "latitude_udeg": 50_827_900, "longitude_udeg": -168_800}


class Step(NamedTuple):
    """Something that happens: when, who sends it, what it means, and the request."""

    time: str
    channel: str
    told: str
    request: Fields


class Day:
    """The day before a moment: makes its steps, each with a request id of its own."""

    def __init__(self, begun: datetime) -> None:
        """`begun` has a time zone: when the demo began."""
        self.begun = begun.astimezone(CLOCK)
        self.date = self.begun.date() - timedelta(days=1)

    def step(self, time: str, channel: str, told: str, type_: str, /, **fields: Any) -> Step:
        """What happens at a time of the day (HH:MM, by the clock of London)."""
        at = datetime.fromisoformat(f"{self.date} {time}").replace(tzinfo=CLOCK)
        return Step(time, channel, told, _request(time, at, type_, fields))

    def begins(self, channel: str, told: str, type_: str, /, **fields: Any) -> Step:
        """What happens in the moment in which the demo begins."""
        return Step("now", channel, told, _request("now", self.begun, type_, fields))

    def due(self, days: int) -> str:
        """The date so many days after this one."""
        return f"{self.date + timedelta(days=days)}"

    def until(self, days: int, time: str) -> str:
        """A time of the date so many days after this one."""
        there = datetime.fromisoformat(f"{self.due(days)} {time}")
        return there.replace(tzinfo=CLOCK).isoformat()


def _request(time: str, at: datetime, type_: str, fields: Fields) -> Fields:
    request_id = f"london-{time.replace(':', '')}"
    return {"type": type_, "request_id": request_id, "occurred_at": at.isoformat()} | fields


def goods(*quantities: tuple[str, int]) -> list[Fields]:
    """Lines of (sku, quantity)."""
    return [
        {"line_id": str(number), "sku": sku, "quantity": quantity}
        for number, (sku, quantity) in enumerate(quantities, 1)
    ]


def priced(sku: str, quantity: int, price_minor: int, **more: Any) -> Fields:
    """One line with its price."""
    line = {"line_id": "1", "sku": sku, "quantity": quantity, "unit_price_minor": price_minor}
    return line | more


def some(line_id: str, quantity: int) -> list[Fields]:
    """So much of a line."""
    return [{"line_id": line_id, "quantity": quantity}]


def story(begun: datetime) -> Iterator[Step]:
    """All of the day in its order, and the cart that holds goods since `begun`."""
    day = Day(begun)
    for chapter in (_opening, _deliveries, _web_order, _not_there, _short, _waiting, _handover):
        yield from chapter(day)
    for chapter in (_changed_mind, _on_its_way, _coming_back, _evening):
        yield from chapter(day)


def _opening(day: Day) -> Iterator[Step]:
    for time, location, told in (
        ("07:00", WAREHOUSE, "where the warehouse is"),
        ("07:01", SOHO, "a store opens in Soho"),
        ("07:02", BRIGHTON, "and one in Brighton"),
    ):
        place = PLACES[location] | {"pickup": location != WAREHOUSE}
        fields = {"location": location, "time_zone": CLOCK.key, **place}
        if location == WAREHOUSE:
            fields["reference"] = day.begun.isoformat()
        yield day.step(time, "erp", told, "describe_location", **fields)
    till = {"channel": "till-1", "kind": "store", "locations": [SOHO]}
    yield day.step("07:05", "erp", "Soho's till is a channel", "describe_channel", **till)
    market = {"channel": "bazaar", "kind": "marketplace", "locations": [WAREHOUSE]}
    told = "the warehouse serves a marketplace too"
    yield day.step("07:06", "erp", told, "describe_channel", **market)
    told = "which leaves 15 bags to others, and shows 10 at most"
    lines = [{"sku": BAG, "quantity": 15, "cap": 10}]
    yield day.step("07:10", "erp", told, "set_channel_buffer", channel="bazaar", lines=lines)


def _deliveries(day: Day) -> Iterator[Step]:
    for time, location, told, lines in (
        ("07:30", WAREHOUSE, "40 bags, 20 cakestands reach the warehouse", (40, 20)),
        ("08:15", SOHO, "12 bags, 6 cakestands, 10 buntings reach Soho", (12, 6, 10)),
        ("08:20", BRIGHTON, "5 bags, 8 cakestands reach Brighton", (5, 8)),
    ):
        arrived = goods(*zip((BAG, CAKESTAND, BUNTING), lines, strict=False))
        yield day.step(time, "wms", told, "receive_stock", location=location, lines=arrived)
    coming = {"supply_id": "po-902", "location": WAREHOUSE, "due": day.due(7)}
    told = f"60 hearts are ordered, due on {coming['due']}"
    yield day.step("08:30", "erp", told, "expect_supply", **coming, lines=goods((HEART, 60)))


def _web_order(day: Day) -> Iterator[Step]:
    pickup = priced(CAKESTAND, 1, 1275, line_id="2", how="pickup", location=SOHO)
    lines = [priced(BAG, 3, 208, how="ship"), pickup]
    order = {"order_id": "web-2001", "customer_id": "17841", "currency": "GBP"}
    told = "17841 in Islington: 3 bags from wherever, a cakestand to pick up in Soho"
    yield day.step("09:02", "web", told, "place_order", **order, ship_to=ISLINGTON, lines=lines)
    paid = {"payment_id": "pay-2001", "order_id": "web-2001", "state": "captured"}
    amount = {"amount_minor": 1899, "currency": "GBP"}
    yield day.step("09:03", "web", "and pays", "record_payment", **paid, **amount)


def _not_there(day: Day) -> Iterator[Step]:
    order: Fields = {"order_id": "web-2002", "currency": "GBP"}
    lines = [priced(CAKESTAND, 50, 1275, how="pickup", location=SOHO)]
    told = "somebody asks for 50 cakestands in Soho"
    yield day.step("09:20", "web", told, "place_order", **order, lines=lines)
    order = {"order_id": "web-2003", "currency": "GBP", "allow_split": True}
    lines = [priced(CAKESTAND, 24, 1275, how="ship")]
    told = "Guildford wants 24, in two parcels if need be"
    yield day.step("09:40", "web", told, "place_order", **order, ship_to=GUILDFORD, lines=lines)
    order = {"order_id": "baz-2001", "currency": "GBP"}
    told = "the marketplace asks for 12 bags"
    lines = [priced(BAG, 12, 208, how="ship")]
    yield day.step("09:50", "bazaar", told, "place_order", **order, lines=lines)


def _short(day: Day) -> Iterator[Step]:
    order = {"order_id": "web-2004", "customer_id": "14911", "currency": "GBP"}
    lines = [priced(BUNTING, 8, 495, how="pickup", location=SOHO)]
    told = "14911 orders 8 buntings to pick up in Soho"
    yield day.step("10:10", "web", told, "place_order", **order, lines=lines)
    paid = {"payment_id": "pay-2004", "order_id": "web-2004", "state": "captured"}
    amount = {"amount_minor": 3960, "currency": "GBP"}
    yield day.step("10:11", "web", "and pays", "record_payment", **paid, **amount)
    sale = {"location": SOHO, "currency": "GBP", "tender": "cash"}
    told = "a shopper takes 4 of them off the shelf: a fact, so web-2004 is paid and short of 2"
    lines = [priced(BUNTING, 4, 495)]
    yield day.step("10:45", "till-1", told, "record_sale", **sale, lines=lines)


def _waiting(day: Day) -> Iterator[Step]:
    order = {"order_id": "web-2005", "customer_id": "shop-7731", "allow_backorder": True}
    lines = [priced(HEART, 10, 295, how="ship")]
    where = {"currency": "GBP", "ship_to": HOVE}
    told = "10 hearts for Hove, and there are none: promised from what comes"
    yield day.step("11:00", "web", told, "place_order", **order, **where, lines=lines)
    contact = {"customer_id": "shop-7731", "order_id": "web-2005", "topic": "when"}
    told = "the customer asks on WhatsApp when they come"
    yield day.step("11:15", "care", told, "record_contact", means="whatsapp", **contact)
    told = "and turns out to be 17841"
    merged = {"customer_id": "shop-7731", "into": "17841"}
    yield day.step("11:20", "care", told, "merge_customers", **merged)


def _handover(day: Day) -> Iterator[Step]:
    there = {"order_id": "web-2001", "location": SOHO}
    parcel = {"shipment_id": "s-501", "carrier": "royal-mail", "tracking_number": "RM501"}
    told = "Soho ships the bags of web-2001"
    yield day.step("11:30", "till-1", told, "ship_lines", **there, **parcel, lines=some("1", 3))
    told = "its cakestand waits at the counter"
    ready = {"until": day.until(3, "18:00"), "lines": some("2", 1)}
    yield day.step("11:50", "till-1", told, "ready_for_pickup", **there, **ready)
    yield day.step(
        "12:40", "till-1", "and is picked up", "collect_lines", **there, lines=ready["lines"]
    )


def _changed_mind(day: Day) -> Iterator[Step]:
    order = {"order_id": "web-2006", "currency": "GBP", "ship_to": ISLINGTON}
    lines = [priced(BAG, 2, 208, how="ship")]
    yield day.step("13:15", "web", "a guest orders 2 bags", "place_order", **order, lines=lines)
    told = "and changes their mind"
    yield day.step("13:20", "web", told, "cancel_order", order_id="web-2006")
    order = {"order_id": "web-2007", "customer_id": "14911", "currency": "GBP"}
    lines = [priced(BAG, 2, 208, how="pickup", location=SOHO)]
    yield day.step(
        "13:30", "web", "14911 orders 2, to pick up", "place_order", **order, lines=lines
    )
    ready = {"order_id": "web-2007", "location": SOHO, "until": day.until(4, "18:00")}
    told = "which wait at the counter for three days"
    yield day.step("13:50", "till-1", told, "ready_for_pickup", **ready, lines=some("1", 2))


def _on_its_way(day: Day) -> Iterator[Step]:
    transfer = {"transfer_id": "tr-301", "from": WAREHOUSE, "to": BRIGHTON, "due": day.due(3)}
    told = "Brighton asks the warehouse for 10 bags"
    yield day.step("14:00", "erp", told, "request_transfer", **transfer, lines=goods((BAG, 10)))
    told = "they leave"
    lines = some("1", 10)
    yield day.step("14:30", "wms", told, "ship_transfer", transfer_id="tr-301", lines=lines)
    told = "the parcel of web-2001 arrived"
    parcel = {"order_id": "web-2001", "shipment_id": "s-501"}
    yield day.step("14:40", "carrier", told, "deliver", **parcel)


def _coming_back(day: Day) -> Iterator[Step]:
    sale = {"channel": "till-1", "request_id": "london-1045"}
    back = {"location": SOHO, "currency": "GBP", "sale": sale}
    told = "the shopper brings 1 bunting back"
    lines = [priced(BUNTING, 1, 495)]
    yield day.step("15:05", "till-1", told, "record_return", **back, lines=lines)
    lines = [{"line_id": "1", "quantity": 2, "reason": "too red"}]
    told = "2 bags of web-2001 may come back"
    authorised = {"return_id": "rt-401", "order_id": "web-2001"}
    yield day.step("15:20", "web", told, "authorise_return", **authorised, lines=lines)
    there = {"return_id": "rt-401", "location": BRIGHTON}
    told = "they are handed in at Brighton"
    yield day.step("16:00", "till-2", told, "receive_return", **there, lines=goods((BAG, 2)))
    [bag] = goods((BAG, 1))
    told = "where one is fit for sale, and one is torn"
    ends = [{**bag, "to": "restock"}, {**bag, "to": "damaged"}]
    yield day.step("16:20", "till-2", told, "inspect_return", **there, lines=ends)


def _evening(day: Day) -> Iterator[Step]:
    counted = [{"sku": BUNTING, "quantity": 6}, {"sku": CAKESTAND, "quantity": 5}]
    told = "Soho counts: 6 buntings, one fewer than the books say"
    named = {"location": SOHO, "scope": "named", "lines": counted}
    yield day.step("18:00", "till-1", told, "count_stock", **named)
    until = day.begun + HELD_FOR
    cart = {"owner": "cart-88", "location": SOHO, "expires_at": until.isoformat()}
    told = f"a cart holds 2 bags in Soho until {until.astimezone(UTC):%H:%M:%S} UTC"
    yield day.begins("web", told, "place_hold", **cart, lines=goods((BAG, 2)))
