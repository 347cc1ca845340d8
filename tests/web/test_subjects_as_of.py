"""Orders, customers and products as of then, and their events, over HTTP and by command."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from served import Body, Sender, Served, onebook
from served_here import served_here

from api.backend import of_node
from consumers.node import Node
from projections.past import subject_reads

NINE, TEN, NOON = ("2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z")
DISTANT = "1999-01-01T00:00:00Z"
OCCURRED = {"clock": "occurred"}


def last_of(answer: Body) -> int:
    return int(answer["position"] + answer["events"] - 1)


def said(web: Sender, type_: str, **fields: Any) -> int:
    """Send a request that is accepted; the position of its last event."""
    return last_of(web.accepted(web.request(type_, **fields)))


def problem(web: Sender, path: str, status: int = 422, **query: Any) -> Body:
    answer = web.client.get(path, params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return dict(answer.json())


def shown(web: Sender, path: str, **query: Any) -> Any:
    answer = web.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


class Story:
    """An order of nine, shipped at noon, and paid; its customer was merged in between."""

    def __init__(self, web: Sender) -> None:
        self.order, self.person, self.other = web.named("A"), web.named("c-1"), web.named("c-2")
        self.sku, self.place = web.named("MUG"), web.named("store")
        web.accepted(web.received(self.sku, 10, occurred_at=NINE))
        lines = [{"line_id": "1", "sku": self.sku, "quantity": 2, "how": "ship"}]
        lines[0]["location"] = self.place
        self.placed = said(
            web,
            "place_order",
            order_id=self.order,
            customer_id=self.person,
            lines=lines,
            occurred_at=NINE,
        )
        self.merged = said(web, "merge_customers", customer_id=self.other, into=self.person)
        parcel = {"line_id": "1", "quantity": 2}
        self.shipped = said(
            web,
            "ship_lines",
            order_id=self.order,
            location=self.place,
            shipment_id=web.named("p"),
            lines=[parcel],
        )
        described = {"sku": self.sku, "occurred_at": TEN}
        self.described = said(web, "describe_product", title="Mug", **described)
        self.renamed = said(web, "describe_product", sku=self.sku, title="Red mug")
        self.unmerged = said(
            web, "unmerge_customers", customer_id=self.other, occurred_at="2026-03-01T13:00:00Z"
        )
        self.head = self.unmerged

    @property
    def paths(self) -> dict[str, str]:
        return {
            "order": f"/v1/orders/{self.order}",
            "customer": f"/v1/customers/{self.person}",
            "product": f"/v1/products/{self.sku}",
        }


@pytest.fixture
def story(web: Sender) -> Story:
    story = Story(web)
    for path in story.paths.values():
        web.seen(path, story.head)
    return story


def test_an_order_is_shown_as_it_was_and_as_it_is_known_to_have_been(web, story):
    path = story.paths["order"]
    states = {}
    for position in (story.placed, story.shipped, story.head):
        answer = web.client.get(path, params={"as_of": position})
        assert answer.headers["Onebook-Position"] == str(position)
        states[position] = answer.json()["state"]
    assert list(states.values()) == ["open", "fulfilled", "fulfilled"]
    assert shown(web, path, as_of=story.head) == web.seen(path, story.head)
    assert shown(web, path, as_of=TEN, **OCCURRED)["state"] == "open"
    assert shown(web, path, as_of=NOON, **OCCURRED)["state"] == "fulfilled"
    now = datetime.now(UTC).isoformat()
    assert shown(web, path, as_of=now)["state"] == "fulfilled"


def test_a_customer_is_the_person_that_they_were(web, story):
    path = story.paths["customer"]
    ids = {
        position: shown(web, path, as_of=position)["ids"]
        for position in (story.placed, story.merged, story.unmerged)
    }
    alone, both = [story.person], sorted([story.person, story.other])
    assert ids == {story.placed: alone, story.merged: both, story.unmerged: alone}
    assert shown(web, path, as_of=NOON, **OCCURRED)["ids"] == both

    whole = shown(web, f"{path}/history", as_of=story.merged)
    assert [item["kind"] for item in whole["items"]] == ["merged", "order"]
    page = shown(web, f"{path}/history", as_of=story.merged, limit=1)
    rest = shown(web, f"{path}/history", as_of=story.merged, limit=1, after=page["next"])
    assert page["items"] + rest["items"] == whole["items"]
    later = shown(web, f"{path}/history", as_of=story.shipped)["items"]
    assert [item["kind"] for item in later] == ["shipped", "merged", "order"]
    assert later[-1]["state"] == "fulfilled"
    assert whole["items"][-1]["state"] == "open"


def test_a_product_is_described_as_it_was(web, story):
    path = story.paths["product"]
    assert shown(web, path, as_of=story.described)["title"] == "Mug"
    assert shown(web, path, as_of=story.renamed)["title"] == "Red mug"
    assert shown(web, path, as_of=TEN, **OCCURRED)["title"] == "Mug"
    assert shown(web, path, as_of=NOON, **OCCURRED)["title"] == "Red mug"


def test_orders_are_listed_as_they_were(web, story):
    mine = {"customer_id": story.person}
    listed = shown(web, "/v1/orders", as_of=story.placed, **mine)["items"]
    assert [(item["order_id"], item["state"]) for item in listed] == [(story.order, "open")]
    now = shown(web, "/v1/orders", as_of=story.head, **mine)
    assert now == web.seen("/v1/orders", story.head, **mine)
    before = shown(web, "/v1/orders", as_of=story.placed - 3, **mine)
    assert before == {"items": [], "next": None}
    page = web.client.get("/v1/orders", params={"as_of": story.head, "limit": 1})
    assert page.headers["Onebook-Position"] == str(story.head)
    assert [item["order_id"] for item in page.json()["items"]] == [story.order]

    assert problem(web, "/v1/orders", as_of=NOON, **OCCURRED)["parameter"] == "clock"
    assert problem(web, "/v1/orders", as_of=story.head, state="open")["parameter"] == "state"


def test_the_events_behind_each_of_them_are_told_in_order(web, story):
    types = {
        name: [event["type"] for event in web.seen(f"{path}/events", story.head)["items"]]
        for name, path in story.paths.items()
    }
    assert types["order"][0] == "order_placed.v1"
    assert "line_shipped.v1" in types["order"]
    assert types["customer"] == [
        "order_placed.v1",
        "customers_merged.v1",
    ]
    assert types["product"] == ["product_described.v1"] * 2
    path = f"{story.paths['order']}/events"
    first = web.seen(path, story.head)["items"][0]
    [stored] = web.client.get(
        "/v1/events", params={"after": first["position"] - 1, "limit": 1}
    ).json()["items"]
    assert {name: first[name] for name in ("position", "stream", "type", "data")} == {
        name: stored[name] for name in ("position", "stream", "type", "data")
    }
    assert first["effective_at"] == NINE
    then = shown(web, path, as_of=story.placed)["items"]
    assert {event["type"] for event in then}.isdisjoint({"line_shipped.v1"})
    early = shown(web, path, as_of=TEN, **OCCURRED)["items"]
    assert early == then
    page = web.seen(path, story.head, limit=1)
    assert page["items"] == [first]
    following = web.seen(path, story.head, limit=1, after=page["next"])["items"]
    assert following[0]["position"] > first["position"]


def test_what_was_not_known_then_is_404_and_says_when_it_was_first(web, story):
    for name, path in story.paths.items():
        for each in (path, f"{path}/events"):
            first = web.seen(f"{path}/events", story.head)["items"][0]["position"]
            told = problem(web, each, 404, as_of=first - 1)
            assert f"at position {first}" in told["detail"]
            problem(web, each, 404, as_of=DISTANT, **OCCURRED)
        unknown = f"{path.rpartition('/')[0]}/{web.named('nobody')}"
        assert problem(web, unknown, 404, as_of=story.head)["type"] == "/problems/not_found", name
        assert problem(web, f"{unknown}/events", 404)["type"] == "/problems/not_found", name
    history = f"{story.paths['customer']}/history"
    assert "position" in problem(web, history, 404, as_of=1)["detail"]


ASKED = [(of, path) for of in ("order", "customer", "product") for path in ("", "/events")]


@pytest.mark.parametrize(("of", "path"), [*ASKED, ("customer", "/history")])
def test_what_nobody_can_be_asked_as_of_is_told_with_what_is_allowed(web, story, of, path):
    asked = story.paths[of] + path
    beyond = problem(web, asked, as_of=10**9)
    assert f"1 to {beyond['head']}" in beyond["detail"]
    assert problem(web, asked, as_of=0)["parameter"] == "as_of"
    future = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert problem(web, asked, as_of=future)["parameter"] == "as_of"
    assert problem(web, asked, as_of=DISTANT)["parameter"] == "as_of"
    assert problem(web, asked, **OCCURRED)["parameter"] == "clock"
    assert problem(web, asked, as_of=story.head, **OCCURRED)["parameter"] == "clock"
    assert problem(web, asked, as_of="noon")["parameter"] == "as_of"
    assert problem(web, asked, as_off=1)["parameter"] == "as_off"
    if path:
        assert problem(web, asked, after="x")["parameter"] == "after"
        assert problem(web, asked, limit=0)["parameter"] == "limit"


def test_what_follows_from_too_many_events_is_not_folded_and_says_what_to_do(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Node(database_url) as node, served_here(of_node(node)) as client:
        story = Story(Sender(client))
        path = story.paths["order"]
        assert client.get(path, params={"as_of": story.head}).status_code == 200
        monkeypatch.setattr(subject_reads, "MAX_EVENTS", 2)
        for query in ({"as_of": story.head}, {"as_of": NOON, **OCCURRED}):
            told = problem(Sender(client), path, **query)
            assert (told["type"], told["definite"]) == ("/problems/too_many_events", True)
            assert path in told["detail"]
        assert client.get(path).status_code == 200
        assert len(client.get(f"{path}/events").json()["items"]) > 2
        assert "without `as_of`" in client.get(told["type"]).text


def test_a_command_prints_what_they_were_and_the_events_behind_them(
    web: Sender, server: Served, story: Story
) -> None:
    data = ("--data", str(server.data))
    then = onebook("order", story.order, "--as-of", str(story.placed), *data)
    assert (then.returncode, ": open," in then.stdout) == (0, True), then.stderr
    now = onebook("order", story.order, "--as-of", NOON, "--clock", "occurred", "--json", *data)
    assert json.loads(now.stdout)["state"] == "fulfilled"
    events = onebook("order", story.order, "--events", *data)
    assert "order_placed.v1" in events.stdout
    assert "line_shipped.v1" in events.stdout
    person = onebook("customer", story.person, "--as-of", str(story.merged), "--json", *data)
    assert json.loads(person.stdout)["id_count"] == 2
    product = onebook("product", story.sku, "--as-of", str(story.described), *data)
    assert f"{story.sku}: Mug" in product.stdout
    told = onebook("product", story.sku, "--events", "--json", *data)
    assert len(json.loads(told.stdout)["items"]) == 2
    wrong = onebook("order", story.order, "--clock", "occurred", *data)
    assert (wrong.returncode, "clock" in wrong.stderr) == (2, True)
