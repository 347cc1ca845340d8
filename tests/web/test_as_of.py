"""Inventory as of then, and explained, over HTTP: what was known, what was true, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from served import Body, Sender

from projections.paging import token

NINE, TEN, NOON, ONE = (f"2026-03-01T{hour}:00:00Z" for hour in ("09", "10", "12", "13"))
DISTANT = "1999-01-01T00:00:00Z"


def last_of(answer: Body) -> int:
    return int(answer["position"] + answer["events"] - 1)


def sold(web: Sender, sku: str, quantity: int, at: str, **more: Any) -> Body:
    lines = [{"line_id": "1", "sku": sku, "quantity": quantity}]
    place = web.named("store")
    return web.request("record_sale", location=place, lines=lines, occurred_at=at, **more)


def problem(web: Sender, path: str, status: int = 422, **query: Any) -> Body:
    answer = web.client.get(path, params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return dict(answer.json())


@pytest.fixture
def told(web: Sender) -> tuple[str, list[int]]:
    """A sku that came in at nine and was sold at noon, and at ten as is told only afterwards."""
    sku = web.named("MUG")
    answers = [
        web.accepted(web.received(sku, 10, occurred_at=NINE)),
        web.accepted(sold(web, sku, 3, NOON)),
        web.accepted(sold(web, sku, 2, TEN, actor="cashier-3")),
    ]
    return sku, [last_of(answer) for answer in answers]


def on_hand(found: Body) -> int:
    [item] = found["items"]
    return int(item["on_hand"])


def test_what_was_shown_then_and_what_was_true_then_are_two_answers(web, told):
    sku, (first, second, third) = told
    path = f"/v1/inventory/{sku}"
    web.seen(path, third)
    for position, there in ((first, 10), (second, 7), (third, 5)):
        answer = web.client.get(path, params={"as_of": position})
        assert answer.headers["Onebook-Position"] == str(position)
        assert (on_hand(answer.json()), answer.json()["total"]["on_hand"]) == (there, there)
        listed = web.seen("/v1/inventory", position, as_of=position, sku=sku)
        assert listed == {"items": answer.json()["items"], "next": None}
    occurred = {"clock": "occurred"}
    assert on_hand(web.seen(path, third, as_of=NINE, **occurred)) == 10
    assert on_hand(web.seen(path, third, as_of="2026-03-01T11:30:00+01:00", **occurred)) == 8
    assert on_hand(web.seen(path, third, as_of=NOON, **occurred)) == 5


def test_a_time_by_the_recorded_clock_is_what_the_ledger_had_recorded_by_then(web, told):
    sku, (first, second, third) = told
    path = f"/v1/inventory/{sku}"
    entries = web.seen(f"{path}/explain", third)["items"]
    recorded = [entry["recorded_at"] for entry in reversed(entries)]
    for position, time, there in zip((first, second, third), recorded, (10, 7, 5), strict=True):
        answer = web.client.get(path, params={"as_of": time, "clock": "recorded"})
        assert int(answer.headers["Onebook-Position"]) >= position
        if len(set(recorded)) == len(recorded):
            assert on_hand(answer.json()) == there
    # In an address a + that is not encoded is a blank.
    offset = datetime.fromisoformat(recorded[-1]).isoformat()
    assert on_hand(web.client.get(f"{path}?as_of={offset}").json()) == 5


def test_a_quantity_is_opened_to_the_events_that_sum_to_it(web, told):
    sku, (_, second, third) = told
    path = f"/v1/inventory/{sku}/explain"
    found = web.seen(path, third, quantity="on_hand")
    said = [(entry["type"], entry["change"], entry["balance"]) for entry in found["items"]]
    assert said == [("stock_sold", -2, 5), ("stock_sold", -3, 7), ("stock_received", 10, 10)]
    assert (found["sku"], found["location"], found["value"]) == (sku, None, 5)
    newest = found["items"][0]
    assert (newest["actor"], newest["effective_at"]) == ("cashier-3", TEN)
    assert newest["channel"] == web.client.headers["Onebook-Channel"]
    assert newest["order_id"] == f"sale:{newest['channel']}:{newest['request_id']}"

    by_time = web.seen(path, third, as_of=NOON, clock="occurred", location=web.named("store"))
    assert [(e["change"], e["balance"]) for e in by_time["items"]] == [(-3, 5), (-2, 8), (10, 10)]
    then = web.client.get(path, params={"as_of": second, "quantity": "available"})
    assert then.headers["Onebook-Position"] == str(second)
    assert then.json()["value"] == 7
    assert {part["quantity"]: part["sign"] for part in then.json()["parts"]} == {
        "on_hand": 1,
        "damaged": -1,
        "quality_control": -1,
        "committed": -1,
        "reserved": -1,
        "safety_stock": -1,
    }


def test_pages_of_an_explanation_stay_at_the_position_of_the_first(web, told):
    sku, (_, _, third) = told
    path = f"/v1/inventory/{sku}/explain"
    for query in ({}, {"as_of": NOON, "clock": "occurred"}):
        later = {"occurred_at": ONE}
        whole = web.seen(path, third, **query)["items"]
        page = web.seen(path, third, limit=1, **query)
        shown = page["items"]
        for _ in range(len(whole) - 1):
            last = last_of(web.accepted(web.received(sku, 1, **later)))
            web.seen(f"/v1/inventory/{sku}", last)
            page = web.client.get(path, params={"limit": 1, "after": page["next"], **query}).json()
            assert page["value"] == sum(entry["change"] for entry in whole)
            shown += page["items"]
        assert page["next"] is None
        assert [entry["position"] for entry in shown] == [entry["position"] for entry in whole]


def test_a_sku_that_had_no_stock_yet_is_404_and_says_when_its_first_was(web, told):
    sku, (first, _, _) = told
    for path in (f"/v1/inventory/{sku}", f"/v1/inventory/{sku}/explain"):
        web.seen(path, first)
        assert f"at position {first}" in problem(web, path, 404, as_of=first - 1)["detail"]
        early = problem(web, path, 404, as_of=DISTANT, clock="occurred")
        assert NINE in early["detail"]
    assert problem(web, "/v1/inventory/none", 404, as_of=first)["type"] == "/problems/not_found"
    elsewhere = {"as_of": first, "location": "nowhere"}
    assert "nowhere" in problem(web, f"/v1/inventory/{sku}/explain", 404, **elsewhere)["detail"]
    before = {"as_of": first - 1, "sku": sku}
    assert web.client.get("/v1/inventory", params=before).json()["items"] == []


@pytest.mark.parametrize("path", ["/v1/inventory", "/v1/inventory/{}", "/v1/inventory/{}/explain"])
def test_what_nobody_can_be_asked_as_of_is_told_with_what_is_allowed(web, told, path):
    sku, (_, _, third) = told
    path = path.format(sku)
    web.seen(f"/v1/inventory/{sku}", third)

    beyond = problem(web, path, as_of=10**9)
    assert (beyond["type"], beyond["parameter"]) == ("/problems/bad_parameter", "as_of")
    assert third <= beyond["head"] < 10**9
    assert f"1 to {beyond['head']}" in beyond["detail"]
    for position in (0, -1):
        assert "the first is 1" in problem(web, path, as_of=position)["detail"]

    future = problem(web, path, as_of=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    assert future["parameter"] == "as_of"
    assert datetime.fromisoformat(future["now"]) <= datetime.now(UTC)
    before = problem(web, path, as_of=DISTANT)
    assert before["first"] in before["detail"]
    assert datetime.fromisoformat(before["first"]) <= datetime.now(UTC)

    assert problem(web, path, clock="occurred")["parameter"] == "clock"
    assert problem(web, path, clock="occurred", as_of=third)["parameter"] == "clock"
    assert problem(web, path, clock="tower", as_of=NOON)["parameter"] == "clock"
    wrong = (
        "noon",
        "",
        "2026-03-01",
        "2026-03-01T12:00:00",
        "1.5",
        "1e3",
        "x" * 65,
        "0001-01-01T00:00:00+14:00",
    )
    for as_of in wrong:
        assert problem(web, path, as_of=as_of)["parameter"] == "as_of", as_of
    twice = web.client.get(f"{path}?as_of=1&as_of={NOON}")
    assert (twice.status_code, twice.json()["parameter"]) == (422, "as_of")


def test_a_token_of_another_question_is_refused(web, told):
    sku, (_, second, third) = told
    path = f"/v1/inventory/{sku}/explain"
    known = web.seen(path, third, limit=1)["next"]
    true = web.seen(path, third, limit=1, as_of=NOON, clock="occurred")["next"]
    for query in (
        {"after": known, "as_of": second},
        {"after": known, "as_of": NOON, "clock": "occurred"},
        {"after": true},
        {"after": "x"},
        {"after": token(2**62, 1)},
        {"after": token(2**62, NINE, 1), "as_of": NOON, "clock": "occurred"},
        {"quantity": "price"},
        {"limit": 0},
    ):
        assert problem(web, path, **query)["parameter"] in {"after", "quantity", "limit"}
