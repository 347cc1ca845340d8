"""Views that another process keeps: how far they are, and what they know of requests."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from api.on_kafka import _stand_of_answers
from consumers.node import Node
from consumers.projecting import views_watch
from consumers.projecting.views_watch import ViewsWatch
from consumers.projector import ProjectorStopped
from consumers.snapshot.request_index import key_of
from consumers.writing.answers_view import PostgresAnswersView
from consumers.writing.recollection import Recollection, Told
from ledger.domain.requests import AnyRequest
from ledger.door import read_request
from projections.keeping import checkpoints

LIMIT_S = 30.0
LONG_S = 3_600.0


@pytest.fixture
def node(database_url: str) -> Iterator[Node]:
    with Node(database_url) as node:
        yield node


@pytest.fixture
def watch(node: Node, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ViewsWatch]]:
    """Begin to watch; it is stopped after the test."""
    with ExitStack() as running:
        monkeypatch.setattr(views_watch, "STOP_WITHIN_S", 1.0)  # undone after the stop

        def started() -> ViewsWatch:
            watch = ViewsWatch(node.database_url, "main", lambda: node.writer.position)
            watch.start()
            running.callback(watch.stop)
            return watch

        yield started


def request(name: str) -> AnyRequest:
    text = '{"type":"register_customer","request_id":"%s","occurred_at":"2026-03-01T12:00:00Z","customer_id":"c"}'
    return read_request((text % name).encode())


def order(name: str) -> AnyRequest:
    text = (
        '{"type":"place_order","request_id":"%s","occurred_at":"2026-03-01T12:00:00Z",'
        '"order_id":"%s","lines":[{"line_id":"1","sku":"MUG","quantity":2,"how":"ship",'
        '"location":"store"}]}'
    )
    return read_request((text % (name, name)).encode())


def cut(node: Node, application: str) -> None:
    """Break the database's connection to it, once there is one."""
    give_up = time.monotonic() + LIMIT_S
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        while time.monotonic() < give_up:
            ended = conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = %s AND wait_event = 'ClientRead'",
                [application],
            ).fetchall()
            if ended:
                return
            time.sleep(0.01)
    raise AssertionError(f"{application} has no connection")


def test_whoever_waits_for_a_position_is_woken_by_the_database(node, watch, monkeypatch):
    monkeypatch.setattr(views_watch, "LOOK_EVERY_S", LONG_S)
    watched = watch()
    node.writer.submit("web", [request("A")]).result(LIMIT_S)
    assert asyncio.run(watched.reached(node.writer.position, LIMIT_S))
    assert watched.position() == node.writer.position


def test_a_lost_connection_is_made_anew_and_nothing_is_missed(node, watch):
    watched = watch()
    cut(node, "onebook-views-watch")
    node.writer.submit("web", [request("A")]).result(LIMIT_S)
    assert watched.wait_for(node.writer.position, LIMIT_S)


def test_views_that_stay_behind_the_ledger_are_told_from_those_that_are_there(
    node, watch, monkeypatch
):
    watched = watch()
    node.writer.submit("web", [request("A")]).result(LIMIT_S)
    assert watched.wait_for(node.writer.position, LIMIT_S)
    node.projector.stop()
    watched.check()
    node.writer.submit("web", [request("B")]).result(LIMIT_S)
    watched.check()
    monkeypatch.setattr(views_watch, "STANDS_STILL_S", 0.0)
    time.sleep(0.01)
    with pytest.raises(ProjectorStopped, match="onebook project"):
        watched.check()


def test_a_database_that_is_away_at_the_start_is_waited_for_and_then_made_ready(
    database_url, monkeypatch
):
    name = conninfo_to_dict(database_url)["dbname"]
    later = f"{name}_later"
    url = database_url.replace(name, later)
    watched = ViewsWatch(url, "main", lambda: 0, on_connect=lambda c: _stand_of_answers(c, "main"))
    watched.start()
    try:
        with psycopg.connect(database_url, autocommit=True) as conn:
            monkeypatch.setattr(views_watch, "AWAY_LIMIT_S", 0.0)
            with pytest.raises(ProjectorStopped, match="away"):
                watched.check()
            monkeypatch.setattr(views_watch, "AWAY_LIMIT_S", LONG_S)
            conn.execute(SQL("CREATE DATABASE {}").format(Identifier(later)))
            with Node(url) as node:
                node.writer.submit("web", [request("A")]).result(LIMIT_S)
                assert watched.wait_for(node.writer.position, LIMIT_S)
            watched.stop()
            conn.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(later)))
    finally:
        watched.stop()


def test_a_view_that_stopped_alone_is_known_here_and_holds_up_no_other(node, watch):
    node.writer.submit("web", [request("A")]).result(LIMIT_S)
    watched = watch()
    assert watched.wait_for(node.writer.position, LIMIT_S)
    before = node.writer.position
    node.projector.stop()
    with psycopg.connect(node.database_url, autocommit=True) as conn:
        conn.execute("UPDATE projections SET position = 0 WHERE view = 'holds'")
        checkpoints.stop(conn, "main", "holds", 1, "the cart is upside down")
    give_up = time.monotonic() + LIMIT_S
    while not watched.stopped():
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert watched.stopped() == {"holds": "the cart is upside down"}
    assert watched.stopped(("inventory",)) == {}
    assert (watched.position(), watched.position(("holds",))) == (before, 0)
    assert asyncio.run(watched.reached(before, LIMIT_S))
    assert not asyncio.run(watched.reached(before, 0.01, ("holds", "inventory")))


def test_a_database_that_is_away_is_told(watch, monkeypatch):
    watched = watch()
    watched.check()
    watched.stop()
    monkeypatch.setattr(views_watch, "AWAY_LIMIT_S", 0.0)
    time.sleep(0.01)
    with pytest.raises(ProjectorStopped, match="away"):
        watched.check()


def test_the_view_tells_what_each_request_was_told_and_nothing_of_others(node):
    answers = node.writer.submit("web", [request("A"), order("B")]).result(LIMIT_S)
    assert node.projector.wait_for(node.writer.position, LIMIT_S)
    with Node(node.database_url, "other") as other:
        other.writer.submit("web", [request("none")]).result(LIMIT_S)
        assert other.projector.wait_for(other.writer.position, LIMIT_S)
    view = PostgresAnswersView(node.database_url, "main")
    asked = [("web", "B"), ("till", "A"), ("web", "A"), ("web", "none"), ("web", "A")]
    found, position = view.find(asked)
    assert position == node.writer.position
    assert found.keys() == {("web", "A"), ("web", "B")}
    requests = [("web", "A", request("A")), ("web", "B", order("B"))]
    again = [found[channel, name].to(one, replayed=False) for channel, name, one in requests]
    assert again == answers
    assert [one.outcome for one in answers] == ["accepted", "refused"]
    assert PostgresAnswersView(node.database_url, "new").find(asked) == ({}, 0)
    view.close()


def test_a_lookup_goes_on_after_the_database_broke_its_connection(node):
    view = PostgresAnswersView(node.database_url, "main")
    view.find([("web", "A")])
    cut(node, "onebook-answers")
    with pytest.raises(psycopg.OperationalError):
        view.find([("web", "A")])
    assert view.find([("web", "A")])[0] == {}
    view.close()


def test_memory_forgets_the_oldest_answers_first_and_says_up_to_where():
    memory = Recollection(forgotten=0, limit=2, always=0)
    keys = [key_of("web", name) for name in "ABC"]
    for position, key in enumerate(keys, 1):
        memory.add(key, Told(position, 1, b""))
    assert [memory.get(key) is not None for key in keys] == [False, True, True]
    assert memory.forgotten == 1
    memory.forget_until(2)
    assert (len(memory), memory.forgotten) == (1, 2)
