"""What clients ask, by a seed: most of it of few hot skus, some of many."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

Wire = dict[str, Any]

HOT: Final = tuple(f"HOT-{n}" for n in range(4))
MANY: Final = tuple(f"SKU-{n:03}" for n in range(400))
LOCATIONS: Final = ("dc-1", "store-7", "store-9")
HOT_SHARE: Final = 0.7
LATE_S: Final = 7200
"""Facts happened up to so long ago: counts are anchored in the channel's time."""
MAX_REMEMBERED: Final = 200
"""Orders and sales of one client that it may come back to."""
WEIGHTS: Final = {
    "place_order": 42,
    "receive_stock": 14,
    "record_sale": 12,
    "ship_lines": 9,
    "cancel_order": 8,
    "record_return": 5,
    "adjust_stock": 6,
    "count_stock": 4,
}


class Shop:
    """The requests of one client, one after another; the same seed gives the same sequence.

    Its ids begin with `name`; the times alone are the clock's.
    """

    def __init__(self, seed: int, channel: str, name: str) -> None:
        self.channel = channel
        self._name = name
        self._chance = random.Random(f"{seed}/{name}")
        self._count = 0
        self._orders: list[tuple[str, str, list[str]]] = []
        self._sales: list[tuple[str, str, str]] = []

    def next(self) -> Wire:
        """Another request."""
        kind = self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        made: Wire = getattr(self, f"_{kind}")()
        return made

    def stocking(self) -> list[Wire]:
        """Receipts of every sku at one location: what there is to sell at the beginning."""
        return [self._received("dc-1", skus) for skus in (HOT, MANY[:200], MANY[200:])]

    def _request(self, type_: str, **fields: Any) -> Wire:
        self._count += 1
        ago = timedelta(seconds=self._chance.uniform(0, LATE_S))
        happened = datetime.now(UTC) - ago
        common = {
            "type": type_,
            "request_id": f"{self._name}-{self._count}",
            "occurred_at": happened.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return common | fields

    def _sku(self) -> str:
        return self._chance.choice(HOT if self._chance.random() < HOT_SHARE else MANY)

    def _location(self) -> str:
        return self._chance.choice(LOCATIONS)

    def _lines(self, limit: int, most: int, **more: Any) -> list[Wire]:
        """Up to `limit` lines, each of up to `most` units."""
        return [
            {"line_id": str(n), "sku": self._sku(), "quantity": self._chance.randint(1, most)}
            | more
            for n in range(1, self._chance.randint(1, limit) + 1)
        ]

    def _received(self, location: str, skus: tuple[str, ...]) -> Wire:
        lines = [
            {"line_id": str(n), "sku": sku, "quantity": self._chance.randint(5, 30)}
            for n, sku in enumerate(skus, 1)
        ]
        return self._request("receive_stock", location=location, lines=lines)

    def _receive_stock(self) -> Wire:
        lines = self._lines(2, 6)
        return self._request("receive_stock", location=self._location(), lines=lines)

    def _place_order(self) -> Wire:
        lines = self._lines(3, 3, how="ship")
        for line in lines:
            line["location"] = self._location()
        order_id = f"o-{self._name}-{self._count + 1}"
        self._orders.append((order_id, lines[0]["location"], [x["line_id"] for x in lines]))
        del self._orders[:-MAX_REMEMBERED]
        part = {"allow_part": True} if self._chance.random() < 0.2 else {}
        return self._request("place_order", order_id=order_id, lines=lines, **part)

    def _cancel_order(self) -> Wire:
        if not self._orders:
            return self._place_order()
        order_id, _, line_ids = self._chance.choice(self._orders)
        whole = self._chance.random() < 0.5
        cut = {} if whole else {"lines": [{"line_id": line_ids[0], "quantity": 1}]}
        return self._request("cancel_order", order_id=order_id, **cut)

    def _ship_lines(self) -> Wire:
        if not self._orders:
            return self._place_order()
        order_id, location, line_ids = self._chance.choice(self._orders)
        lines = [{"line_id": self._chance.choice(line_ids), "quantity": 1}]
        parcel = f"parcel-{self._name}-{self._count + 1}"
        fields = {"order_id": order_id, "shipment_id": parcel, "location": location}
        return self._request("ship_lines", **fields, lines=lines)

    def _record_sale(self) -> Wire:
        location, lines = self._location(), self._lines(2, 2)
        sale = self._request("record_sale", location=location, lines=lines)
        self._sales.append((sale["request_id"], location, lines[0]["sku"]))
        del self._sales[:-MAX_REMEMBERED]
        return sale

    def _record_return(self) -> Wire:
        if not self._sales:
            return self._record_sale()
        request_id, location, sku = self._chance.choice(self._sales)
        sale = {"channel": self.channel, "request_id": request_id}
        lines = [{"line_id": "1", "sku": sku, "quantity": 1}]
        return self._request("record_return", location=location, sale=sale, lines=lines)

    def _adjust_stock(self) -> Wire:
        quantity = self._chance.choice((-2, -1, 1, 2))
        lines = [{"line_id": "1", "sku": self._sku(), "quantity": quantity}]
        fields = {"location": self._location(), "lines": lines, "reason": "correction"}
        return self._request("adjust_stock", **fields)

    def _count_stock(self) -> Wire:
        lines = [{"sku": self._sku(), "quantity": self._chance.randint(0, 12)}]
        fields = {"location": self._location(), "scope": "named", "lines": lines}
        return self._request("count_stock", **fields)


def rubbish(chance: random.Random, known: Wire | None) -> bytes:
    """A record that is no request, or not the request that its id was used for before."""
    kinds = [
        b"",
        b"\x00\xff not JSON",
        b'{"type":"place_order","request_id":"broken',
        b'{"type":"levitate","request_id":"l-1","occurred_at":"2026-03-01T08:00:00Z"}',
        b'[{"type":"receive_stock"},17,null]',
        b'"text"',
    ]
    if known is not None:
        changed = known | {"occurred_at": "2020-02-02T02:02:02Z"}
        kinds += [_encoded(changed)] * len(kinds)
    return chance.choice(kinds)


def _encoded(request: Wire) -> bytes:
    return json.dumps(request).encode()
