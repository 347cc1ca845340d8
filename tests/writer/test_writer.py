"""The writer: each request once for ever, nobody answered too early, any failure survived."""

import time
from datetime import timedelta

import pytest
from mugs import NOON, PATIENCE_S, order, received, until

from consumers.writing import blocks
from consumers.writing import engine as engine_module
from consumers.writing import writer as writer_module
from consumers.writing.answers import Mismatch
from consumers.writing.writer import DecisionFailed, WriterBusy, WriterStopped
from ledger import codec
from ledger.domain.requests import (
    ReceiptLine,
    ReceiveStock,
    RegisterCustomer,
)


def answers(writer, *requests, channel="web"):
    return writer.submit(channel, requests).result(PATIENCE_S)


def ledger_of(recorder):
    notifications = recorder.select_notifications(1, 100_000)
    assert [n.id for n in notifications] == list(range(1, len(notifications) + 1))
    return [codec.decode(n.topic, n.state) for n in notifications]


def orders_placed(recorder) -> list[str]:
    return [e.order_id for e in ledger_of(recorder) if type(e).__name__ == "OrderPlaced"]


def test_an_answer_says_where_the_request_stands_in_the_ledger(start, recorder):
    writer = start()
    stocked, placed = answers(writer, received(1), order(1))
    assert (stocked.outcome, stocked.position) == ("accepted", 1)
    own = recorder.select_notifications(placed.position, 1)[0]
    assert own.originator_id == "request/web/w-1"
    assert placed.events == 3  # accepted, placed, committed


def test_asking_twice_is_asking_once(start, recorder):
    writer = start()
    first = answers(writer, received(5), order(1))[1]
    again = answers(writer, order(1))[0]
    assert again.replayed
    assert (again.position, again.events) == (first.position, first.events)
    assert orders_placed(recorder) == ["web-1"]


def test_a_refusal_stays_a_refusal_when_stock_comes_later(start):
    writer = start()
    answers(writer, received(1))
    refused = answers(writer, order(1, quantity=2))[0]
    answers(writer, received(10, "grn-2"))
    again = answers(writer, order(1, quantity=2))[0]
    assert (again.outcome, again.reason, again.details) == (
        "refused",
        refused.reason,
        refused.details,
    )
    assert again.replayed


def test_the_same_id_with_other_content_is_told_apart(start):
    writer = start()
    placed = answers(writer, received(5), order(1))[1]
    assert answers(writer, order(1, quantity=2)) == [Mismatch("w-1", placed.position)]


def test_the_same_id_on_another_channel_is_another_request(start):
    writer = start()
    answers(writer, received(5))
    assert answers(writer, order(1), channel="web")[0].outcome == "accepted"
    [other] = answers(writer, order(1), channel="app")
    assert other.reason == "id_taken"


def test_a_restart_remembers_every_request_and_every_promise(start, recorder):
    writer = start()
    answers(writer, received(2), order(1))
    refused = answers(writer, order(2, quantity=2))[0]
    writer.stop()
    again = start()
    assert answers(again, order(1))[0].replayed
    assert answers(again, order(2, quantity=2))[0].details == refused.details
    assert answers(again, order(3))[0].outcome == "accepted"
    assert answers(again, order(4))[0].outcome == "refused"


def test_nobody_is_answered_before_the_ledger_has_it(start, gate):
    writer = start(gate)
    first = writer.submit("web", [received(5)])
    until(lambda: gate.waiting)
    repeat = writer.submit("web", [received(5)])
    other = writer.submit("web", [received(6)])
    time.sleep(0.1)
    assert not any(future.done() for future in (first, repeat, other))
    gate.land()
    assert first.result(PATIENCE_S)[0].outcome == "accepted"
    assert repeat.result(PATIENCE_S)[0].replayed
    assert other.result(PATIENCE_S) == [Mismatch("grn-1", 1)]


def test_the_next_block_is_decided_on_the_one_in_flight(start, gate):
    writer = start(gate)
    stocked = writer.submit("web", [received(1)])
    until(lambda: gate.waiting)
    placed = writer.submit("web", [order(1), order(2)])
    gate.land()
    assert stocked.result(PATIENCE_S)
    until(lambda: gate.waiting)
    gate.land()
    assert [a.outcome for a in placed.result(PATIENCE_S)] == ["accepted", "refused"]


@pytest.mark.parametrize("fate", ["lose", "land_unseen"])
def test_a_lost_append_is_decided_again_from_the_ledger(start, gate, recorder, fate):
    writer = start(gate)
    stocked = writer.submit("web", [received(1)])
    until(lambda: gate.waiting)
    placed = writer.submit("web", [order(1), order(2)])
    getattr(gate, fate)()
    until(lambda: gate.waiting)
    gate.land()
    until(lambda: placed.done() or gate.waiting)
    if gate.waiting:
        gate.land()
    assert stocked.result(PATIENCE_S)[0].position == 1
    assert [a.outcome for a in placed.result(PATIENCE_S)] == ["accepted", "refused"]
    assert orders_placed(recorder) == ["web-1"]


def test_two_writers_on_one_ledger_grant_each_unit_once(start, recorder):
    one, two = start(), start()
    answers(one, received(20))
    futures = [(one, two)[n % 2].submit("web", [order(n)]) for n in range(40)]
    outcomes = [future.result(PATIENCE_S)[0].outcome for future in futures]
    assert outcomes.count("accepted") == 20
    assert len(set(orders_placed(recorder))) == 20


def test_recorded_at_never_falls_when_the_clock_does(start, recorder):
    clock = [NOON]
    writer = start(clock=lambda: clock[0])
    for number, hours in enumerate((0, -1, 1)):
        clock[0] = NOON + timedelta(hours=hours)
        answers(
            writer, RegisterCustomer(request_id=f"c-{number}", occurred_at=NOON, customer_id="c")
        )
    recorded = [event.recorded_at for event in ledger_of(recorder)]
    assert recorded == [NOON] * 4 + [NOON + timedelta(hours=1)] * 2
    later = start(clock=lambda: NOON - timedelta(days=1))
    answers(later, RegisterCustomer(request_id="c-9", occurred_at=NOON, customer_id="c"))
    assert ledger_of(recorder)[-1].recorded_at == NOON + timedelta(hours=1)


def test_a_request_that_cannot_be_decided_stops_nobody_else(start, monkeypatch):
    decide = engine_module.decide

    def faulty(state, arrival):
        if arrival.request.request_id == "w-2":
            raise ZeroDivisionError
        return decide(state, arrival)

    monkeypatch.setattr(engine_module, "decide", faulty)
    writer = start()
    outcomes = answers(writer, received(5), order(1), order(2), order(3))
    assert outcomes[2] == DecisionFailed("w-2")
    assert [outcomes[i].outcome for i in (0, 1, 3)] == ["accepted"] * 3


def test_a_full_queue_takes_nothing_and_says_so(start, gate, monkeypatch):
    monkeypatch.setattr(writer_module, "MAX_QUEUED_REQUESTS", 3)
    monkeypatch.setattr(blocks, "MAX_BLOCK_EVENTS", 1)
    writer = start(gate)
    taken = [writer.submit("web", [received(5)])]
    until(lambda: gate.waiting)
    taken.append(writer.submit("web", [order(0)]))
    until(lambda: not writer._engine.queue)
    taken.append(writer.submit("web", [order(1), order(2), order(3)]))
    with pytest.raises(WriterBusy, match="3 requests wait"):
        writer.submit("web", [order(4)])
    while not all(future.done() for future in taken):
        if gate.waiting:
            gate.land()
    assert [a.outcome for future in taken for a in future.result()] == ["accepted"] * 5


def test_stopping_decides_what_is_queued_and_takes_no_more(start):
    writer = start()
    futures = [writer.submit("web", [received(50)])]
    futures += [writer.submit("web", [order(n)]) for n in range(50)]
    writer.stop()
    assert all(future.result(0)[0].outcome == "accepted" for future in futures)
    with pytest.raises(WriterStopped):
        writer.submit("web", [order(99)])


def test_a_writer_that_ends_by_a_fault_tells_everybody_who_waits(start, gate):
    writer = start(gate)
    future = writer.submit("web", [received(1)])
    until(lambda: gate.waiting)
    waiting = writer.submit("web", [order(1)])
    gate.waiting.pop(0)[0].set_result([7])  # positions that cannot be
    for told in (future, waiting):
        with pytest.raises(WriterStopped):
            told.result(PATIENCE_S)
    assert isinstance(writer.fault, AssertionError)


def test_one_request_of_many_lines_is_never_split(start, recorder):
    lines = tuple(ReceiptLine(line_id=str(n), sku=f"SKU-{n}", quantity=1) for n in range(3_000))
    big = ReceiveStock(request_id="big", occurred_at=NOON, location="dc-1", lines=lines)
    writer = start()
    _, whole = answers(writer, received(1), big)
    assert whole.events > 3_000
    events = ledger_of(recorder)[whole.position - 1 :]
    assert {event.request_id for event in events} == {"big"}


def test_a_refusal_that_cannot_be_read_again_is_asked_for_later(start, gate, monkeypatch):
    monkeypatch.setattr(engine_module, "MAX_REFUSALS_IN_MEMORY", 0)
    writer = start(gate)
    first = writer.submit("web", [order(1)])
    until(lambda: gate.waiting)
    gate.land()
    refused = first.result(PATIENCE_S)[0]

    def away(*_):
        raise ConnectionError("the ledger is away")

    with monkeypatch.context() as outage:
        outage.setattr(gate, "select_notifications", away, raising=False)
        with pytest.raises(WriterBusy, match="later"):
            answers(writer, order(1))
    assert answers(writer, order(1))[0].details == refused.details
