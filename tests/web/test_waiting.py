"""What callers are told when the writer is full, stopped or at fault; and streams in quiet times.

These moments are too short to meet with a real server, so the writer here is a plan of answers.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest

from api import answers, streams
from api.answers import decide_batch, decide_one
from api.problems import Problem
from api.streams import Streams
from consumers.writing.writer import Answer, DecisionFailed, Outcome, WriterBusy, WriterStopped
from ledger.domain.requests import AnyRequest
from ledger.door import read_request

Plan = Callable[[Sequence[AnyRequest]], Future[list[Outcome]]]


class Planned:
    """A writer that does what the plan says, submission by submission."""

    def __init__(self, *plans: Plan) -> None:
        self.plans = list(plans)
        self.submitted: list[str] = []

    def submit(self, _channel: str, requests: Sequence[AnyRequest]) -> Future[list[Outcome]]:
        future = self.plans.pop(0)(requests) if self.plans else accept(requests)
        self.submitted += [request.request_id for request in requests]
        return future


def accept(requests: Sequence[AnyRequest]) -> Future[list[Outcome]]:
    future: Future[list[Outcome]] = Future()
    future.set_result([Answer(request.request_id, "accepted", 1, 2) for request in requests])
    return future


def full(_: Sequence[AnyRequest]) -> Future[list[Outcome]]:
    raise WriterBusy("full")


def never(_: Sequence[AnyRequest]) -> Future[list[Outcome]]:
    return Future()


def stopped(_: Sequence[AnyRequest]) -> Future[list[Outcome]]:
    future: Future[list[Outcome]] = Future()
    future.set_exception(WriterStopped("stopped"))
    return future


def at_fault(requests: Sequence[AnyRequest]) -> Future[list[Outcome]]:
    future: Future[list[Outcome]] = Future()
    future.set_result([DecisionFailed(request.request_id) for request in requests])
    return future


def requests(count: int) -> list[AnyRequest]:
    text = '{"type":"register_customer","request_id":"r%d","occurred_at":"2026-03-01T12:00:00Z","customer_id":"c"}'
    return [read_request((text % n).encode()) for n in range(count)]


@pytest.mark.parametrize(
    ("plan", "kind", "status"),
    [
        (full, "busy", 503),
        (stopped, "undecided", 503),
        (never, "undecided", 503),
        (at_fault, "internal_error", 500),
    ],
)
def test_a_request_without_a_decision_may_be_sent_again(plan: Plan, kind: str, status: int) -> None:
    with pytest.raises(Problem) as told:
        asyncio.run(decide_one(Planned(plan), "web", requests(1)[0], 0.05))
    assert (told.value.kind.name, told.value.kind.status) == (kind, status)
    assert told.value.kind.definite is False


def test_a_batch_waits_for_room_and_keeps_its_order() -> None:
    writer = Planned(accept, full, accept, full, full, accept)
    items = requests(1_400)
    found = asyncio.run(decide_batch(writer, "web", items, 5.0))
    assert [item["status"] for item in found] == [201] * 1_400
    assert writer.submitted == [item.request_id for item in items]


@pytest.mark.parametrize(
    ("plan", "kind"), [(full, "busy"), (stopped, "undecided"), (never, "undecided")]
)
def test_of_a_batch_that_comes_to_a_halt_the_rest_is_undecided_and_none_of_it_is_sent_past_it(
    plan: Plan, kind: str
) -> None:
    writer = Planned(accept, *[plan] * 10_000)
    found = asyncio.run(decide_batch(writer, "web", requests(1_400), 0.05))
    size = answers.GROUP_REQUESTS
    assert [item["status"] for item in found] == [201] * size + [503] * (1_400 - size)
    assert {item["type"] for item in found[size:]} == {f"/problems/{kind}"}
    assert found[-1]["request_id"] == "r1399"


async def head_of_nothing() -> int:
    return 0


async def no_events(_after: int, _until: int) -> list[streams.LedgerEvent]:
    return []


def test_a_quiet_stream_says_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(streams, "POLL_S", 0.02)

    async def first_two() -> list[bytes]:
        following = Streams(head_of_nothing).follow(0, no_events)
        return [await anext(following), await anext(following)]

    assert asyncio.run(asyncio.wait_for(first_two(), 5))[1].startswith(b":")


def test_there_is_a_last_place_for_a_stream_and_it_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "MAX_STREAMS", 1)

    async def story() -> None:
        open_streams = Streams(head_of_nothing)
        open_streams.check_room()
        following = open_streams.follow(0, no_events)
        await anext(following)
        with pytest.raises(Problem, match="1 event streams are open"):
            open_streams.check_room()
        await following.aclose()
        open_streams.check_room()

    asyncio.run(story())
