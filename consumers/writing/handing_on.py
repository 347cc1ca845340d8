"""What a standby is asked: published to its channel's topic, for whichever writer is active."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Final, Protocol

from consumers.snapshot.request_index import key_of
from consumers.writing.answers import WriterBusy
from consumers.writing.blocks import Waiter, fail
from consumers.writing.engine import Engine
from ledger.domain.requests import AnyRequest
from ledger.log import get_logger

MAX_AWAITED_REQUESTS: Final = 100_000
"""Published requests that callers of this process wait for."""
PUBLISH_AT_ONCE: Final = 500

log = get_logger(__name__)


class Publisher(Protocol):
    """Puts requests into their channel's topic, for whichever writer is active."""

    def publish(self, channel: str, requests: Sequence[AnyRequest]) -> Future[Any]:
        """Publish; the future is done when all in-sync replicas have them."""
        ...


class HandingOn:
    """Publishes what waits in an engine's queue; who waits is told when the ledger has it."""

    def __init__(self, engine: Engine, publisher: Publisher | None) -> None:
        self._engine = engine
        self._publisher = publisher

    def publish_what_is_queued(self) -> None:
        """Answer repeats, publish the rest."""
        waiters: dict[str, list[Waiter]] = {}
        queue = self._engine.queue
        for _ in range(min(len(queue), PUBLISH_AT_ONCE)):
            waiter = queue.popleft()
            if not self._engine.answered_before(waiter):
                waiters.setdefault(waiter[0].channel, []).append(waiter)
        for channel, of_channel in waiters.items():
            self._publish(channel, of_channel)

    def _publish(self, channel: str, waiters: Sequence[Waiter]) -> None:
        assert self._publisher is not None, "who shares a ledger can publish"
        awaited = self._engine.awaited
        if len(awaited) > MAX_AWAITED_REQUESTS // 2:
            self._engine.forget_answered()
        if len(awaited) + len(waiters) > MAX_AWAITED_REQUESTS:
            fail(waiters, WriterBusy("too many requests wait for another writer; ask again later"))
            return
        requests = [submission.requests[index] for submission, index in waiters]
        for waiter, request in zip(waiters, requests, strict=True):
            awaited.setdefault(key_of(channel, request.request_id), []).append(waiter)
        try:
            published = self._publisher.publish(channel, requests)
        except Exception as fault:  # noqa: BLE001 - told to who waits
            self._not_published(waiters, fault)
            return
        published.add_done_callback(lambda done: self._published(done, waiters))

    def _published(self, done: Future[Any], waiters: Sequence[Waiter]) -> None:
        fault = done.exception()
        if fault is not None:
            self._not_published(waiters, fault)
            return
        for submission, _ in waiters:
            submission.keep(1)

    def _not_published(self, waiters: Sequence[Waiter], fault: BaseException) -> None:
        log.warning("requests_not_published", requests=len(waiters), fault=repr(fault))
        fail(waiters, WriterBusy("the channel's topic takes no requests now; ask again later"))
