"""What a channel may sell, from memory: as fresh as the ledger, the same as the views say."""

import pytest

from api.routes.availability import MAX_SKUS


def answers(web, path, **query):
    found = web.client.get(path, params=query)
    assert found.status_code == 200, found.text
    return found


def test_what_was_just_written_is_counted_at_once(web):
    sku = web.named("MUG")
    for expected in range(1, 6):
        last = web.accepted(web.received(sku, 1))["position"] + 1
        found = web.seen(f"/v1/availability/web/{sku}", last)
        assert found["available_to_sell"] == expected


def test_some_skus_are_answered_at_once_and_those_unknown_left_out(web):
    skus = [web.named(f"S{number}") for number in range(5)]
    for quantity, sku in enumerate(skus, start=1):
        last = web.accepted(web.received(sku, quantity))["position"] + 1
    path = f"/v1/availability/{web.named('shop')}"
    asked = [*reversed(skus), skus[0], web.named("never-stocked")]
    found = web.seen(path, last, sku=asked)
    assert [(item["sku"], item["available_to_sell"]) for item in found["items"]] == [
        (sku, quantity) for quantity, sku in enumerate(skus, start=1)
    ]
    assert found["next"] is None
    one = web.seen(f"{path}/{skus[2]}", last)
    assert found["items"][2] == {name: one[name] for name in found["items"][2]}


def test_a_list_read_page_by_page_has_every_sku_once(web):
    skus = [web.named(f"S{number}") for number in range(7)]
    for sku in skus:
        last = web.accepted(web.received(sku, 2))["position"] + 1
    path, listed, after = "/v1/availability/web", [], None
    while True:
        more = {} if after is None else {"after": after}
        page = web.seen(path, last, limit=3, **more)
        listed += [item["sku"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert listed == sorted(set(listed))
    assert set(skus) <= set(listed)


def test_backorders_and_what_comes_are_counted_as_the_views_count_them(web):
    sku, store = web.named("MUG"), web.named("store")
    web.accepted(web.received(sku, 1))
    for supply in ("po-1", "po-2"):
        line = {"line_id": "1", "sku": sku, "quantity": 5}
        web.accepted(
            web.request(
                "expect_supply",
                supply_id=web.named(supply),
                location=store,
                due="2099-03-01",
                lines=[line],
            )
        )
    order = web.order(web.named("o"), (sku, 4), allow_backorder=True)
    last = web.accepted(order)
    position = last["position"] + last["events"] - 1
    found = web.seen(f"/v1/availability/web/{sku}", position)
    assert (found["available_to_sell"], found["backordered"], found["incoming"]) == (0, 3, 10)
    assert found["available_to_order"] == 7
    early = web.seen(f"/v1/availability/web/{sku}", position, date="2099-02-28")
    assert (early["incoming"], early["available_to_order"]) == (0, 0)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ([("sku", f"s{n}") for n in range(MAX_SKUS + 1)], "sku"),
        ([("sku", "a"), ("after", "abc")], "after"),
        ([("limit", "1"), ("limit", "2")], "limit"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(web, query, named):
    answer = web.client.get("/v1/availability/web", params=query)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


def test_a_position_that_does_not_come_is_told_with_the_head(web):
    sku = web.named("MUG")
    last = web.accepted(web.received(sku, 1))["position"] + 1
    web.seen(f"/v1/availability/web/{sku}", last)
    answer = web.client.get(f"/v1/availability/web/{sku}", params={"min_position": 10**9})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not_yet_visible")
    assert answer.json()["head"] >= last
