"""The ledger over HTTP: pages of events, and a stream that goes on."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
from served import Sender


def page(web: Sender, **query: Any) -> Any:
    answer = web.client.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_event_reads_as_it_was_written(web: Sender) -> None:
    sku = web.named("A/B")
    answer = web.accepted(web.received(sku, 3))
    last = answer["position"] + answer["events"] - 1
    [event] = page(web, after=last - 1, limit=1)["items"]

    assert list(event) == ["position", "stream", "version", "type", "data"]
    assert (event["position"], event["version"], event["type"]) == (last, 1, "stock_received.v1")
    assert event["stream"] == f"stock/{web.named('store')}/{sku.replace('/', '%2F')}"
    assert event["data"]["quantity"] == 3


def test_the_events_of_one_stream_are_numbered_from_1(web: Sender) -> None:
    sku = web.named("MUG")
    for _ in range(3):
        web.accepted(web.received(sku, 1))
    found = page(web, stream=f"stock/{web.named('store')}/{sku}")
    assert [event["version"] for event in found["items"]] == [1, 2, 3]
    assert found["next"] is None
    first = page(web, stream=f"stock/{web.named('store')}/{sku}", limit=2)
    rest = page(web, stream=f"stock/{web.named('store')}/{sku}", limit=2, after=first["next"])
    assert [event["version"] for event in first["items"] + rest["items"]] == [1, 2, 3]


def test_events_are_found_by_type_with_or_without_its_version(web: Sender) -> None:
    sku = web.named("MUG")
    start = web.accepted(web.received(sku, 1))["position"]
    web.accepted(web.order(web.named("A"), (sku, 1)))
    for name in ("order_placed", "order_placed.v1"):
        found = page(web, type=name, after=start)["items"]
        assert {event["type"] for event in found} == {"order_placed.v1"}
        assert web.named("A") in [event["data"]["order_id"] for event in found]


def test_all_positions_are_there_without_gaps_page_by_page(web: Sender) -> None:
    start = web.accepted(web.received(web.named("MUG"), 1))["position"] - 1
    web.send([web.received(web.named("MUG"), 1) for _ in range(100)])
    positions, after = [], start
    while True:
        found = page(web, after=after, limit=37)
        positions += [event["position"] for event in found["items"]]
        if found["next"] is None:
            break
        after = found["next"]
    assert positions == list(range(start + 1, start + 1 + len(positions)))
    assert len(positions) > 200


def messages(stream: httpx.Response) -> Iterator[dict[str, str]]:
    message: dict[str, str] = {}
    for line in stream.iter_lines():
        if not line and "data" in message:
            yield message
        if not line:
            message = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            message[name] = value


def follow(web: Sender, count: int, **options: Any) -> list[dict[str, str]]:
    with web.client.stream("GET", "/v1/events/stream", **options) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        found = messages(stream)
        return [next(found) for _ in range(count)]


def test_a_stream_gives_each_event_with_its_position_and_type(web: Sender) -> None:
    answer = web.accepted(web.received(web.named("MUG"), 1))
    found = follow(web, answer["events"], params={"after": answer["position"] - 1})

    positions = range(answer["position"], answer["position"] + answer["events"])
    assert [int(message["id"]) for message in found] == list(positions)
    assert (found[0]["event"], found[-1]["event"]) == ("request_accepted.v1", "stock_received.v1")
    assert json.loads(found[-1]["data"])["data"]["quantity"] == 1


def test_a_stream_that_is_far_behind_gives_every_event(web: Sender) -> None:
    answers = web.send([web.received(web.named("MUG"), 1) for _ in range(700)]).json()
    first = answers[0]["position"]
    found = follow(web, 1_200, params={"after": first - 1})
    assert [int(message["id"]) for message in found] == list(range(first, first + 1_200))


def test_a_stream_goes_on_with_what_is_recorded_while_it_is_open(web: Sender) -> None:
    sku = web.named("MUG")
    last = web.accepted(web.received(sku, 1))
    after = last["position"] + last["events"] - 1
    query = {"after": after, "stream": f"stock/{web.named('store')}/{sku}"}
    with web.client.stream("GET", "/v1/events/stream", params=query) as stream:
        found = messages(stream)
        for quantity in (2, 3, 4):
            web.accepted(web.received(sku, quantity))
            message = next(found)
            assert json.loads(message["data"])["data"]["quantity"] == quantity


def test_a_stream_resumes_after_the_last_event_that_was_seen(web: Sender) -> None:
    answer = web.accepted(web.received(web.named("MUG"), 1))
    seen = answer["position"] + 1
    found = follow(web, 1, headers={"Last-Event-ID": str(seen)}, params={"after": 0})
    assert int(found[0]["id"]) == seen + 1


def test_a_stream_skips_the_types_that_were_not_asked_for(web: Sender) -> None:
    sku = web.named("MUG")
    start = web.accepted(web.received(sku, 1))["position"]
    web.accepted(web.order(web.named("A"), (sku, 1)))
    [found] = follow(web, 1, params={"after": start, "type": "order_placed"})
    assert json.loads(found["data"])["data"]["order_id"] == web.named("A")


def test_a_last_event_id_that_is_no_position_is_an_error(web: Sender) -> None:
    for wrong in ("x", "-1", "1.5", "9" * 30, "1" * 5_000, str(2**63)):
        answer = web.client.get("/v1/events/stream", headers={"Last-Event-ID": wrong})
        assert (answer.status_code, answer.json()["parameter"]) == (422, "Last-Event-ID")
