"""Reads: every path, its shape, its position, its pages and its errors."""

import pytest
from served import Body, Sender

READS = (
    "/v1/inventory",
    "/v1/orders",
    "/v1/products",
    "/v1/locations",
    "/v1/channels",
    "/v1/channels/web/buffers",
    "/v1/availability/web",
    "/v1/exceptions",
    "/v1/holds",
    "/v1/transfers",
    "/v1/supplies",
    "/v1/events",
    "/v1/projections",
)


def last_of(answer: Body) -> int:
    return int(answer["position"] + answer["events"] - 1)


def test_an_item_and_its_total_say_what_there_is(web: Sender) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, 10))
    web.accepted(web.received(sku, 5, location="elsewhere"))
    answer = web.accepted(web.order(web.named("A"), (sku, 4)))
    found = web.seen(f"/v1/inventory/{sku}", last_of(answer))

    assert list(found) == ["sku", "items", "total"]
    assert [(item["location"], item["on_hand"]) for item in found["items"]] == [
        ("elsewhere", 5),
        (web.named("store"), 10),
    ]
    names = "sku location on_hand committed reserved damaged quality_control safety_stock available incoming shortage"
    assert list(found["items"][0])[:11] == names.split()
    assert found["total"] == {
        "on_hand": 15,
        "committed": 4,
        "reserved": 0,
        "damaged": 0,
        "quality_control": 0,
        "safety_stock": 0,
        "available": 11,
        "incoming": 0,
        "shortage": 0,
    }


def test_the_stock_card_explains_the_balance(web: Sender) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, 10))
    lines = [{"line_id": "1", "sku": sku, "quantity": 3}]
    answer = web.accepted(web.request("record_sale", location=web.named("store"), lines=lines))
    card = web.seen(f"/v1/inventory/{sku}/movements", last_of(answer))["items"]

    assert [(row["type"], row["quantity"], row["on_hand"]) for row in card] == [
        ("stock_sold", -3, 7),
        ("stock_received", 10, 10),
    ]
    assert {"position", "occurred_at", "recorded_at", "request_id", "channel"} <= set(card[0])


def test_a_recorded_sale_is_listed_among_the_orders_and_in_the_history(web: Sender) -> None:
    customer = web.named("c")
    lines = [{"line_id": "1", "sku": web.named("MUG"), "quantity": 3, "unit_price_minor": 500}]
    sale = web.request(
        "record_sale", location="L", customer_id=customer, currency="EUR", lines=lines
    )
    last = last_of(web.accepted(sale))
    order_id = f"sale:{web.client.headers['Onebook-Channel']}:{sale['request_id']}"

    order = web.seen(f"/v1/orders/{order_id}", last)
    assert (order["kind"], order["state"], order["total_minor"]) == ("sale", "collected", 1500)
    assert web.seen("/v1/orders", last, customer_id=customer)["items"][0]["order_id"] == order_id
    assert web.seen("/v1/orders", last, customer_id=customer, kind="order")["items"] == []
    assert web.seen(f"/v1/customers/{customer}", last)["sales"] == 1
    history = web.seen(f"/v1/customers/{customer}/history", last)["items"]
    assert [row["order_id"] for row in history] == [order_id]


def test_descriptions_are_read_back(web: Sender) -> None:
    sku, place = web.named("MUG"), web.named("store")
    web.accepted(
        web.request(
            "describe_product",
            sku=sku,
            title="Red mug",
            prices=[{"price_minor": 990, "currency": "EUR"}],
        )
    )
    web.accepted(
        web.request("describe_channel", channel=web.client.headers["Onebook-Channel"], kind="web")
    )
    last = last_of(web.accepted(web.request("describe_location", location=place, kind="store")))

    assert web.seen(f"/v1/products/{sku}", last)["title"] == "Red mug"
    assert web.seen(f"/v1/locations/{place}", last)["kind"] == "store"
    assert place in [
        item["location"] for item in web.seen("/v1/locations", last, limit=1000)["items"]
    ]
    assert web.seen("/v1/channels", last, limit=1000)["items"]


@pytest.mark.parametrize(
    "sku", ["A/B", "A%B", "A%2FB", "a b", "ä☕", "A/movements", "movements", "?", "#", "..."]
)
def test_any_id_can_be_read_when_it_is_percent_encoded(web: Sender, sku: str) -> None:
    from urllib.parse import quote  # noqa: PLC0415  (what a caller does)

    sku = f"{web.mark}{sku}"
    answer = web.accepted(web.received(sku, 7))
    path = f"/v1/inventory/{quote(sku, safe='')}"
    assert web.seen(path, last_of(answer))["sku"] == sku
    assert [row["sku"] for row in web.seen(f"{path}/movements", last_of(answer))["items"]] == [sku]
    assert web.client.get(f"/inventory/{quote(sku, safe='')}").status_code == 200
    request = web.received(sku, 1, request_id=sku)
    answer = web.send(request)
    assert web.seen(answer.headers["Location"], answer.json()["position"])["request_id"] == sku


def test_a_slash_that_is_not_encoded_is_not_part_of_an_id(web: Sender) -> None:
    sku = f"{web.mark}/B"
    last = last_of(web.accepted(web.received(sku, 7)))
    assert web.client.get(f"/v1/inventory/{sku}", params={"min_position": last}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/inventory/none",
        "/v1/inventory/none/movements",
        "/v1/inventory/none/explain",
        "/v1/orders/none",
        "/v1/customers/none",
        "/v1/customers/none/history",
        "/v1/products/none",
        "/v1/locations/none",
        "/v1/transfers/none",
        "/v1/supplies/none",
        "/v1/returns/none",
        "/v1/availability/web/none",
        "/v1/requests/web/none",
        "/inventory/none",
        "/orders/none",
        "/customers/none",
        "/problems/none",
        "/docs/assets/none",
    ],
)
def test_an_unknown_id_is_404_and_says_at_which_position(web: Sender, path: str) -> None:
    answer = web.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not_found"
    if path.startswith("/v1"):
        assert answer.headers["Onebook-Position"].isdigit()


@pytest.mark.parametrize(
    "path",
    [*READS, "/v1/inventory/x", "/livez", "/readyz", "/", "/openapi.json", "/v1/events/stream"],
)
def test_an_unknown_parameter_is_never_ignored(web: Sender, path: str) -> None:
    answer = web.client.get(path, params={"colour": "red"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad_parameter")
    assert answer.json()["parameter"] == "colour"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=1.5",
        "limit=",
        "min_position=-1",
        "min_position=x",
        "after=x",
        "after=%00",
        "after=W10",
        "after=WyJhIl0",
        "after=" + "a" * 5000,
    ],
)
def test_a_wrong_parameter_is_named(web: Sender, query: str) -> None:
    answer = web.client.get(f"/v1/inventory?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad_parameter")
    assert answer.json()["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders?state=lost",
        "/v1/orders?kind=x",
        "/v1/exceptions?state=solved",
        "/v1/exceptions?kind=boredom",
        "/v1/holds?state=lost",
        "/v1/transfers?state=lost",
        "/v1/supplies?state=lost",
        "/v1/availability/web?date=tomorrow",
        "/v1/availability/web?date=20260301",
        "/v1/availability/web/MUG?date=1772323200",
        "/v1/events?type=nothing",
        "/v1/events?after=-1",
    ],
)
def test_a_filter_that_cannot_hold_is_an_error(web: Sender, path: str) -> None:
    assert web.client.get(path).status_code == 422


def test_nul_is_in_no_id(web: Sender) -> None:
    for path in ("/v1/inventory/a%00b", "/v1/orders?customer_id=%00", "/v1/events?stream=%00"):
        answer = web.client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad_parameter"), path


def test_a_list_is_read_page_by_page_until_there_is_no_next(web: Sender) -> None:
    place = web.named("place")
    skus = sorted(f"{web.mark}-{n}" for n in range(25))
    lines = [{"line_id": sku, "sku": sku, "quantity": 1} for sku in skus]
    last = last_of(web.accepted(web.request("receive_stock", location=place, lines=lines)))
    found, after = [], {}
    while True:
        page = web.seen("/v1/inventory", last, location=place, limit=10, **after)
        assert list(page) == ["items", "next"]
        found += [item["sku"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == skus


def test_a_position_that_is_not_reached_in_time_is_said(web: Sender) -> None:
    answer = web.client.get("/v1/inventory", params={"min_position": 10**12})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not_yet_visible")
    assert answer.json()["definite"] is False
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("path", READS)
def test_every_read_says_which_position_it_shows(web: Sender, path: str) -> None:
    last = last_of(web.accepted(web.received(web.named("MUG"), 1)))
    parameters = {} if path in ("/v1/events", "/v1/projections") else {"min_position": last}
    answer = web.client.get(path, params=parameters)
    assert int(answer.headers["Onebook-Position"]) >= last


def test_the_views_say_how_far_they_are(web: Sender) -> None:
    last = last_of(web.accepted(web.received(web.named("MUG"), 1)))
    web.seen("/v1/inventory", last)
    answer = web.client.get("/v1/projections")
    views = {item["view"]: item for item in answer.json()["items"]}
    assert {
        "inventory",
        "stock_history",
        "moments",
        "orders",
        "customers",
        "products",
        "locations",
        "requests",
        "fulfilment",
        "supplies",
        "transfers",
        "holds",
        "returns",
        "exceptions",
    } <= set(views)
    head = int(answer.headers["Onebook-Position"])
    assert all(item["position"] + item["lag"] == head for item in views.values())


def test_it_is_alive_and_ready(web: Sender) -> None:
    assert web.client.get("/livez").json() == {"status": "ok"}
    assert web.client.get("/readyz").json().items() >= {"status": "ok", "writer": "active"}.items()


@pytest.mark.parametrize("path", ["/v1/events", "/v1/inventory", "/v1/orders"])
def test_a_parameter_that_is_given_twice_is_an_error(web: Sender, path: str) -> None:
    answer = web.client.get(path + "?limit=1&limit=2")
    assert (answer.status_code, answer.json()["parameter"]) == (422, "limit")
    assert "twice" in answer.json()["detail"]


@pytest.mark.parametrize("path", [*READS, "/", "/livez", "/docs", "/openapi.json", "/nowhere"])
def test_head_says_what_get_would_say_without_a_body(web: Sender, path: str) -> None:
    head, get = web.client.head(path), web.client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_head_of_the_stream_ends_and_there_is_none_of_a_write(web: Sender) -> None:
    head = web.client.head("/v1/events/stream", timeout=5)
    assert (head.status_code, head.headers["Content-Type"][:17]) == (200, "text/event-stream")
    assert web.client.head("/v1/requests").status_code == 405


@pytest.mark.parametrize("path", ["/", "/v1/events", "/livez", "/nowhere", "/problems", "/docs"])
def test_no_answer_is_taken_for_another_type_than_it_says(web: Sender, path: str) -> None:
    assert web.client.get(path).headers["X-Content-Type-Options"] == "nosniff"
