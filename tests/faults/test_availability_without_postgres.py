"""What a channel may sell is told from memory: the PostgreSQL of the views may be away meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import psycopg
import pytest
from availability_listener import listening
from embedded_folder import remove_ledger
from real_kafka import fresh_network
from served import Sender, serving

from consumers.embedded import EmbeddedPostgres

LIMIT_S = 60.0
SHELF = 10


@pytest.fixture
def database(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    database = EmbeddedPostgres(tmp_path / "pg")
    database.start()
    try:
        yield database
    finally:
        database.stop()
        remove_ledger(tmp_path / "pg")


@pytest.fixture
def web(kafka_bootstrap: str, database: EmbeddedPostgres, tmp_path: Path) -> Iterator[Sender]:
    settings = {
        "ONEBOOK_KAFKA_BOOTSTRAP": kafka_bootstrap,
        "ONEBOOK_KAFKA_DEV": "1",
        "ONEBOOK_NETWORK": fresh_network(kafka_bootstrap, "web"),
        "ONEBOOK_DATABASE_URL": database.url,
    }
    with serving(tmp_path / "data", **settings) as server, server.client("web") as client:
        yield Sender(client)


def in_memory(web: Sender, path: str) -> httpx.Response:
    """Ask until the answer is of the ledger's head, whatever the views show."""
    give_up = monotonic() + LIMIT_S
    head = web.client.get("/readyz").json()["position"]
    while monotonic() < give_up:
        answer = web.client.get(path, params={"min_position": head})
        if answer.status_code == 200:
            return answer
        sleep(0.1)
    raise AssertionError(answer.text)


def test_what_is_in_memory_is_sold_from_while_postgresql_is_away(web, database):
    for sku in ("MUG", "CUP"):
        web.accepted(web.received(sku, SHELF))
    in_memory(web, "/v1/availability/web/MUG")
    # Until the ledger is followed the views answer: ask again when it is.
    with listening(web.client, channel="web", sku="MUG") as listener:
        listener.until("snapshot_end")
        in_memory(web, "/v1/availability/web/MUG")
        database.stop()
        last = web.accepted(web.order("o-1", ("MUG", 3)))
        answer = web.client.get(
            "/v1/availability/web/MUG", params={"min_position": last["position"] + 1}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["available_to_sell"] == SHELF - 3
        assert int(answer.headers["Onebook-Position"]) > last["position"]
        change = listener.until("change")[-1]
        assert change.data["available_to_sell"] == SHELF - 3
        both = web.client.get("/v1/availability/web", params={"sku": ["MUG", "none-such"]})
        assert [item["sku"] for item in both.json()["items"]] == ["MUG"]

        away = web.client.get("/v1/availability/web/CUP")
        assert (away.status_code, away.json()["type"]) == (503, "/problems/views_away")
        assert int(away.headers["Retry-After"]) >= 1
        database.start()
        found = in_memory(web, "/v1/availability/web/CUP")
        assert found.json()["available_to_sell"] == SHELF
        assert in_memory(web, "/v1/availability/web/MUG").json() == {
            **answer.json(),
            "available_to_order": SHELF - 3,
        }


def test_what_a_rebuild_mends_is_told_to_who_listens_and_who_asks(web, database):
    web.accepted(web.received("MUG", SHELF))
    position = web.accepted(web.received("CUP", SHELF))["position"]
    web.seen("/v1/inventory", position)
    with psycopg.connect(database.url) as conn:
        conn.execute(
            "UPDATE inventory SET on_hand = 99, available = 99 WHERE sku = 'MUG'"
        )  # somebody did
    with listening(web.client, channel="web") as listener:
        listener.until("snapshot_end")
        assert listener.shown[("web", "MUG")]["available_to_sell"] == 99
        begun = web.client.post("/v1/projections/inventory/rebuild")
        assert begun.status_code == 202
        give_up = monotonic() + LIMIT_S
        while in_memory(web, "/v1/inventory/MUG").json()["total"]["on_hand"] != SHELF:
            assert monotonic() < give_up
            sleep(0.1)
        listener.until("snapshot_end")
        assert listener.shown[("web", "MUG")]["available_to_sell"] == SHELF
