"""Requests that are durable and not decided within the wait: kept, and said to be."""

import asyncio
from collections.abc import Sequence

import pytest

from api.answers import GROUP_REQUESTS, Kept, decide_batch, decide_one
from api.problems import Problem
from consumers.writing.answers import Answer, WriterBusy, WriterStopped
from consumers.writing.blocks import Answers
from ledger.domain.requests import AnyRequest
from ledger.door import read_request


class Asked:
    """Has the groups in `decided` decided, keeps those in `kept`, and leaves the rest in memory."""

    def __init__(self, *, decided: int = 0, kept: int = 0, fault: Exception | None = None) -> None:
        self.decided, self.kept, self.fault = decided, kept, fault
        self.futures: list[Answers] = []

    def submit(self, _channel: str, requests: Sequence[AnyRequest]) -> Answers:
        number, future = len(self.futures), Answers()
        self.futures.append(future)
        future.kept = number < self.decided + self.kept
        if number < self.decided:
            future.set_result([Answer(one.request_id, "accepted", 1, 2) for one in requests])
        elif self.fault is not None:
            future.set_exception(self.fault)
        return future


def requests(count: int) -> list[AnyRequest]:
    text = '{"type":"register_customer","request_id":"r%d","occurred_at":"2026-03-01T12:00:00Z","customer_id":"c"}'
    return [read_request((text % n).encode()) for n in range(count)]


@pytest.mark.parametrize("fault", [None, WriterStopped("it stops")])
def test_one_that_is_kept_is_told_where_its_answer_will_stand(fault):
    asked = Asked(kept=1, fault=fault)
    said = asyncio.run(decide_one(asked, "web", requests(1)[0], 0.05))
    assert said == Kept("r0", "/v1/requests/web/r0")


def test_one_that_is_in_memory_only_is_not_said_to_be_kept():
    with pytest.raises(Problem) as told:
        asyncio.run(decide_one(Asked(), "web", requests(1)[0], 0.05))
    assert (told.value.kind.status, told.value.kind.definite) == (503, False)


def test_nobody_waits_any_more_for_what_was_given_up():
    asked = Asked(kept=1)
    asyncio.run(decide_one(asked, "web", requests(1)[0], 0.05))
    assert asked.futures[0].cancelled()


@pytest.mark.parametrize("fault", [None, WriterStopped("it stops"), WriterBusy("no room")])
def test_each_item_of_a_batch_says_whether_it_is_decided_kept_or_neither(fault):
    asked = Asked(decided=1, kept=1, fault=fault)
    items = asyncio.run(decide_batch(asked, "web", requests(3 * GROUP_REQUESTS), wait_s=0.05))
    groups = [items[n * GROUP_REQUESTS : (n + 1) * GROUP_REQUESTS] for n in range(3)]
    assert [{item["status"] for item in group} for group in groups] == [{201}, {202}, {503}]
    number = GROUP_REQUESTS
    assert items[number]["location"] == f"/v1/requests/web/r{number}"
    assert items[-1]["definite"] is False
