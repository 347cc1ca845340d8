"""Kafka as the clients use it: requests into topics, each acknowledged by all replicas."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Self

DELIVERY_S: Final = 10
REQUEST_S: Final = 5
CONNECT_LIMIT_S: Final = 60
THREADS: Final = 16


class NotPublished(Exception):
    """Whether the record is in the topic is not known."""


class Publisher:
    """A producer whose sends can be awaited; after a failure it is another one."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._making = threading.Lock()
        self._producer = self._made()
        self._threads = ThreadPoolExecutor(THREADS, "publish")

    def _made(self) -> Any:
        from kafka import KafkaProducer  # noqa: PLC0415 - the proofs need no Kafka

        return KafkaProducer(
            bootstrap_servers=self._bootstrap.split(","),
            acks="all",
            linger_ms=0,
            delivery_timeout_ms=DELIVERY_S * 1000,
            request_timeout_ms=REQUEST_S * 1000,
            max_block_ms=REQUEST_S * 1000,
            reconnect_backoff_ms=20,
            reconnect_backoff_max_ms=500,
            bootstrap_timeout_ms=CONNECT_LIMIT_S * 1000,
        )

    async def publish(self, topic: str, value: bytes) -> int:
        """Append a record; its offset. Raises NotPublished."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._publish, topic, value)

    def _publish(self, topic: str, value: bytes) -> int:
        from kafka.errors import KafkaError  # noqa: PLC0415

        producer = self._producer
        try:
            known: Any = producer.send(topic, value, partition=0).get(2 * DELIVERY_S)
        except KafkaError as error:
            self._replace(producer)
            raise NotPublished(repr(error)) from error
        if known.offset < 0:  # a repeat whose first offset the broker no longer knows
            raise NotPublished("no offset came back")
        return int(known.offset)

    def _replace(self, failed: Any) -> None:
        """An idempotent producer that lost a send may refuse all later ones."""
        with self._making:
            if self._producer is failed:
                self._producer = self._made()
                failed.close(timeout=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True)
        self._producer.close(timeout=REQUEST_S)
