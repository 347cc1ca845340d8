"""Waiting for the writer's answers, and how they read over HTTP.

A request is answered when its events are durable. One that is not answered within the wait is
kept (202) if it is durable in its channel's topic in Kafka: it will be decided, whoever waits, if
it was not decided before. One that lives in memory only is undecided (503): its outcome is not
known. Either may be sent again with the same request_id, and counts once.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final, Literal, Protocol

import msgspec

from api import problems
from api.paths import encoded
from api.problems import Kind, Problem
from consumers.writing.writer import (
    Answer,
    DecisionFailed,
    Mismatch,
    Outcome,
    WriterBusy,
    WriterStopped,
)
from ledger.domain.events import RefusedLine
from ledger.domain.requests import AnyRequest
from ledger.domain.words import Reason
from ledger.door import Malformed

DEFAULT_WAIT_S: Final = 10
MAX_WAIT_S: Final = 60
BATCH_WAIT_S: Final = 60
"""Of each group of a batch; a group that is undecided by then ends the batch."""
GROUP_REQUESTS: Final = 500
MAX_GROUPS_IN_FLIGHT: Final = 4
BUSY_PAUSE_S: Final = 0.02

Decided = list[Outcome]


class Decides(Protocol):
    """What the API needs of the writer."""

    def submit(self, channel: str, requests: Sequence[AnyRequest]) -> Future[Decided]:
        """Queue the requests; the future holds their answers in order."""
        ...


class Kept(msgspec.Struct, frozen=True):
    """A request that is durable, and whose answer is not known yet: `location` is where it stands.

    Sent again while the views are away, it may have been decided long before.
    """

    request_id: str
    location: str
    outcome: Literal["undecided"] = "undecided"


class AnswerBody(msgspec.Struct, frozen=True):
    """The answer to one request, as it reads the first time and every time after."""

    request_id: str
    outcome: str
    position: int
    events: int
    reason: Reason | None
    details: tuple[RefusedLine, ...]


def body_of(answer: Answer) -> AnswerBody:
    """What of the answer is the same each time it is asked for."""
    return AnswerBody(
        answer.request_id,
        answer.outcome,
        answer.position,
        answer.events,
        answer.reason,
        answer.details,
    )


def location_of(channel: str, request_id: str) -> str:
    """Where the answer to a request stands."""
    return f"/v1/requests/{channel}/{encoded(request_id)}"


async def decide_one(
    writer: Decides, channel: str, request: AnyRequest, wait_s: float
) -> Answer | Kept:
    """Have the request decided, or at least kept.

    Raises Problem: 503 when it is not, or not known to be; 422 when its id was used for another.
    """
    try:
        future = writer.submit(channel, (request,))
    except WriterBusy as busy:
        raise Problem(problems.BUSY, str(busy)) from None
    except WriterStopped as error:
        raise undecided(channel, request.request_id, error, wait_s) from None
    try:
        async with asyncio.timeout(wait_s):
            [answer] = await answered(future)
    except WriterBusy as busy:
        raise Problem(problems.BUSY, str(busy)) from None
    except (TimeoutError, WriterStopped) as error:
        if _given_up(future):
            return kept(channel, request.request_id)
        raise undecided(channel, request.request_id, error, wait_s) from None
    if isinstance(answer, Answer):
        return answer
    raise not_answered(channel, answer)


def kept(channel: str, request_id: str) -> Kept:
    """What is said of a request that is durable and not decided within the wait."""
    return Kept(request_id, location_of(channel, request_id))


def _given_up(future: Future[Decided]) -> bool:
    """Say that nobody waits any more; whether the requests are kept. What was submitted runs on."""
    future.cancel()
    return bool(getattr(future, "kept", False))


async def answered(future: Future[Decided]) -> Decided:
    """Await the writer's future; whoever stops waiting leaves it as it is."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[Decided] = loop.create_future()

    def pass_on(done: Future[Decided]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, waiter, done)

    future.add_done_callback(pass_on)
    return await waiter


def _resolve(waiter: asyncio.Future[Decided], done: Future[Decided]) -> None:
    if waiter.done():
        return
    error = done.exception()
    if error is None:
        waiter.set_result(done.result())
    else:
        waiter.set_exception(error)


def undecided(channel: str, request_id: str, error: Exception, wait_s: float) -> Problem:
    """The problem of a request that was submitted and not answered."""
    if isinstance(error, WriterStopped):
        why = "the server is stopping"
    else:
        why = f"no answer within {wait_s:g} s"
    return Problem(
        problems.UNDECIDED,
        f"request {request_id!r} of channel {channel!r}: {why}; send it again unchanged",
        headers={"Location": location_of(channel, request_id)},
        request_id=request_id,
    )


def not_answered(channel: str, outcome: Mismatch | DecisionFailed) -> Problem:
    """The problem of a request_id that was used for something else, or of a fault of ours."""
    request_id = outcome.request_id
    if isinstance(outcome, DecisionFailed):
        detail = f"request {request_id!r} of channel {channel!r} could not be decided"
        return Problem(problems.INTERNAL_ERROR, detail, request_id=request_id)
    first = "" if outcome.position is None else f" at position {outcome.position}"
    return Problem(
        problems.IDEMPOTENCY_MISMATCH,
        f"channel {channel!r} has sent request_id {request_id!r} before, with other content; the "
        f"first is recorded{first}",
        headers={"Location": location_of(channel, request_id)},
        request_id=request_id,
        position=outcome.position,
    )


async def decide_batch(
    writer: Decides,
    channel: str,
    items: Sequence[AnyRequest | Malformed],
    wait_s: float = BATCH_WAIT_S,
) -> list[dict[str, Any]]:
    """Decide the items in order; return one answer an item, each with its own `status`.

    Items are decided one by one: a batch is not a transaction. When the writer does not answer,
    the items from there on are answered 202 if they are kept, else 503 with `definite: false`.
    """
    requests = [item for item in items if not isinstance(item, Malformed)]
    decided = iter(await _Batch(writer, channel, requests, wait_s).run())
    return [
        _malformed_item(item) if isinstance(item, Malformed) else next(decided) for item in items
    ]


class _Batch:
    """One batch on its way through the writer, group by group."""

    def __init__(
        self, writer: Decides, channel: str, requests: Sequence[AnyRequest], wait_s: float
    ) -> None:
        self.writer = writer
        self.channel = channel
        self.requests = requests
        self.wait_s = wait_s
        self.answers: list[dict[str, Any]] = []
        self.in_flight: deque[tuple[Sequence[AnyRequest], Future[Decided]]] = deque()

    async def run(self) -> list[dict[str, Any]]:
        failed = problems.UNDECIDED
        try:
            for start in range(0, len(self.requests), GROUP_REQUESTS):
                if len(self.in_flight) == MAX_GROUPS_IN_FLIGHT:
                    await self._oldest()
                group = self.requests[start : start + GROUP_REQUESTS]
                self.in_flight.append((group, await self._submitted(group)))
            while self.in_flight:
                await self._oldest()
        except (TimeoutError, WriterStopped):
            pass  # what is not answered by now is undecided
        except WriterBusy:
            failed = problems.BUSY
        for group, future in self.in_flight:
            self._give_up(group, future, failed)
        rest = self.requests[len(self.answers) :]
        return self.answers + [_problem_item(failed, request.request_id) for request in rest]

    def _give_up(self, group: Sequence[AnyRequest], future: Future[Decided], failed: Kind) -> None:
        """Say what is known of a group that nobody waits for any more."""
        if _given_up(future):
            self.answers += [_kept_item(self.channel, request) for request in group]
        else:
            self.answers += [_problem_item(failed, request.request_id) for request in group]

    async def _submitted(self, group: Sequence[AnyRequest]) -> Future[Decided]:
        """Submit, waiting for room; raises WriterBusy when there is none within the wait."""
        deadline = time.monotonic() + self.wait_s
        while True:
            try:
                return self.writer.submit(self.channel, group)
            except WriterBusy:
                if self.in_flight:
                    await self._oldest()
                elif time.monotonic() > deadline:
                    raise
                else:
                    await asyncio.sleep(BUSY_PAUSE_S)

    async def _oldest(self) -> None:
        async with asyncio.timeout(self.wait_s):
            decided = await answered(self.in_flight[0][1])
        self.in_flight.popleft()
        self.answers += [_item(self.channel, answer) for answer in decided]


def _item(channel: str, outcome: Outcome) -> dict[str, Any]:
    if not isinstance(outcome, Answer):
        return not_answered(channel, outcome).body()
    status = 201 if outcome.outcome == "accepted" else 409
    fields = msgspec.structs.asdict(body_of(outcome))
    return {"status": status, **fields, "replayed": outcome.replayed}


def _kept_item(channel: str, request: AnyRequest) -> dict[str, Any]:
    return {"status": 202, **msgspec.structs.asdict(kept(channel, request.request_id))}


def _problem_item(kind: Kind, request_id: str) -> dict[str, Any]:
    return Problem(kind, kind.explanation, request_id=request_id).body()


def _malformed_item(item: Malformed) -> dict[str, Any]:
    return malformed(item).body()


def malformed(error: Malformed) -> Problem:
    """The problem of a request that the door did not let in."""
    return Problem(
        problems.MALFORMED, error.detail, request_id=error.request_id, path=error.path or None
    )
