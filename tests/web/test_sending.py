"""POST /v1/requests: one way in, and every answer that it gives."""

import json

import pytest
from served import NOON, Sender

PROBLEM = "application/problem+json"


def test_an_accepted_request_says_where_its_events_are(web: Sender) -> None:
    answer = web.send(web.received("MUG", 10))

    assert answer.status_code == 201
    body = answer.json()
    assert body["outcome"] == "accepted"
    assert list(body) == ["request_id", "outcome", "position", "events", "reason", "details"]
    found = web.client.get(answer.headers["Location"], params={"min_position": body["position"]})
    assert found.json()["position"] == body["position"]
    page = web.client.get(
        "/v1/events", params={"after": body["position"] - 1, "limit": body["events"]}
    )
    assert {event["data"]["request_id"] for event in page.json()["items"]} == {body["request_id"]}


def test_a_refused_claim_is_a_problem_with_the_numbers_to_offer_what_is_there(web: Sender) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, 1))
    answer = web.send(web.order(web.named("A"), (sku, 3)))

    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == PROBLEM
    body = answer.json()
    assert body["type"] == "/problems/refused"
    assert body["definite"] is True
    assert body["reason"] == "out_of_stock"
    hit = {"line_id": "1", "sku": sku, "location": web.named("store"), "asked": 3, "available": 1}
    assert body["details"] == [hit]
    assert body["position"] > 0


@pytest.mark.parametrize("quantity", [1, 99])
def test_a_repeated_request_gets_the_same_answer_and_counts_once(
    web: Sender, quantity: int
) -> None:
    sku = web.named("MUG")
    web.accepted(web.received(sku, 5))
    order = web.order(web.named("A"), (sku, quantity))
    first, again = web.send(order), web.send(order)

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "Onebook-Replayed" not in first.headers
    assert again.headers["Onebook-Replayed"] == "true"
    stock = web.seen(f"/v1/inventory/{sku}", first.json()["position"] + first.json()["events"] - 1)
    assert stock["total"]["committed"] == (1 if quantity == 1 else 0)


def test_the_same_id_with_other_content_is_an_error_and_changes_nothing(web: Sender) -> None:
    request = web.received(web.named("MUG"), 1)
    first = web.accepted(request)
    request["lines"][0]["quantity"] = 2
    answer = web.send(request)

    assert answer.status_code == 422
    body = answer.json()
    assert (body["type"], body["definite"]) == ("/problems/idempotency_mismatch", True)
    assert body["position"] == first["position"]
    assert (
        web.seen(f"/v1/inventory/{web.named('MUG')}", first["position"] + first["events"] - 1)[
            "total"
        ]["on_hand"]
        == 1
    )


def test_two_channels_may_use_the_same_request_id(web: Sender) -> None:
    sku = web.named("MUG")
    request = web.received(sku, 1)
    web.accepted(request)
    other = web.send(request, **{"Onebook-Channel": "other"})

    assert other.status_code == 201
    assert (
        web.seen(f"/v1/inventory/{sku}", other.json()["position"] + other.json()["events"] - 1)[
            "total"
        ]["on_hand"]
        == 2
    )


def test_a_batch_is_answered_item_by_item_in_order(web: Sender) -> None:
    sku = web.named("MUG")
    stock, order = web.received(sku, 1), web.order(web.named("A"), (sku, 1))
    late = web.order(web.named("B"), (sku, 1))
    batch = [stock, order, late, {"type": "no_such"}, stock]
    array = web.send(batch)

    assert array.status_code == 200
    items = array.json()
    assert [item["status"] for item in items] == [201, 201, 409, 422, 201]
    assert [item.get("replayed") for item in items] == [False, False, False, None, True]
    assert items[2]["reason"] == "out_of_stock"
    assert items[3]["path"].startswith("[3]")
    assert items[4] == {**items[0], "replayed": True}

    lines = "\n".join(map(json.dumps, batch))
    again = web.client.post(
        "/v1/requests", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )
    answers = [json.loads(line) for line in again.text.splitlines()]
    assert [item["status"] for item in answers] == [201, 201, 409, 422, 201]
    assert all(item["replayed"] for item in answers if item["status"] in (201, 409))


def test_a_large_batch_is_decided_whole_and_in_order(web: Sender) -> None:
    sku = web.named("MUG")
    count = 3_000
    items = web.send([web.received(sku, 1) for _ in range(count)]).json()

    positions = [item["position"] for item in items]
    assert len(positions) == count
    assert positions == sorted(positions)
    last = positions[-1] + items[-1]["events"] - 1
    assert web.seen(f"/v1/inventory/{sku}", last)["total"]["on_hand"] == count


def test_who_does_not_wait_is_told_that_the_outcome_is_not_known_and_may_ask_again(
    web: Sender,
) -> None:
    request = web.received(web.named("MUG"), 1)
    answer = web.send(request, Prefer="wait=0")

    assert answer.status_code == 503
    body = answer.json()
    assert (body["type"], body["definite"]) == ("/problems/undecided", False)
    assert answer.headers["Retry-After"] == "1"
    again = web.send(request)
    assert again.status_code == 201
    found = web.client.get(
        answer.headers["Location"], params={"min_position": again.json()["position"]}
    )
    assert found.json()["outcome"] == "accepted"


@pytest.mark.parametrize(
    "channel", ["onebook", "Web", "-web", "web shop", "w" * 41, "", "web\u00e9"]
)
def test_a_channel_that_may_not_send_is_told_so(web: Sender, channel: str) -> None:
    answer = web.client.post(
        "/v1/requests", json=web.received("MUG", 1), headers={"Onebook-Channel": channel.encode()}
    )
    assert answer.status_code == 422
    assert answer.json()["parameter"] == "Onebook-Channel"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/xml"]
)
def test_only_json_is_read_so_that_no_other_site_can_post_from_a_browser(
    web: Sender, content_type: str
) -> None:
    body = json.dumps(web.received(web.named("MUG"), 1))
    answer = web.client.post("/v1/requests", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported_media_type")


def test_json_may_name_its_character_set(web: Sender) -> None:
    body = json.dumps(web.received(web.named("MUG"), 1))
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert web.client.post("/v1/requests", content=body, headers=headers).status_code == 201


def test_times_are_kept_as_utc(web: Sender) -> None:
    answer = web.accepted(
        web.received(web.named("MUG"), 1, occurred_at="2026-03-01T13:00:00+01:00")
    )
    event = web.client.get(
        "/v1/events", params={"after": answer["position"] - 1, "limit": 1}
    ).json()["items"][0]
    assert event["data"]["occurred_at"] == NOON
