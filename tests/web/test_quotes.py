"""A quote is what an order would be answered, without anything being claimed."""

from typing import Any

import pytest
from served import Body, Sender

CITIES = {
    "berlin": (52_520_008, 13_404_954),
    "potsdam": (52_396_149, 13_058_540),
    "vienna": (48_208_174, 16_373_819),
}
BERLIN = {"region": "DE-BE", "latitude_udeg": 52_520_008, "longitude_udeg": 13_404_954}
LATER = "2099-01-01"


class Shop:
    """Two places with stock, which a channel of their own sells from."""

    def __init__(self, web: Sender) -> None:
        self.web = web
        self.mug, self.bowl = web.named("MUG"), web.named("BOWL")
        self.near, self.far = web.named("near"), web.named("far")
        self.channel = f"shop-{web.mark}"
        self.last = 0
        self.place(self.near, "potsdam")
        self.place(self.far, "vienna", handling_cost_minor=250)
        self.told("describe_channel", channel=self.channel, kind="web",
                  locations=[self.near, self.far])  # fmt: skip
        self.stock(self.near, self.mug, 2)
        self.stock(self.far, self.mug, 3)
        self.stock(self.far, self.bowl, 1)

    def told(self, type_: str, **fields: Any) -> None:
        answer = self.web.accepted(self.web.request(type_, **fields))
        self.last = answer["position"] + answer["events"] - 1

    def place(self, location: str, city: str, **more: Any) -> None:
        latitude, longitude = CITIES[city]
        where = {"latitude_udeg": latitude, "longitude_udeg": longitude}
        self.told("describe_location", location=location, kind="store", **where, **more)

    def stock(self, location: str, sku: str, quantity: int) -> None:
        answer = self.web.accepted(self.web.received(sku, quantity, location=location))
        self.last = answer["position"] + answer["events"] - 1

    def lines(self, *wanted: tuple[str, int], **more: Any) -> list[Body]:
        common = {"how": "ship", **more}
        return [
            {"line_id": str(n), "sku": sku, "quantity": quantity, **common}
            for n, (sku, quantity) in enumerate(wanted, 1)
        ]

    def quote(self, lines: list[Body], **more: Any) -> Body:
        """What is quoted at the position of all that was told."""
        body = {"channel": self.channel, "lines": lines, "ship_to": BERLIN, **more}
        answer = self.web.client.post("/v1/quotes", json=body, params={"min_position": self.last})
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["Onebook-Position"]) >= self.last
        return dict(answer.json())

    def order(self, lines: list[Body], **more: Any) -> tuple[Body, Body | None]:
        """What an order of the same is answered, and, if it was accepted, the order."""
        order_id = self.web.named(f"order{self.web.sent}")
        body = {"channel": self.channel, "lines": lines, "ship_to": BERLIN, **more}
        answer = self.web.send(self.web.request("place_order", order_id=order_id, **body)).json()
        if answer["outcome"] == "refused":
            return answer, None
        self.last = answer["position"] + answer["events"] - 1
        return answer, self.web.seen(f"/v1/orders/{order_id}", self.last)


@pytest.fixture
def shop(web: Sender) -> Shop:
    return Shop(web)


def test_it_says_from_where_and_why_and_how_far(shop: Shop) -> None:
    found = shop.quote(shop.lines((shop.mug, 2)))
    assert (found["accepted"], found["reason"], found["channel"]) == (True, None, shop.channel)
    [line] = found["lines"]
    assert (line["quantity"], line["backordered"], line["missing"]) == (2, 0, 0)
    [part] = line["parts"]
    assert (part["location"], part["quantity"], part["rule"]) == (shop.near, 2, "nearest")
    assert part["distance_m"] == 27_214
    assert found["available"] == [{"sku": shop.mug, "available_to_sell": 5}]


def test_it_says_why_it_would_be_refused_with_the_numbers(shop: Shop) -> None:
    found = shop.quote(shop.lines((shop.mug, 4)))
    assert (found["accepted"], found["reason"]) == (False, "out_of_stock")
    [hit] = found["details"]
    assert (hit["line_id"], hit["asked"], hit["available"]) == ("1", 4, 5)
    [line] = found["lines"]
    assert (line["parts"], line["missing"]) == ([], 4)


def test_it_says_by_when_what_comes_in_is_promised(shop: Shop) -> None:
    for due, quantity in ((LATER, 1), ("2099-02-01", 9)):
        shop.told(
            "expect_supply", supply_id=shop.web.named(due), location=shop.near, due=due,
            lines=[{"line_id": "1", "sku": shop.mug, "quantity": quantity}],
        )  # fmt: skip
    asked = {"allow_backorder": True, "allow_split": True}
    [line] = shop.quote(shop.lines((shop.mug, 6)), **asked)["lines"]
    assert (line["backordered"], line["promise"]) == (1, LATER)
    assert sum(part["quantity"] for part in line["parts"]) == 5
    shop.order(shop.lines((shop.mug, 6)), **asked)
    [line] = shop.quote(shop.lines((shop.mug, 1)), **asked)["lines"]
    assert (line["backordered"], line["promise"]) == (1, "2099-02-01")


def test_nothing_is_claimed_by_asking(shop: Shop) -> None:
    before = shop.web.client.get("/v1/events", params={"limit": 1000}).json()["items"]
    for _ in range(3):
        assert shop.quote(shop.lines((shop.mug, 2)))["accepted"]
    after = shop.web.client.get("/v1/events", params={"limit": 1000}).json()["items"]
    assert before == after
    items = shop.web.seen(f"/v1/inventory/{shop.mug}", shop.last)["items"]
    assert [item["committed"] for item in items] == [0, 0]


def _parts(found: Body) -> dict[str, Any]:
    return {
        line["line_id"]: (
            {part["location"]: part["quantity"] for part in line["parts"]},
            line["backordered"],
            line["promise"],
            line["missing"],
        )
        for line in found["lines"]
    }


def _served(order: Body) -> dict[str, Any]:
    """The same of an order as it was placed: what was carried out left from where it was."""
    return {
        line["line_id"]: (
            {at["location"]: at["committed"] + at["left"] for at in line["allocations"]},
            line["backordered"],
            line["promise"],
            line["cancelled"],
        )
        for line in order["lines"]
    }


ALL = {"allow_split": True, "allow_backorder": True, "allow_part": True}
CASES: list[tuple[str, list[tuple[str, int]], Body, Body]] = [
    ("one location", [("mug", 2)], {}, {}),
    ("the farther one alone has all", [("mug", 3)], {}, {}),
    ("two lines of one sku", [("mug", 1), ("mug", 2)], {}, {}),
    ("two skus in one parcel", [("mug", 1), ("bowl", 1)], {}, {}),
    ("refused without leave to split", [("mug", 4)], {}, {}),
    ("split", [("mug", 4), ("bowl", 1)], {}, {"allow_split": True}),
    ("backordered", [("mug", 9)], {}, {"allow_split": True, "allow_backorder": True}),
    ("backordered unsplit", [("mug", 9)], {}, {"allow_backorder": True}),
    ("in part", [("mug", 9), ("bowl", 2)], {}, {"allow_part": True, "allow_split": True}),
    ("carried out", [("mug", 2)], {"how": "carry_out", "location": "near"}, {}),
    ("carried out, too much", [("mug", 3)], {"how": "carry_out", "location": "near"}, ALL),
    ("picked up", [("bowl", 1)], {"how": "pickup", "location": "far"}, {}),
    ("nothing there", [("bowl", 1)], {"how": "pickup", "location": "near"}, {}),
    ("waits at its store", [("bowl", 2)], {"how": "pickup", "location": "near"}, ALL),
    ("unknown sku", [("ghost", 1)], {}, ALL),
    ("unknown location", [("mug", 1)], {"location": "moon"}, ALL),
    ("no location to collect from", [("mug", 1)], {"how": "pickup"}, ALL),
    ("another channel's location", [("mug", 1)], {"location": "other"}, ALL),
]
SETTINGS: dict[str, list[tuple[str, Body]]] = {
    "as it is": [],
    "buffered": [("set_channel_buffer", {"lines": [{"quantity": 2, "cap": 4}]})],
    "with safety stock": [("set_safety_stock", {"at": "far", "lines": [{"quantity": 1}]})],
    "near is full": [("describe_location", {"at": "near", "daily_capacity": 0})],
    "near is shut": [("describe_location", {"at": "near", "active": False})],
    "supplied": [("expect_supply", {"at": "near", "lines": [{"line_id": "1", "quantity": 2}]}),
                 ("expect_supply", {"at": "far", "lines": [{"line_id": "1", "quantity": 9}]})],
    "short": [("adjust_stock", {"at": "far", "lines": [{"line_id": "1", "quantity": -7}]})],
}  # fmt: skip


def _set(shop: Shop, type_: str, said: Body) -> None:
    fields = {key: value for key, value in said.items() if key != "at"}
    if "lines" in said:
        fields["lines"] = [{"sku": shop.mug, **line} for line in said["lines"]]
    if type_ == "set_channel_buffer":
        fields["channel"] = shop.channel
    if "at" in said:
        fields["location"] = {"near": shop.near, "far": shop.far}[said["at"]]
    if type_ == "describe_location":
        fields["kind"] = "store"
    if type_ == "adjust_stock":
        fields["reason"] = "shrinkage"
    if type_ == "expect_supply":
        fields["supply_id"] = shop.web.named(f"po{shop.web.sent}")
        fields["due"] = LATER if said["at"] == "near" else "2099-02-01"
    shop.told(type_, **fields)


@pytest.mark.parametrize("setting", SETTINGS)
def test_an_order_is_answered_what_was_quoted(shop: Shop, setting: str) -> None:
    """Every case after the other, each with what the ones before it left."""
    shop.told("describe_location", location=shop.web.named("other"), kind="store")
    skus = {"mug": shop.mug, "bowl": shop.bowl, "ghost": shop.web.named("GHOST")}
    for type_, said in SETTINGS[setting]:
        _set(shop, type_, said)
    outcomes = set()
    for name, wanted, how, allowed in CASES:
        where = {"location": shop.web.named(how["location"])} if "location" in how else {}
        lines = shop.lines(*((skus[sku], n) for sku, n in wanted), **how | where)
        quoted = shop.quote(lines, **allowed)
        answer, order = shop.order(lines, **allowed)
        answered = (answer["outcome"] == "accepted", answer["reason"], answer["details"])
        assert (quoted["accepted"], quoted["reason"], quoted["details"]) == answered, name
        assert order is None or _parts(quoted) == _served(order), name
        outcomes.add(answer["reason"])
        if order is not None and how.get("how") != "carry_out":
            shop.told("cancel_order", order_id=order["order_id"])
    assert {"unknown_sku", "unknown_location", "location_required", "not_served"} <= outcomes


def test_a_parcel_sourced_today_counts_in_a_quote(shop: Shop) -> None:
    shop.place(shop.near, "potsdam", daily_capacity=1)
    lines = shop.lines((shop.mug, 1))
    [part] = shop.quote(lines)["lines"][0]["parts"]
    assert part["location"] == shop.near
    shop.order(lines)
    [part] = shop.quote(lines)["lines"][0]["parts"]
    assert (part["location"], part["rule"]) == (shop.far, "only")


def test_the_sender_sells_unless_another_channel_is_named(shop: Shop) -> None:
    body = {"lines": shop.lines((shop.mug, 1), location=shop.near)}
    answer = shop.web.client.post(
        "/v1/quotes", json=body, params={"min_position": shop.last},
        headers={"Onebook-Channel": shop.channel},
    ).json()  # fmt: skip
    assert (answer["channel"], answer["accepted"]) == (shop.channel, True)


BAD: list[tuple[str, Any, str | None]] = [
    ("no lines", {}, "lines"),
    ("empty lines", {"lines": []}, "lines"),
    ("an id of its own", {"request_id": "1", "lines": []}, "request_id"),
    ("a hold", {"hold_owner": "cart", "lines": []}, "hold_owner"),
    ("nothing to sell", {"lines": [{"line_id": "1", "sku": "A", "quantity": 0, "how": "ship"}]},
     "lines[0].quantity"),
    ("a line twice", {"lines": [{"line_id": "1", "sku": "A", "quantity": 1, "how": "ship"}] * 2},
     "lines[1].line_id"),
    ("not whole", {"lines": [{"line_id": "1", "sku": "A", "quantity": 1.5, "how": "ship"}]},
     "lines[0].quantity"),
    ("a list", [{"lines": []}], None),
]  # fmt: skip


@pytest.mark.parametrize(("body", "path"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_no_question_is_malformed(web: Sender, body: Any, path: str | None) -> None:
    answer = web.client.post("/v1/quotes", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["type"], found.get("path"), found["definite"]) == (
        "/problems/malformed", path, True,
    )  # fmt: skip
    assert "request_id" not in found


def test_a_key_that_stands_twice_and_text_that_is_no_json_are_malformed(web: Sender) -> None:
    for raw in (b'{"lines":[],"lines":[]}', b'{"lines":', b"\xff", b"null"):
        headers = {"content-type": "application/json"}
        answer = web.client.post("/v1/quotes", content=raw, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed"), raw


def test_too_many_lines_are_asked_for_in_several_quotes(shop: Shop) -> None:
    lines = shop.lines(*[(shop.mug, 1)] * 201)
    answer = shop.web.client.post("/v1/quotes", json={"lines": lines})
    assert (answer.status_code, answer.json()["path"]) == (422, "lines")
    assert "200" in answer.json()["detail"]


def test_other_content_types_and_parameters_are_refused(web: Sender) -> None:
    answer = web.client.post("/v1/quotes", content=b"{}", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported_media_type")
    answer = web.client.post("/v1/quotes", json={}, params={"ask": "more"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad_parameter")
    answer = web.client.get("/v1/quotes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
