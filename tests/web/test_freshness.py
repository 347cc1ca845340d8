"""What answers say of how fresh they are; and views that are poisoned, behind, or cannot be read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from processes import wait_until
from served import Sender
from served_here import served_here

from api import freshness, reads
from api.backend import of_node
from api.freshness import Growth
from api.pages import fresh, render
from api.routes import views
from api.views_status import ViewStatus
from consumers.node import Node
from projections.stock.inventory import Inventory

LIMIT_S = 30.0
POISON = "CURSED"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY_VIEW = {
    "inventory": ("/v1/inventory", "/v1/inventory/MUG", "/v1/availability/web", "/v1/exceptions"),
    "others": ("/v1/orders", "/v1/products", "/v1/holds", "/v1/transfers", "/v1/supplies"),
}
WRONG = {
    "/v1/inventory?limt=5": "limt",
    "/v1/inventory?limit=0": "limit",
    "/v1/inventory?limit=1001": "limit",
    "/v1/inventory?limit=ten": "limit",
    "/v1/inventory?after=broken": "after",
    "/v1/inventory?after=%20": "after",
    "/v1/orders?after=WyJhIiwiYiJd": "after",
    "/v1/inventory?min_position=-1": "min_position",
    "/v1/inventory?min_position=latest": "min_position",
    "/v1/inventory?min_position=1&min_position=2": "min_position",
    "/v1/inventory?min_position=99999999999999999999": "min_position",
    "/v1/projections?min_position=1": "min_position",
    "/readyz?for=writes": "for",
    "/views?live=maybe": "live",
}


@pytest.fixture
def node(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """A ledger whose view of inventory cannot take in the receipt of one sku."""
    moved = Inventory._moved

    def fails(self: Inventory, position: int, event: object) -> None:
        if getattr(event, "sku", "") == POISON:
            raise ValueError("the shelf is upside down")
        moved(self, position, event)

    monkeypatch.setattr(Inventory, "_moved", fails)
    with Node(database_url) as node:
        yield node


@pytest.fixture
def web(node: Node) -> Iterator[Sender]:
    with served_here(of_node(node)) as client:
        yield Sender(client)


def last_of(answer: dict[str, int]) -> int:
    return answer["position"] + answer["events"] - 1


def stopped_view(web: Sender, node: Node) -> int:
    """Have the view of inventory stop; return the position of the ledger's end."""
    web.accepted(web.received("MUG", 5))
    last = last_of(web.accepted(web.received(POISON, 1)))
    wait_until(lambda: "inventory" in node.projector.stopped(), LIMIT_S)
    return last


def test_a_view_that_stopped_says_so_and_readers_of_others_never_notice(
    web: Sender, node: Node
) -> None:
    last = stopped_view(web, node)
    for path in BY_VIEW["others"]:
        answer = web.client.get(path, params={"min_position": last})
        assert answer.status_code == 200, (path, answer.text)
        assert freshness.STOPPED_HEADER not in answer.headers
        assert int(answer.headers["Onebook-Position"]) >= last
    for path in BY_VIEW["inventory"]:
        answer = web.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers[freshness.STOPPED_HEADER] == "inventory", path
        assert int(answer.headers["Onebook-Position"]) < last
    unknown = web.client.get("/v1/inventory/NONE")
    assert (unknown.status_code, unknown.headers[freshness.STOPPED_HEADER]) == (404, "inventory")


def test_who_asks_for_what_a_stopped_view_will_never_show_is_told_at_once(
    web: Sender, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = stopped_view(web, node)
    monkeypatch.setattr(reads, "VIEW_WAIT_S", 3_600.0)
    for path in BY_VIEW["inventory"]:
        answer = web.client.get(path, params={"min_position": last})
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/view_stopped"), path
        assert answer.json()["view"] == "inventory"
        assert "upside down" in answer.json()["detail"]
        assert answer.headers["Retry-After"]
    shown = int(web.client.get("/v1/inventory").headers["Onebook-Position"])
    assert web.client.get("/v1/inventory", params={"min_position": shown}).status_code == 200


def test_a_stopped_view_is_seen_by_operators(web: Sender, node: Node) -> None:
    last = stopped_view(web, node)
    assert node.projector.wait_for(last, LIMIT_S)
    found = {row["view"]: row for row in web.client.get("/v1/projections").json()["items"]}
    inventory, orders = found["inventory"], found["orders"]
    assert last - 1 <= inventory["stopped_at"] <= last
    assert "upside down" in inventory["stopped_why"]
    assert inventory["lag"] == last - inventory["position"] > 0
    assert inventory["lag_s"] >= 0
    assert (orders["stopped_at"], orders["lag"], orders["lag_s"]) == (None, 0, 0)
    ready = web.client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "upside down" in ready.json()["why"]
    page = web.client.get("/views")
    assert page.status_code == 200
    assert '<span class="label on_hold">stopped</span>' in page.text
    assert "upside down" in page.text


def test_an_answer_that_misses_what_is_known_says_how_much_and_for_how_long(
    web: Sender, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = last_of(web.accepted(web.received("MUG", 5)))
    assert (
        freshness.STALE_HEADER
        not in web.client.get("/v1/inventory", params={"min_position": first}).headers
    )
    node.projector.stop()
    last = last_of(web.accepted(web.received("MUG", 5)))
    fresh_enough = web.client.get("/v1/inventory")
    monkeypatch.setattr(freshness, "STALE_AFTER_S", 0.0)
    wait_until(lambda: freshness.STALE_HEADER in web.client.get("/v1/inventory").headers, LIMIT_S)
    assert freshness.STALE_HEADER not in fresh_enough.headers, "a moment behind is not stale"
    said = web.client.get("/v1/inventory").headers[freshness.STALE_HEADER]
    assert said.startswith(f"events={last - first}, seconds=")
    assert freshness.STALE_HEADER in web.client.get("/v1/inventory/NONE").headers
    assert freshness.STALE_HEADER not in web.client.get("/v1/events").headers
    assert freshness.STALE_HEADER not in web.client.get("/v1/projections").headers


def test_a_position_beyond_the_ledger_is_waited_for_as_documented_and_the_end_is_named(
    web: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = last_of(web.accepted(web.received("MUG", 5)))
    assert reads.VIEW_WAIT_S == 10.0, "as docs/freshness.md says"
    monkeypatch.setattr(reads, "VIEW_WAIT_S", 0.05)
    answer = web.client.get("/v1/inventory", params={"min_position": last + 7})
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/not_yet_visible")
    assert answer.json()["head"] == last
    assert f"the ledger ends at {last}" in answer.json()["detail"]
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("path", WRONG)
def test_what_is_wrong_with_a_read_is_named(web: Sender, path: str) -> None:
    answer = web.client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad_parameter")
    assert answer.json()["parameter"] == WRONG[path]
    assert WRONG[path] in answer.json()["detail"]


def test_a_busy_database_is_not_taken_for_one_that_is_away(
    web: Sender, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One connection is broken: its reader is told, everybody else reads on."""
    web.accepted(web.received("MUG", 5))
    web.client.get("/v1/inventory")
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'onebook-api' AND datname = current_database()"
        )
    wait_until(lambda: web.client.get("/v1/inventory").status_code == 200, LIMIT_S)
    assert web.client.get("/readyz").json()["reads"] is True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_how_long_an_answer_is_behind_counts_from_when_its_first_missing_event_was_known() -> None:
    clock, known = Clock(), [10]
    growth = Growth(lambda: known[0], clock)
    growth.note()
    for position, at in ((12, 101.0), (12, 102.0), (20, 110.0)):
        known[0], clock.now = position, at
        growth.note()
    clock.now = 130.0
    assert growth.behind(20) == (0, 0.0)
    assert growth.behind(25) == (0, 0.0), "a view may be ahead of what is known here"
    assert growth.behind(12) == (8, 20.0)
    assert growth.behind(11) == (9, 29.0)
    assert growth.behind(3) == (17, 30.0)


def test_what_is_kept_of_the_growth_is_bounded_and_never_says_too_much() -> None:
    clock, known = Clock(), [0]
    growth = Growth(lambda: known[0], clock, limit=8)
    for step in range(1_000):
        known[0], clock.now = step, 100.0 + step
        growth.note()
    assert len(growth._positions) <= 8
    for shown in range(999):
        events, seconds = growth.behind(shown)
        assert events == 999 - shown
        assert 0.0 <= seconds <= 999 - shown - 1


def test_seconds_are_said_as_people_read_them() -> None:
    assert [fresh.seconds(s) for s in (None, 0.0, 0.25, 9.94, 12.6, 4_000.0)] == [
        "\N{EN DASH}",
        "0",
        "0.2",
        "9.9",
        "13",
        "4,000",
    ]


def status(**told: object) -> ViewStatus:
    """A view that is at position 10 of 10, but for what is told."""
    said = {
        "view": "inventory",
        "position": 10,
        "lag": 0,
        "lag_s": 0.0,
        "digest": "5c66f55b92c1" + "0" * 20,
        "generation": 3,
        "heartbeat_at": NOON,
    }
    blank = dict.fromkeys(ViewStatus.__struct_fields__)
    return msgspec.convert({**blank, **said, **told}, ViewStatus)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, "follows"),
        ({"lag": 3, "lag_s": 0.5}, "follows"),
        ({"lag": 3, "lag_s": 60.0}, "behind"),
        ({"lag": 3, "lag_s": None}, "behind"),
        ({"position": 0, "lag": 10, "lag_s": None}, "empty"),
        ({"rebuilt_to": 4}, "rebuilding"),
        ({"alarm": "row differs", "rebuilt_to": 4}, "differs"),
        ({"stopped_at": 11, "alarm": "row differs"}, "stopped"),
    ],
)
def test_the_worst_that_holds_of_a_view_is_said(told: dict[str, object], state: str) -> None:
    assert fresh.state(status(**told)) == state


def test_the_page_shows_rebuilds_and_what_was_verified() -> None:
    rows = [
        status(rebuilt_to=4_000, rebuilt_until=9_000),
        status(view="orders", verified=10, verified_at=NOON - timedelta(minutes=5)),
        status(view="holds", alarm="view holds differs from the ledger after position 7"),
    ]
    said: dict[str, Any] = {"head": 10, "rows": rows, "now": NOON, "every_s": None}
    said |= {"no_writes": None, "standing": "active", "views_position": 10}
    page = bytes(render("views.html", wrong=views._alarms(rows), **said).body).decode()
    assert "rebuilt to 4,000 of 9,000" in page
    assert 'to 10 <span class="quiet">5 min ago</span>' in page
    assert '<p class="note wrong">view holds differs from the ledger after position 7</p>' in page
