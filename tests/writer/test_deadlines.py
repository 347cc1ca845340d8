"""What the writer does by the clock: each deadline once, in order, before any later request."""

import logging
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace
from mugs import order, received, until
from timed_network import TimedNetwork

from consumers.snapshot import lazy
from consumers.writing import blocks
from consumers.writing import engine as engine_module
from consumers.writing.takeover import Standing
from consumers.writing.writer import ClockWrong
from ledger import codec
from ledger.domain import deadlines
from ledger.domain.deadlines import Agenda, key_of, request_of
from ledger.domain.decider import Arrival, decide
from ledger.domain.entries import DeadlineKey
from ledger.domain.events import HoldExpired, OrderPlaced, RequestAccepted, SupplyOverdue
from ledger.domain.evolve import evolve
from ledger.domain.requests import (
    DeadlinePassed,
    ExpectSupply,
    ExtendHold,
    OrderLine,
    PlaceOrder,
    ReleaseHold,
    SupplyLine,
)
from ledger.domain.state import State
from ledger.fingerprint import fingerprint

TAKEOVER_S = 1.0


def stocked(writers: int = 1, mugs: int = 9, **more) -> TimedNetwork:
    """A network with mugs on the shelf and an active writer."""
    network = TimedNetwork(writers, **more)
    network.ask(received(mugs))
    return network


def expired(network: TimedNetwork) -> list[str]:
    """Whose holds have ended by themselves, in the ledger's order."""
    return [event.owner for event in network.events if isinstance(event, HoldExpired)]


def available(network: TimedNetwork) -> int:
    return network.running().writer._engine.state.stock["dc-1", "MUG"].available


def test_a_hold_ends_at_its_deadline_though_nobody_asks():
    network = stocked()
    network.ask(network.hold("cart", 10))
    network.run_until(9.9)
    assert (expired(network), available(network)) == ([], 8)
    network.run_until(10.1)
    assert (expired(network), available(network)) == (["cart"], 9)


def test_what_the_writer_does_by_the_clock_stands_in_the_ledger_as_its_own_request():
    network = stocked()
    network.ask(network.hold("cart: 5 %", 10))
    network.run_until(11)
    own = next(event for event in network.events if event.channel == "onebook")
    assert isinstance(own, RequestAccepted)
    assert own.request_id == "hold:cart%3A 5 %25:1:2026-03-01T12:00:10Z"
    assert (own.kind, own.occurred_at) == ("deadline_passed", network.at(10))
    assert network.at(10) <= own.recorded_at < network.at(10.1)


def test_passed_deadlines_are_decided_before_the_next_request():
    network = stocked(mugs=1)
    network.ask(network.hold("cart", 10))
    network.machines[0].stand_still(15)
    asked = network.running().writer.submit("web", [order(1)])
    network.run_until(25)
    assert [answer.outcome for answer in asked.result(0)] == ["accepted"]
    assert [name for name, _ in network.named(HoldExpired, OrderPlaced)] == [
        "HoldExpired",
        "OrderPlaced",
    ]


def test_what_passed_while_nobody_ran_is_decided_in_order_after_the_start():
    network = stocked()
    for owner, until_s in (("b", 12), ("late", 15), ("a", 12), ("early", 11)):
        network.ask(network.hold(owner, until_s))
    network.machines[0].crash(down_s=100)
    network.run_until(100)
    assert expired(network) == []
    network.run_until(110)
    assert expired(network) == ["early", "a", "b", "late"]


def test_more_deadlines_than_a_block_holds_all_come_before_the_next_request(monkeypatch):
    monkeypatch.setattr(blocks, "MAX_BLOCK_EVENTS", 4)
    network = stocked(mugs=9)
    for number in range(8):
        network.ask(network.hold(f"cart-{number}", 20))
    network.machines[0].stand_still(30)
    asked = network.running().writer.submit("web", [order(1, quantity=9)])
    network.run_until(40)
    assert asked.result(0)[0].outcome == "accepted"
    assert expired(network) == [f"cart-{number}" for number in range(8)]


def test_a_hold_that_was_extended_released_or_used_does_not_end_at_its_first_deadline():
    network = stocked()
    for owner in ("extended", "released", "used"):
        network.ask(network.hold(owner, 10))
    now = network.kafka.now()
    network.ask(
        ExtendHold(request_id="x", occurred_at=now, owner="extended", expires_at=network.at(20)),
        ReleaseHold(request_id="r", occurred_at=now, owner="released"),
        replace(order(1), hold_owner="used"),
    )
    network.run_until(19.9)
    assert expired(network) == []
    network.run_until(20.1)
    assert expired(network) == ["extended"]


def test_a_standby_takes_over_when_a_deadline_is_due_and_nobody_decides_it():
    network = stocked(writers=3)
    network.ask(network.hold("cart", 10))
    network.machines[0].stand_still(1000)
    network.run_until(10 + TAKEOVER_S * 1.25 - 0.1)
    assert expired(network) == []
    network.run_until(10 + TAKEOVER_S * 1.25 + 0.2)
    assert expired(network) == ["cart"]
    assert [machine.running.writer.active for machine in network.machines[1:]] == [True, False]


def test_a_standby_leaves_deadlines_to_a_writer_that_decides_them():
    network = stocked(writers=2, mugs=30)
    for number in range(30):
        network.ask(network.hold(f"cart-{number}", 10 + number / 10))
    network.run_until(20)
    assert len(expired(network)) == 30
    assert [machine.running.writer.active for machine in network.machines] == [True, False]


def test_a_standby_whose_clock_is_wrong_ends_no_hold_before_its_time():
    network = stocked(writers=2)
    network.ask(network.hold("cart", 50))
    network.run_until(5)
    wrong = network.running(1).writer
    network.machines[1].ahead_s = 60.0
    network.run_until(15)
    assert isinstance(wrong.fault, ClockWrong)
    assert expired(network) == []
    assert network.named(RequestAccepted)[-1][1] == "hold for cart until 50"
    network.ask(order(1))
    assert network.events[-1].recorded_at < network.at(20)
    network.run_until(55)
    assert expired(network) == ["cart"]


def test_a_writer_that_wakes_up_does_not_do_again_what_another_did_meanwhile():
    network = stocked(writers=2)
    network.ask(network.hold("cart", 10))
    network.machines[0].stand_still(30)
    network.run_until(60)
    assert expired(network) == ["cart"]
    assert available(network) == 9


def test_two_writers_that_decide_a_deadline_at_once_decide_it_once(decided):
    network = stocked(writers=2)
    network.ask(network.hold("cart", 10))
    network.run_until(9.9)
    network.running(1).writer._active = True
    network.run_until(15)
    assert decided == ["cart", "cart"], "only one of them tried"
    assert expired(network) == ["cart"]
    assert available(network) == 9


def test_a_deadline_of_a_block_that_is_lost_is_decided_again(decided):
    network = stocked()
    network.ask(network.hold("cart", 10))
    network.run_until(9.9)
    network.machines[0].link.cut("sending", 15)
    network.run_until(19)
    assert (decided, expired(network)) == (["cart"], [])
    network.run_until(40)
    assert (decided, expired(network)) == (["cart", "cart"], ["cart"])


@pytest.fixture
def decided(monkeypatch) -> list[str]:
    """Whose holds a writer decided to end, whatever became of the decision."""
    owners: list[str] = []

    def noted(state, arrival):
        if isinstance(arrival.request, DeadlinePassed):
            owners.append(arrival.request.id)
        return decide(state, arrival)

    monkeypatch.setattr(engine_module, "decide", noted)
    return owners


@pytest.fixture
def undecidable(monkeypatch) -> list[str]:
    """Owners whose holds cannot be ended, by a fault of this release."""
    owners: list[str] = []

    def faulty(state, arrival):
        request = arrival.request
        if isinstance(request, DeadlinePassed) and request.id in owners:
            raise ZeroDivisionError
        return decide(state, arrival)

    monkeypatch.setattr(engine_module, "decide", faulty)
    return owners


def test_a_deadline_that_cannot_be_decided_stops_nobody_and_is_tried_at_the_next_start(
    undecidable, caplog
):
    undecidable.append("faulty")
    network = stocked(writers=2)
    for owner in ("faulty", "sound"):
        network.ask(network.hold(owner, 10))
    with caplog.at_level(logging.ERROR):
        network.run_until(30)
    assert expired(network) == ["sound"]
    assert network.ask(order(1))[0].outcome == "accepted"
    told = [record for record in caplog.records if "deadline_undecided" in record.getMessage()]
    assert len(told) <= len(network.machines), "each writer says so once"
    undecidable.clear()
    for machine in network.machines:
        machine.crash(0.0)
    network.run_until(60)
    assert expired(network) == ["sound", "faulty"]


@pytest.mark.parametrize("years", [-50, 50])
def test_what_a_ledger_says_is_the_same_whatever_the_clock_of_who_reads_it(years):
    network = stocked()
    for number in range(6):
        network.ask(network.hold(f"cart-{number}", 10 + number % 3))
    network.run_until(60)
    network.ask(order(1), network.hold("stands", 90))
    before = network.running().writer._engine.state
    network.machines[0].crash(0.0)
    network.machines[0].ahead_s = years * 365 * 86_400
    network.run_until(network.kafka.ticks() + 0.1)
    after = network.running().writer._engine.state
    assert dict(after.stock) == dict(before.stock)
    assert dict(after.deadlines) == dict(before.deadlines)
    assert dict(after.holds) == dict(before.holds)


def test_deciding_all_again_by_the_recorded_times_gives_the_same_bytes():
    network = stocked()
    asked = {}
    for number in range(6):
        request = network.hold(f"cart-{number}", 10 + number % 3)
        asked[request.request_id] = request
        network.ask(request)
    network.run_until(60)
    state, again, found = State(), [], network.events
    for event in found:
        if isinstance(event, RequestAccepted):
            clock = event.channel == "onebook"
            mine = request_of(key_of(event.request_id, event.occurred_at)) if clock else None
            request = mine or asked.get(event.request_id) or received(9)
            arrival = Arrival(event.channel, event.recorded_at, fingerprint(request), request)
            again += decide(state, arrival)
        evolve(state, event)
    assert expired(network) == [f"cart-{n}" for n in (0, 3, 1, 4, 2, 5)]
    assert [codec.encode(event) for event in again] == [codec.encode(event) for event in found]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_writer_that_starts_from_a_snapshot_knows_what_is_due(
    tmp_path: Path, monkeypatch, restarts
):
    """The same bytes as without a restart, also of a deadline said with another offset."""
    monkeypatch.setattr(lazy, "EAGER_ENTRIES", 0)
    network = stocked(folder=tmp_path)
    zone = timezone(timedelta(hours=5, minutes=30))
    first = network.hold("b", 10)
    network.ask(replace(first, expires_at=first.expires_at.astimezone(zone)))
    network.ask(network.hold("a", 20))
    if restarts:
        network.machines[0].stop()
        network.run_until(3)
        assert network.running().snapshot.checkpoint is not None
    network.run_until(30)
    assert expired(network) == ["b", "a"]
    own = next(event for event in network.events if event.channel == "onebook")
    assert b'"occurred_at":"2026-03-01T12:00:10Z"' in codec.encode(own)
    assert own.fingerprint == fingerprint(request_of((network.at(10), "hold", "b", "1")))


def test_a_writer_that_starts_from_a_snapshot_knows_what_it_can_offer(tmp_path, monkeypatch):
    monkeypatch.setattr(lazy, "EAGER_ENTRIES", 0)
    network = stocked(folder=tmp_path, mugs=3)
    network.ask(network.hold("cart", 10))
    network.machines[0].stop()
    network.run_until(5)
    state = network.running().writer._engine.state
    assert state.offers.of("MUG") == {"dc-1": 2}
    line = OrderLine(line_id="1", sku="MUG", quantity=3, how="ship")
    [short] = network.ask(
        PlaceOrder(request_id="o-1", occurred_at=network.at(5), order_id="o-1", lines=(line,))
    )
    assert short.reason == "out_of_stock"
    network.run_until(11)
    [served] = network.ask(
        PlaceOrder(request_id="o-2", occurred_at=network.at(11), order_id="o-2", lines=(line,))
    )
    assert served.outcome == "accepted"
    assert state.offers.of("MUG") == {"dc-1": 0}


def test_the_clock_of_a_running_writer_wakes_it(start, recorder):
    """In a thread, by the machine's own clock, while nobody asks."""
    writer = start()
    network = TimedNetwork()
    hold = replace(network.hold("cart", 0), expires_at=datetime.now(UTC) + timedelta(seconds=1))
    answers = writer.submit("web", [received(1), hold, order(1)]).result(30)
    assert [answer.outcome for answer in answers] == ["accepted", "accepted", "refused"]
    expiry = answers[-1].position + 1
    until(lambda: writer.position > expiry)
    assert recorder.select_notifications(expiry + 1, 1)[0].topic == "hold_expired.v1"
    [freed] = writer.submit("web", [order(2)]).result(30)
    assert freed.outcome == "accepted"


def test_stopping_does_not_wait_for_deadlines(start):
    writer = start()
    hold = replace(TimedNetwork().hold("cart", 0), expires_at=datetime(2999, 1, 1, tzinfo=UTC))
    answers = writer.submit("web", [received(1), hold]).result(30)
    assert answers[1].outcome == "accepted"
    writer.stop()


def test_what_was_ended_before_its_time_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(deadlines, "MAX_STALE", 10)
    network = stocked()
    network.ask(network.hold("first", 100), network.hold("cart", 150))
    for number in range(100):
        extended = network.at(200 + number)
        now = network.kafka.now()
        network.ask(
            ExtendHold(request_id=f"x{number}", occurred_at=now, owner="cart", expires_at=extended)
        )
    state = network.running().writer._engine.state
    assert len(state.deadlines) == 2
    assert len(state.agenda) <= 10 + 2 * 2 + 1
    network.run_until(298)
    assert expired(network) == ["first"]
    network.run_until(300)
    assert expired(network) == ["first", "cart"]


def test_an_overdue_supply_is_told_once_and_not_counted_on():
    network = stocked()
    line = SupplyLine(line_id="1", sku="MUG", quantity=5)
    supply = ExpectSupply(
        request_id="po-1",
        occurred_at=network.kafka.now(),
        supply_id="po-1",
        location="dc-1",
        due=date(2026, 3, 1),
        lines=(line,),
    )
    assert network.ask(supply)[0].outcome == "accepted"
    midnight_s = (datetime(2026, 3, 2, tzinfo=UTC) - network.began).total_seconds()
    network.kafka.run_for(midnight_s - 5 - network.kafka.ticks())
    network.run_until(midnight_s - 1)
    assert network.named(SupplyOverdue) == []
    network.run_until(midnight_s + 1)
    network.machines[0].crash(0.0)
    network.run_until(midnight_s + 5)
    assert len(network.named(SupplyOverdue)) == 1
    assert not network.running().writer._engine.state.deadlines


def test_a_writer_that_stops_decides_what_is_queued_and_no_deadline_for_its_own_sake():
    network = stocked()
    network.ask(network.hold("cart", 10))
    network.kafka.run_for(20)
    engine = network.running().writer._engine
    assert engine.due is not None
    engine.fill(lambda: False, take_input=False)
    assert not engine.block.events
    network.running().writer.submit("web", [order(1)])
    engine.fill(lambda: False, take_input=False)
    assert [recorded.topic for recorded in engine.block.events][0::3] == [
        "request_accepted.v1",
        "request_accepted.v1",
    ]


def test_a_standby_waits_anew_with_every_deadline_that_is_decided():
    now = [0.0]
    standing = Standing(1.0, 0, lambda: now[0])

    def takes_over(at_s: float, due: DeadlineKey | None) -> bool:
        now[0] = at_s
        return standing.look({}, (), due)

    assert not takes_over(0.0, key(1))
    assert not takes_over(0.9, key(2))
    assert not takes_over(1.5, key(2))
    assert takes_over(2.0, key(2))
    assert not takes_over(2.1, None)


def test_deadlines_set_by_what_is_not_confirmed_yet_are_not_forgotten(monkeypatch):
    monkeypatch.setattr(deadlines, "MAX_STALE", 0)
    agenda = Agenda([key(1), key(2), key(3)])
    agenda.tidy({key(1)}, {key(1), key(3)})
    assert len(agenda) == 2
    assert agenda.first({key(3)}) == key(3)


def key(seconds: int, name: str = "cart") -> DeadlineKey:
    return (datetime(2026, 3, 1, 12, 0, seconds, tzinfo=UTC), "hold", name, "1")


def test_what_another_writer_did_by_the_clock_is_done_also_if_nothing_came_of_it():
    state = State()
    state.set_deadline(key(1))
    request = request_of(key(1))
    said = ("deadline_passed", fingerprint(request), 0)
    now = key(2)[0]
    evolve(state, RequestAccepted("web", request.request_id, request.occurred_at, now, *said))
    assert state.passed_deadline(now) == key(1), "only the writer's own channel ends it"
    evolve(state, RequestAccepted("onebook", request.request_id, request.occurred_at, now, *said))
    assert state.passed_deadline(now) is None
    assert not state.deadlines


def test_a_deadline_ended_by_what_is_dropped_comes_back():
    agenda, standing = Agenda([key(1), key(2)]), {key(1), key(2)}
    assert agenda.first({key(2)}) == key(2)
    agenda.settle(standing)
    assert agenda.first(standing) == key(1)


def test_a_deadline_ended_for_good_does_not_come_back():
    agenda, standing = Agenda([key(1), key(2)]), {key(2)}
    assert agenda.first(standing) == key(2)
    agenda.settle(standing)
    assert agenda.first({key(1), key(2)}) == key(2)


def test_deadlines_of_one_instant_are_one_however_it_is_said():
    zone = timezone(timedelta(hours=-7))
    at, *rest = key(1)
    same = (at.astimezone(zone), *rest)
    assert request_of(same) == request_of(key(1))
    assert codec.encode(request_of(same)) == codec.encode(request_of(key(1)))
    assert key_of(request_of(same).request_id, at) == same
