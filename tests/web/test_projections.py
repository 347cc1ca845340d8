"""Operators see how each view is and have it rebuilt, while everybody reads and writes."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from processes import wait_until
from served import Sender
from served_here import served_here

from api.backend import of_node
from consumers.node import Node
from consumers.proving import verifier
from consumers.proving.rebuild import Rebuild

LIMIT_S = 30.0


@pytest.fixture
def node(database_url: str) -> Iterator[Node]:
    with Node(database_url) as node:
        yield node


@pytest.fixture
def web(node: Node) -> Iterator[Sender]:
    with served_here(of_node(node)) as client:
        yield Sender(client)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Rebuilds wait before they touch a view, until this is set."""
    event, swap = threading.Event(), Rebuild._rebuild

    def waits(*given: object) -> object:
        assert event.wait(LIMIT_S)
        return swap(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Rebuild, "_rebuild", waits)
    yield event
    event.set()


def view(web: Sender, name: str) -> dict[str, object]:
    found = web.client.get(f"/v1/projections/{name}")
    assert found.status_code == 200, found.text
    return dict(found.json())


def test_a_rebuild_is_begun_over_http_and_told_until_it_is_done(
    web: Sender, held: threading.Event
) -> None:
    web.accepted(web.received("MUG", 5))
    begun = web.client.post("/v1/projections/inventory/rebuild")
    assert (begun.status_code, begun.headers["Location"]) == (202, "/v1/projections/inventory")
    assert begun.json()["rebuild"]["state"] == "running"
    listed = {row["view"]: row for row in web.client.get("/v1/projections").json()["items"]}
    assert listed["inventory"]["rebuilt_to"] is not None
    assert listed["orders"]["rebuilt_to"] is None
    last = web.accepted(web.received("MUG", 5))["position"]
    answer = web.client.get("/v1/inventory/MUG", params={"min_position": last})
    assert answer.status_code == 200, answer.text

    held.set()
    wait_until(lambda: view(web, "inventory")["rebuild"]["state"] == "done", LIMIT_S)
    done = view(web, "inventory")
    assert (done["rebuild"]["proven"], done["rebuild"]["different_rows"]) == (True, 0)
    assert (done["generation"], done["rebuilt_to"]) == (1, None)
    last = web.accepted(web.received("MUG", 5))["position"]
    answer = web.client.get("/v1/inventory/MUG", params={"min_position": last})
    assert answer.json()["items"][0]["on_hand"] == 15


def test_one_rebuild_runs_at_a_time_and_only_of_views_that_there_are(
    web: Sender, held: threading.Event
) -> None:
    unknown = web.client.post("/v1/projections/sales/rebuild")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/not_found")
    assert "inventory" in unknown.json()["detail"]
    assert web.client.get("/v1/projections/sales").status_code == 404
    assert web.client.get("/v1/projections/inventory/rebuild").status_code == 405
    assert web.client.post("/v1/projections/orders/rebuild").status_code == 202
    for again in ("orders", "inventory"):
        busy = web.client.post(f"/v1/projections/{again}/rebuild")
        assert (busy.status_code, busy.json()["type"]) == (409, "/problems/rebuild_runs")
    held.set()
    wait_until(lambda: view(web, "orders")["rebuild"]["state"] == "done", LIMIT_S)
    wait_until(
        lambda: web.client.post("/v1/projections/inventory/rebuild").status_code == 202, LIMIT_S
    )


def outdated(node: Node, *statements: str) -> None:
    """As another release had left the view of inventory."""
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement)
        conn.execute("UPDATE projections SET definition = 'old' WHERE view = 'inventory'")


def test_a_view_of_another_shape_says_so_until_it_is_folded_and_others_are_read(
    database_url: str, held: threading.Event
) -> None:
    with Node(database_url) as before, served_here(of_node(before)) as client:
        sender = Sender(client)
        last = sender.accepted(sender.received("MUG", 5))["position"]
        assert before.projector.wait_for(last, LIMIT_S)
    outdated(before, "ALTER TABLE inventory DROP COLUMN reserved CASCADE")
    with Node(database_url) as node, served_here(of_node(node)) as client:
        web = Sender(client)
        wait_until(lambda: bool(node.projector.unreadable()), LIMIT_S)
        web.accepted(web.received("MUG", 1))
        for path in ("/v1/inventory", "/v1/inventory/MUG"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/view_afresh")
            assert "folded afresh for this release: " in answer.json()["detail"]
            assert answer.headers["Retry-After"]
        for path in ("/v1/orders", "/v1/products", "/v1/projections", "/v1/projections/inventory"):
            assert client.get(path).status_code == 200, path
        held.set()
        wait_until(lambda: client.get("/v1/inventory/MUG").status_code == 200, LIMIT_S)
        found = client.get("/v1/inventory/MUG", params={"min_position": last + 1}).json()
        assert sum(item["on_hand"] for item in found["items"]) == 6


def test_rows_of_an_earlier_release_are_read_until_they_are_replaced(
    database_url: str, held: threading.Event
) -> None:
    with Node(database_url) as before, served_here(of_node(before)) as client:
        sender = Sender(client)
        last = sender.accepted(sender.received("MUG", 5))["position"]
        assert before.projector.wait_for(last, LIMIT_S)
    outdated(before, "UPDATE inventory SET on_hand = 99")
    with Node(database_url) as node, served_here(of_node(node)) as client:
        wait_until(lambda: bool(node.projector._fold.outdated), LIMIT_S)
        old = client.get("/v1/inventory/MUG")
        assert old.json()["items"][0]["on_hand"] == 99
        assert int(old.headers["Onebook-Position"]) > 0
        later = client.get("/v1/inventory/MUG", params={"min_position": last + 100})
        assert (later.status_code, later.json()["type"]) == (503, "/problems/view_afresh")
        held.set()

        def now() -> int:
            return int(client.get("/v1/inventory/MUG").json()["items"][0]["on_hand"])

        wait_until(lambda: now() == 5, LIMIT_S)
        assert view(Sender(client), "inventory")["rebuild"]["proven"] is None


def test_what_is_in_memory_is_loaded_again_after_a_rebuild(
    web: Sender, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.projector.BEAT_EVERY_S", 0.0)
    last = web.accepted(web.received("MUG", 5))["position"]
    assert node.projector.wait_for(last, LIMIT_S)
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        conn.execute("UPDATE inventory SET on_hand = 77")

    def shown() -> int:
        return int(web.client.get("/v1/inventory/MUG").json()["items"][0]["on_hand"])

    wait_until(lambda: shown() == 77, LIMIT_S)
    assert web.client.post("/v1/projections/inventory/rebuild").status_code == 202
    wait_until(lambda: shown() == 5, LIMIT_S)


def test_an_alarm_stands_with_the_view_and_in_readiness_which_stays(
    web: Sender, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.projector.BEAT_EVERY_S", 0.0)
    last = web.accepted(web.received("MUG", 5))["position"]
    assert node.projector.wait_for(last, LIMIT_S)
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        conn.execute("UPDATE inventory SET on_hand = 77")
    rebuilds = of_node(node).rebuilds
    assert [each.view for each in verifier.Verifier(rebuilds._ledger).look()] == ["inventory"]
    details = view(web, "inventory")
    assert "onebook rebuild inventory" in str(details["alarm"])
    [difference] = details["proof"]["alarm_differences"]
    assert (difference["table"], difference["difference"]) == ("inventory", "changed")
    assert difference["key"]["sku"] == "MUG"
    assert view(web, "orders")["verified"] == view(web, "orders")["position"]

    def alarms() -> list[str]:
        ready = web.client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ok")
        return list(ready.json()["alarms"])

    wait_until(lambda: alarms() == ["inventory"], LIMIT_S)
    assert web.client.post("/v1/projections/inventory/rebuild").status_code == 202
    wait_until(lambda: alarms() == [], LIMIT_S)
    assert view(web, "inventory")["alarm"] is None
