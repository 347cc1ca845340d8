"""Reads of supplies, transfers, holds, returns, exceptions and what a channel may sell."""

import pytest
from served import Body, Sender


def last_of(answer: Body) -> int:
    return int(answer["position"] + answer["events"] - 1)


def lines(*quantities: tuple[str, int], **more: object) -> list[Body]:
    return [
        {"line_id": str(n), "sku": sku, "quantity": quantity, **more}
        for n, (sku, quantity) in enumerate(quantities, 1)
    ]


def sells_from(web: Sender, *places: str) -> str:
    """A channel that only these locations serve."""
    channel = f"shop-{web.mark}"
    said = web.request("describe_channel", channel=channel, kind="web", locations=places)
    web.accepted(said)
    return channel


def test_a_transfer_says_what_is_on_its_way_and_what_was_lost(web: Sender) -> None:
    sku, source, store = web.named("MUG"), web.named("store"), web.named("other")
    web.accepted(web.received(sku, 20))
    web.accepted(web.request("describe_location", location=store, kind="store"))
    said = {"transfer_id": web.named("tr")}
    wanted = {"from": source, "to": store, "lines": lines((sku, 10)), "due": "2099-01-01"}
    web.accepted(web.request("request_transfer", **said, **wanted))
    sent = web.request("ship_transfer", **said, lines=[{"line_id": "1", "quantity": 8}])
    last = last_of(web.accepted(sent))

    found = web.seen(f"/v1/transfers/{said['transfer_id']}", last)
    assert (found["state"], found["in_transit"], found["from_location"]) == (
        "in_transit",
        8,
        source,
    )
    assert (found["lines"][0]["reserved"], found["due"]) == (2, "2099-01-01")
    to_come = web.seen(f"/v1/inventory/{sku}", last)["items"]
    assert {item["location"]: item["incoming"] for item in to_come} == {source: 0, store: 8}
    listed = web.seen("/v1/transfers", last, **{"from": source, "state": "in_transit"})["items"]
    assert [item["transfer_id"] for item in listed] == [said["transfer_id"]]
    assert web.seen("/v1/transfers", last, to=source)["items"] == []

    came = [{"line_id": "1", "accepted": 5, "damaged": 1, "missing": 2}]
    last = last_of(web.accepted(web.request("receive_transfer", **said, lines=came)))
    [line] = web.seen(f"/v1/transfers/{said['transfer_id']}", last)["lines"]
    assert (line["in_transit"], line["accepted"], line["damaged"], line["lost"]) == (0, 5, 1, 2)


def test_a_supply_says_what_is_still_to_come_and_when(web: Sender) -> None:
    sku, place, supply = web.named("MUG"), web.named("store"), web.named("po")
    wanted = {"supply_id": supply, "location": place, "due": "2099-03-01", "lines": lines((sku, 9))}
    web.accepted(web.request("expect_supply", **wanted))
    last = last_of(web.accepted(web.received(sku, 4, supply_id=supply)))
    found = web.seen(f"/v1/supplies/{supply}", last)
    assert (found["state"], found["due"], found["incoming"]) == ("partly_received", "2099-03-01", 5)
    [line] = found["lines"]
    assert (line["expected"], line["received"], line["overdue"]) == (9, 4, False)
    listed = web.seen("/v1/supplies", last, location=place)["items"]
    assert [item["supply_id"] for item in listed] == [supply]
    assert web.seen("/v1/supplies", last, location=place, state="cancelled")["items"] == []


def test_a_hold_says_where_it_is_and_how_it_ended(web: Sender) -> None:
    sku, owner = web.named("MUG"), web.named("cart")
    web.accepted(web.received(sku, 5))
    asked = {"owner": owner, "location": web.named("store"), "expires_at": "2099-01-01T00:00:00Z"}
    last = last_of(web.accepted(web.request("place_hold", **asked, lines=lines((sku, 3)))))
    [hold] = web.seen("/v1/holds", last, owner=owner)["items"]
    assert (hold["state"], hold["held"], hold["sku"]) == ("held", 3, sku)
    assert hold["parts"] == [{"location": web.named("store"), "quantity": 3}]
    last = last_of(web.accepted(web.request("release_hold", owner=owner)))
    [hold] = web.seen("/v1/holds", last, owner=owner)["items"]
    assert (hold["state"], hold["cause"], hold["held"], hold["parts"]) == (
        "released", "customer", 0, []
    )  # fmt: skip
    assert web.seen("/v1/holds", last, owner=owner, state="held")["items"] == []


def test_a_return_says_what_was_done_with_the_goods(web: Sender) -> None:
    sku, place, order_id = web.named("MUG"), web.named("store"), web.named("A")
    web.accepted(web.received(sku, 5))
    web.accepted(web.order(order_id, (sku, 2)))
    shipped = {"shipment_id": web.named("s"), "lines": [{"line_id": "1", "quantity": 2}]}
    web.accepted(web.request("ship_lines", order_id=order_id, location=place, **shipped))
    said = {"return_id": web.named("r")}
    back = [{"line_id": "1", "quantity": 2, "reason": "too big"}]
    web.accepted(web.request("authorise_return", **said, order_id=order_id, lines=back))
    came = lines((sku, 2))
    web.accepted(web.request("receive_return", **said, location=place, lines=came))
    seen = [{"line_id": "1", "sku": sku, "quantity": 1, "to": "scrap"}]
    last = last_of(web.accepted(web.request("inspect_return", **said, location=place, lines=seen)))
    found = web.seen(f"/v1/returns/{said['return_id']}", last)
    assert (found["state"], found["order_id"]) == ("received", order_id)
    [line] = found["lines"]
    assert (line["received"], line["quality_control"], line["scrap"]) == (2, 1, 1)
    steps = [(step["from_disposition"], step["to_disposition"]) for step in found["inspections"]]
    assert steps == [(None, "quality_control"), ("quality_control", "scrap")]


def test_an_order_says_in_which_shipments_it_left_and_why_from_there(web: Sender) -> None:
    sku, place, order_id = web.named("MUG"), web.named("store"), web.named("A")
    channel = sells_from(web, place)
    web.accepted(web.received(sku, 5))
    asked = lines((sku, 2), how="ship")
    web.accepted(web.request("place_order", order_id=order_id, channel=channel, lines=asked))
    shipped = {"shipment_id": "s-1", "carrier": "dhl", "tracking_number": "JD01"}
    left = [{"line_id": "1", "quantity": 1}]
    sent = web.request("ship_lines", order_id=order_id, location=place, lines=left, **shipped)
    last = last_of(web.accepted(sent))
    found = web.seen(f"/v1/orders/{order_id}", last)
    [line] = found["lines"]
    assert (line["location"], line["shipped"], line["committed"]) == (None, 1, 1)
    assert [(a["location"], a["committed"], a["left"]) for a in line["allocations"]] == [
        (place, 1, 1)
    ]
    [part] = found["shipments"]
    assert (part["carrier"], part["tracking_number"], part["shipped"]) == ("dhl", "JD01", 1)
    [chosen] = found["sourcing"]
    assert (chosen["what"], chosen["rule"], chosen["location"]) == ("sourced", "only", place)
    assert found["refunds"] == []
    assert place in web.client.get(f"/orders/{order_id}").text


def test_paid_but_short_is_the_first_thing_that_people_see(web: Sender) -> None:
    sku, place, order_id = web.named("MUG"), web.named("store"), web.named("A")
    web.accepted(web.received(sku, 3))
    priced = lines((sku, 3), how="ship", location=place, unit_price_minor=990)
    placed = {"order_id": order_id, "currency": "EUR", "lines": priced}
    web.accepted(web.request("place_order", **placed))
    paid = {"payment_id": web.named("pay"), "state": "captured", "amount_minor": 2970}
    web.accepted(web.request("record_payment", order_id=order_id, currency="EUR", **paid))
    sold = web.request("record_sale", location=place, lines=lines((sku, 2)))
    last = last_of(web.accepted(sold))

    found = web.seen("/v1/exceptions", last, location=place)["items"]
    assert [(item["kind"], item["quantity"]) for item in found][:2] == [
        ("paid_short", 2),
        ("shortage", 2),
    ]
    assert (found[0]["order_id"], found[0]["amount_minor"], found[0]["currency"]) == (
        order_id, 1980, "EUR"
    )  # fmt: skip
    last = last_of(web.accepted(web.received(sku, 2)))
    assert web.seen("/v1/exceptions", last, location=place, kind="paid_short")["items"] == []
    ended = web.seen("/v1/exceptions", last, location=place, state="resolved")["items"]
    assert {item["kind"] for item in ended} == {"paid_short", "shortage"}
    assert all(item["resolved_position"] > item["opened_position"] for item in ended)
    everything = web.seen("/v1/exceptions", last, location=place, state="all")["items"]
    assert len(everything) >= len(ended)


def test_a_channel_may_sell_what_its_locations_have_less_its_buffer(web: Sender) -> None:
    sku, place, far = web.named("MUG"), web.named("store"), web.named("far")
    channel = sells_from(web, place)
    web.accepted(web.received(sku, 10))
    web.accepted(web.received(sku, 50, location=far))
    buffer = [{"sku": sku, "quantity": 3, "cap": 5}]
    web.accepted(web.request("set_channel_buffer", channel=channel, lines=buffer))
    supply = {"supply_id": web.named("po"), "location": place, "due": "2099-03-01"}
    last = last_of(web.accepted(web.request("expect_supply", **supply, lines=lines((sku, 7)))))

    found = web.seen(f"/v1/availability/{channel}/{sku}", last)
    assert (found["available"], found["buffer"], found["cap"]) == (10, 3, 5)
    assert (found["available_to_sell"], found["available_to_order"]) == (5, 12)
    assert [there["location"] for there in found["locations"]] == [place]
    assert [(c["quantity"], c["due"], c["by"]) for c in found["coming"]] == [
        (7, "2099-03-01", "supply")
    ]
    early = web.seen(f"/v1/availability/{channel}/{sku}", last, date="2099-02-28")
    assert (early["available_to_order"], early["coming"]) == (5, [])
    in_time = web.seen(f"/v1/availability/{channel}/{sku}", last, date="2099-03-01")
    assert in_time["available_to_order"] == 12
    by_sku = web.seen(f"/v1/availability/{channel}", last, limit=1000)["items"]
    assert [i["available_to_sell"] for i in by_sku if i["sku"] == sku] == [5]
    everybody = web.seen(f"/v1/availability/nobody-{web.mark}/{sku}", last)
    assert everybody["available_to_sell"] == 60
    buffers = web.seen(f"/v1/channels/{channel}/buffers", last)["items"]
    assert [(item["sku"], item["buffer"], item["cap"]) for item in buffers] == [(sku, 3, 5)]


@pytest.mark.parametrize("date", ["2026-02-30", "2026-3-1", "1772323200", "", "2026-03-01T00:00"])
def test_a_day_that_is_none_is_named(web: Sender, date: str) -> None:
    answer = web.client.get("/v1/availability/web", params={"date": date})
    assert (answer.status_code, answer.json()["parameter"]) == (422, "date")
