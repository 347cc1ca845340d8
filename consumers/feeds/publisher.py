"""Publishes one feed, or stands by while another process does.

Whoever published the last record that counts leads. A standby takes over when the topic has stood
still for TAKEOVER_S although there is something to publish. Two may publish at the same time for
a moment (one was paused, say): each finds that its records do not stand right behind the last one
that it read, reads on, and all but one stand by. What they repeat does not count, by the feed's
own rule, which every reader may apply too.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from consumers.feeds.topic import FeedTopic, Published
from consumers.projector import PASSING_FAULTS
from ledger.kafka.client import Keyed
from ledger.log import get_logger

WAIT_S: Final = 0.5
"""How long a wait for news lasts; a stop may take as long."""
LOOK_EVERY_S: Final = 2.0
"""How often a publisher that has nothing to do looks whether another one is at work."""
TAKEOVER_S: Final = 1.0
PAUSE_AFTER_FAULT_S: Final = 0.5
MAX_PAUSE_S: Final = 5.0
STOP_WITHIN_S: Final = 8.0

log = get_logger(__name__)


class FeedStopped(Exception):
    """A feed cannot go on: its topic does not fit the ledger. The text says what to do."""


class Feed(Protocol):
    """What is published. For one thread."""

    tail: int | None
    """How many records of the topic's end say where it stands; None: all."""

    def begin(self) -> None:
        """The topic is read anew: forget what it held."""
        ...

    def take(self, record: Published) -> bool:
        """Take in what stands in the topic, whoever published it; whether it counts."""
        ...

    def opened(self, *, has_held: bool) -> None:
        """The topic was read to its end; whether a record was ever in it."""
        ...

    def group(self, timeout_s: float) -> list[Keyed]:
        """What follows what was taken, for one append; waits so long for something to follow.

        Raises FeedStopped, and what the ledger raises.
        """
        ...

    def settled(self) -> None:
        """The group that was asked for last stands in the topic, and was taken."""
        ...

    def close(self) -> None:
        """Give up the connections; they are opened again when they are needed."""
        ...


class Publisher:
    """Publishes one feed to its topic, step by step or in a thread between `start` and `stop`.

    It outlives brokers and a PostgreSQL that are away for however long. `caught_up` is set when
    it has first published everything, or stands by.
    """

    def __init__(
        self, feed: Feed, topic: FeedTopic, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.leads = False
        self.caught_up = threading.Event()
        self.error: BaseException | None = None
        self._feed, self._topic = feed, topic
        self._clock = clock
        self._begun = False
        self._leader = ""
        self._looked_at = 0.0
        self._still_since: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"publish {topic.topic}")
        self._thread.daemon = True

    @property
    def topic(self) -> str:
        """Where it publishes to."""
        return self._topic.topic

    def start(self) -> None:
        """Publish in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End after the group under way."""
        self._stopping.set()
        self._thread.join(STOP_WITHIN_S)
        if self._thread.is_alive():
            log.error("publisher_does_not_stop", topic=self._topic.topic, waited_s=STOP_WITHIN_S)

    def check(self) -> None:
        """Raise what it stopped for."""
        if self.error is not None:
            raise self.error

    def step(self) -> None:
        """Publish one group, or wait for one, or for the one who leads."""
        if not self._begun:
            self._begin()
        elif self.leads:
            self._lead()
        else:
            self._stand_by()

    def close(self) -> None:
        """Send nothing more and give up the connections; the next step begins anew."""
        self._begun = False
        self._topic.close()
        self._feed.close()

    def _begin(self) -> None:
        self._feed.begin()
        self._leader = ""
        self._topic.open(self._feed.tail, self._take)
        self._feed.opened(has_held=self._topic.has_held)
        self._begun = True
        self._follow_the_last()

    def _take(self, record: Published) -> None:
        if self._feed.take(record):
            self._leader = record.author

    def _follow_the_last(self) -> None:
        """Lead or stand by, as the last record that counts says."""
        self.leads = self._leader in ("", self._topic.author)
        self._still_since, self._looked_at = None, self._clock()
        said = "publisher_leads" if self.leads else "publisher_stands_by"
        log.info(said, topic=self._topic.topic, leader=self._leader)

    def _lead(self) -> None:
        group = self._feed.group(WAIT_S)
        if group:
            self._publish(group)
            return
        self.caught_up.set()
        if self._clock() - self._looked_at > LOOK_EVERY_S:
            self._looked_at = self._clock()
            before = self._topic.next_offset
            self._topic.read_on(self._take)
            self._begun = self._topic.next_offset == before

    def _publish(self, group: list[Keyed]) -> None:
        landed = self._topic.append(group)
        if landed is None:
            self._begun = False  # others have published: read the topic again, and see who leads
            return
        for record in landed:
            self._take(record)
        self._feed.settled()

    def _stand_by(self) -> None:
        before = self._topic.next_offset
        self._topic.wait(WAIT_S, self._take)
        if self._topic.next_offset > before or not self._feed.group(0):
            self._still_since = None
            self.caught_up.set()
            return
        now = self._clock()
        self._still_since = now if self._still_since is None else self._still_since
        if now - self._still_since > TAKEOVER_S:
            log.info("publisher_takes_over", topic=self._topic.topic, leader=self._leader)
            self._leader = self._topic.author
            self.leads = True

    def _run(self) -> None:
        faults = 0
        while not self._stopping.is_set():
            try:
                self.step()
                faults = 0
            except PASSING_FAULTS as fault:
                faults += 1
                log.warning("publisher_waits", topic=self._topic.topic, error=str(fault))
                self.close()
                self._stopping.wait(min(PAUSE_AFTER_FAULT_S * faults, MAX_PAUSE_S))
            except Exception as fault:  # noqa: BLE001 - told by `check`
                log.error("publisher_stopped", topic=self._topic.topic, error=str(fault))
                self.error = fault
                break
        self.close()
