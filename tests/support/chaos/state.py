"""What the cluster is doing now: who leads, who writes, which copies are whole."""

import time
from collections.abc import Callable
from typing import Any, Final, Self, TypeVar

import msgspec
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

ASK_LIMIT_S: Final = 60.0
REQUEST_S: Final = 4
PAUSE_S: Final = 0.2

T = TypeVar("T")


class NotAnswered(Exception):
    """The cluster did not say within the limit; the text holds the last reason."""


class _Writer(msgspec.Struct):
    writer: str


class State:
    """Asks the brokers; each question is asked again until the limit."""

    def __init__(self, bootstrap: str, ledger: str) -> None:
        self._bootstrap = bootstrap
        self._ledger = ledger
        self._admin: KafkaAdminClient | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()

    def leader(self) -> int:
        """The id of the broker that leads the ledger's partition."""
        return self._asked(lambda: self._leader_of(self._topics([self._ledger])))

    def whole(self) -> bool:
        """Whether every partition has a leader and all its copies are in sync."""
        return self._asked(
            lambda: all(
                p["leader_id"] >= 0 and set(p["isr_nodes"]) == set(p["replica_nodes"])
                for topic in self._topics(None)
                for p in topic["partitions"]
            )
        )

    def last_writer(self) -> str:
        """The author of the last record of the ledger that names one; empty if there is none."""
        return self._asked(self._last_writer)

    def _last_writer(self) -> str:
        consumer = KafkaConsumer(
            bootstrap_servers=self._bootstrap.split(","),
            auto_offset_reset="none",
            enable_auto_commit=False,
            group_id=None,
            request_timeout_ms=REQUEST_S * 1000,
        )
        try:
            partition = TopicPartition(self._ledger, 0)
            consumer.assign([partition])
            end = consumer.end_offsets([partition])[partition]
            if end == 0:
                return ""
            consumer.seek(partition, end - 1)
            records = consumer.poll(timeout_ms=REQUEST_S * 1000).get(partition)
            if not records:
                raise NotAnswered("the last record of the ledger did not come")
            return msgspec.json.decode(records[0].value, type=_Writer).writer
        finally:
            consumer.close()

    def _topics(self, names: list[str] | None) -> list[dict[str, Any]]:
        if self._admin is None:
            self._admin = KafkaAdminClient(
                bootstrap_servers=self._bootstrap.split(","), request_timeout_ms=REQUEST_S * 1000
            )
        found: list[dict[str, Any]] = self._admin.describe_topics(names)
        return found

    @staticmethod
    def _leader_of(topics: list[dict[str, Any]]) -> int:
        [topic] = topics
        [partition] = topic["partitions"]
        if partition["leader_id"] < 0:
            raise NotAnswered("the ledger has no leader")
        return int(partition["leader_id"])

    def _forget(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()

    def _asked(self, question: Callable[[], T]) -> T:
        deadline = time.monotonic() + ASK_LIMIT_S
        while True:
            try:
                return question()
            except (KafkaError, NotAnswered, OSError, msgspec.MsgspecError) as error:
                self._forget()
                if time.monotonic() > deadline:
                    raise NotAnswered(f"the cluster does not answer: {error!r}") from error
                time.sleep(PAUSE_S)
